//! The system calls that need `unsafe`: a leaf, each call behind a safe function.

use memmap2::{Advice, MmapMut};
use std::cmp::Ordering;
use std::hint::black_box;
use std::io;

/// Orders two processes by the memory that they have: `Equal` when they share it
/// (`kcmp(2)`, `KCMP_VM`).
///
/// # Errors
/// The kernel lacks the call, or the caller may not look at one of them.
pub(crate) fn compare_memory(a: u32, b: u32) -> io::Result<Ordering> {
    const KCMP_VM: libc::c_int = 1;
    // SAFETY: kcmp takes five numbers and touches no memory of the caller.
    let order = unsafe { libc::syscall(libc::SYS_kcmp, a, b, KCMP_VM, 0, 0) };
    match order {
        0 => Ok(Ordering::Equal),
        1 => Ok(Ordering::Less),
        2 => Ok(Ordering::Greater),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Bytes in a page of this machine.
pub(crate) fn page_size() -> u64 {
    // SAFETY: sysconf takes a number and touches no memory.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(size).unwrap_or(0)
}

/// Raises the soft limit of open files to the hard one, so that families with thousands of
/// members can be looked at, and says what the limit is then.
pub(crate) fn raise_open_files() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls get a pointer to a local of the right type.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) != 0 {
            return 0;
        }
        let raised = libc::rlimit { rlim_cur: limit.rlim_max, ..limit };
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raised) == 0 {
            limit = raised;
        }
    }
    limit.rlim_cur
}

/// Two neighbouring private anonymous pages of our own: the first written, the second only read,
/// so that the zero frame backs it.
#[derive(Debug)]
pub(crate) struct ProbePages(MmapMut);

impl ProbePages {
    /// Maps and touches the pages.
    pub(crate) fn new() -> io::Result<Self> {
        let mut pages = MmapMut::map_anon(2 * super::PAGE_SIZE)?;
        // The advice may fail where there are no huge pages, which is as good.
        let _ = pages.advise(Advice::NoHugePage);
        pages[0] = 1;
        // Both accesses are to happen, whatever the compiler thinks of them.
        black_box(&mut pages);
        black_box(pages[super::PAGE_SIZE]);
        Ok(Self(pages))
    }

    /// Address of the first page.
    pub(crate) fn address(&self) -> u64 {
        self.0.as_ptr() as u64
    }
}
