//! The system calls that need `unsafe`: a leaf, each call behind a safe function.

use memmap2::{Advice, MmapMut};
use std::cmp::Ordering;
use std::fs::File;
use std::hint::black_box;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;

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

/// `struct pm_scan_arg` (`include/uapi/linux/fs.h`).
#[repr(C)]
#[derive(Default)]
struct ScanArguments {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

/// `struct page_region` (`include/uapi/linux/fs.h`).
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct PageRegion {
    start: u64,
    end: u64,
    categories: u64,
}

/// Pages to look for with [`pagemap_scan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pages {
    /// Parts of huge pages that are mapped whole.
    Huge,
    /// In memory or in swap.
    Populated,
}

/// The ranges of addresses with pages of a kind (`PAGEMAP_SCAN`, `admin-guide/mm/pagemap.rst`).
///
/// # Errors
/// The kernel is older than 6.7, or the memory is gone.
pub(crate) fn pagemap_scan(pagemap: &File, range: Range<u64>, pages: Pages) -> io::Result<Vec<Range<u64>>> {
    const PAGE_IS_PRESENT: u64 = 1 << 3;
    const PAGE_IS_SWAPPED: u64 = 1 << 4;
    const PAGE_IS_HUGE: u64 = 1 << 6;
    /// `_IOWR('f', 16, struct pm_scan_arg)`.
    const PAGEMAP_SCAN: libc::c_ulong = 0xc060_6610;
    let (all_of, any_of) = match pages {
        Pages::Huge => (PAGE_IS_PRESENT | PAGE_IS_HUGE, 0),
        Pages::Populated => (0, PAGE_IS_PRESENT | PAGE_IS_SWAPPED),
    };
    let mut regions = [PageRegion::default(); 64];
    let mut found = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let mut arguments = ScanArguments {
            size: size_of::<ScanArguments>() as u64,
            start,
            end: range.end,
            vec: regions.as_mut_ptr() as u64,
            vec_len: regions.len() as u64,
            category_mask: all_of,
            category_anyof_mask: any_of,
            return_mask: all_of | any_of,
            ..ScanArguments::default()
        };
        // SAFETY: the kernel writes at most `vec_len` regions to `vec`, which lives through the call, and the end of
        // its walk to `arguments`.
        let count = unsafe { libc::ioctl(pagemap.as_raw_fd(), PAGEMAP_SCAN, &mut arguments) };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        found.extend(regions[..count].iter().map(|region| region.start..region.end));
        if arguments.walk_end <= start {
            break;
        }
        start = arguments.walk_end;
    }
    Ok(found)
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
