//! The system calls that need `unsafe`: a leaf, each call behind a safe function.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Lets standard error go to another file, and returns the one that it went to.
///
/// # Errors
/// There is no descriptor left.
pub(super) fn replace_stderr(with: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // SAFETY: the calls take numbers and touch no memory; a descriptor from F_DUPFD_CLOEXEC is new and ours alone.
    unsafe {
        let kept = libc::fcntl(libc::STDERR_FILENO, libc::F_DUPFD_CLOEXEC, 3);
        if kept < 0 {
            return Err(io::Error::last_os_error());
        }
        let kept = OwnedFd::from_raw_fd(kept);
        if libc::dup2(with.as_raw_fd(), libc::STDERR_FILENO) < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(kept)
    }
}
