//! Copies and sends of the agent's own, as small as they can be.

use std::ffi::CStr;
use std::io::{Error, Read, Result, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

const PAGE: usize = 4096;
const NAME: &CStr = c"deltascope";
/// Longest wait for a byte that is already in the socket.
const LIMIT: Duration = Duration::from_secs(1);

/// A page of a file, of which each private mapping is copied at its first write.
#[derive(Debug)]
pub(super) struct OwnPage {
    file: OwnedFd,
}

impl OwnPage {
    pub(super) fn new() -> Result<OwnPage> {
        // SAFETY: a call without pointers but a constant C string.
        let fd = unsafe { libc::memfd_create(NAME.as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(Error::last_os_error());
        }
        // SAFETY: just opened, and owned by nothing else.
        let file = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: a call without pointers.
        if unsafe { libc::ftruncate(file.as_raw_fd(), PAGE as libc::off_t) } < 0 {
            return Err(Error::last_os_error());
        }
        Ok(OwnPage { file })
    }

    /// Makes the kernel copy the page once.
    pub(super) fn copy(&self) -> Result<()> {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE);
        // SAFETY: a new mapping at an address of the kernel's choice overlaps nothing.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), PAGE, protection, flags, self.file.as_raw_fd(), 0) };
        if at == libc::MAP_FAILED {
            return Err(Error::last_os_error());
        }
        // SAFETY: the mapping was just made, is of one page, and is known to this function alone. The read puts the
        // file's page into the page table, the write replaces it.
        unsafe {
            let first = at.cast::<u8>();
            first.write_volatile(first.read_volatile().wrapping_add(1));
            libc::munmap(at, PAGE);
        }
        Ok(())
    }
}

/// A connection of this process with itself.
#[derive(Debug)]
pub(super) struct OwnSocket {
    sender: TcpStream,
    receiver: TcpStream,
}

impl OwnSocket {
    pub(super) fn new() -> Result<OwnSocket> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let sender = TcpStream::connect(listener.local_addr()?)?;
        let (receiver, _) = listener.accept()?;
        for socket in [&sender, &receiver] {
            socket.set_read_timeout(Some(LIMIT))?;
            socket.set_write_timeout(Some(LIMIT))?;
        }
        Ok(OwnSocket { sender, receiver })
    }

    /// Sends one byte and takes it.
    pub(super) fn send(&mut self) -> Result<()> {
        self.sender.write_all(&[0])?;
        self.receiver.read_exact(&mut [0])
    }
}
