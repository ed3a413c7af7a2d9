//! The settings of an image: a block of text in its own section, which `cargo xtask board fw --set KEY=VALUE` edits in
//! the ELF file. `docs/firmware.md` has the table of keys.
//!
//! ```text
//! offset  bytes  content
//!      0     16  MAGIC, by which the block is found in a file
//!     16      4  VERSION
//!     20      4  bytes of the text
//!     24      4  CRC32C of the text
//!     28      4  zero
//!     32    992  lines KEY=VALUE, then zeros
//! ```

use core::net::Ipv4Addr;
use core::str::FromStr;

use crate::boot_count::{BLOCK, LAST_REGION};
use crate::peers::{Network, Peers};
use deltascope_abi::crc::table_driven;

/// First bytes of a block.
pub const MAGIC: [u8; 16] = *b"deltascope-fw-\xC5\x0A";
/// Version of the layout.
pub const VERSION: u32 = 1;
/// Bytes of a block.
pub const BYTES: usize = 1024;
const HEADER: usize = 32;

/// Why a block or a line of it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Not the layout.
    #[error("settings block: expected {expected}, found {found:#010x}; write the image again")]
    Block {
        /// What was expected.
        expected: &'static str,
        /// The word found.
        found: u32,
    },
    /// Not a line `KEY=VALUE`.
    #[error("settings line {line}: expected KEY=VALUE")]
    Line {
        /// Counted from 1.
        line: usize,
    },
    /// No such key.
    #[error("settings line {line}: expected one of {}, found another key", KEYS)]
    Key {
        /// Counted from 1.
        line: usize,
    },
    /// Not a value of the key.
    #[error("setting {key}: expected {expected}, found another value")]
    Value {
        /// The key.
        key: &'static str,
        /// Its values.
        expected: &'static str,
    },
    /// Too much text.
    #[error("settings: expected at most {most} bytes, found {found}", most = BYTES - HEADER)]
    Length {
        /// Bytes.
        found: usize,
    },
}

/// Every key.
const KEYS: &str =
    "board, engine, address, gateway, mac, port, peers, sessions, bitstream, fclk_mhz, boot_count, watchdog, test";

/// How the interface gets its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// This one.
    Static(Network),
    /// From a DHCP server.
    Dhcp,
}

/// The board that the image runs on: pins, clock and memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Board {
    /// TUL PYNQ-Z2.
    PynqZ2,
    /// Digilent Arty Z7-20.
    ArtyZ7,
    /// Digilent Zybo Z7-20.
    ZyboZ7,
    /// Avnet ZedBoard.
    ZedBoard,
    /// Alinx AX7020.
    Ax7020,
}

impl Board {
    /// Name and board.
    pub const NAMES: [(&'static str, Board); 5] = [
        ("pynq-z2", Board::PynqZ2),
        ("arty-z7-20", Board::ArtyZ7),
        ("zybo-z7-20", Board::ZyboZ7),
        ("zedboard", Board::ZedBoard),
        ("ax7020", Board::Ax7020),
    ];

    /// Returns the board's name.
    pub fn name(self) -> &'static str {
        Board::NAMES.iter().find(|(_, board)| *board == self).map_or("", |(name, _)| name)
    }
}

/// How the engine is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Registers in programmable logic.
    Logic,
    /// Registers behind the mailbox of an emulated board.
    Mailbox,
}

/// Where the bitstream comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bitstream {
    /// The first stage has loaded it.
    Loaded,
    /// It is in memory, as bootgen wrote it; the image loads it.
    Memory {
        /// First address, a multiple of 64.
        address: u32,
        /// Bytes, a multiple of 4.
        bytes: u32,
    },
}

/// A fault that the image makes by itself, to show what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// None.
    None,
    /// Panics once after the first connection; the start after that does not.
    Panic,
    /// Stops feeding the watchdog after the first connection, once.
    Hang,
    /// Serves the engine itself ([`crate::remote`]) instead of agents.
    Engine,
    /// Measures the copies into and out of the DMA's buffers, and stops.
    Copy,
}

