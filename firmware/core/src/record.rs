//! What a run leaves to the next one in memory that a reset does not clear: why it ended, and how often that happened.

use deltascope_abi::crc::table_driven;

/// Marks a record.
const MAGIC: u32 = u32::from_le_bytes(*b"DLTR");
/// Bytes of the text of a panic.
pub const TEXT: usize = 200;

/// Why the last run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Ending {
    /// Power was lost, or the board was reset from outside: the run left no reason.
    Unknown = 0,
    /// The program panicked, with this text.
    Panic = 1,
    /// An exception of the processor that is not handled.
    Exception = 2,
    /// The program asked for a reset.
    Requested = 3,
}

/// The record. Plain words: whatever memory holds after power-on is a valid value of it, and its checksum shows whether
/// it is a record.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Record {
    magic: u32,
    ending: u32,
    panics: u32,
    starts: u32,
    length: u32,
    text: [u8; TEXT],
    check: u32,
}

impl Record {
    /// The record of a board that has just been switched on.
    pub const FIRST: Record =
        Record { magic: MAGIC, ending: 0, panics: 0, starts: 0, length: 0, text: [0; TEXT], check: 0 };

    fn sum(&self) -> u32 {
        let mut bytes = [0; 20 + TEXT];
        let words = [self.magic, self.ending, self.panics, self.starts, self.length];
        for (chunk, word) in bytes.chunks_exact_mut(4).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes[20..].copy_from_slice(&self.text);
        table_driven(&bytes)
    }

    /// Whether memory held a record.
    pub fn is_valid(&self) -> bool {
        self.magic == MAGIC && self.check == self.sum() && self.length as usize <= TEXT
    }

    /// Takes over what the last run left, and begins this run: its own ending is unknown until it has one. Returns what
    /// was left.
    pub fn begin(&mut self) -> Option<Record> {
        let left = self.is_valid().then_some(*self);
        let (panics, starts) = left.map_or((0, 0), |left| (left.panics, left.starts));
        *self = Record { panics, starts: starts.wrapping_add(1), ..Record::FIRST };
        self.check = self.sum();
        left
    }

    /// Notes why this run ends.
    pub fn end(&mut self, ending: Ending, text: &str) {
        if !self.is_valid() {
            *self = Record::FIRST;
        }
        self.ending = ending as u32;
        self.panics = self.panics.wrapping_add(u32::from(ending != Ending::Requested));
        let text = text.as_bytes();
        let length = text.len().min(TEXT);
        self.text[..length].copy_from_slice(&text[..length]);
        self.length = length as u32;
        self.check = self.sum();
    }

    /// Why the run that left it ended.
    pub const fn ending(&self) -> Ending {
        match self.ending {
            1 => Ending::Panic,
            2 => Ending::Exception,
            3 => Ending::Requested,
            _ => Ending::Unknown,
        }
    }

    /// Panics and exceptions since power-on.
    pub const fn panics(&self) -> u32 {
        self.panics
    }

    /// Starts since power-on, the run that left it included.
    pub const fn starts(&self) -> u32 {
        self.starts
    }

    /// The text of the ending.
    pub fn text(&self) -> &str {
        let bytes = &self.text[..(self.length as usize).min(TEXT)];
        match core::str::from_utf8(bytes) {
            Ok(text) => text,
            // The text was cut inside a character.
            Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_after_power_on_is_no_record() {
        let mut record = Record { magic: 0xDEAD_BEEF, ..Record::FIRST };
        assert!(record.begin().is_none());
        assert_eq!((record.starts(), record.panics()), (1, 0));
    }

    #[test]
    fn a_panic_is_reported_by_the_next_start() {
        let mut record = Record::FIRST;
        assert!(record.begin().is_none(), "a record without its checksum is none");
        record.end(Ending::Panic, "index out of bounds");
        let left = record.begin().map(|left| (left.ending(), left.panics(), left.starts()));
        assert_eq!(left, Some((Ending::Panic, 1, 1)));
        let next = record.begin();
        assert_eq!(next.map(|left| (left.ending(), left.panics(), left.starts())), Some((Ending::Unknown, 1, 2)));
    }

    #[test]
    fn every_changed_bit_is_seen() {
        let mut record = Record::FIRST;
        record.begin();
        record.end(Ending::Exception, "data abort");
        assert!(record.is_valid() && record.text() == "data abort");
        let changes: [fn(&mut Record); 4] =
            [|r| r.panics ^= 1, |r| r.text[7] ^= 0x10, |r| r.length ^= 2, |r| r.check ^= 1 << 31];
        for change in changes {
            let mut other = record;
            change(&mut other);
            assert!(!other.is_valid());
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let mut record = Record::FIRST;
        let text = "\u{e4}".repeat(TEXT);
        record.end(Ending::Panic, &text[..TEXT + 1 + (TEXT + 1) % 2]);
        assert_eq!(record.text().len(), TEXT);
    }
}
