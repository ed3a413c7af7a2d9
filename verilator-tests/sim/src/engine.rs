//! The emitted Verilog as an engine: the Verilated top behind the model of the AXI DMA and the driver that a board
//! uses.

use deltascope_driver::axi_dma::{Completion, DmaSettings};
use deltascope_driver::engine::EngineDriver;
use deltascope_model::{EngineError, EngineKind};
use std::time::Duration;

use crate::axi_dma::host::{self, Shared, SimHost};
use crate::axi_dma::{DmaConfig, Ram};

/// Seed of the design's random memory contents. Results do not depend on it.
const SEED: u64 = 1;

/// The Verilated `deltascope_top` behind the real drivers.
pub type RtlEngine = EngineDriver<SimHost>;

/// How the simulated board is driven: by interrupts, which cost a simulation least, and with limits in simulated
/// time that a test can wait for.
pub fn settings() -> DmaSettings {
    DmaSettings {
        completion: Completion::Interrupt { wait: Duration::from_micros(10) },
        batch_bytes: 64 << 10,
        batches: 4,
        reply_packets: 64,
        time_limit: Duration::from_micros(10_000),
        reset_limit: Duration::from_micros(1_000),
        ..DmaSettings::default()
    }
}

/// Brings up the engine as the board has it: scatter-gather, a length register of 26 bits.
///
/// # Errors
/// As [`open_with`].
pub fn open() -> Result<RtlEngine, EngineError> {
    open_with(DmaConfig::board(true), &settings()).map(|(engine, _)| engine)
}

/// Brings up the engine behind a DMA built as `config` says; gives also what it runs in.
///
/// # Errors
/// The design is not built in, or is no delta engine, or speaks another ABI, or the DMA does not suit.
pub fn open_with(config: DmaConfig, settings: &DmaSettings) -> Result<(RtlEngine, Shared<Ram>), EngineError> {
    let failed = |text| EngineError::Device { engine: EngineKind::Rtl.name(), text };
    let (system, buffer) = host::system(config, settings, SEED).map_err(|failure| failed(failure.to_string()))?;
    let host = host::open(&system, buffer, settings).map_err(|error| EngineError::host(EngineKind::Rtl, error))?;
    Ok((EngineDriver::open(host, EngineKind::Rtl)?, system))
}
