//! The emitted Verilog as an engine: the Verilated top behind the model of the AXI DMA and the driver that a board
//! uses.

use deltascope_driver::axi_dma::{Completion, DmaSettings};
use deltascope_driver::engine::EngineDriver;
use deltascope_model::{EngineError, EngineKind};
use std::time::Duration;

use crate::axi_dma::DmaConfig;
use crate::axi_dma::host::{self, SimHost};

/// Seed of the design's random memory contents. Results do not depend on it.
const SEED: u64 = 1;

/// The Verilated `deltascope_top` behind the real drivers.
pub type RtlEngine = EngineDriver<SimHost>;

/// The DMA in front of the engine, and how it is driven.
#[derive(Clone, Debug)]
pub struct Options {
    /// The build of the DMA.
    pub dma: DmaConfig,
    /// How the driver uses it.
    pub settings: DmaSettings,
}

impl Default for Options {
    /// Returns the DMA of the board, scatter-gather with a length register of 26 bits, driven by interrupts, which cost a
    /// simulation least, and with limits in simulated time that a test can wait for.
    fn default() -> Options {
        let settings = DmaSettings {
            completion: Completion::Interrupt { wait: Duration::from_micros(10) },
            batch_bytes: 64 << 10,
            batches: 4,
            reply_packets: 64,
            time_limit: Duration::from_micros(10_000),
            reset_limit: Duration::from_micros(1_000),
            ..DmaSettings::default()
        };
        Options { dma: DmaConfig::board(true), settings }
    }
}

/// Brings up the engine behind a DMA.
///
/// # Errors
/// The design is not built in, or is no delta engine, or speaks another ABI, or the DMA does not suit.
pub fn open(options: &Options) -> Result<RtlEngine, EngineError> {
    let failed = |text| EngineError::Device { engine: EngineKind::Rtl.name(), text };
    let Options { dma, settings } = options;
    let (system, buffer) = host::system(dma.clone(), settings, SEED).map_err(|failure| failed(failure.to_string()))?;
    let host = host::open(&system, buffer, settings).map_err(|error| EngineError::host(EngineKind::Rtl, error))?;
    EngineDriver::open(host, EngineKind::Rtl)
}
