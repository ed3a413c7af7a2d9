//! Why packets cannot be captured.

use std::io;

/// Why packets cannot be captured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The system refused.
    #[error("source capture: expected {step}, found {source}; {}", advice(source))]
    System {
        /// What was tried.
        step: &'static str,
        /// What the system reported.
        source: io::Error,
    },
    /// There is no interface of this name.
    #[error(
        "--interface {name}: expected an interface of a network namespace that is captured ({known}), found none of this name; name one of these"
    )]
    Interface {
        /// As it was given.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// A setting is out of its range.
    #[error("--ring-bytes: expected {low} to {high} for --source capture, found {found}")]
    RingBytes {
        /// Smallest value.
        low: u64,
        /// Largest value.
        high: u64,
        /// As it was given.
        found: u64,
    },
}

impl CaptureError {
    /// An error of the system at a step, to be used with `map_err`.
    pub(super) fn at(step: &'static str) -> impl FnOnce(io::Error) -> CaptureError {
        move |source| CaptureError::System { step, source }
    }
}

/// What to do about an error of the system.
fn advice(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            "give the process CAP_NET_RAW, and for the network namespaces of others CAP_SYS_ADMIN and CAP_SYS_PTRACE \
             (root has them; AmbientCapabilities= of a unit)"
        }
        Some(libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT | libc::ENOENT) => {
            "load af_packet, inet_diag and tcp_diag, or use a kernel with CONFIG_PACKET and CONFIG_INET_DIAG"
        }
        Some(libc::ENOMEM | libc::ENOBUFS) => "give a smaller --ring-bytes",
        _ => "use another source where the kernel does not permit this one",
    }
}
