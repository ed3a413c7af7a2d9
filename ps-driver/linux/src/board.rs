//! A board as one thing: everything that is asked before the first access, registers, DMA buffers, interrupt.

use crate::access::{self, BlockRegisters};
use crate::buffers::Buffers;
use crate::error::LinuxError;
use crate::logic;
use crate::sysfs::Roots;
use crate::uio::{UioDevice, UioIrq};
use deltascope_abi::board::{UDMABUF_NAME, UIO_NAME};

/// Which board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where sysfs and devices are.
    pub roots: Roots,
    /// Name of the UIO device.
    pub uio: String,
    /// Name of the u-dma-buf device, used when the UIO device shows no reserved window.
    pub udmabuf: String,
}

impl Default for Options {
    fn default() -> Options {
        Options { roots: Roots::default(), uio: UIO_NAME.to_owned(), udmabuf: UDMABUF_NAME.to_owned() }
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
}

impl UioBoard {
    /// Finds the board and checks that it can be touched.
    ///
    /// # Errors
    /// A part is missing; the text says which and what to do.
    pub fn open(options: &Options) -> Result<UioBoard, LinuxError> {
        let device = UioDevice::open(&options.roots, &options.uio)?;
        if device.find_map(access::MAILBOX).is_none() {
            logic::check(&options.roots)?;
        }
        let blocks = access::open(&device)?;
        let buffers = Buffers::open(&options.roots, &device, &options.udmabuf)?;
        let irq = device.irq()?;
        Ok(UioBoard { device, engine: blocks.engine, dma: blocks.dma, buffers, irq })
    }
}
