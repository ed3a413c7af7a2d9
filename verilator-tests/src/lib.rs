//! The emitted Verilog in Verilator: harness, lockstep tests and the RTL engine.
//!
//! The build script verilates the designs named in `build/designs.rs`; [`dut::Dut`] gives each of them one
//! face. A lockstep test drives a design with [`stream::Source`], takes its answers with [`stream::Sink`],
//! both under a [`flow::Flow`] of its own, and compares every beat with a model. When a test fails it prints
//! its seed and leaves a waveform in `target/waves`; `DELTASCOPE_SEED` replays one seed.
//!
//! Everything that needs Verilator is behind the feature `verilate`.

pub mod cover;
pub mod flow;

#[cfg(feature = "verilate")]
pub mod axi_dma;
#[cfg(feature = "verilate")]
pub mod axi_lite;
#[cfg(feature = "verilate")]
pub mod bench;
#[cfg(feature = "verilate")]
pub mod checks;
#[cfg(feature = "verilate")]
pub mod coverage;
#[cfg(feature = "verilate")]
pub mod dma_faults;
#[cfg(feature = "verilate")]
pub mod dut;
#[cfg(feature = "verilate")]
pub mod engine;
#[cfg(feature = "verilate")]
pub mod fed_rate;
#[cfg(feature = "verilate")]
pub mod lockstep;
#[cfg(feature = "verilate")]
pub mod mutation;
#[cfg(feature = "verilate")]
pub mod session;
#[cfg(feature = "verilate")]
pub mod stream;
#[cfg(feature = "verilate")]
pub mod top;
#[cfg(feature = "verilate")]
pub mod waveform;
#[cfg(feature = "verilate")]
pub mod zynq;
