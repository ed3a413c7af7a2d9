//! Reads the header of a Xilinx bitstream (`.bit`) and refuses one that is not ours or not for the board.
//!
//! The header: a length of 9 and nine bytes, a length of 1, then fields: a letter, a length of two bytes and a text that
//! ends in a zero: `a` the design with its UserID, `b` the part, `c` the date, `d` the time; and `e` with a length of
//! four bytes, then the configuration data.

use anyhow::{Context, Result, bail, ensure};
use deltascope_abi::registers::IDENTITY_VALUE;

/// Word that begins the commands of the configuration data: UG470, "Sync Word".
const SYNC: [u8; 4] = [0xAA, 0x99, 0x55, 0x66];
/// Register number of IDCODE in the configuration data: UG470, "Configuration Registers".
const IDCODE_REGISTER: u32 = 0x0C;
/// JTAG code of the XC7Z020 without its revision: openXC7/prjxray-db@381966a zynq7/xc7z020clg400-1/part.yaml.
const IDCODE: u32 = 0x0372_7093;
/// Bits of the code that do not tell the revision.
const IDCODE_MASK: u32 = 0x0FFF_FFFF;

/// A bitstream.
#[derive(Debug, PartialEq, Eq)]
pub struct Bitstream<'a> {
    /// Design, with `;UserID=0X...;Version=...`.
    pub design: String,
    /// Part without `xc` and speed grade.
    pub part: String,
    /// Date and time.
    pub made: String,
    /// Configuration data.
    pub data: &'a [u8],
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize, what: &str) -> Result<&'a [u8]> {
        ensure!(self.0.len() >= bytes, "bitstream: expected {bytes} bytes of {what}, found {}", self.0.len());
        let (taken, rest) = self.0.split_at(bytes);
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, bytes: usize, what: &str) -> Result<usize> {
        Ok(self.take(bytes, what)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn text(&mut self, letter: u8) -> Result<String> {
        let found = self.take(1, "a field")?[0];
        ensure!(
            found == letter,
            "bitstream: expected the field {:?} of its header, found {:?}; give the .bit that Vivado wrote, not a .bin",
            char::from(letter),
            char::from(found)
        );
        let bytes = self.number(2, "a length")?;
        let text = self.take(bytes, "a text")?;
        Ok(String::from_utf8_lossy(text).trim_end_matches('\0').to_owned())
    }
}

impl<'a> Bitstream<'a> {
    /// Reads a bitstream.
    pub fn read(bytes: &'a [u8]) -> Result<Bitstream<'a>> {
        let mut reader = Reader(bytes);
        let first = reader.number(2, "the header")?;
        ensure!(
            first == 9,
            "bitstream: expected a header that begins with the length 9, found {first}; give a .bit file"
        );
        reader.take(9, "the header")?;
        reader.number(2, "the header")?;
        let (design, part) = (reader.text(b'a')?, reader.text(b'b')?);
        let made = format!("{} {}", reader.text(b'c')?, reader.text(b'd')?);
        let letter = reader.take(1, "a field")?[0];
        ensure!(letter == b'e', "bitstream: expected the field 'e', found {:?}", char::from(letter));
        let bytes = reader.number(4, "the length of the data")?;
        ensure!(
            reader.0.len() == bytes,
            "bitstream: expected {bytes} bytes of data, found {}; copy the file again",
            reader.0.len()
        );
        Ok(Bitstream { design, part, made, data: reader.0 })
    }

    /// UserID of the header.
    pub fn user_id(&self) -> Option<u32> {
        let text = self.design.split(';').find_map(|field| field.strip_prefix("UserID="))?;
        let digits = text.strip_prefix("0X").or_else(|| text.strip_prefix("0x"))?;
        u32::from_str_radix(digits, 16).ok()
    }

    /// Code of the part that the configuration data is for: the word written to IDCODE.
    fn idcode(&self) -> Option<u32> {
        let start = self.data.windows(4).position(|window| window == SYNC)? + 4;
        let words =
            self.data[start..].chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]));
        let mut words = words.take(256);
        while let Some(word) = words.next() {
            // Type 1, write: 001 10, the register in bits 17:13, the number of words in bits 10:0.
            if word >> 27 != 0b00110 {
                continue;
            }
            let (register, count) = (word >> 13 & 0x1F, word & 0x7FF);
            if register == IDCODE_REGISTER && count == 1 {
                return words.next();
            }
            for _ in 0..count {
                words.next()?;
            }
        }
        None
    }

    /// Refuses a bitstream for another part or of another design. `part` is that of the board, with its speed grade.
    pub fn check(&self, part: &str) -> Result<()> {
        let expected = part.trim_start_matches("xc").split('-').next().unwrap_or_default();
        ensure!(
            self.part == expected,
            "bitstream: expected the part {expected}, found {}; build it for this board: vivado/build.tcl",
            self.part
        );
        match self.user_id() {
            Some(IDENTITY_VALUE) => {}
            Some(other) => bail!(
                "bitstream: expected USERID {IDENTITY_VALUE:#010X}, found {other:#010X}: this is another design; build ours \
                 with vivado/build.tcl"
            ),
            None => bail!("bitstream: expected UserID= in its header, found {:?}", self.design),
        }
        let idcode = self.idcode().context(
            "bitstream: expected a write to IDCODE after the sync word, found none; the file is damaged or encrypted",
        )?;
        ensure!(
            idcode & IDCODE_MASK == IDCODE,
            "bitstream: expected data for the code {IDCODE:#010x}, found {idcode:#010x}; the header does not fit the data"
        );
        Ok(())
    }
}

