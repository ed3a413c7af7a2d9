//! The engine of a board: the engine driver over AXI DMA over UIO.

use crate::access::BlockRegisters;
use crate::board::{MonotonicClock, Options, UioBoard};
use crate::buffers::{Buffers, Part};
use crate::error::LinuxError;
use crate::logic::{self, LinuxFabric};
use crate::second_way::SecondWay;
use crate::uio::{UioDevice, UioIrq};
use deltascope_abi::record::Record;
use deltascope_abi::reply::Reply;
use deltascope_driver::axi_dma::DmaSettings;
use deltascope_driver::dma_host::{DmaHost, DmaParts};
use deltascope_driver::engine::EngineDriver;
use deltascope_driver::seams::{BusError, Clock, Irq, RecordStreams, Registers, StreamError};
use deltascope_model::{EngineError, EngineKind};
use std::time::Duration;

/// Time without movement after which the streams of an emulated board have failed.
const EMULATED_LIMIT: Duration = Duration::from_secs(60);

/// The engine of a board.
pub type UioEngine<I = UioIrq, C = MonotonicClock> = EngineDriver<UioHost<I, C>>;

/// Registers and streams of a board for the engine driver. When it goes, the DMA is reset before the buffers are unmapped.
pub struct UioHost<I: Irq = UioIrq, C: Clock = MonotonicClock> {
    /// First, so that it is dropped first.
    dma: DmaHost<BlockRegisters, BlockRegisters, Part, I, C>,
    /// Before the device: another process may have the board then.
    _second_way: Option<SecondWay>,
    buffers: Buffers,
    /// Holds the lock that keeps a second daemon out.
    device: UioDevice,
    /// What of the programmable logic was assumed; reported once.
    assumed: Vec<String>,
}

/// Brings up the board: everything that is checked before the first access, then the DMA, then the engine. The engine's
/// tables are cleared.
///
/// # Errors
/// A part is missing or unsuitable; the text gives which and what to do.
pub fn open(options: &Options) -> Result<UioEngine, EngineError> {
    drive(UioBoard::open(options).map_err(failed)?, options)
}

/// Brings up a board whose parts were found.
///
/// # Errors
/// See [`open`].
pub fn drive<I: Irq, C: Clock>(board: UioBoard<I, C>, options: &Options) -> Result<UioEngine<I, C>, EngineError> {
    // What is bound last is dropped first when this fails: the second way before the device.
    let UioBoard { device, engine, dma, mut buffers, irq, clock, is_emulated, second_way } = board;
    let buffer = buffers.take(buffers.free(), 64).map_err(failed)?;
    let logic = (!is_emulated).then(|| (options.roots.clone(), options.trust.clone()));
    // What was not seen but assumed is reported with the other notices.
    let assumed = match &logic {
        Some((roots, trust)) => logic::check(roots, trust).map_err(failed)?,
        None => Vec::new(),
    };
    let mut fabric = LinuxFabric { board: logic };
    let parts = DmaParts { engine, dma, buffer, irq, clock };
    let settings = if is_emulated { unhurried(options.settings) } else { options.settings };
    let opened = DmaHost::open(&mut fabric, parts, &settings);
    if let Some(fault) = buffers.take_fault() {
        return Err(failed(fault));
    }
    let dma = opened.map_err(|error| EngineError::host(EngineKind::Uio, error))?;
    EngineDriver::open(UioHost { dma, _second_way: second_way, buffers, device, assumed }, EngineKind::Uio)
}

/// An emulated board is simulated by a process that shares the machine with everything else: its limits are those of a
/// process that is not scheduled for a while.
fn unhurried(settings: DmaSettings) -> DmaSettings {
    DmaSettings { time_limit: EMULATED_LIMIT, reset_limit: EMULATED_LIMIT, ..settings }
}

fn failed(error: LinuxError) -> EngineError {
    EngineError::host(EngineKind::Uio, error)
}

impl<I: Irq, C: Clock> UioHost<I, C> {
    /// How the streams are driven, in words.
    pub fn streams(&self) -> String {
        let (address, bytes) = self.buffers.range();
        let (name, mode) = (self.device.name(), self.dma.mode().name());
        format!("UIO device {name}, AXI DMA, {mode}, {bytes:#x} bytes of buffers at {address:#x}")
    }

    /// What was not as it should be and was put right, since the last call.
    pub fn take_notices(&mut self) -> Vec<String> {
        let notices = self.dma.take_notices().map(|notice| notice.to_string());
        self.assumed.drain(..).chain(notices).collect()
    }

    /// Fails when the kernel refused to hand a part of a buffer over.
    fn refuse_fault(&self) -> Result<(), StreamError> {
        self.buffers.take_fault().map_or(Ok(()), |fault| Err(StreamError::new(fault)))
    }
}

impl<I: Irq, C: Clock> Registers for UioHost<I, C> {
    fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
        self.dma.read32(offset)
    }

    fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        self.dma.write32(offset, value)
    }
}

impl<I: Irq, C: Clock> RecordStreams for UioHost<I, C> {
    fn room(&self) -> usize {
        self.dma.room()
    }

    fn reply_room(&self) -> usize {
        self.dma.reply_room()
    }

    fn send(&mut self, batch: &[Record], reply_beats: usize) -> Result<(), StreamError> {
        self.dma.send(batch, reply_beats)?;
        self.refuse_fault()
    }

    fn busy(&self) -> bool {
        self.dma.busy()
    }

    fn service(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<(), StreamError> {
        self.dma.service(sink)?;
        self.refuse_fault()
    }

    fn end_batches(&mut self, count: usize) {
        self.dma.end_batches(count);
    }

    fn restart(&mut self) -> Result<(), StreamError> {
        self.dma.restart()?;
        self.refuse_fault()
    }
}
