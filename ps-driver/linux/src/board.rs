//! A board as one thing: everything that is asked before the first access, registers, DMA buffers, interrupt.

use crate::access::{self, BlockRegisters, Blocks};
use crate::buffers::Buffers;
use crate::checks::Trust;
use crate::error::LinuxError;
use crate::logic;
use crate::second_way::SecondWay;
use crate::sysfs::Roots;
use crate::uio::{UioDevice, UioIrq};
use deltascope_abi::board::{UDMABUF_NAME, UIO_NAME};
use deltascope_driver::axi_dma::{Completion, DmaSettings};
use deltascope_driver::dma_host::stop_left_over;
use deltascope_driver::seams::Clock;
use std::time::{Duration, Instant};

/// Which board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where sysfs and devices are.
    pub roots: Roots,
    /// What is taken for true of the programmable logic without seeing it.
    pub trust: Trust,
    /// Name of the UIO device.
    pub uio: String,
    /// Name of the u-dma-buf device, used when the UIO device shows no reserved window.
    pub udmabuf: String,
    /// How the AXI DMA is driven.
    pub settings: DmaSettings,
}

/// Longest wait for one interrupt. The loop that serves sockets does not run meanwhile; a batch of
/// 128 KiB passes in 110 us (estimated: a 64-bit port feeds `RECORDS_PER_SECOND` of `abi/src/board.rs`).
const WAIT: Duration = Duration::from_millis(1);

impl Default for Options {
    fn default() -> Options {
        Options {
            roots: Roots::default(),
            trust: Trust::default(),
            uio: UIO_NAME.to_owned(),
            udmabuf: UDMABUF_NAME.to_owned(),
            settings: DmaSettings { completion: Completion::Interrupt { wait: WAIT }, ..DmaSettings::default() },
        }
    }
}

/// The kernel's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock(Instant);

impl MonotonicClock {
    /// A clock that begins now.
    pub fn start() -> MonotonicClock {
        MonotonicClock(Instant::now())
    }
}

impl Clock for MonotonicClock {
    fn now(&mut self) -> Duration {
        self.0.elapsed()
    }
}

/// The parts of a board, checked and mapped. A simulation brings an interrupt and a clock of its own.
pub struct UioBoard<I = UioIrq, C = MonotonicClock> {
    /// The way to the DMA for another thread. First, so that it is dropped before the device.
    pub second_way: Option<SecondWay>,
    /// The device; no other process can have it.
    pub device: UioDevice,
    /// Registers of the engine.
    pub engine: BlockRegisters,
    /// Registers of the AXI DMA.
    pub dma: BlockRegisters,
    /// Memory for DMA.
    pub buffers: Buffers,
    /// The interrupt of DMA and engine.
    pub irq: I,
    /// Time, for every limit.
    pub clock: C,
    /// Whether the registers are behind the mailbox of an emulated board, which has no clock or reset to look at.
    pub is_emulated: bool,
}

impl UioBoard {
    /// Finds the board, checks that it can be touched, and stops a DMA that a process before this one has left at work.
    ///
    /// # Errors
    /// A part is missing; the text gives which and what to do.
    pub fn open(options: &Options) -> Result<UioBoard, LinuxError> {
        let device = UioDevice::open(&options.roots, &options.uio)?;
        let is_emulated = device.find_map(access::MAILBOX).is_some();
        if !is_emulated {
            logic::check(&options.roots, &options.trust)?;
        }
        let mut blocks = access::open(&device)?;
        let mut clock = MonotonicClock::start();
        // What fails here fails again, with the same error, when the driver opens.
        let _ = stop_left_over(&mut blocks.engine, &mut blocks.dma, &mut clock, options.settings.reset_limit);
        let buffers = Buffers::open(&options.roots, &device, &options.udmabuf)?;
        let irq = device.irq()?;
        let Blocks { second_way, engine, dma } = blocks;
        Ok(UioBoard { second_way, device, engine, dma, buffers, irq, clock, is_emulated })
    }
}
