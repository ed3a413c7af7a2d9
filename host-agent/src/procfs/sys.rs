//! The system calls that need `unsafe`: a leaf, each call behind a safe function.

use memmap2::{Advice, MmapMut};
use std::cmp::Ordering;
use std::fs::File;
use std::hint::black_box;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::time::Duration;

use super::holds::held;

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

/// Returns the time since a moment that is given as in field 22 of `/proc/PID/stat`: in ticks since the machine started.
/// `None` where the clock cannot be read.
pub(crate) fn since_start(ticks: u64) -> Option<Duration> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a pointer to a local of the right type; the other call takes a number.
    let (result, rate) =
        unsafe { (libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut now), libc::sysconf(libc::_SC_CLK_TCK)) };
    let rate = u64::try_from(rate).ok().filter(|&rate| result == 0 && rate > 0)?;
    let now = Duration::new(u64::try_from(now.tv_sec).ok()?, u32::try_from(now.tv_nsec).ok()?);
    let moment = Duration::from_secs(ticks / rate) + Duration::from_nanos(ticks % rate * 1_000_000_000 / rate);
    Some(now.saturating_sub(moment))
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

/// Neighbouring pages of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageRun {
    /// Addresses.
    pub range: Range<u64>,
    /// Pages of files, or memory that is shared on purpose.
    pub file: bool,
    /// In swap, on the way to another frame, or a guard region.
    pub swapped: bool,
    /// The zero frame.
    pub zero: bool,
    /// Parts of huge pages that are mapped whole.
    pub huge: bool,
}

/// Addresses that one call walks over, and pages that it names. The kernel holds the lock of the memory meanwhile: some ten
/// microseconds.
const WALK_BYTES: u64 = 1 << 30;
const WALK_PAGES: u64 = 512;

/// The runs of pages of a kind within a range of addresses (`PAGEMAP_SCAN`, `admin-guide/mm/pagemap.rst`), given to
/// `found` in ascending order.
///
/// # Errors
/// The kernel is older than 6.7, or the memory is gone.
pub(crate) fn pagemap_scan(
    pagemap: &File,
    range: Range<u64>,
    pages: Pages,
    found: &mut dyn FnMut(PageRun),
) -> io::Result<()> {
    const PAGE_IS_FILE: u64 = 1 << 2;
    const PAGE_IS_PRESENT: u64 = 1 << 3;
    const PAGE_IS_SWAPPED: u64 = 1 << 4;
    const PAGE_IS_PFNZERO: u64 = 1 << 5;
    const PAGE_IS_HUGE: u64 = 1 << 6;
    /// `_IOWR('f', 16, struct pm_scan_arg)`.
    const PAGEMAP_SCAN: libc::c_ulong = 0xc060_6610;
    let (all_of, any_of) = match pages {
        Pages::Huge => (PAGE_IS_PRESENT | PAGE_IS_HUGE, 0),
        Pages::Populated => (0, PAGE_IS_PRESENT | PAGE_IS_SWAPPED),
    };
    let mut regions = [PageRegion::default(); 256];
    let mut start = range.start;
    while start < range.end {
        let mut arguments = ScanArguments {
            size: size_of::<ScanArguments>() as u64,
            start,
            end: range.end.min(start.saturating_add(WALK_BYTES)),
            vec: regions.as_mut_ptr() as u64,
            vec_len: regions.len() as u64,
            max_pages: WALK_PAGES,
            category_mask: all_of,
            category_anyof_mask: any_of,
            return_mask: PAGE_IS_FILE | PAGE_IS_PRESENT | PAGE_IS_SWAPPED | PAGE_IS_PFNZERO | PAGE_IS_HUGE,
            ..ScanArguments::default()
        };
        // SAFETY: the kernel writes at most `vec_len` regions to `vec`, which lives through the call, and the end of
        // its walk to `arguments`.
        let count = held(|| unsafe { libc::ioctl(pagemap.as_raw_fd(), PAGEMAP_SCAN, &mut arguments) });
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for region in &regions[..count] {
            let is = |category: u64| region.categories & category != 0;
            found(PageRun {
                range: region.start..region.end,
                file: is(PAGE_IS_FILE),
                swapped: is(PAGE_IS_SWAPPED),
                zero: is(PAGE_IS_PFNZERO),
                huge: is(PAGE_IS_HUGE),
            });
        }
        if arguments.walk_end <= start {
            break;
        }
        start = arguments.walk_end;
    }
    Ok(())
}

/// Time of processors that this process has used.
pub(crate) fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a pointer to a local of the right type.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    if result != 0 {
        return Duration::ZERO;
    }
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Bytes in a page of this machine.
pub(crate) fn page_size() -> u64 {
    // SAFETY: sysconf takes a number and touches no memory.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(size).unwrap_or(0)
}

/// Raises the soft limit of open files to the hard one, so that families with thousands of
/// members can be looked at, and reports what the limit is then.
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
