//! Names as a terminal and a log can take them.

use std::fmt::Write;

use crate::procfs::lossless;

/// Returns a name with everything escaped that a terminal would act on or not show: control characters, characters
/// that change the direction of writing or have no width (`\u{N}`), and bytes that are not UTF-8 (`\xNN`). A backslash that
/// would begin one of these is `\x5c`, so that no two names become one.
pub fn escape(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for (at, character) in name.char_indices() {
        // Writing to a String cannot fail.
        let _ = match lossless::byte(character) {
            Some(byte) => write!(text, "\\x{byte:02x}"),
            None if character == '\\' && is_code(&name[at + 1..]) => write!(text, "\\x5c"),
            None if is_hidden(character) => write!(text, "\\u{{{:x}}}", u32::from(character)),
            None => {
                text.push(character);
                Ok(())
            }
        };
    }
    text
}

/// Whether a backslash before a text would begin something that [`escape`] writes.
fn is_code(rest: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    match rest.as_bytes() {
        [b'u', b'{', ..] | [b'x', b'5', b'c', ..] => true,
        [b'x', b'8'..=b'9' | b'a'..=b'f', low, ..] => is_digit(*low),
        _ => false,
    }
}

/// Whether a character is not shown as one: the categories Cc, Cf, Zl, Zp, unassigned tags and variation selectors,
/// private characters and blanks other than the usual one.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || (character.is_whitespace() && character != ' ')
        || matches!(
            u32::from(character),
            0xad
                | 0x34f
                | 0x600..=0x605
                | 0x61c
                | 0x6dd
                | 0x70f
                | 0x890..=0x891
                | 0x8e2
                | 0x115f..=0x1160
                | 0x17b4..=0x17b5
                | 0x180b..=0x180f
                | 0x200b..=0x200f
                | 0x2028..=0x202e
                | 0x2060..=0x206f
                | 0x2800
                | 0x3164
                | 0xe000..=0xf8ff
                | 0xfe00..=0xfe0f
                | 0xfeff
                | 0xffa0
                | 0xfff0..=0xfffb
                | 0x110bd
                | 0x110cd
                | 0x13430..=0x1343f
                | 0x1bca0..=0x1bca3
                | 0x1d173..=0x1d17a
                | 0xe0000..=0xe0fff
                | 0xf0000..=0x10ffff
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::sync::OnceLock;

    /// What names are made of that are easily taken for each other.
    const PARTS: [&[u8]; 12] =
        [b"\\", b"x", b"u", b"{", b"}", b"5c", b"ff", b"f", b"\xff", b"\x85", "\u{202e}".as_bytes(), b"202e"];

    /// Every name of at most three parts, by its text.
    fn short_names() -> &'static HashMap<String, Vec<u8>> {
        static NAMES: OnceLock<HashMap<String, Vec<u8>>> = OnceLock::new();
        NAMES.get_or_init(|| {
            let mut names: Vec<Vec<u8>> = vec![Vec::new()];
            for _ in 0..3 {
                let longer = names.iter().flat_map(|name| PARTS.map(|part| [&name[..], part].concat()));
                names = longer.chain([Vec::new()]).collect();
            }
            names.into_iter().map(|name| (escape(&lossless::text(&name)), name)).collect()
        })
    }

    #[test]
    fn what_a_terminal_would_act_on_is_escaped() {
        let hidden = "a\u{202e}b\u{200b}c\u{9b}d\x1b[31m\n\u{2066}\u{feff}\u{e0041}\u{2028}\u{a0}";
        let text = escape(hidden);
        assert!(text.starts_with("a\\u{202e}b\\u{200b}c\\u{9b}d\\u{1b}[31m\\u{a}"), "{text}");
        assert!(text.chars().all(|character| !is_hidden(character)), "{text}");
        assert_eq!(escape("docker/gr\u{fc}n \u{4e2d}"), "docker/gr\u{fc}n \u{4e2d}");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_shown_as_such() {
        assert_eq!(escape(&lossless::text(b"a\xff")), "a\\xff");
        assert_ne!(escape(&lossless::text(b"a\xff")), escape(&lossless::text(b"a\xfe")));
    }

    #[test]
    fn name_that_is_written_like_an_escaped_one_is_another() {
        assert_eq!(escape("a\\xff"), "a\\x5cxff");
        assert_eq!(escape("b\\u{202e}"), "b\\x5cu{202e}");
        // As systemd writes a hyphen.
        assert_eq!(escape("dev-disk\\x2dby.mount\\"), "dev-disk\\x2dby.mount\\");
    }

    proptest! {
        #[test]
        fn no_two_names_become_one(parts in proptest::collection::vec(0..PARTS.len(), 0..7)) {
            let name: Vec<u8> = parts.into_iter().flat_map(|part| PARTS[part].to_vec()).collect();
            if let Some(other) = short_names().get(&escape(&lossless::text(&name))) {
                prop_assert_eq!(other, &name);
            }
        }
    }
}
