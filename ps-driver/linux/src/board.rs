//! A board as one thing: everything that is asked before the first access, registers, DMA buffers, interrupt.

use crate::access::{self, BlockRegisters};
use crate::buffers::Buffers;
use crate::error::LinuxError;
use crate::logic;
use crate::sysfs::Roots;
use crate::uio::{UioDevice, UioIrq};
use deltascope_abi::board::{UDMABUF_NAME, UIO_NAME};
use deltascope_driver::axi_dma::{Completion, DmaSettings};

/// Which board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where sysfs and devices are.
    pub roots: Roots,
    /// Name of the UIO device.
    pub uio: String,
    /// Name of the u-dma-buf device, used when the UIO device shows no reserved window.
    pub udmabuf: String,
    /// How the AXI DMA is driven.
    pub settings: DmaSettings,
}

/// Longest wait for one interrupt in microseconds. The loop that serves sockets stands still meanwhile; a batch of
/// 128 KiB passes in 110 us (estimated: a 64-bit port feeds `RECORDS_PER_SECOND` of `abi/src/board.rs`).
const WAIT_US: u64 = 1_000;

impl Default for Options {
    fn default() -> Options {
        Options {
            roots: Roots::default(),
            uio: UIO_NAME.to_owned(),
            udmabuf: UDMABUF_NAME.to_owned(),
            settings: DmaSettings { completion: Completion::Interrupt { wait_us: WAIT_US }, ..DmaSettings::default() },
        }
    }
}

/// The parts of a board, checked and mapped. No register was touched yet.
pub struct UioBoard {
    /// The device; nobody else can have it.
    pub device: UioDevice,
    /// Registers of the engine.
    pub engine: BlockRegisters,
    /// Registers of the AXI DMA.
    pub dma: BlockRegisters,
    /// Memory for DMA.
    pub buffers: Buffers,
    /// The interrupt of DMA and engine.
    pub irq: UioIrq,
    /// Whether the registers are behind the mailbox of an emulated board, which has no clock or reset to look at.
    pub is_emulated: bool,
}

impl UioBoard {
    /// Finds the board and checks that it can be touched.
    ///
    /// # Errors
    /// A part is missing; the text says which and what to do.
    pub fn open(options: &Options) -> Result<UioBoard, LinuxError> {
        let device = UioDevice::open(&options.roots, &options.uio)?;
        let is_emulated = device.find_map(access::MAILBOX).is_some();
        if !is_emulated {
            logic::check(&options.roots)?;
        }
        let blocks = access::open(&device)?;
        let buffers = Buffers::open(&options.roots, &device, &options.udmabuf)?;
        let irq = device.irq()?;
        Ok(UioBoard { device, engine: blocks.engine, dma: blocks.dma, buffers, irq, is_emulated })
    }
}
