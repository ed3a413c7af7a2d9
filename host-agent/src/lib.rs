//! The host agent: sources, attribution, transport, reports.

pub mod account;
pub mod attribution;
pub mod contexts;
pub mod demo;
pub mod event;
pub mod groups;
pub mod permutation;
pub mod procfs;
pub mod recording;
pub mod report;
pub mod resume;
pub mod sampling;
pub mod scan;
mod slot_table;
pub mod sources;
pub mod stream;
pub mod transport;
pub mod workload;
