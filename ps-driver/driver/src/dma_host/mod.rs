//! An engine behind an AXI DMA: records and replies through [`crate::axi_dma`], and what is proved before they count.
//!
//! [`DmaHost::open`] takes the engine's registers, the DMA's, a buffer, an interrupt and a clock; an
//! [`crate::engine::EngineDriver`] over it is an engine like any other. `README.md` beside this file describes how it works.

mod diagnose;
mod error;
mod host;
mod open;
mod probe;
mod records;
mod streams;

pub use error::HostError;
pub use host::{DmaHost, DmaParts, NoIrq};
pub use probe::stop_left_over;
pub use records::{put_records, take_replies};
