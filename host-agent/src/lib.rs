//! The host agent: sources, attribution, accounting, uplink, reports.
//!
//! ```text
//! sources -> sink -> accounting -> uplink -> board server
//!            sink -> recording
//! ```

pub mod accounting;
pub mod attribution;
pub mod daemon;
pub mod demo;
pub mod event;
pub mod permutation;
pub mod procfs;
pub mod recording;
pub mod report;
pub mod sampling;
pub mod scan;
pub mod sink;
pub mod sources;
mod sys;
pub mod uplink;
pub mod workload;
