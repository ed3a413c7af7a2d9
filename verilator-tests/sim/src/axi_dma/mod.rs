//! A model of the Xilinx AXI DMA (PG021 v7.1), register by register and descriptor by descriptor, between memory and
//! the Verilated top.
//!
//! [`System`] is the programmable logic as a whole: engine, DMA, and the [`Memory`] that the DMA sees. It offers
//! register windows and interrupt lines and moves when it is stepped. [`host`] puts the driver over it in one process;
//! another process may put a shared file under it as memory. `README.md` beside this file describes what is modelled.

mod config;
mod dma;
mod engine_side;
mod errors;
mod faults;
mod fetch;
pub mod fingerprint;
pub mod host;
mod interrupts;
mod memory;
mod mm2s;
pub mod pg021;
mod registers;
mod s2mm;
mod state;
mod system;
#[cfg(test)]
mod tests;

pub use config::{CLOCKS_PER_US, DmaConfig, Timing};
pub use dma::AxiDma;
pub use faults::{Fault, Faults};
pub use memory::{Memory, Ram, Response};
pub use mm2s::StreamBeat;
pub use system::{Block, Interrupts, System};
