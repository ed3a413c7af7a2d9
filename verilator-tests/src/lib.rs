//! The emitted Verilog judged: lockstep with the model, directed checks, mutation, coverage, waveforms.
//!
//! Every test runs the Verilated designs of `deltascope_sim`. A lockstep test drives a design with a source, takes its
//! replies with a sink, both under a flow of its own, and compares every beat with a model. When a test fails it prints
//! its seed and leaves a waveform in `target/waves`; `DELTASCOPE_SEED` replays one seed.
//!
//! Everything that needs Verilator is behind the feature `verilate`.

pub mod cover;

#[cfg(feature = "verilate")]
pub mod checks;
#[cfg(feature = "verilate")]
pub mod coverage;
#[cfg(feature = "verilate")]
pub mod dma_faults;
#[cfg(feature = "verilate")]
pub mod fed_rate;
#[cfg(feature = "verilate")]
pub mod lockstep;
#[cfg(feature = "verilate")]
pub mod mutation;
#[cfg(feature = "verilate")]
pub mod waveform;
