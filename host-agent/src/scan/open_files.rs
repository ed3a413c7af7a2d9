//! Which members of a family have open files, within the limit of the process.

use std::collections::VecDeque;

use crate::procfs::sys;

/// Descriptors that are left for others while a family is open.
const RESERVE: u64 = 8;
/// Files of one member: pagemap and mem.
const FILES: u64 = 2;

/// The members with open files, the least recently used first.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    members: VecDeque<usize>,
    limit: usize,
    /// All members fit, so that nobody has to be moved.
    fits: bool,
}

impl OpenFiles {
    /// Starts with none, for a family of so many members.
    pub(crate) fn new(members: usize) -> Self {
        Self::within(members, sys::raise_open_files(), own_descriptors())
    }

    fn within(members: usize, limit: u64, used: u64) -> Self {
        let left = limit.saturating_sub(used).saturating_sub(RESERVE) / FILES;
        let limit = usize::try_from(left).unwrap_or(usize::MAX).max(1);
        Self { members: VecDeque::new(), limit, fits: members <= limit }
    }

    /// Notes that a member has files and was used last.
    pub(crate) fn opened(&mut self, member: usize) {
        if self.fits {
            return;
        }
        self.members.retain(|&other| other != member);
        self.members.push_back(member);
    }

    /// Takes out a member whose files are to be closed because there are more than the limit allows.
    pub(crate) fn surplus(&mut self) -> Option<usize> {
        (self.members.len() > self.limit).then(|| self.members.pop_front()).flatten()
    }

    /// Takes out the member whose files are to be closed when a descriptor is needed.
    pub(crate) fn least_recent(&mut self) -> Option<usize> {
        self.members.pop_front()
    }
}

/// Descriptors that this process has open.
fn own_descriptors() -> u64 {
    std::fs::read_dir("/proc/self/fd").map_or(RESERVE, |entries| entries.count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_is_closed_first() {
        let mut files = OpenFiles::within(5, 16, 2);
        assert_eq!(files.limit, 3);
        (0..3).for_each(|member| files.opened(member));
        files.opened(0);
        assert_eq!(files.surplus(), None);
        files.opened(3);
        assert_eq!((files.surplus(), files.surplus()), (Some(1), None));
        assert_eq!(files.least_recent(), Some(2));
    }

    #[test]
    fn one_member_is_always_open() {
        let mut files = OpenFiles::within(2, 4, 4);
        files.opened(0);
        assert_eq!(files.surplus(), None);
        files.opened(1);
        assert_eq!(files.surplus(), Some(0));
    }
}
