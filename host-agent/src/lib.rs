//! The host agent: sources, attribution, transport, reports.

pub mod attribution;
pub mod procfs;
pub mod scan;
pub mod workload;
