//! Where an engine is made by name. Another engine is added here and nowhere else in the daemon.

use crate::signals;
use clap::ValueEnum;
use deltascope_abi::record::Record;
use deltascope_abi::reply::Reply;
use deltascope_driver::seams::Registers;
use deltascope_linux::engine::UioEngine;
use deltascope_linux::{Options, engine as uio};
use deltascope_model::{Capabilities, Engine, EngineError, GoldenEngine, Latched};

/// Engines that the command line knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// The golden model, in process.
    Model,
    /// The emitted Verilog in Verilator, in process.
    #[cfg(feature = "rtl")]
    Rtl,
    /// The programmable logic of a board, through UIO and AXI DMA.
    Uio,
}

/// An engine, and what only some of them have.
pub(crate) trait Device: Engine {
    /// Its registers, if it has any.
    fn registers(&mut self) -> Option<&mut dyn Registers>;

    /// How records and replies reach it, in words.
    fn streams(&self) -> String;

    /// What was not as it should be and was put right, since the last call.
    fn take_notices(&mut self) -> Vec<String>;
}

impl Device for GoldenEngine {
    fn registers(&mut self) -> Option<&mut dyn Registers> {
        None
    }

    fn streams(&self) -> String {
        "in process".to_owned()
    }

    fn take_notices(&mut self) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(feature = "rtl")]
impl Device for deltascope_sim::engine::RtlEngine {
    fn registers(&mut self) -> Option<&mut dyn Registers> {
        Some(self.host_mut())
    }

    fn streams(&self) -> String {
        format!("model of the AXI DMA in front of the Verilated top, {}", self.host().mode().name())
    }

    fn take_notices(&mut self) -> Vec<String> {
        self.host_mut().take_notices().map(|notice| notice.to_string()).collect()
    }
}

impl Device for UioEngine {
    fn registers(&mut self) -> Option<&mut dyn Registers> {
        Some(self.host_mut())
    }

    fn streams(&self) -> String {
        self.host().streams()
    }

    fn take_notices(&mut self) -> Vec<String> {
        self.host_mut().take_notices()
    }
}

/// Any engine, chosen at run time. A call through it is per batch, not per record. After a signal that ends what is done
/// with it ([`signals::arm`]) everything fails, so that it is dropped and the hardware is stopped.
pub struct AnyEngine(Box<dyn Device>);

/// The engine of that name, as after power-on; `board` names the board, for the engine that is one.
///
/// # Errors
/// The engine cannot be brought up; the text gives what to do.
pub fn open(name: EngineName, board: &Options) -> Result<AnyEngine, EngineError> {
    Ok(match name {
        EngineName::Model => AnyEngine(Box::new(GoldenEngine::default())),
        #[cfg(feature = "rtl")]
        EngineName::Rtl => AnyEngine(Box::new(deltascope_sim::engine::open(&Default::default())?)),
        EngineName::Uio => AnyEngine(Box::new(uio::open(board)?)),
    })
}

impl AnyEngine {
    /// An engine of a test.
    #[cfg(test)]
    pub(crate) fn of(device: impl Device + 'static) -> AnyEngine {
        AnyEngine(Box::new(device))
    }

    /// Its registers, if it has any.
    pub fn registers(&mut self) -> Option<&mut dyn Registers> {
        self.0.registers()
    }

    /// How records and replies reach it, in words.
    pub fn streams(&self) -> String {
        self.0.streams()
    }

    /// Fails once a signal has come.
    fn go_on(&self) -> Result<(), EngineError> {
        match signals::is_stopped() {
            false => Ok(()),
            true => {
                let text = "stopped by a signal; what it was doing is not finished".to_owned();
                Err(EngineError::Device { engine: self.0.info().kind.name(), text })
            }
        }
    }

    /// Reports in the log what was not as it should be and was put right.
    fn log_notices(&mut self) {
        for notice in self.0.take_notices() {
            tracing::warn!("{notice}");
        }
    }
}

impl Engine for AnyEngine {
    fn info(&self) -> Capabilities {
        self.0.info()
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        self.go_on()?;
        self.0.submit(records)
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        self.go_on()?;
        let polled = self.0.poll(sink);
        self.log_notices();
        polled
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        self.0.counters()
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        self.go_on()?;
        let reset = self.0.reset();
        self.log_notices();
        reset
    }
}
