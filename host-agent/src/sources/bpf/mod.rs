//! BPF programs as a source: every copied page and every send of this machine, as they happen, without a module.
//!
//! The programs are in `host-agent/bpf/`; they and libbpf are part of an agent that is built with the feature `bpf`.

#[cfg(feature = "bpf")]
mod counters;
mod error;
#[cfg(feature = "bpf")]
mod liveness;
mod options;
#[cfg(feature = "bpf")]
mod programs;
#[cfg(feature = "bpf")]
mod sampler;
#[cfg(feature = "bpf")]
mod source;
#[cfg(all(test, feature = "bpf"))]
mod tests;

pub use error::BpfError;
pub use options::BpfOptions;
#[cfg(feature = "bpf")]
pub use source::Bpf;

use super::Source;

/// Loads and attaches the programs.
///
/// # Errors
/// This agent was built without them, the kernel does not have what they need, or this process may not load them.
#[cfg(feature = "bpf")]
pub fn open(options: &BpfOptions) -> Result<Box<dyn Source>, BpfError> {
    Ok(Box::new(Bpf::open(options)?))
}

/// Fails: this agent was built without the programs.
///
/// # Errors
/// Always.
#[cfg(not(feature = "bpf"))]
pub fn open(_options: &BpfOptions) -> Result<Box<dyn Source>, BpfError> {
    Err(BpfError::NotBuilt)
}
