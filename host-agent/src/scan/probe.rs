//! Finding out what pagemap shows us, by a look at pages of our own: user ids say nothing in a
//! container or under a capability set.

use std::io::ErrorKind;

use super::ScanError;
use crate::procfs::sys::ProbePages;
use crate::procfs::{PageEntry, ProcFs};

/// How frames can be distinguished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameAccess {
    /// By their numbers (`CAP_SYS_ADMIN`): exact.
    Frames,
    /// By bit 56 only, "mapped once": with e exclusive and s other present members there are at
    /// least e + (s > 0) - 1 copies.
    ExclusiveBit,
}

/// What a look at two pages of our own showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// The best that the system allows.
    pub access: FrameAccess,
    /// Number of the zero frame; `None` without frame numbers.
    pub zero_frame: Option<u64>,
}

impl Probe {
    /// Looks at a page that was written and one that was only read.
    ///
    /// # Errors
    /// Pagemap cannot be read or shows nothing useful.
    pub fn new(proc: &ProcFs) -> Result<Self, ScanError> {
        let pages = ProbePages::new().map_err(ScanError::Probe)?;
        let pagemap = proc.own_pagemap().map_err(|source| match source.kind() {
            ErrorKind::NotFound => ScanError::NoPagemap(source),
            ErrorKind::PermissionDenied => ScanError::PagemapDenied(source),
            _ => ScanError::OwnPagemap(source),
        })?;
        let mut entries = [PageEntry::default(); 2];
        pagemap.read(pages.address(), &mut entries)?;
        Self::judge(entries[0], entries[1])
    }

    /// Concludes from the entry of a written page and that of a page that was only read.
    ///
    /// # Errors
    /// The written page shows neither a frame nor that it is exclusive.
    pub fn judge(written: PageEntry, read: PageEntry) -> Result<Self, ScanError> {
        if written.present() && written.frame() != 0 {
            let zero = read.present() && !read.exclusive() && read.frame() != written.frame();
            Ok(Self { access: FrameAccess::Frames, zero_frame: zero.then_some(read.frame()) })
        } else if written.present() && written.exclusive() {
            Ok(Self { access: FrameAccess::ExclusiveBit, zero_frame: None })
        } else {
            Err(ScanError::Pagemap { entry: written.0 })
        }
    }
}
