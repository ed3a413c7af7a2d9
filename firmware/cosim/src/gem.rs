//! The Ethernet controller and its PHY (UG585, chapter 16 and appendix B.18): rings of descriptors in memory, interrupts,
//! management of the PHY. What the image does not use is not modelled.
//!
//! Frames are whole and correct: no checksum is made or looked at in either direction, and the peer makes none.

use std::collections::VecDeque;

use deltascope_sim::axi_dma::{Memory, Ram, Response};

/// Interrupt of the controller.
pub const INTERRUPT: u32 = 54;

mod offset {
    pub const CONTROL: u32 = 0x00;
    pub const STATUS: u32 = 0x08;
    pub const TRANSMIT_STATUS: u32 = 0x14;
    pub const RECEIVE_QUEUE: u32 = 0x18;
    pub const TRANSMIT_QUEUE: u32 = 0x1C;
    pub const RECEIVE_STATUS: u32 = 0x20;
    pub const INTERRUPTS: u32 = 0x24;
    pub const ENABLE: u32 = 0x28;
    pub const DISABLE: u32 = 0x2C;
    pub const MASK: u32 = 0x30;
    pub const PHY: u32 = 0x34;
    pub const MODULE: u32 = 0xFC;
    /// Bytes of all registers.
    pub const END: u32 = 0x300;
}

/// Bits of the control register.
mod control {
    pub const RECEIVE: u32 = 1 << 2;
    pub const TRANSMIT: u32 = 1 << 3;
    pub const START: u32 = 1 << 9;
    /// Commands, which read as 0.
    pub const COMMANDS: u32 = 0x1_FE60;
}

/// Bits of the interrupt registers.
mod interrupt {
    pub const RECEIVED: u32 = 1 << 1;
    pub const NO_BUFFER: u32 = 1 << 2;
    pub const END_OF_RING: u32 = 1 << 3;
    pub const SENT: u32 = 1 << 7;
}

/// The management bus is idle.
const IDLE: u32 = 1 << 2;
/// What the controller of a Zynq-7000 identifies itself with.
const MODULE: u32 = 0x0002_0118;
/// Address of the PHY.
const PHY: u32 = 1;
/// Bytes of a frame's checksum, which the controller leaves behind a received frame. They are zeros here.
const CHECKSUM: usize = 4;
/// Longest frame of a transmit descriptor.
const LENGTH: u32 = 0x3FFF;

/// The controller, with the memory that it reaches.
pub struct Gem {
    memory: Ram,
    words: [u32; (offset::END / 4) as usize],
    /// First descriptor of each ring, and the one that is next.
    receive_ring: u32,
    receive_at: u32,
    transmit_ring: u32,
    transmit_at: u32,
    raised: u32,
    masked: u32,
    frame: Vec<u8>,
    sent: VecDeque<Vec<u8>>,
    dropped: u64,
}

impl Gem {
    /// Returns the controller after its reset.
    pub fn new(memory: Ram) -> Gem {
        Gem {
            memory,
            words: [0; (offset::END / 4) as usize],
            receive_ring: 0,
            receive_at: 0,
            transmit_ring: 0,
            transmit_at: 0,
            raised: 0,
            masked: u32::MAX,
            frame: Vec::new(),
            sent: VecDeque::new(),
            dropped: 0,
        }
    }

    /// Returns whether the interrupt is raised.
    pub fn raises(&self) -> bool {
        self.raised & !self.masked != 0
    }

    /// Takes the next frame that was sent.
    pub fn take_sent(&mut self) -> Option<Vec<u8>> {
        self.sent.pop_front()
    }

    /// Returns how many frames found no buffer.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Reads a register.
    pub fn read(&self, at: u32) -> u32 {
        match at {
            offset::STATUS => IDLE,
            offset::INTERRUPTS => self.raised,
            offset::MASK => self.masked,
            offset::RECEIVE_QUEUE => self.receive_at,
            offset::TRANSMIT_QUEUE => self.transmit_at,
            offset::MODULE => MODULE,
            _ => self.words.get(at as usize / 4).copied().unwrap_or(0),
        }
    }

    /// Writes a register.
    ///
    /// # Errors
    /// A descriptor or a frame is not in memory.
    pub fn write(&mut self, at: u32, value: u32) -> Result<(), String> {
        match at {
            offset::CONTROL => return self.control(value),
            offset::TRANSMIT_STATUS | offset::RECEIVE_STATUS => self.words[at as usize / 4] &= !value,
            offset::RECEIVE_QUEUE => (self.receive_ring, self.receive_at) = (value & !3, value & !3),
            offset::TRANSMIT_QUEUE => (self.transmit_ring, self.transmit_at) = (value & !3, value & !3),
            offset::INTERRUPTS => self.raised &= !value,
            offset::ENABLE => self.masked &= !value,
            offset::DISABLE => self.masked |= value,
            offset::PHY => self.words[at as usize / 4] = manage(value),
            _ => {
                if let Some(word) = self.words.get_mut(at as usize / 4) {
                    *word = value;
                }
            }
        }
        Ok(())
    }

