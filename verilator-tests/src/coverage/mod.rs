//! Line and toggle coverage of the emitted Verilog under the traffic of the lockstep runs, and the reasons for what
//! it leaves out.
//!
//! Verilator counts in each instance how often a branch ran and a bit changed. Instances of one block are added up: a
//! point is covered when one of them met it.

mod data;
mod reasons;
mod run;

pub use data::{Gap, Point, Points};
pub use reasons::{Bits, REASONS, Reason};
pub use run::{Outcome, count, judge};

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CoverageError {
    /// A design could not be made, or the traffic found a mismatch.
    #[error("traffic `{what}` failed: {failure}")]
    Traffic {
        /// Which run.
        what: String,
        /// What it found.
        failure: deltascope_sim::bench::Failure,
    },
    /// The emission could not be read.
    #[error(transparent)]
    Sources(#[from] crate::mutation::MutationError),
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What the system reported.
        source: std::io::Error,
    },
    /// A line of Verilator's counts could not be understood.
    #[error("{path}: expected `C 'fields' count`, found `{found}`; is this Verilator 5?")]
    Format {
        /// The file.
        path: std::path::PathBuf,
        /// The line.
        found: String,
    },
}
