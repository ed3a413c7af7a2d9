//! What the comparison needs of a family, so that it can be tried on families of any making.

use std::ops::Range;

use super::Unread;
use crate::procfs::{Mapping, PageEntry};

/// Bytes of a hole that is not worth a look of its own.
pub(crate) const SMALL_HOLE: u64 = 256 * 4096;

/// The memory of the members of one family. Members are numbered, the eldest 0.
pub(crate) trait FamilyView {
    /// Reads the state of consecutive pages of a member from an address on. After an error the member is not asked
    /// again.
    ///
    /// # Errors
    /// The reason why the member is given up; it is counted in the coverage.
    fn entries(&mut self, member: usize, address: u64, entries: &mut [PageEntry]) -> Result<(), Unread>;

    /// Reads the contents of pages at ascending addresses, one behind the other, and which of them
    /// could be read.
    fn contents(&mut self, member: usize, addresses: &[u64], out: &mut [u8], readable: &mut [bool]);

    /// Returns the ranges of a member's addresses where huge pages are mapped whole, or `None` where that cannot be
    /// asked.
    fn huge(&mut self, member: usize, range: Range<u64>) -> Option<Vec<Range<u64>>>;

    /// Whether one of some members has excluded memory from forks (`MADV_DONTFORK`, `MADV_WIPEONFORK`), or may have. Asked
    /// only where the mappings were read without their flags and nothing was handed down. `pages` are those in question in
    /// all of the family: few are not worth a stall.
    fn not_inherited(&mut self, members: &[usize], range: Range<u64>, pages: usize) -> bool;

    /// Returns the ranges of a member's addresses that have pages, or `None` where that cannot be asked. Holes of at most
    /// [`SMALL_HOLE`] may be within them.
    fn populated(&mut self, member: usize, range: Range<u64>) -> Option<Vec<Range<u64>>>;

    /// Returns the mappings of a member as the kernel has them now, without their counts; `None` where they cannot be read.
    fn pieces(&mut self, member: usize) -> Option<Vec<Mapping>>;

    /// Whether a frame is one that the kernel has merged from equal pages (KSM); `None` where that cannot be asked.
    fn merged(&mut self, frame: u64) -> Option<bool>;

    /// How often a frame is mapped in the whole system; `None` where that cannot be asked.
    fn times_mapped(&mut self, frame: u64) -> Option<u64>;
}
