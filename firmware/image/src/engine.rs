//! The engine of the image: the engine driver over the AXI DMA over registers, memory, interrupt and clock of the board.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::error::Error;
use core::time::Duration;

use deltascope_abi::board::{AXI_DMA, BUFFERS, ENGINE};
use deltascope_abi::mailbox::MAILBOX;
use deltascope_driver::axi_dma::{Completion, DmaSettings};
use deltascope_driver::dma_host::{DmaHost, DmaParts};
use deltascope_driver::engine::EngineDriver;
use deltascope_driver::seams::{BusError, Fabric, FabricError, Registers};
use deltascope_firmware_core::settings::Access;
use deltascope_firmware_core::silence::Reached;
use deltascope_mailbox::{Block, Guest, Words};
use deltascope_model::{EngineError, EngineKind};

use crate::buffers::CachedBuffer;
use crate::clock::GlobalTimer;
use crate::interrupts::LogicLine;
use crate::mmio::Mmio;

/// Longest wait of one service of the DMA: the network is looked at in between.
const WAIT: Duration = Duration::from_micros(200);
/// Time without movement after which the streams of an emulated board have failed: the process that simulates
/// the logic shares its machine.
const EMULATED_LIMIT: Duration = Duration::from_secs(60);

/// Longest wait for the mailbox of an emulated board at the end of a run.
const LAST_WAIT: Duration = Duration::from_secs(1);
/// How the registers of the DMA are reached.
static DMA: Reached = Reached::new();

/// Registers, however they are reached.
pub enum BlockRegisters {
    /// At their addresses.
    Logic(Mmio),
    /// Behind the mailbox.
    Mailbox(Block),
}

impl Registers for BlockRegisters {
    fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
        match self {
            BlockRegisters::Logic(registers) => registers.read32(offset),
            BlockRegisters::Mailbox(registers) => registers.read32(offset),
        }
    }

    fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        match self {
            BlockRegisters::Logic(registers) => registers.write32(offset, value),
            BlockRegisters::Mailbox(registers) => registers.write32(offset, value),
        }
    }
}

/// The engine of the image.
pub type FirmwareEngine = EngineDriver<DmaHost<BlockRegisters, BlockRegisters, CachedBuffer, LogicLine, GlobalTimer>>;

/// The logic was looked at before: see `start`.
struct Checked;

impl Fabric for Checked {
    fn check(&mut self) -> Result<(), FabricError> {
        Ok(())
    }
}

fn failed<E: Error + Send + Sync + 'static>(error: E) -> EngineError {
    EngineError::host(EngineKind::Uio, error)
}

fn settings(access: Access) -> DmaSettings {
    let settings = DmaSettings { completion: Completion::Interrupt { wait: WAIT }, ..DmaSettings::default() };
    match access {
        Access::Logic => settings,
        Access::Mailbox => DmaSettings { time_limit: EMULATED_LIMIT, reset_limit: EMULATED_LIMIT, ..settings },
    }
}

/// Opens the engine. Its tables are cleared.
///
/// # Safety
/// Called once. With [`Access::Logic`] the logic is configured, clocked and out of reset.
///
/// # Errors
/// A part is missing or unsuitable; the text names which and what to do.
pub unsafe fn open(access: Access) -> Result<FirmwareEngine, EngineError> {
    // SAFETY: the window is memory that the linker script leaves alone, and this is called once.
    let buffer = unsafe { CachedBuffer::new(BUFFERS) }.map_err(failed)?;
    let (engine, dma) = match access {
        Access::Logic => {
            // SAFETY: by the contract of this function the logic answers; the windows are those of its block design.
            let (engine, dma) = unsafe { (Mmio::new(ENGINE), Mmio::new(AXI_DMA)) };
            (BlockRegisters::Logic(engine), BlockRegisters::Logic(dma))
        }
        Access::Mailbox => {
            // SAFETY: the page is memory that the linker script leaves alone, and this is called once.
            let words = unsafe { Words::at(MAILBOX.base as usize) }.map_err(failed)?;
            let patience = EMULATED_LIMIT;
            let guest = Guest::with_clock(words, patience, Box::new(GlobalTimer)).map_err(failed)?;
            let guest = Rc::new(guest);
            (BlockRegisters::Mailbox(guest.block(ENGINE)), BlockRegisters::Mailbox(guest.block(AXI_DMA)))
        }
    };
    DMA.set(access);
    let parts = DmaParts { engine, dma, buffer, irq: LogicLine, clock: GlobalTimer };
    let host = DmaHost::open(&mut Checked, parts, &settings(access)).map_err(failed)?;
    EngineDriver::open(host, EngineKind::Uio)
}

/// Resets the DMA at the end of a run that does not unwind.
pub fn silence() {
    DMA.silence(|access| match access {
        // SAFETY: the registers have answered, and what else used them does not run any more.
        Access::Logic => Some(BlockRegisters::Logic(unsafe { Mmio::new(AXI_DMA) })),
        Access::Mailbox => {
            // SAFETY: the page is memory that the linker script leaves alone; its other user does not run any more.
            let words = unsafe { Words::at(MAILBOX.base as usize) }.ok()?;
            let guest = Guest::with_clock(words, LAST_WAIT, Box::new(GlobalTimer)).ok()?;
            Some(BlockRegisters::Mailbox(Rc::new(guest).block(AXI_DMA)))
        }
    });
}
