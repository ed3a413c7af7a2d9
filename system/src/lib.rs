//! What the agent and the board server share of the Linux that they run on.

pub mod file;
pub mod listen;
pub mod metrics_file;
