//! `/proc/PID/pagemap`: one 64-bit word for each page (`admin-guide/mm/pagemap.rst`).

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::holds::held;
use super::{PAGE_SIZE, ProcError, sys};

/// Bytes of one entry.
const ENTRY: usize = 8;
/// Entries that one read takes: what the kernel looks at before it gives the lock of the memory back.
const CHUNK: usize = 512;

/// The state of one page of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageEntry(pub u64);

impl PageEntry {
    /// Bit 63: the page is in memory.
    pub fn present(self) -> bool {
        self.0 >> 63 & 1 == 1
    }

    /// Bit 62: the page is in swap (or, for an instant, on its way to another frame).
    pub fn swapped(self) -> bool {
        self.0 >> 62 & 1 == 1
    }

    /// Bit 58 (since Linux 6.15), or without it the kind of the entry where that is shown: a guard region
    /// (`MADV_GUARD_INSTALL`), which is in no swap although bit 62 is set.
    pub fn guard(self) -> bool {
        // SWP_PTE_MARKER, the last of the 32 kinds of swap entries (`include/linux/swapops.h`).
        const MARKER: u64 = 31;
        !self.present() && self.swapped() && (self.0 >> 58 & 1 == 1 || self.frame() & 31 == MARKER)
    }

    /// The entry as that of a page of which bit 56 reports nothing: it may be mapped more than once.
    #[must_use]
    pub fn maybe_shared(self) -> Self {
        Self(self.0 & !(1 << 56) | Self::SAYS_NOTHING)
    }

    /// Whether bit 56 reports nothing ([`PageEntry::maybe_shared`]).
    pub fn is_maybe_shared(self) -> bool {
        self.0 & Self::SAYS_NOTHING != 0
    }

    /// Bit 60, which the kernel leaves 0.
    const SAYS_NOTHING: u64 = 1 << 60;

    /// Bit 61: a page of a file, or shared anonymous memory.
    pub fn file_or_shared(self) -> bool {
        self.0 >> 61 & 1 == 1
    }

    /// Bit 56: mapped once, by this process (since Linux 4.2).
    pub fn exclusive(self) -> bool {
        self.0 >> 56 & 1 == 1
    }

    /// Bits 54:0 of a present page: the frame number; of a swapped one its place in swap. 0 without
    /// `CAP_SYS_ADMIN`.
    pub fn frame(self) -> u64 {
        self.0 & ((1 << 55) - 1)
    }
}

/// An open `pagemap`. It stays with the memory that the process had when it was opened: after
/// an exec or an exit reads say [`ProcError::Vanished`], never another program's pages.
#[derive(Debug)]
pub struct Pagemap {
    file: File,
    path: PathBuf,
}

impl Pagemap {
    /// Opens a pagemap file.
    ///
    /// # Errors
    /// The process is gone or the caller may not look at it.
    pub fn open(path: PathBuf) -> Result<Self, ProcError> {
        match File::open(&path) {
            Ok(file) => Ok(Self::new(file, path)),
            Err(source) => Err(ProcError::from_io(&path, source)),
        }
    }

    /// Reads through a file that is open; `path` is for errors.
    pub(super) fn new(file: File, path: PathBuf) -> Self {
        Self { file, path }
    }

    /// The ranges of addresses within `range` that huge pages are mapped at whole (`PAGEMAP_SCAN`, Linux 6.7).
    ///
    /// # Errors
    /// The kernel lacks the call.
    pub fn huge(&self, range: Range<u64>) -> io::Result<Vec<Range<u64>>> {
        self.ranges(range, sys::Pages::Huge, 0)
    }

    /// The ranges of addresses within `range` that have pages, in memory or in swap (`PAGEMAP_SCAN`, Linux 6.7). Holes of at
    /// most `hole` bytes are within them, so that there are few.
    ///
    /// # Errors
    /// The kernel lacks the call.
    pub fn populated(&self, range: Range<u64>, hole: u64) -> io::Result<Vec<Range<u64>>> {
        self.ranges(range, sys::Pages::Populated, hole)
    }

    fn ranges(&self, range: Range<u64>, pages: sys::Pages, hole: u64) -> io::Result<Vec<Range<u64>>> {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        sys::pagemap_scan(&self.file, range, pages, &mut |run| match ranges.last_mut() {
            Some(last) if run.range.start <= last.end.saturating_add(hole) => last.end = run.range.end,
            _ => ranges.push(run.range),
        })?;
        Ok(ranges)
    }

    /// Gives the runs of pages within `range`, in memory or in swap, in ascending order (`PAGEMAP_SCAN`, Linux 6.7).
    ///
    /// # Errors
    /// The kernel lacks the call.
    pub(crate) fn runs(&self, range: Range<u64>, found: &mut dyn FnMut(sys::PageRun)) -> io::Result<()> {
        sys::pagemap_scan(&self.file, range, sys::Pages::Populated, found)
    }

    /// Reads the entries of consecutive pages from the page of address `address` on.
    ///
    /// # Errors
    /// [`ProcError::Vanished`] once the memory is gone.
    pub fn read(&self, address: u64, entries: &mut [PageEntry]) -> Result<(), ProcError> {
        let mut raw = [0u8; CHUNK * ENTRY];
        let mut position = address / PAGE_SIZE as u64 * ENTRY as u64;
        for chunk in entries.chunks_mut(CHUNK) {
            let bytes = &mut raw[..chunk.len() * ENTRY];
            if let Err(source) = held(|| self.file.read_exact_at(bytes, position)) {
                // The kernel answers "end of file" when the memory has no user any more.
                if source.kind() == std::io::ErrorKind::UnexpectedEof {
                    return Err(ProcError::Vanished { path: self.path.display().to_string() });
                }
                return Err(ProcError::from_io(&self.path, source));
            }
            for (entry, word) in chunk.iter_mut().zip(bytes.chunks_exact(ENTRY)) {
                let mut array = [0u8; ENTRY];
                array.copy_from_slice(word);
                *entry = PageEntry(u64::from_ne_bytes(array));
            }
            position += bytes.len() as u64;
        }
        Ok(())
    }
}
