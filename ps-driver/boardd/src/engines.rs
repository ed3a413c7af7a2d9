//! Where an engine is made by name. Another engine is added here and nowhere else in the daemon.

use clap::ValueEnum;
use deltascope_abi::record::Record;
use deltascope_abi::reply::Reply;
use deltascope_model::{Capabilities, Engine, EngineError, GoldenEngine, Latched};

/// Engines that the command line knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// The golden model, in process.
    Model,
    /// The emitted Verilog in Verilator, in process.
    #[cfg(feature = "rtl")]
    Rtl,
}

/// Any engine, chosen at run time. A call through it is per batch, not per record.
pub struct AnyEngine(Box<dyn Engine>);

/// The engine of that name, as after power-on.
///
/// # Errors
/// The engine cannot be brought up; the text says what to do.
pub fn open(name: EngineName) -> Result<AnyEngine, EngineError> {
    Ok(match name {
        EngineName::Model => AnyEngine(Box::new(GoldenEngine::default())),
        #[cfg(feature = "rtl")]
        EngineName::Rtl => AnyEngine(Box::new(deltascope_verilator_tests::engine::open()?)),
    })
}

impl Engine for AnyEngine {
    fn info(&self) -> Capabilities {
        self.0.info()
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        self.0.submit(records)
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        self.0.poll(sink)
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        self.0.counters()
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        self.0.reset()
    }
}
