//! Why there is no mailbox.

use deltascope_abi::mailbox::{MAGIC, VERSION};

/// Why a mailbox cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MailboxError {
    /// The mapped memory does not hold the page.
    #[error(
        "mailbox: expected {expected} bytes from a multiple of 4, found {found} from {start}; check the device tree"
    )]
    Memory {
        /// Bytes needed.
        expected: usize,
        /// Bytes from `start` to the end of the map.
        found: usize,
        /// Where in the map the page was said to begin.
        start: usize,
    },
    /// No process serves it.
    #[error("mailbox: expected {MAGIC:#010x}, found {found:#010x}; start the process that serves the logic first")]
    Magic {
        /// The first word.
        found: u32,
    },
    /// Another version serves it.
    #[error("mailbox: expected version {VERSION}, found {found}; build both ends from the same sources")]
    Version {
        /// The version found.
        found: u32,
    },
}
