//! System calls that the standard library does not offer.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::process::Command;
use std::time::Duration;

/// Waits until `fd` can be read, or written too if `write` is set, or the time is over.
/// A connection that broke can be read: reading it gives the error.
pub fn wait(fd: BorrowedFd<'_>, write: bool, timeout: Duration) -> io::Result<()> {
    let events = libc::POLLIN | if write { libc::POLLOUT } else { 0 };
    let mut entry = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    // Rounded up, so that a short rest of a deadline does not become a busy loop.
    let millis = timeout.as_millis().saturating_add(1).min(60_000) as libc::c_int;
    // SAFETY: `entry` is one valid pollfd that lives through the call; the descriptor is borrowed, so open.
    let result = unsafe { libc::poll(&mut entry, 1, millis) };
    if result < 0 {
        let error = io::Error::last_os_error();
        return if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) };
    }
    Ok(())
}

/// Makes a child that ends when the thread that starts it does, however that one ends, and that is not ended by
/// the terminal's Ctrl-C, so that its parent can still read from it.
pub fn tie_to_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; prctl and pthread_sigmask are one system call
    // each, and the all-zero set is made the empty set before it is used.
    unsafe {
        command.pre_exec(|| {
            // The mask is inherited: what this process leaves to a thread of its own is the child's again.
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            libc::pthread_sigmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
            let signal = libc::SIGKILL as libc::c_ulong;
            match libc::prctl(libc::PR_SET_PDEATHSIG, signal, 0, 0, 0) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        });
    }
}

/// Blocks signals in this thread, and in those that it starts later, or lets them come again.
pub fn block_signals(signals: &[i32], block: bool) -> io::Result<()> {
    let how = if block { libc::SIG_BLOCK } else { libc::SIG_UNBLOCK };
    // SAFETY: an all-zero set is a valid value of the type, and is made the empty set before it is used.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` lives through the calls; a number that is no signal is refused.
    let result = unsafe {
        libc::sigemptyset(&mut set);
        for &signal in signals {
            libc::sigaddset(&mut set, signal);
        }
        libc::pthread_sigmask(how, &set, std::ptr::null_mut())
    };
    // The error is the result, not errno.
    if result == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(result)) }
}
