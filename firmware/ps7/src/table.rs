//! Register accesses that set up a board, as a block of the image of the first stage, which `cargo xtask board fw` writes
//! from `boards/zynq7020/BOARD/ps7.txt`.
//!
//! ```text
//! offset  bytes  content
//!      0     16  MAGIC, by which the block is found in a file
//!     16      4  VERSION
//!     20      4  CRC32C of everything from 24 to the end of the rows
//!     24     16  name of the board, then zeros
//!     40      4  base address of the UART that is the console
//!     44     12  rows of each of the phases
//!     56     12  each row: address, mask, value
//! ```
//!
//! A row's address is a multiple of 4, to which its kind is added: 0 writes `value` to the bits of `mask`, 1 waits until a
//! bit of `mask` is 1.

use deltascope_abi::crc::table_driven;

/// First bytes of a block.
pub const MAGIC: [u8; 16] = *b"deltascope-ps7\xC5\x0A";
/// Version of the layout.
pub const VERSION: u32 = 1;
/// Most rows.
pub const ROWS: usize = 340;
/// Bytes of a block.
pub const BYTES: usize = HEADER + ROW * ROWS;
/// Bytes of the name.
pub const NAME: usize = 16;
const HEADER: usize = 56;
const ROW: usize = 12;
/// Kind of a row that waits.
const WAIT: u32 = 1;

/// Phases in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Pins and the UART, with the PLL that clocks it bypassed.
    Console,
    /// PLLs, clocks, DDR and the flash.
    Setup,
    /// What is ended after loading.
    End,
}

/// Phases.
pub const PHASES: usize = 3;

/// One access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Writes `value` to the bits of `mask`, and leaves the others.
    Write {
        /// Address of the register.
        address: u32,
        /// Bits that change.
        mask: u32,
        /// What they become.
        value: u32,
    },
    /// Waits until a bit of `mask` is 1.
    Wait {
        /// Address of the register.
        address: u32,
        /// Bits that end the wait.
        mask: u32,
    },
}

/// A block whose checksum is right.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    bytes: &'a [u8; BYTES],
}

fn word(bytes: &[u8; BYTES], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn rows(bytes: &[u8; BYTES]) -> [usize; PHASES] {
    [44, 48, 52].map(|at| word(bytes, at) as usize)
}

impl<'a> Table<'a> {
    /// Reads a block. `None` if it is no block of this version, or was damaged.
    pub fn read(bytes: &'a [u8; BYTES]) -> Option<Table<'a>> {
        let count = rows(bytes).iter().try_fold(0usize, |sum, rows| sum.checked_add(*rows))?;
        let is_block = bytes[..16] == MAGIC && word(bytes, 16) == VERSION && count <= ROWS;
        (is_block && word(bytes, 20) == table_driven(&bytes[24..HEADER + ROW * count])).then_some(Table { bytes })
    }

    /// Returns the name of the board.
    pub fn board(&self) -> &'a str {
        let name = &self.bytes[24..24 + NAME];
        let length = name.iter().position(|byte| *byte == 0).unwrap_or(NAME);
        core::str::from_utf8(&name[..length]).unwrap_or("a board without a name")
    }

    /// Returns the base address of the console.
    pub fn console(&self) -> u32 {
        word(self.bytes, 40)
    }

    /// Returns the rows of a phase.
    pub fn phase(&self, phase: Phase) -> impl Iterator<Item = Row> + use<'a> {
        let counts = rows(self.bytes);
        let first: usize = counts[..phase as usize].iter().sum();
        let bytes = self.bytes;
        (first..first + counts[phase as usize]).map(move |index| {
            let at = HEADER + ROW * index;
            let (address, mask, value) = (word(bytes, at), word(bytes, at + 4), word(bytes, at + 8));
            match address & 3 {
                WAIT => Row::Wait { address: address & !3, mask },
                _ => Row::Write { address: address & !3, mask, value },
            }
        })
    }
}

/// Makes a block. `None` if there are more than [`ROWS`] rows, or the name is too long.
pub fn block(board: &str, console: u32, phases: [&[Row]; PHASES]) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    let mut put = |at: usize, part: &[u8]| {
        bytes[at..at + part.len()].copy_from_slice(part);
    };
    let count: usize = phases.iter().map(|rows| rows.len()).sum();
    if count > ROWS || board.len() > NAME {
        return None;
    }
    put(0, &MAGIC);
    put(16, &VERSION.to_le_bytes());
    put(24, board.as_bytes());
    put(40, &console.to_le_bytes());
    for (index, rows) in phases.iter().enumerate() {
        put(44 + 4 * index, &(rows.len() as u32).to_le_bytes());
    }
    for (index, row) in phases.into_iter().flatten().enumerate() {
        let words = match *row {
            Row::Write { address, mask, value } => [address, mask, value],
            Row::Wait { address, mask } => [address | WAIT, mask, 0],
        };
        for (place, word) in words.iter().enumerate() {
            put(HEADER + ROW * index + 4 * place, &word.to_le_bytes());
        }
    }
    let check = table_driven(&bytes[24..HEADER + ROW * count]);
    bytes[20..24].copy_from_slice(&check.to_le_bytes());
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    const ONE: Row = Row::Write { address: 0xF800_0008, mask: u32::MAX, value: 0xDF0D };
    const TWO: Row = Row::Wait { address: 0xF800_010C, mask: 4 };

    #[test]
    fn a_block_gives_back_its_rows_by_phase() {
        let block = block("zybo-z7-20", 0xE000_1000, [&[ONE], &[TWO, ONE], &[]]).unwrap();
        let table = Table::read(&block).unwrap();
        assert_eq!((table.board(), table.console()), ("zybo-z7-20", 0xE000_1000));
        assert_eq!(table.phase(Phase::Console).collect::<Vec<_>>(), [ONE]);
        assert_eq!(table.phase(Phase::Setup).collect::<Vec<_>>(), [TWO, ONE]);
        assert_eq!(table.phase(Phase::End).count(), 0);
    }

    #[test]
    fn a_changed_bit_of_a_block_is_seen() {
        let good = block("ax7020", 0xE000_1000, [&[ONE], &[TWO], &[]]).unwrap();
        for bit in 0..(HEADER + 2 * ROW) * 8 {
            let mut bad = good;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Table::read(&bad).is_none(), "bit {bit}");
        }
    }

    #[test]
    fn more_rows_than_fit_are_refused() {
        assert!(block("ax7020", 0, [&[], &vec![ONE; ROWS], &[]]).is_some());
        assert!(block("ax7020", 0, [&[TWO], &vec![ONE; ROWS], &[]]).is_none());
        assert!(block("a-name-of-17-byte", 0, [&[], &[], &[]]).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_table_or_none(bytes in proptest::collection::vec(any::<u8>(), 64), start in 0usize..60) {
            let mut block = block("ax7020", 0, [&[ONE], &[TWO], &[]]).unwrap();
            let end = (start + bytes.len()).min(BYTES);
            block[start..end].copy_from_slice(&bytes[..end - start]);
            if let Some(table) = Table::read(&block) {
                prop_assert!(table.phase(Phase::Setup).count() <= ROWS);
            }
        }
    }
}
