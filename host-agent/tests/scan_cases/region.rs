//! Memory of a member of a family.

use std::ops::Range;
use std::ptr::null_mut;

/// Bytes in a page.
pub const PAGE: usize = 4096;
/// Bytes in a huge page.
const HUGE: usize = 2 << 20;

/// Pages of one process.
#[derive(Clone, Copy)]
pub struct Region {
    /// First address.
    pub start: *mut u8,
    /// Pages.
    pub pages: usize,
}

impl Region {
    /// Maps pages, in huge ones if that is wanted.
    pub fn map(pages: usize, huge: bool) -> Region {
        let region = Region::mapped(pages, huge);
        region.advise(if huge { libc::MADV_HUGEPAGE } else { libc::MADV_NOHUGEPAGE });
        region
    }

    /// Maps pages as the settings of the machine have it, at an address where huge ones fit.
    pub fn map_plain(pages: usize) -> Region {
        Region::mapped(pages, true)
    }

    pub fn mapped(pages: usize, huge: bool) -> Region {
        let bytes = pages * PAGE + if huge { HUGE } else { 0 };
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start = unsafe { libc::mmap(null_mut(), bytes, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED, "mmap");
        let aligned = if huge { (start as usize).next_multiple_of(HUGE) } else { start as usize };
        Region { start: aligned as *mut u8, pages }
    }

    /// Maps pages that children share with this process on purpose.
    pub fn shared(pages: usize) -> Region {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start = unsafe { libc::mmap(null_mut(), pages * PAGE, protection, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED, "mmap");
        Region { start: start.cast(), pages }
    }

    /// Some of the pages.
    pub fn part(self, first: usize, pages: usize) -> Region {
        assert!(first + pages <= self.pages);
        Region { start: self.start.wrapping_add(first * PAGE), pages }
    }

    /// Unmaps the pages.
    pub fn unmap(self) -> Region {
        // SAFETY: the mapping is our own and not used any more.
        assert_eq!(unsafe { libc::munmap(self.start.cast(), self.pages * PAGE) }, 0, "munmap");
        self
    }

    /// Maps fresh pages at the addresses of a region that is not mapped.
    pub fn map_again(self) {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: nothing is mapped there.
        let start = unsafe { libc::mmap(self.start.cast(), self.pages * PAGE, protection, flags, -1, 0) };
        assert_eq!(start.cast::<u8>(), self.start, "mmap");
        self.advise(libc::MADV_NOHUGEPAGE);
    }

    pub fn advise(self, advice: libc::c_int) {
        // SAFETY: the range is a mapping of our own.
        unsafe { libc::madvise(self.start.cast(), self.pages * PAGE, advice) };
    }

    /// The first word of a page.
    pub fn word(self, page: usize) -> *mut u64 {
        assert!(page < self.pages);
        self.start.wrapping_add(page * PAGE).cast()
    }

    pub fn write(self, page: usize, value: u64) {
        // SAFETY: the page is mapped for writing.
        unsafe { self.word(page).write_volatile(value) }
    }

    pub fn read(self, page: usize) -> u64 {
        // SAFETY: the page is mapped for reading.
        unsafe { self.word(page).read_volatile() }
    }

    /// Writes a content of its own to each page.
    pub fn fill(self) -> Region {
        (0..self.pages).for_each(|page| self.write(page, page as u64 + 1));
        self
    }

    /// Writes to each page what it holds.
    pub fn rewrite(self, pages: Range<usize>) {
        pages.for_each(|page| self.write(page, self.read(page)));
    }

    /// Writes something else to each page.
    pub fn change(self, pages: Range<usize>) {
        pages.for_each(|page| self.write(page, !(page as u64)));
    }

    /// What most kinds write: 50 pages as they are, 50 with another content.
    pub fn usual(self) {
        self.rewrite(0..50);
        self.change(50..100);
    }

    /// Puts pages that only this process has into swap, and waits until they are there.
    pub fn page_out(self, pages: Range<usize>) {
        use std::os::unix::fs::FileExt;
        let map = std::fs::File::open("/proc/self/pagemap").expect("an own pagemap");
        let swapped = |page: usize| {
            let mut entry = [0; 8];
            map.read_exact_at(&mut entry, self.word(page) as u64 / PAGE as u64 * 8).expect("an entry");
            u64::from_ne_bytes(entry) >> 62 == 1
        };
        let (part, mut tries) = (Region { start: self.word(pages.start).cast(), pages: pages.len() }, 0);
        while !pages.clone().all(swapped) {
            part.advise(libc::MADV_PAGEOUT);
            std::thread::sleep(std::time::Duration::from_millis(5));
            tries += 1;
            assert!(tries < 12_000, "pages do not go to swap");
        }
    }

    /// Moves the pages to another address of this process.
    pub fn move_to(self, target: *mut u8) -> Region {
        let (flags, bytes) = (libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED, self.pages * PAGE);
        // SAFETY: both ranges are our own; nothing else is mapped at the target.
        let moved = unsafe { libc::mremap(self.start.cast(), bytes, bytes, flags, target) };
        assert_ne!(moved, libc::MAP_FAILED, "mremap");
        Region { start: moved.cast(), pages: self.pages }
    }
}
