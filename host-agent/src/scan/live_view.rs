//! Pages and contents of real processes for the comparison.

use std::ops::Range;
use std::sync::PoisonError;

use super::Unread;
use super::live::{LiveFamily, reason};
use super::mappings;
use super::view::{FamilyView, SMALL_HOLE};
use crate::procfs::{Mapping, PAGE_SIZE, PageEntry, Pagemap, ProcError};

/// Bytes of a mapping that `smaps` may count while the process continues with its work: a stall below 10 ms.
const NO_STALL: u64 = 128 << 20;
/// Pages of a family that are worth a longer one. Stacks of threads have fewer.
const FEW: usize = 256;

impl LiveFamily<'_> {
    /// Asks the kernel for runs of pages of a member.
    fn runs(
        &mut self,
        member: usize,
        action: impl FnOnce(&Pagemap) -> std::io::Result<Vec<Range<u64>>> + Send + 'static,
    ) -> Option<Vec<Range<u64>>> {
        let pagemap = self.reopen(member).ok()?;
        let stat = self.members[member].stat;
        self.reading.limit.call(&stat, move || action(&pagemap).ok())?
    }
}

impl FamilyView for LiveFamily<'_> {
    fn entries(&mut self, member: usize, address: u64, entries: &mut [PageEntry]) -> Result<(), Unread> {
        let pagemap = self.reopen(member)?;
        let stat = self.members[member].stat;
        let mut table = std::mem::take(&mut self.spare.0);
        table.resize(entries.len(), PageEntry::default());
        let look = move || pagemap.read(address, &mut table).map(|()| table);
        match self.reading.limit.call(&stat, look).ok_or(Unread::Hung)? {
            Ok(table) => {
                entries.copy_from_slice(&table);
                self.spare.0 = table;
                Ok(())
            }
            // The memory is gone, whichever thread it was opened through.
            Err(error) => Err(match reason(&error, &stat) {
                Unread::MainThreadEnded => Unread::Vanished,
                reason => reason,
            }),
        }
    }

    fn contents(&mut self, member: usize, addresses: &[u64], out: &mut [u8], readable: &mut [bool]) {
        self.open.opened(member);
        self.keep_within_limit();
        readable.fill(false);
        let stat = self.members[member].stat;
        loop {
            let memory = self.members[member].memory.clone();
            let open = move || memory.lock().unwrap_or_else(PoisonError::into_inner).open();
            match self.reading.limit.call(&stat, open) {
                Some(Err(ProcError::Descriptors { .. })) => match self.open.least_recent() {
                    Some(other) => self.close(other),
                    None => return,
                },
                Some(Err(error)) => {
                    self.members[member].contents_denied |= error.is_denied();
                    return;
                }
                Some(Ok(())) => break,
                None => return,
            }
        }
        let memory = self.members[member].memory.clone();
        let (addresses, mut bytes) = (addresses.to_vec(), std::mem::take(&mut self.spare.1));
        let mut read = vec![false; addresses.len()];
        bytes.resize(addresses.len() * PAGE_SIZE, 0);
        let look = move || {
            memory.lock().unwrap_or_else(PoisonError::into_inner).read_pages(&addresses, &mut bytes, &mut read);
            (bytes, read)
        };
        if let Some((bytes, read)) = self.reading.limit.call(&stat, look) {
            out.copy_from_slice(&bytes);
            readable.copy_from_slice(&read);
            self.spare.1 = bytes;
        }
    }

    fn huge(&mut self, member: usize, range: Range<u64>) -> Option<Vec<Range<u64>>> {
        self.runs(member, move |pagemap| pagemap.huge(range))
    }

    fn populated(&mut self, member: usize, range: Range<u64>) -> Option<Vec<Range<u64>>> {
        self.runs(member, move |pagemap| pagemap.populated(range, SMALL_HOLE))
    }

    fn not_inherited(&mut self, members: &[usize], range: Range<u64>, pages: usize) -> bool {
        members.iter().any(|&member| {
            let Some(large) = self.members[member].large else {
                return false;
            };
            // What would stall the process is not asked for; then it may be so.
            let may_stall = large <= NO_STALL || self.reading.may_stall && pages >= FEW;
            if self.members[member].excluded.is_none() && !may_stall {
                return true;
            }
            let stat = self.members[member].stat;
            if self.members[member].excluded.is_none() {
                let excluded = self.ask(&stat, move |proc| mappings::excluded(proc, stat.task()));
                self.members[member].excluded = Some(excluded.map_err(|error| reason(&error, &stat)));
            }
            match &self.members[member].excluded {
                Some(Ok(excluded)) => excluded.iter().any(|one| one.start < range.end && range.start < one.end),
                _ => true,
            }
        })
    }

    fn pieces(&mut self, member: usize) -> Option<Vec<Mapping>> {
        let stat = self.members[member].stat;
        self.ask(&stat, move |proc| proc.mapping_pieces(stat.task())).ok()
    }

    fn merged(&mut self, frame: u64) -> Option<bool> {
        self.reading.flags.merged(frame)
    }

    fn times_mapped(&mut self, frame: u64) -> Option<u64> {
        self.reading.flags.times_mapped(frame)
    }
}
