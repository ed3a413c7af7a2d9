//! The emitted Verilog in Verilator: harness of Verilated blocks, AXI masters and sinks, model of the AXI DMA, the engine
//! `rtl`, server of the emulated Zynq.
//!
//! The build script verilates the designs named in `build/designs.rs`; [`dut::Dut`] gives each of them one interface.
//! [`bench::Bench`] clocks a design, [`stream`] and [`axi_lite`] drive its buses, [`session`] runs a test by seeds.
//!
//! Everything but [`flow`] needs Verilator and is behind the feature `verilate`.

pub mod flow;

#[cfg(feature = "verilate")]
pub mod axi_dma;
#[cfg(feature = "verilate")]
pub mod axi_lite;
#[cfg(feature = "verilate")]
pub mod bench;
#[cfg(feature = "verilate")]
pub mod dut;
#[cfg(feature = "verilate")]
pub mod engine;
#[cfg(feature = "verilate")]
pub mod session;
#[cfg(feature = "verilate")]
pub mod stream;
#[cfg(feature = "verilate")]
pub mod top;
#[cfg(feature = "verilate")]
pub mod zynq;
