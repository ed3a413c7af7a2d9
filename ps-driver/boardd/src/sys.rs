//! The system calls that need `unsafe`: a leaf, each call behind a safe function.

use libc::{c_void, sock_filter, sock_fprog, socklen_t};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// SO_ATTACH_REUSEPORT_CBPF of asm-generic/socket.h, which x86, ARM and RISC-V use; the crate `libc` has it for Android only.
const SO_ATTACH_REUSEPORT_CBPF: i32 = 51;

/// Lets a program choose the socket of its group that gets a connection (SO_ATTACH_REUSEPORT_CBPF, since Linux 4.5). Its result is
/// the index of a socket in the order in which they began to listen. A later program takes the place of an earlier one.
///
/// # Errors
/// The kernel refuses the program, or knows no such option.
pub fn choose_by_program(socket: BorrowedFd<'_>, program: &mut [sock_filter]) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let described = sock_fprog { len: length, filter: program.as_mut_ptr() };
    // SAFETY: `described` names `length` instructions that outlive the call, and the kernel copies them; the socket is open.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_ATTACH_REUSEPORT_CBPF,
            (&raw const described).cast::<c_void>(),
            size_of::<sock_fprog>() as socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
