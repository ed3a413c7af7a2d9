//! The module's books, and what of them belongs to one reader.

use deltascope_abi::loss::Losses;

/// Sums over all rings since the module was loaded; modulo 2^64, as the rings are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Books {
    /// Events captured.
    pub captured: u64,
    /// Records written.
    pub head: u64,
    /// Records written that are no events.
    pub controls: u64,
    /// Pages that wait for their judgement.
    pub pending: u64,
    /// Events lost.
    pub lost: Losses,
    /// Of those left out by sampling, sends.
    pub sampled_sends: u64,
    /// Bytes of those sends.
    pub sampled_send_bytes: u64,
}

impl Books {
    /// Adds the books of one more ring.
    pub(super) fn add(&mut self, other: &Books) {
        self.captured = self.captured.wrapping_add(other.captured);
        self.head = self.head.wrapping_add(other.head);
        self.controls = self.controls.wrapping_add(other.controls);
        self.pending = self.pending.wrapping_add(other.pending);
        self.sampled_sends = self.sampled_sends.wrapping_add(other.sampled_sends);
        self.sampled_send_bytes = self.sampled_send_bytes.wrapping_add(other.sampled_send_bytes);
        for (sum, events) in self.lost.0.iter_mut().zip(other.lost.0) {
            *sum = sum.wrapping_add(events);
        }
    }

    /// Events that were written into the rings.
    pub(super) fn events(&self) -> u64 {
        self.head.wrapping_sub(self.controls)
    }
}

/// The books as one reader tells them to the next: its share, and the module's own numbers at the same moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub captured: u64,
    pub module_captured: u64,
    pub lost: Losses,
    pub module_lost: Losses,
}

/// The share of one reader in the books: everything that it finds in the rings, and what comes after it opened them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// Events written before those that the reader found.
    before: u64,
    captured: u64,
    lost: Losses,
}

impl Share {
    /// The share from `books` on, with `unread` events in the rings.
    pub(super) fn new(books: &Books, unread: u64) -> Share {
        let before = books.events().wrapping_sub(unread);
        let captured = books.captured.wrapping_sub(unread).wrapping_sub(books.pending);
        Share { before, captured, lost: books.lost }
    }

    /// The share of a reader that goes on for one before it, from `told` on, with `skipped` of the events in the rings
    /// given by that one. `same_load`: the module is the one that `told` is about; another one's books begin anew.
    pub(super) fn after(mut self, told: &Told, same_load: bool, skipped: u64) -> Share {
        self.before = self.before.wrapping_add(skipped);
        // Here `captured` and `lost` of the books stand for nothing captured and lost by this reader.
        let base = |own: u64, then: u64, told: u64| if same_load { then } else { own }.wrapping_sub(told);
        self.captured = base(self.captured, told.module_captured, told.captured);
        for (reason, lost) in self.lost.0.iter_mut().enumerate() {
            *lost = base(*lost, told.module_lost.0[reason], told.lost.0[reason]);
        }
        self
    }

    /// What a reader after this one needs to know.
    pub(super) fn told(&self, books: &Books) -> Told {
        Told {
            captured: self.captured(books),
            module_captured: books.captured,
            lost: self.losses(books),
            module_lost: books.lost,
        }
    }

    /// Events captured in the share.
    pub(super) fn captured(&self, books: &Books) -> u64 {
        books.captured.wrapping_sub(self.captured)
    }

    /// Events lost in the share.
    pub(super) fn losses(&self, books: &Books) -> Losses {
        let mut lost = books.lost;
        for (events, earlier) in lost.0.iter_mut().zip(self.lost.0) {
            *events = events.wrapping_sub(earlier);
        }
        lost
    }

    /// Events captured, not lost and not among the `given`: in the rings, or waiting for their judgement.
    pub(super) fn in_flight(&self, books: &Books, given: u64) -> u64 {
        let unread = books.events().wrapping_sub(self.before).wrapping_sub(given);
        unread.wrapping_add(books.pending)
    }
}
