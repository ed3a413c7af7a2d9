//! The device configuration interface (UG585, section 6.4.2 and appendix B.16): PROG_B, INIT_B, and the DMA that brings a
//! bitstream to PCAP. Which bitstream it is does not matter: the Verilated logic is the only one.

use deltascope_sim::axi_dma::{Memory, Ram, Response};

/// First register, and the end of the last.
pub const BASE: u32 = 0xF800_7000;
/// See [`BASE`].
pub const END: u32 = BASE + 0x100;

mod offset {
    pub const CONTROL: u32 = 0x00;
    pub const SEEN: u32 = 0x0C;
    pub const STATUS: u32 = 0x14;
    pub const SOURCE: u32 = 0x18;
    pub const DESTINATION: u32 = 0x1C;
    pub const SOURCE_WORDS: u32 = 0x20;
    pub const DESTINATION_WORDS: u32 = 0x24;
    pub const UNLOCK: u32 = 0x34;
}

/// CONTROL: PROG_B.
const PROGRAM_B: u32 = 1 << 30;
/// STATUS: INIT_B.
const INIT_B: u32 = 1 << 4;
/// Interrupt status: the logic is configured, an error of AXI, the DMA and PCAP are through.
const DONE: u32 = 1 << 2;
const AXI_ERROR: u32 = 1 << 22;
const TRANSFERRED: u32 = 1 << 13 | 1 << 12;
/// Key of the lock.
const KEY: u32 = 0x757B_DF0D;
/// A destination that is PCAP.
const TO_PCAP: u32 = u32::MAX;
/// Synchronisation word of a bitstream (UG470, table 5-19).
const SYNC: u32 = 0xAA99_5566;

/// The interface, and whether the logic is configured.
pub struct Configuration {
    memory: Ram,
    control: u32,
    status: u32,
    seen: u32,
    transfer: [u32; 3],
    is_unlocked: bool,
    is_done: bool,
}

impl Configuration {
    /// Returns it with the logic configured by a first stage.
    pub fn new(memory: Ram) -> Configuration {
        let (control, transfer) = (PROGRAM_B, [0; 3]);
        Configuration { memory, control, status: INIT_B, seen: DONE, transfer, is_unlocked: false, is_done: true }
    }

    /// Returns whether the logic is configured.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Takes the configuration away.
    pub fn clear(&mut self) {
        (self.is_done, self.seen) = (false, 0);
    }

    /// Reads a register.
    pub fn read(&self, address: u32) -> u32 {
        match address - BASE {
            offset::CONTROL => self.control,
            offset::SEEN => self.seen,
            offset::STATUS => self.status,
            _ => 0,
        }
    }

    /// Writes a register. Nothing is written before the interface is unlocked.
    pub fn write(&mut self, address: u32, value: u32) {
        match address - BASE {
            offset::UNLOCK => self.is_unlocked = value == KEY,
            _ if !self.is_unlocked => {}
            offset::CONTROL => {
                self.control = value;
                match value & PROGRAM_B {
                    0 => {
                        self.clear();
                        self.status &= !INIT_B;
                    }
                    _ => self.status |= INIT_B,
                }
            }
            offset::SEEN => self.seen &= !value,
            offset::SOURCE => self.transfer[0] = value,
            offset::DESTINATION => self.transfer[1] = value,
            offset::SOURCE_WORDS => self.transfer[2] = value,
            offset::DESTINATION_WORDS => self.transfer(value),
            _ => {}
        }
    }

    fn transfer(&mut self, words: u32) {
        let [source, destination, source_words] = self.transfer;
        let mut bytes = vec![0; words as usize * 4];
        let is_whole = destination == TO_PCAP && source_words == words;
        if !is_whole || self.memory.read(u64::from(source & !3), &mut bytes) != Response::Okay {
            self.seen |= AXI_ERROR;
            return;
        }
        self.seen |= TRANSFERRED;
        if self.status & INIT_B != 0 && bytes.chunks_exact(4).any(|word| word == SYNC.to_le_bytes()) {
            self.is_done = true;
            self.seen |= DONE;
        }
    }
}
