//! The board around the processor: which device answers at an address, and what each of them does as time passes.

use anyhow::{Context, Result};
use deltascope_abi::board::{BUFFERS, INTERRUPT_GIC};
use deltascope_sim::axi_dma::Ram;

use crate::configuration::{self, Configuration};
use crate::gem::{self, Gem};
use crate::gic::Gic;
use crate::logic::Logic;
use crate::power_on::PowerOn;
use crate::profile::Profile;
use crate::registers::Registers;
use crate::time::Time;
use crate::timers::{self, Timers};
use crate::watchdog::{self, Watchdog};

/// DDR that the image uses: code, data, stacks, descriptors, heap, and the record of the last run (`firmware/image/memory.x`).
pub const DDR_BYTES: usize = 128 << 20;
/// Where addresses of devices begin that are no memory, and bytes of each part.
pub const DEVICES: [(u32, u32); 5] = [
    (0xE000_0000, 0x10_0000),
    (0xF800_0000, 0x1_0000),
    (0xF8F0_0000, 0x3000),
    (deltascope_abi::board::ENGINE.base, deltascope_abi::board::ENGINE.bytes),
    (deltascope_abi::board::AXI_DMA.base, deltascope_abi::board::AXI_DMA.bytes),
];

/// Why the simulation ends when the watchdog was not fed.
pub const RESET: &str = "the watchdog has reset the board";

const UART_0_FIFO: u32 = 0xE000_0030;
const GEM_0: u32 = 0xE000_B000;
const PRIVATE: u32 = 0xF8F0_0000;
const GIC_INTERFACE: u32 = PRIVATE + 0x100;
const GIC_DISTRIBUTOR: u32 = PRIVATE + 0x1000;

/// The board.
pub struct Board {
    /// Time since power-on.
    pub time: Time,
    /// The interrupt controller.
    pub gic: Gic,
    /// The Ethernet controller.
    pub gem: Gem,
    /// The programmable logic.
    pub logic: Logic,
    /// Instructions by address.
    pub profile: Profile,
    /// Bytes that the image wrote to its console.
    pub console: Vec<u8>,
    /// Why the simulation cannot continue.
    pub failure: Option<String>,
    /// When the processor is to stop.
    pub stop_at: u64,
    /// The processor was asked to stop.
    pub is_stopping: bool,
    /// Registers of the processing system.
    pub registers: Registers,
    /// The device configuration interface.
    pub configuration: Configuration,
    /// What a first stage has still to do.
    pub power_on: Option<PowerOn>,
    timers: Timers,
    watchdog: Watchdog,
    due: u64,
}

/// Memory of a board.
pub struct DoubleDataRate {
    /// From address 0 on.
    pub image: Ram,
    /// The DMA's buffers.
    pub buffers: Ram,
}

impl DoubleDataRate {
    /// Returns memory full of zeros.
    pub fn new() -> DoubleDataRate {
        let buffers = Ram::new(BUFFERS.base.into(), BUFFERS.bytes as usize);
        DoubleDataRate { image: Ram::new(0, DDR_BYTES), buffers }
    }
}

impl Board {
    /// Returns a board after power-on and the first stage.
    ///
    /// # Errors
    /// The Verilated design is not built in.
    pub fn new(memory: &DoubleDataRate, profile: Profile) -> Result<Board> {
        Ok(Board {
            time: Time::default(),
            gic: Gic::default(),
            gem: Gem::new(memory.image.clone()),
            logic: Logic::new(memory.buffers.clone()).context("bringing up the logic")?,
            profile,
            console: Vec::new(),
            failure: None,
            stop_at: 0,
            is_stopping: false,
            configuration: Configuration::new(memory.image.clone()),
            power_on: None,
            timers: Timers::default(),
            watchdog: Watchdog::default(),
            registers: Registers::default(),
            due: 0,
        })
    }

    /// Returns when a device has something to do.
    pub fn due(&self) -> u64 {
        self.due
    }

    /// Takes a block of instructions that is executed now.
    pub fn execute(&mut self, address: u32, instructions: u32) {
        self.time.execute(instructions.into());
        self.profile.count(address, instructions);
        if self.time.now() >= self.due {
            self.advance();
        }
    }