/// Makes a bitstream with nothing in it, for tests: `words` of configuration data after the identification.
pub fn synthetic(design: &str, part: &str, idcode: u32, words: usize) -> Vec<u8> {
    let mut bytes = vec![0, 9, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0, 0, 1];
    for (letter, text) in [(b'a', design), (b'b', part), (b'c', "2026/01/01"), (b'd', "00:00:00")] {
        bytes.push(letter);
        bytes.extend(((text.len() + 1) as u16).to_be_bytes());
        bytes.extend(text.bytes().chain([0]));
    }
    let mut data: Vec<u8> = vec![0xFF; 32];
    data.extend(SYNC);
    // A NOP, and one word written to IDCODE.
    for word in [0x2000_0000, 0x3000_0001 | IDCODE_REGISTER << 13, idcode] {
        data.extend(u32::to_be_bytes(word));
    }
    data.extend((0..words).flat_map(|n| (n as u32).to_be_bytes()));
    bytes.push(b'e');
    bytes.extend((data.len() as u32).to_be_bytes());
    bytes.extend(data);
    bytes
}

/// A design's header as Vivado writes it with our identity.
pub fn our_design() -> String {
    format!("deltascope_system_wrapper;UserID=0X{IDENTITY_VALUE:08X};COMPRESS=TRUE;Version=2023.1")
}

/// Name of the boards' part and package, as a bitstream's header has it.
pub const PART: &str = "7z020clg400";
/// Code of the XC7Z020 of the boards, revision 2.
pub const OUR_IDCODE: u32 = 0x2000_0000 | IDCODE;

#[cfg(test)]
mod tests {
    use super::*;

    const BOARD_PART: &str = "xc7z020clg400-1";

    fn refusal(bytes: &[u8]) -> String {
        let outcome = Bitstream::read(bytes).and_then(|bitstream| bitstream.check(BOARD_PART));
        outcome.expect_err("it must be refused").to_string()
    }

    #[test]
    fn our_bitstream_for_the_part_is_accepted() {
        let bytes = synthetic(&our_design(), PART, OUR_IDCODE, 64);
        let bitstream = Bitstream::read(&bytes).expect("a bitstream");
        bitstream.check(BOARD_PART).expect("ours");
        assert_eq!(bitstream.user_id(), Some(IDENTITY_VALUE));
        assert_eq!(bitstream.made, "2026/01/01 00:00:00");
    }

    #[test]
    fn other_part_is_refused_by_header_and_by_data() {
        assert!(refusal(&synthetic(&our_design(), "7z010clg400", OUR_IDCODE, 64)).contains("found 7z010clg400"));
        assert!(refusal(&synthetic(&our_design(), PART, 0x1372_2093, 64)).contains("found 0x13722093"));
    }

    #[test]
    fn other_design_is_refused() {
        let other = "base_wrapper;UserID=0XFFFFFFFF;Version=2018.3";
        assert!(refusal(&synthetic(other, PART, OUR_IDCODE, 64)).contains("found 0xFFFFFFFF"));
        assert!(refusal(&synthetic("nothing", PART, OUR_IDCODE, 64)).contains("expected UserID="));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let bytes = synthetic(&our_design(), PART, OUR_IDCODE, 4);
        for end in 0..bytes.len() {
            assert!(refusal(&bytes[..end]).starts_with("bitstream: "), "{end} bytes");
        }
    }

    #[test]
    fn data_without_identification_is_refused() {
        let mut bytes = synthetic(&our_design(), PART, OUR_IDCODE, 4);
        let sync = bytes.windows(4).position(|window| window == SYNC).expect("a sync word");
        bytes[sync] = 0;
        assert!(refusal(&bytes).contains("IDCODE after the sync word"));
    }
}
