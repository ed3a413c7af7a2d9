//! `bpf(2)`, for programs that are written out as instructions.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// Commands (`include/uapi/linux/bpf.h`).
pub(crate) const PROG_LOAD: libc::c_long = 5;
pub(crate) const LINK_CREATE: libc::c_long = 28;
pub(crate) const ITER_CREATE: libc::c_long = 33;

/// The part of `union bpf_attr` that loads a program.
#[repr(C)]
#[derive(Default)]
pub(crate) struct LoadAttributes {
    pub(crate) kind: u32,
    pub(crate) instructions: u32,
    pub(crate) first: u64,
    pub(crate) license: u64,
    pub(crate) log_level: u32,
    pub(crate) log_bytes: u32,
    pub(crate) log: u64,
    pub(crate) kernel_version: u32,
    pub(crate) flags: u32,
    pub(crate) name: [u8; 16],
    pub(crate) interface: u32,
    pub(crate) attach: u32,
    pub(crate) types: u32,
    pub(crate) function_bytes: u32,
    pub(crate) functions: u64,
    pub(crate) function_count: u32,
    pub(crate) line_bytes: u32,
    pub(crate) lines: u64,
    pub(crate) line_count: u32,
    pub(crate) attach_type: u32,
}

/// Calls `bpf(2)` with a command that gives a descriptor.
pub(crate) fn call<T>(command: libc::c_long, attributes: &mut T) -> io::Result<OwnedFd> {
    // SAFETY: the attributes and what they point to live through the call, which writes to nothing else.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut *attributes, size_of::<T>()) };
    let descriptor = i32::try_from(result).ok().filter(|descriptor| *descriptor >= 0);
    let descriptor = descriptor.ok_or_else(io::Error::last_os_error)?;
    // SAFETY: the call has just given the descriptor, which is closed on exec and has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}