/// Everything that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Pins, clock and memory.
    pub board: Board,
    /// How the engine is reached.
    pub engine: Access,
    /// How the interface gets its address.
    pub address: Address,
    /// Where packets to other networks go.
    pub gateway: Option<Ipv4Addr>,
    /// Ethernet address.
    pub mac: [u8; 6],
    /// TCP port of the board server.
    pub port: u16,
    /// Addresses that are served.
    pub peers: Peers,
    /// Sessions at a time.
    pub sessions: u8,
    /// Where the bitstream comes from.
    pub bitstream: Bitstream,
    /// Rate of the logic's clock.
    pub fclk_mhz: u16,
    /// Address of the region of the flash that keeps the number of starts ([`crate::boot_count`]).
    pub boot_count: Option<u32>,
    /// Whether the watchdog runs.
    pub watchdog: bool,
    /// A fault to make.
    pub test: Test,
}

/// What an image has before anything is set.
pub const DEFAULT_TEXT: &str = "board=pynq-z2\nengine=logic\naddress=169.254.20.20/16\ngateway=none\n\
mac=02:00:5e:ce:00:14\nport=5770\npeers=link-local\nsessions=4\nbitstream=loaded\nfclk_mhz=100\nboot_count=0xf80000\n\
watchdog=on\ntest=none\n";

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            board: Board::PynqZ2,
            engine: Access::Logic,
            address: Address::Static(Network { address: Ipv4Addr::new(169, 254, 20, 20), prefix: 16 }),
            gateway: None,
            mac: [0x02, 0x00, 0x5E, 0xCE, 0x00, 0x14],
            port: 5770,
            peers: Peers::LINK_LOCAL,
            sessions: 4,
            bitstream: Bitstream::Loaded,
            fclk_mhz: 100,
            boot_count: Some(LAST_REGION),
            watchdog: true,
            test: Test::None,
        }
    }
}

/// Reads a whole number, decimal or hexadecimal with 0x.
fn number<T: TryFrom<u32>>(text: &str) -> Option<T> {
    let value = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => u32::from_str(text),
    };
    T::try_from(value.ok()?).ok()
}

fn mac(text: &str) -> Option<[u8; 6]> {
    let mut bytes = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut bytes {
        *byte = u8::from_str_radix(parts.next().filter(|part| part.len() == 2)?, 16).ok()?;
    }
    // An address of a group is no address of an interface (IEEE 802, section 8.2).
    (parts.next().is_none() && bytes[0] & 1 == 0).then_some(bytes)
}

fn bitstream(text: &str) -> Option<Bitstream> {
    if text == "loaded" {
        return Some(Bitstream::Loaded);
    }
    let (address, bytes) = text.split_once('+')?;
    let (address, bytes) = (number::<u32>(address)?, number::<u32>(bytes)?);
    let fits = address.is_multiple_of(64) && bytes.is_multiple_of(4) && bytes > 0;
    let in_memory = address >= 0x10_0000 && address.checked_add(bytes)? <= 0x4000_0000;
    (fits && in_memory).then_some(Bitstream::Memory { address, bytes })
}

/// A region of the flash. The first block is what a board boots from.
fn region(text: &str) -> Option<u32> {
    number(text).filter(|address: &u32| address.is_multiple_of(BLOCK) && (BLOCK..=LAST_REGION).contains(address))
}

fn named<T: Copy>(text: &str, values: &[(&str, T)]) -> Option<T> {
    values.iter().find(|(name, _)| *name == text).map(|(_, value)| *value)
}