    fn control(&mut self, value: u32) -> Result<(), String> {
        self.words[0] = value & !control::COMMANDS;
        if value & control::TRANSMIT == 0 {
            // The transmitter begins at the start of its ring again.
            self.transmit_at = self.transmit_ring;
        } else if value & control::START != 0 {
            self.transmit()?;
        }
        Ok(())
    }

    fn word(&mut self, address: u32) -> Result<u32, String> {
        let mut bytes = [0; 4];
        match self.memory.read(address.into(), &mut bytes) {
            Response::Okay => Ok(u32::from_le_bytes(bytes)),
            _ => Err(format!("Ethernet: expected a descriptor in memory, found none at {address:#010x}")),
        }
    }

    fn put(&mut self, address: u32, bytes: &[u8]) -> Result<(), String> {
        match self.memory.write(address.into(), bytes) {
            Response::Okay => Ok(()),
            _ => Err(format!("Ethernet: expected memory, found none at {address:#010x}")),
        }
    }

    /// Sends every frame of the ring that is ready.
    fn transmit(&mut self) -> Result<(), String> {
        const USED: u32 = 1 << 31;
        const WRAP: u32 = 1 << 30;
        const LAST: u32 = 1 << 15;
        loop {
            let at = self.transmit_at;
            let (address, word) = (self.word(at)?, self.word(at + 4)?);
            if word & USED != 0 {
                self.raised |= interrupt::END_OF_RING;
                self.words[offset::TRANSMIT_STATUS as usize / 4] |= 1;
                return Ok(());
            }
            let begin = self.frame.len();
            self.frame.resize(begin + (word & LENGTH) as usize, 0);
            if self.memory.read(address.into(), &mut self.frame[begin..]) != Response::Okay {
                return Err(format!("Ethernet: expected a frame in memory, found none at {address:#010x}"));
            }
            self.put(at + 4, &(word | USED).to_le_bytes())?;
            self.transmit_at = if word & WRAP == 0 { at + 8 } else { self.transmit_ring };
            if word & LAST != 0 {
                self.sent.push_back(std::mem::take(&mut self.frame));
                self.raised |= interrupt::SENT;
                self.words[offset::TRANSMIT_STATUS as usize / 4] |= 1 << 5;
            }
        }
    }

    /// Puts a frame that has arrived into the ring. Without a buffer it is dropped, as on the wire.
    ///
    /// # Errors
    /// A descriptor or its buffer is not in memory.
    pub fn receive(&mut self, frame: &[u8]) -> Result<(), String> {
        const USED: u32 = 1;
        const WRAP: u32 = 1 << 1;
        const WHOLE: u32 = 1 << 15 | 1 << 14;
        if self.words[0] & control::RECEIVE == 0 {
            self.dropped += 1;
            return Ok(());
        }
        let at = self.receive_at;
        let word = self.word(at)?;
        if word & USED != 0 {
            self.raised |= interrupt::NO_BUFFER;
            self.words[offset::RECEIVE_STATUS as usize / 4] |= 1;
            self.dropped += 1;
            return Ok(());
        }
        let mut bytes = frame.to_vec();
        // A short frame is padded by its sender.
        bytes.resize(bytes.len().max(60) + CHECKSUM, 0);
        self.put(word & !3, &bytes)?;
        self.put(at + 4, &(bytes.len() as u32 | WHOLE).to_le_bytes())?;
        self.put(at, &(word | USED).to_le_bytes())?;
        self.receive_at = if word & WRAP == 0 { at + 8 } else { self.receive_ring };
        self.raised |= interrupt::RECEIVED;
        self.words[offset::RECEIVE_STATUS as usize / 4] |= 1 << 1;
        Ok(())
    }
}

/// Performs an operation of the management bus, and returns what its register shows then.
fn manage(value: u32) -> u32 {
    let (operation, address, register) = (value >> 28 & 3, value >> 23 & 31, value >> 18 & 31);
    if operation != 2 {
        return value;
    }
    let data = match (address, register) {
        (PHY, 1) => 0x796D,
        // Identifier of a Marvell 88E1518.
        (PHY, 2) => 0x0141,
        (PHY, 3) => 0x0DD1,
        (PHY, 4 | 5) => 0x01E1,
        (PHY, 9) => 0x0300,
        (PHY, 10) => 0x0C00,
        (PHY, _) => 0,
        _ => 0xFFFF,
    };
    value & 0xFFFF_0000 | data
}
