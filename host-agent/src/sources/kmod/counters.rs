//! The module's counters, and what of them belongs to one reader.

use deltascope_abi::loss::Losses;

/// Sums over all rings since the module was loaded; modulo 2^64, as the rings are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ModuleCounters {
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
    /// Bytes of the sends by content that were captured.
    pub content_bytes: u64,
    /// Of these, of sends that were lost.
    pub content_bytes_lost: u64,
}

impl ModuleCounters {
    /// Adds the counters of one more ring.
    pub(super) fn add(&mut self, other: &ModuleCounters) {
        self.captured = self.captured.wrapping_add(other.captured);
        self.head = self.head.wrapping_add(other.head);
        self.controls = self.controls.wrapping_add(other.controls);
        self.pending = self.pending.wrapping_add(other.pending);
        self.sampled_sends = self.sampled_sends.wrapping_add(other.sampled_sends);
        self.sampled_send_bytes = self.sampled_send_bytes.wrapping_add(other.sampled_send_bytes);
        self.content_bytes = self.content_bytes.wrapping_add(other.content_bytes);
        self.content_bytes_lost = self.content_bytes_lost.wrapping_add(other.content_bytes_lost);
        for (sum, events) in self.lost.0.iter_mut().zip(other.lost.0) {
            *sum = sum.wrapping_add(events);
        }
    }

    /// Events that were written into the rings.
    pub(super) fn events(&self) -> u64 {
        self.head.wrapping_sub(self.controls)
    }
}

/// What one reader leaves to the next: its own numbers, and the module's at the same moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Handover {
    pub captured: u64,
    pub module_captured: u64,
    pub lost: Losses,
    pub module_lost: Losses,
}

/// Where the counters of one reader begin: with everything that it finds in the rings, and what comes after it opened them.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReaderCounters {
    /// Events written before those that the reader found.
    before: u64,
    captured: u64,
    lost: Losses,
}

impl ReaderCounters {
    /// Returns the reader that begins at `counters`, with `unread` events in the rings.
    pub(super) fn new(module: &ModuleCounters, unread: u64) -> ReaderCounters {
        let before = module.events().wrapping_sub(unread);
        let captured = module.captured.wrapping_sub(unread).wrapping_sub(module.pending);
        ReaderCounters { before, captured, lost: module.lost }
    }

    /// Returns the reader that resumes for one before it, from `left` on, with `skipped` of the events in the rings
    /// given by that one. `same_load`: the module is the one that `left` is about; another one's counters begin at 0.
    pub(super) fn after(mut self, left: &Handover, same_load: bool, skipped: u64) -> ReaderCounters {
        self.before = self.before.wrapping_add(skipped);
        // Here this reader has captured and lost nothing yet, so `captured` and `lost` are its starting values.
        let base = |own: u64, then: u64, left: u64| if same_load { then } else { own }.wrapping_sub(left);
        self.captured = base(self.captured, left.module_captured, left.captured);
        for (reason, lost) in self.lost.0.iter_mut().enumerate() {
            *lost = base(*lost, left.module_lost.0[reason], left.lost.0[reason]);
        }
        self
    }

    /// Returns what a reader after this one needs.
    pub(super) fn handover(&self, module: &ModuleCounters) -> Handover {
        Handover {
            captured: self.captured(module),
            module_captured: module.captured,
            lost: self.losses(module),
            module_lost: module.lost,
        }
    }

    /// Events captured for the reader.
    pub(super) fn captured(&self, module: &ModuleCounters) -> u64 {
        module.captured.wrapping_sub(self.captured)
    }

    /// Events lost for the reader.
    pub(super) fn losses(&self, module: &ModuleCounters) -> Losses {
        let mut lost = module.lost;
        for (events, earlier) in lost.0.iter_mut().zip(self.lost.0) {
            *events = events.wrapping_sub(earlier);
        }
        lost
    }

    /// Events captured, not lost and not among the `given`: in the rings, or waiting for their judgement.
    pub(super) fn in_flight(&self, module: &ModuleCounters, given: u64) -> u64 {
        let unread = module.events().wrapping_sub(self.before).wrapping_sub(given);
        unread.wrapping_add(module.pending)
    }
}
