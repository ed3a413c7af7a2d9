//! Blocks of the processing system that only have to keep what is written: clocks and resets, pins, UART, both caches' control.
//! They begin as a first stage leaves them on a PYNQ-Z2 with the logic running (UG585, appendices B.28 and B.33;
//! `boards/zynq7020/pynq-z2/ps7.txt`).

use std::collections::BTreeMap;

/// Two dividers of a clock that is not looked at any closer: 15 and 1, on.
const SOME_CLOCK: u32 = 1 << 20 | 15 << 8 | 1;
/// Registers and what is in them at the start.
const BEGIN: [(u32, u32); 14] = [
    // Feedback dividers of the PLLs, oscillator 50 MHz: 1300, 1050 and 1500 MHz.
    (0xF800_0100, 26 << 12),
    (0xF800_0104, 21 << 12),
    (0xF800_0108, 30 << 12),
    // Processor: the ARM PLL by 2, ratio 6:2:1.
    (0xF800_0120, 0x1F00_0200),
    (0xF800_01C4, 1),
    // DDR: 3x by 2, 2x by 3.
    (0xF800_0124, 3 << 26 | 2 << 20 | 3),
    // Clock 0 of the logic: 1500 MHz by 10; it runs on.
    (LOGIC_CLOCK, 1 << 20 | 10 << 8),
    // Resets of the logic released, level shifters on.
    (LOGIC_RESET, 0),
    (LEVEL_SHIFTERS, 0xF),
    // A Zynq-7020.
    (0xF800_0530, 0x0372_7093),
    // Both UARTs: transmit FIFO empty.
    (UART_STATUS, 1 << 3),
    (0xE000_102C, 1 << 3),
    // The snoop control unit and the L2 cache are off.
    (0xF8F0_0000, 0),
    (0xF8F0_2100, 0),
];
/// Other clocks, which must have a divider.
const CLOCKS: [u32; 16] =
    [0x128, 0x140, 0x144, 0x148, 0x14C, 0x150, 0x154, 0x158, 0x15C, 0x160, 0x164, 0x168, 0x16C, 0x180, 0x190, 0x1A0];
/// Dividers of the logic's clock.
pub const LOGIC_CLOCK: u32 = 0xF800_0170;
/// Clocks after which the logic's clock stops; 0: it runs on.
pub const LOGIC_COUNT: u32 = 0xF800_0178;
/// Resets of the logic.
pub const LOGIC_RESET: u32 = 0xF800_0240;
/// Level shifters between processing system and logic.
pub const LEVEL_SHIFTERS: u32 = 0xF800_0900;
/// Status of UART 0.
const UART_STATUS: u32 = 0xE000_002C;

/// The registers.
#[derive(Debug)]
pub struct Registers(BTreeMap<u32, u32>);

impl Default for Registers {
    fn default() -> Registers {
        let clocks = CLOCKS.map(|offset| (0xF800_0000 + offset, SOME_CLOCK));
        Registers(BEGIN.into_iter().chain(clocks).collect())
    }
}

impl Registers {
    /// Puts a word at an address, as something else than the processor would.
    pub fn set(&mut self, address: u32, value: u32) {
        self.0.insert(address, value);
    }

    /// Returns whether the logic is clocked, out of reset and connected: what its registers answer to.
    pub fn connect_logic(&self) -> bool {
        let clock = self.read(LOGIC_CLOCK);
        let is_divided = clock >> 8 & 0x3F != 0 && clock >> 20 & 0x3F != 0;
        let is_clocked = is_divided && self.read(LOGIC_COUNT) & 0xFFFF == 0;
        is_clocked && self.read(LOGIC_RESET) & 1 == 0 && self.read(LEVEL_SHIFTERS) & 0xF == 0xF
    }

    /// Reads the word at an address.
    pub fn read(&self, address: u32) -> u32 {
        self.0.get(&address).copied().unwrap_or(0)
    }

    /// Writes the word at an address, if it keeps what is written.
    pub fn write(&mut self, address: u32, value: u32) {
        let only_reads = matches!(address, UART_STATUS | 0xE000_102C | 0xF800_0530);
        // Operations of the L2 cache are over at once.
        let is_operation = (0xF8F0_2700..0xF8F0_2800).contains(&address);
        if !only_reads && !is_operation {
            self.0.insert(address, value);
        }
    }
}
