//! Why there is no source `bpf`.

use std::path::PathBuf;

/// Why the programs cannot run or be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BpfError {
    /// The agent was built without the feature.
    #[error(
        "expected an agent built with BPF, found one without; install clang, libbpf-dev and pkg-config and build it with `cargo build --release -p deltascope-agent --features bpf`, or use --source kmod or scan"
    )]
    NotBuilt,
    /// The kernel lacks something.
    #[error("{what}: expected {expected}, found none; use a kernel built with {option}, or --source kmod or scan")]
    Kernel {
        /// What was looked for.
        what: &'static str,
        /// Where.
        expected: String,
        /// Option of the kernel's configuration.
        option: &'static str,
    },
    /// A setting is out of range.
    #[error("{option}: expected {expected}, found {found}")]
    Option {
        /// Option of the command line.
        option: &'static str,
        /// What is possible.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A cgroup of the filter cannot be used.
    #[error("--cgroup {path}: {source}; give the folder of a cgroup of version 2", path = path.display())]
    Cgroup {
        /// The folder.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// The system refused a step.
    #[error(
        "cannot {step}: {source}; expected root or CAP_BPF, CAP_PERFMON and CAP_SYS_RESOURCE, and a kernel that is not locked down{log}"
    )]
    System {
        /// What was tried.
        step: &'static str,
        /// Reason.
        source: std::io::Error,
        /// What libbpf wrote about it, on lines of its own.
        log: String,
    },
    /// A counter row did not hold still.
    #[error("BPF counters of row {row}: expected them to hold still, found them changing all the time")]
    Unsteady {
        /// Number of the row.
        row: usize,
    },
    /// The ring holds something else than records.
    #[error(
        "BPF ring: expected a record of {expected} bytes, found {found}; programs and agent must be of one version"
    )]
    Record {
        /// Bytes of a record.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
}