impl Settings {
    /// Reads the text of a block. What it does not name keeps its default.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn parse(text: &str) -> Result<Settings, SettingsError> {
        let mut settings = Settings::default();
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            if line.is_empty() {
                continue;
            }
            let (key, value) = line.split_once('=').ok_or(SettingsError::Line { line: line_number })?;
            settings.set(key, value, line_number)?;
        }
        Ok(settings)
    }

    fn set(&mut self, key: &str, value: &str, line: usize) -> Result<(), SettingsError> {
        fn put<T>(
            place: &mut T,
            value: Option<T>,
            key: &'static str,
            expected: &'static str,
        ) -> Result<(), SettingsError> {
            *place = value.ok_or(SettingsError::Value { key, expected })?;
            Ok(())
        }
        match key {
            "board" => {
                let expected = "pynq-z2, arty-z7-20, zybo-z7-20, zedboard or ax7020";
                put(&mut self.board, named(value, &Board::NAMES), "board", expected)
            }
            "engine" => {
                let found = named(value, &[("logic", Access::Logic), ("mailbox", Access::Mailbox)]);
                put(&mut self.engine, found, "engine", "logic or mailbox")
            }
            "address" => {
                let found = match value {
                    "dhcp" => Some(Address::Dhcp),
                    _ => value.parse().ok().filter(|_| value.contains('/')).map(Address::Static),
                };
                put(&mut self.address, found, "address", "dhcp or a.b.c.d/n")
            }
            "gateway" => {
                let found = if value == "none" { Some(None) } else { value.parse().ok().map(Some) };
                put(&mut self.gateway, found, "gateway", "none or a.b.c.d")
            }
            "mac" => put(&mut self.mac, mac(value), "mac", "six hexadecimal bytes between colons, no group address"),
            "port" => put(&mut self.port, number(value).filter(|&port| port != 0), "port", "1 to 65535"),
            "peers" => {
                put(&mut self.peers, value.parse().ok(), "peers", "at most 8 of a.b.c.d/n and link-local, with commas")
            }
            "sessions" => put(&mut self.sessions, number(value).filter(|n| (1..=8).contains(n)), "sessions", "1 to 8"),
            "bitstream" => {
                let expected = "loaded, or ADDRESS+BYTES in DDR, the address a multiple of 64 and the bytes of 4";
                put(&mut self.bitstream, bitstream(value), "bitstream", expected)
            }
            "fclk_mhz" => {
                let most = (deltascope_abi::board::FCLK_HZ / 1_000_000) as u16;
                let found = number(value).filter(|mhz| (10..=most).contains(mhz));
                put(&mut self.fclk_mhz, found, "fclk_mhz", "10 to the highest rate of the logic")
            }
            "boot_count" => {
                let found = if value == "none" { Some(None) } else { region(value).map(Some) };
                let expected = "none, or an address in flash: a multiple of 0x40000 from 0x40000 to 0xf80000";
                put(&mut self.boot_count, found, "boot_count", expected)
            }
            "watchdog" => {
                put(&mut self.watchdog, named(value, &[("on", true), ("off", false)]), "watchdog", "on or off")
            }
            "test" => {
                let found = named(
                    value,
                    &[
                        ("none", Test::None),
                        ("panic", Test::Panic),
                        ("hang", Test::Hang),
                        ("engine", Test::Engine),
                        ("copy", Test::Copy),
                    ],
                );
                put(&mut self.test, found, "test", "none, panic, hang, engine or copy")
            }
            _ => Err(SettingsError::Key { line }),
        }
    }
}

/// Makes a block of a text, at compile time too.
///
/// # Errors
/// The text is too long.
pub const fn block(text: &str) -> Result<[u8; BYTES], SettingsError> {
    let text = text.as_bytes();
    if text.len() > BYTES - HEADER {
        return Err(SettingsError::Length { found: text.len() });
    }
    let mut block = [0; BYTES];
    let (version, length) = (VERSION.to_le_bytes(), (text.len() as u32).to_le_bytes());
    let check = table_driven(text).to_le_bytes();
    let mut index = 0;
    while index < HEADER + text.len() {
        block[index] = match index {
            0..16 => MAGIC[index],
            16..20 => version[index - 16],
            20..24 => length[index - 20],
            24..28 => check[index - 24],
            28..HEADER => 0,
            _ => text[index - HEADER],
        };
        index += 1;
    }
    Ok(block)
}

/// Returns the text of a block.
///
/// # Errors
/// It is no block of this version, or was damaged.
pub fn text(block: &[u8; BYTES]) -> Result<&str, SettingsError> {
    let word = |at: usize| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
    let refused = |expected, found| Err(SettingsError::Block { expected, found });
    if block[..16] != MAGIC {
        return refused("the magic bytes", word(0));
    }
    if word(16) != VERSION {
        return refused("version 1", word(16));
    }
    let length = word(20) as usize;
    if length > BYTES - HEADER {
        return refused("a length of at most 992", word(20));
    }
    let bytes = &block[HEADER..HEADER + length];
    let found = table_driven(bytes);
    if word(24) != found {
        return refused("the checksum of the text", found);
    }
    core::str::from_utf8(bytes).map_err(|_| SettingsError::Block { expected: "text", found })
}

#[cfg(test)]
mod tests;
