//! Driver of the Xilinx AXI DMA (PG021 v7.1) between a buffer in memory and a delta engine's streams.
//!
//! [`DmaHost::open`] takes the engine's registers, the DMA's, a buffer, an interrupt and a clock; an
//! [`crate::engine::EngineDriver`] over it is an engine like any other. `README.md` beside this file says how it
//! works and what is not obvious.

mod channel;
pub mod descriptor;
mod error;
mod host;
mod link;
mod probe;
pub mod registers;
mod ring;
mod settings;
mod words;

pub use channel::silence;
pub use error::{DmaError, ErrorBit, Notice};
pub use host::{DmaHost, DmaParts, NoIrq};
pub use probe::stop_left_over;
pub use settings::{Completion, DmaSettings, MAX_BATCH_BYTES, Mode};
pub use words::{Words, put_records, take_replies};
