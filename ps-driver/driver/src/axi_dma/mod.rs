//! Driver of the Xilinx AXI DMA (PG021 v7.1): batches of bytes out of a buffer in memory, packets of bytes into it.
//!
//! It knows nothing of what the bytes mean; [`crate::dma_host`] sends records through it. `README.md` beside this file
//! describes how it works and what is not obvious.

mod channel;
pub mod descriptor;
mod error;
mod link;
pub mod registers;
mod reports;
mod ring;
mod settings;
mod transfers;
mod words;

pub use channel::{identify, refuse_wide, reset, silence};
pub use error::{DmaError, ErrorBit, Notice, bits_for};
pub use link::{Link, Packet, Take};
pub use settings::{Completion, DmaSettings, Layout, MAX_BATCH_BYTES, Mode, UNIT_BYTES, check_buffer};
pub use words::{Volatile, Words};
