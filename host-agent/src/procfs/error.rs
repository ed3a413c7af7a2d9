//! What can go wrong when `/proc` is read.

use std::io;
use std::path::Path;

/// Text of `/proc` that does not have the documented form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: expected {expected}, found {found} at byte {offset}")]
pub struct ParseError {
    /// The kind of file, for example `/proc/PID/stat`.
    pub file: &'static str,
    /// What the format asks for at this place.
    pub expected: &'static str,
    /// What was found there, escaped and cut to a few bytes, or `the end of the text`.
    pub found: String,
    /// Bytes from the start of the text.
    pub offset: u64,
}

/// Why a file of `/proc` could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcError {
    /// The process, or the memory that it had when the file was opened, is gone. To be counted;
    /// nothing can be done about it.
    #[error("{path}: the process is gone")]
    Vanished {
        /// The file.
        path: String,
    },
    /// The caller may not read it: it needs to be the same user (and, under Yama's
    /// `ptrace_scope` 1, an ancestor) or to hold `CAP_SYS_PTRACE` and `CAP_DAC_READ_SEARCH`.
    #[error("{path}: not permitted; run as the owner of the process or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH")]
    Denied {
        /// The file.
        path: String,
    },
    /// No file can be opened, because this process or the machine has too many open already.
    #[error("{path}: no file descriptor is left; raise the limit of open files (`ulimit -n`)")]
    Descriptors {
        /// The file.
        path: String,
    },
    /// The process has not answered within the time limit.
    #[error(
        "/proc/{pid}: no answer: something holds the lock of the process's memory, for example a file system that hangs"
    )]
    Hung {
        /// The process.
        pid: u32,
    },
    /// The file is longer than its bound.
    #[error("{path}: expected at most {limit} bytes, found more; the file is left out")]
    TooLarge {
        /// The file.
        path: String,
        /// The bound in bytes.
        limit: u64,
    },
    /// Any other failure of the operating system.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system reported.
        source: io::Error,
    },
    /// The text has an unexpected form.
    #[error("{path}: {source}")]
    Parse {
        /// The file.
        path: String,
        /// Where and what.
        source: ParseError,
    },
}

impl ProcError {
    /// Sorts an error of the system into gone, denied and the rest.
    pub fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.display().to_string();
        match source.raw_os_error() {
            Some(libc::ENOENT | libc::ESRCH) => Self::Vanished { path },
            Some(libc::EACCES | libc::EPERM) => Self::Denied { path },
            Some(libc::EMFILE | libc::ENFILE) => Self::Descriptors { path },
            _ => Self::Io { path, source },
        }
    }

    /// Adds the file to an error of a parser.
    pub fn from_parse(path: &Path, source: ParseError) -> Self {
        Self::Parse { path: path.display().to_string(), source }
    }

    /// Whether access was denied.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Denied { .. })
    }

    /// Whether the process is simply gone.
    pub fn is_vanished(&self) -> bool {
        matches!(self, Self::Vanished { .. })
    }
}
