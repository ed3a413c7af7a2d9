//! The system calls of the workload that need `unsafe`: a leaf.

use memmap2::{Advice, MmapMut, MmapRaw};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use super::pattern;
use crate::procfs::PAGE_SIZE;

/// Which side of a fork this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fork {
    /// The parent, with the process number of the child.
    Parent(u32),
    /// The child.
    Child,
}

/// Forks. The process must have one thread, so that no lock is held for good in the child.
pub(super) fn fork() -> io::Result<Fork> {
    // SAFETY: the workload never starts a thread, so the child is a whole program.
    let pid = unsafe { libc::fork() };
    match u32::try_from(pid) {
        Err(_) => Err(io::Error::last_os_error()),
        Ok(0) => Ok(Fork::Child),
        Ok(pid) => Ok(Fork::Parent(pid)),
    }
}

/// Has the kernel kill this process when the thread that started it ends, and checks that
/// `parent` has not ended before that.
pub(super) fn die_with(parent: u32) -> io::Result<()> {
    // SAFETY: both calls take numbers and touch no memory.
    let (set, now) = unsafe {
        let set = libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong, 0, 0, 0);
        (set, libc::getppid())
    };
    if set != 0 {
        return Err(io::Error::last_os_error());
    }
    match u32::try_from(now) == Ok(parent) {
        true => Ok(()),
        false => Err(io::Error::other("the process that started the workload has ended")),
    }
}

/// Lets every process of this user look at our memory, also under Yama and where the binary is
/// not readable. There are no secrets in the workload.
pub(super) fn be_visible() {
    // SAFETY: both calls take numbers and touch no memory. They fail where there is no Yama,
    // which is as good.
    unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 1 as libc::c_ulong, 0, 0, 0);
        libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY, 0, 0, 0);
    }
}

/// Waits for the end of a child.
pub(super) fn reap(pid: u32) {
    let Ok(pid) = libc::pid_t::try_from(pid) else {
        return;
    };
    // SAFETY: a null status is allowed; the pid is a child of ours. A signal begins the wait
    // again.
    while unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) } < 0
        && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
    {}
}

/// Ends at once, without running what the parent has registered for its own end.
pub(super) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit does not return and touches no memory.
    unsafe { libc::_exit(code) }
}

/// Waits until a descriptor can be read or has closed; `false` after `timeout`.
pub(super) fn wait_readable(fd: BorrowedFd<'_>, timeout: Duration) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let milliseconds = libc::c_int::try_from(timeout.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: one pollfd of ours, alive for the call.
    match unsafe { libc::poll(&mut poll, 1, milliseconds) } {
        ready if ready >= 0 => Ok(ready > 0),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Private anonymous pages, small ones, in which every word is known.
#[derive(Debug)]
pub(super) struct Region(MmapRaw);

impl Region {
    const BYTES: usize = pattern::PAGES * PAGE_SIZE;

    /// Maps the pages and fills them.
    pub(super) fn new() -> io::Result<Self> {
        let pages = MmapMut::map_anon(Self::BYTES)?;
        // The advice fails where the kernel has neither huge pages nor merging, which is as good.
        let _ = pages.advise(Advice::NoHugePage);
        let _ = pages.advise(Advice::Unmergeable);
        let region = Self(pages.into());
        for page in 0..pattern::PAGES {
            for index in 0..PAGE_SIZE / 8 {
                region.store(page, index, pattern::word(page, index));
            }
        }
        Ok(region)
    }

    /// Address of the first byte.
    pub(super) fn address(&self) -> u64 {
        self.0.as_ptr() as u64
    }

    /// Address behind the last byte.
    pub(super) fn end(&self) -> u64 {
        self.address() + Self::BYTES as u64
    }

    /// Does the writes of a writer.
    pub(super) fn write(&self, writer: usize) {
        for (page, value) in pattern::writes(writer) {
            self.store(page, 0, value);
        }
    }

    fn store(&self, page: usize, index: usize, value: u64) {
        let place = page * (PAGE_SIZE / 8) + index;
        assert!(place < Self::BYTES / 8, "page {page} lies outside the region");
        // SAFETY: the place lies in the mapping, which lives as long as `self` and which nothing
        // else in this process refers to; volatile, since a store of an equal value counts.
        unsafe { self.0.as_mut_ptr().cast::<u64>().add(place).write_volatile(value) };
    }
}
