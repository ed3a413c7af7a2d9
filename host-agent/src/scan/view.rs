//! What the comparison needs of a family, so that it can be tried on families of any making.

use crate::procfs::PageEntry;

/// The member has ended or called exec: its memory is not there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// The memory of the members of one family. Members are numbered, the eldest 0.
pub(crate) trait FamilyView {
    /// The state of consecutive pages of a member from an address on.
    fn entries(&mut self, member: usize, address: u64, entries: &mut [PageEntry]) -> Result<(), Gone>;

    /// The contents of pages at ascending addresses, one behind the other, and which of them
    /// could be read.
    fn contents(&mut self, member: usize, addresses: &[u64], out: &mut [u8], readable: &mut [bool]);
}
