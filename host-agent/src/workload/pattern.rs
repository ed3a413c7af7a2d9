//! Who writes what, and what a scan must find.

use deltascope_abi::random::mix;

/// Pages in the region of a family.
pub const PAGES: usize = 256;
/// Workers that a family's root forks.
pub const WORKERS: usize = 4;
/// Pages that a writer writes.
pub const WRITTEN: usize = PAGES / 2;
/// 64-bit words in a page.
const WORDS: usize = crate::procfs::PAGE_SIZE / 8;

/// Who in a family writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// One worker.
    WorkerWrites,
    /// The root, below four idle workers: what a comparison of a child with its parent gets
    /// wrong.
    ParentWrites,
    /// Every worker, each a value of its own: five distinct frames at an address.
    EveryWorkerWrites,
}

/// What a scan must find in the region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// Copies.
    pub copied: u64,
    /// Copies with the content that stood there before.
    pub redundant: u64,
}

impl Pattern {
    /// All patterns.
    pub const ALL: [Self; 3] = [Self::WorkerWrites, Self::ParentWrites, Self::EveryWorkerWrites];

    /// Its name on the command line and in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::WorkerWrites => "worker-writes",
            Self::ParentWrites => "parent-writes",
            Self::EveryWorkerWrites => "every-worker-writes",
        }
    }

    /// The pattern of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pattern| pattern.name() == name)
    }

    /// What it comes to: every writer copies all the pages that it writes, and half of those
    /// writes change nothing.
    pub fn reference(self) -> Reference {
        let writers = match self {
            Self::WorkerWrites | Self::ParentWrites => 1,
            Self::EveryWorkerWrites => WORKERS as u64,
        };
        Reference { copied: writers * WRITTEN as u64, redundant: writers * (WRITTEN / 2) as u64 }
    }

    /// Whether a worker writes.
    pub(super) fn worker_writes(self, worker: usize) -> bool {
        match self {
            Self::WorkerWrites => worker == 0,
            Self::ParentWrites => false,
            Self::EveryWorkerWrites => true,
        }
    }
}

/// The first content of a word: different for each word of the region, and never zero.
pub(super) fn word(page: usize, index: usize) -> u64 {
    mix((page * WORDS + index + 1) as u64)
}

/// The writes of a writer: page, and the value of its first word. Every second page is
/// written, every second of those with the value that it has.
pub(super) fn writes(writer: usize) -> impl Iterator<Item = (usize, u64)> {
    (0..PAGES).step_by(PAGES / WRITTEN).map(move |page| {
        let had = word(page, 0);
        let keeps = page % (2 * PAGES / WRITTEN) == 0;
        (page, if keeps { had } else { had ^ (writer as u64 + 1) })
    })
}
