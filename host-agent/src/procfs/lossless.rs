//! Names of the kernel as text: any bytes but zero, so that names that are not UTF-8 stay distinct.
//!
//! A byte that is no part of UTF-8 becomes the private character U+EF00 plus its value. Those characters themselves are
//! taken byte by byte, so that no two names become one.

/// First of the characters that stand for bytes; bytes from 0x80 on occur.
const BASE: u32 = 0xef00;

/// Returns the text of a name.
pub fn text(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            match byte(character) {
                None => text.push(character),
                Some(_) => text.extend(character.encode_utf8(&mut [0; 4]).bytes().filter_map(stand_in)),
            }
        }
        text.extend(chunk.invalid().iter().copied().filter_map(stand_in));
    }
    text
}

/// Returns the name of a text.
pub fn name(text: &str) -> Vec<u8> {
    let mut name = Vec::with_capacity(text.len());
    for character in text.chars() {
        match byte(character) {
            Some(byte) => name.push(byte),
            None => name.extend(character.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    name
}

/// Returns the byte that a character stands for, if it does.
pub fn byte(character: char) -> Option<u8> {
    u8::try_from(u32::from(character).checked_sub(BASE)?).ok().filter(|byte| *byte >= 0x80)
}

fn stand_in(byte: u8) -> Option<char> {
    char::from_u32(BASE + u32::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_are_not_utf8_stay_distinct() {
        assert_ne!(text(b"a\xff"), text(b"a\xfe"));
        assert_eq!(text("gr\u{fc}n".as_bytes()), "gr\u{fc}n");
        // The character itself is not taken for the byte.
        assert_ne!(text("\u{efff}".as_bytes()), text(b"\xff"));
    }

    proptest! {
        #[test]
        fn every_name_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(name(&text(&bytes)), bytes);
        }
    }
}