    /// Lets the devices follow the time.
    pub fn advance(&mut self) {
        let now = self.time.now();
        self.timers.advance(now);
        if now >= self.watchdog.due() {
            self.failure = Some(RESET.to_owned());
        }
        if let Err(failure) = self.logic.advance(now) {
            self.failure = Some(failure.to_string());
        }
        self.update();
    }

    /// Takes the lines of the devices to the interrupt controller.
    fn update(&mut self) {
        self.gic.set_level(timers::INTERRUPT, self.timers.raises());
        self.gic.set_level(gem::INTERRUPT, self.gem.raises());
        self.gic.set_level(INTERRUPT_GIC, self.logic.raises());
        self.due = self.timers.due().min(self.logic.due()).min(self.watchdog.due());
    }

    /// Gives the Ethernet controller a frame.
    pub fn receive(&mut self, frame: &[u8]) {
        if let Err(failure) = self.gem.receive(frame) {
            self.failure = Some(failure);
        }
        self.update();
    }

    /// Reads the word at an address.
    pub fn read(&mut self, address: u32) -> u32 {
        if let Some((block, offset)) = Logic::find(address) {
            return self.access_logic(block, offset, None);
        }
        if let Some(found) = self.power_on.as_mut().and_then(|power_on| power_on.read(address)) {
            return found;
        }
        match address {
            GEM_0..0xE000_C000 => self.gem.read(address - GEM_0),
            GIC_INTERFACE..0xF8F0_0200 => self.gic.read_interface(address - GIC_INTERFACE),
            GIC_DISTRIBUTOR..0xF8F0_2000 => self.gic.read_distributor(address - GIC_DISTRIBUTOR),
            configuration::BASE..configuration::END => self.configuration.read(address),
            _ if is_timer(address) => self.timers.read(address - PRIVATE, self.time.now()),
            _ => self.registers.read(address),
        }
    }

    /// Writes the word at an address.
    pub fn write(&mut self, address: u32, value: u32) {
        if let Some((block, offset)) = Logic::find(address) {
            self.access_logic(block, offset, Some(value));
            return;
        }
        if let Some(power_on) = &mut self.power_on
            && let Err(error) = power_on.write(&self.registers, address, value)
        {
            self.failure = Some(error.to_string());
        }
        match address {
            UART_0_FIFO => self.console.push(value as u8),
            GEM_0..0xE000_C000 => {
                if let Err(failure) = self.gem.write(address - GEM_0, value) {
                    self.failure = Some(failure);
                }
            }
            GIC_INTERFACE..0xF8F0_0200 => self.gic.write_interface(address - GIC_INTERFACE, value),
            GIC_DISTRIBUTOR..0xF8F0_2000 => self.gic.write_distributor(address - GIC_DISTRIBUTOR, value),
            _ if is_timer(address) => self.timers.write(address - PRIVATE, value, self.time.now()),
            configuration::BASE..configuration::END => self.configuration.write(address, value),
            watchdog::BASE..watchdog::END => self.watchdog.write(address, value, self.time.now()),
            // Lines of the cache, thousands at a time: nothing changes.
            0xF8F0_2700..0xF8F0_2800 => return,
            _ => self.registers.write(address, value),
        }
        self.update();
    }

    /// Reads a word of the flash in linear mode.
    pub fn read_flash(&mut self, offset: u32) -> u32 {
        let found = self.power_on.as_ref().map(|power_on| power_on.flash(&self.registers, offset));
        match found {
            Some(Ok(word)) => word,
            Some(Err(error)) => {
                self.failure = Some(error.to_string());
                0
            }
            None => 0,
        }
    }

    fn access_logic(&mut self, block: deltascope_sim::axi_dma::Block, offset: u32, value: Option<u32>) -> u32 {
        if !self.configuration.is_done() || !self.registers.connect_logic() {
            self.failure = Some(format!("{block:?} registers: a processor would hang at logic that is off"));
            return 0;
        }
        let found = self.logic.access(&mut self.time, block, offset, value);
        self.update();
        found.unwrap_or_else(|failure| {
            self.failure = Some(failure);
            0
        })
    }
}

fn is_timer(address: u32) -> bool {
    use timers::offset::*;
    let offset = address.wrapping_sub(PRIVATE);
    (GLOBAL..GLOBAL_END).contains(&offset) || (PRIVATE_TIMER..PRIVATE_TIMER_END).contains(&offset)
}
