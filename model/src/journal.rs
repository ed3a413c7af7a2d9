//! The journal: the last LANES x DEPTH deltas of all contexts, for looking back.
//!
//! Position J counts non-rejected LOAD, ACCUM, SWAP and SEND since reset. The entry of position p (from 1)
//! is in lane (p-1) mod LANES, row ((p-1)/LANES) mod DEPTH. Numbered row by row, that slot is
//! (p-1) mod (LANES x DEPTH): here the journal is one ring, and lanes are how the hardware searches it at once.

use alloc::boxed::Box;
use alloc::vec;

/// One delta.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// State before ^ state after.
    delta: u64,
    /// Whose state it was.
    context: u16,
}

/// An undo window, not history.
#[derive(Clone, Debug)]
pub struct Journal {
    /// One slot more than the horizon: the slot at `cursor` holds nothing that a query may see, so it can be
    /// written whether or not the position advances, and the hot path needs no branch.
    ring: Box<[Entry]>,
    /// Slot of the next entry.
    cursor: usize,
    /// J.
    position: u64,
}

/// Answer of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// XOR of the context's deltas since the mark: `state(then) = state(now) ^ delta`.
    Delta(u64),
    /// The mark lies beyond the journal, or has not been reached yet.
    TooOld,
}

impl Journal {
    /// An empty journal of `horizon` entries; 0: it only counts.
    pub fn new(horizon: u32) -> Journal {
        Journal { ring: vec![Entry::default(); horizon as usize + 1].into_boxed_slice(), cursor: 0, position: 0 }
    }

    /// J: deltas noted since reset.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Deltas that a query can look back over.
    pub const fn horizon(&self) -> u64 {
        self.ring.len() as u64 - 1
    }

    /// Notes one delta.
    pub fn note(&mut self, context: u16, delta: u64) {
        let mut run = self.run();
        run.note(context, delta, true);
        let cursor = run.cursor;
        self.end_run(cursor, 1);
    }

    /// Begins a run of notes whose cursor lives in a register; [`Journal::end_run`] closes it.
    #[inline(always)]
    pub(crate) fn run(&mut self) -> Run<'_> {
        Run { cursor: self.cursor, ring: &mut self.ring }
    }

    /// Closes a run that advanced `count` times and ended at `cursor`.
    #[inline(always)]
    pub(crate) fn end_run(&mut self, cursor: usize, count: u64) {
        self.cursor = cursor;
        self.position += count;
    }

    /// XOR of the entries of `context` in `(mark, J]`. Too old iff `(J - mark) mod 2^64 > min(J, horizon)`,
    /// which also holds for a mark beyond J.
    pub fn query(&self, context: u16, mark: u64) -> Window {
        let distance = self.position.wrapping_sub(mark);
        if distance > self.position.min(self.horizon()) {
            return Window::TooOld;
        }
        // The newest entries end just before the cursor, and older ones wrap to the end of the ring.
        let count = distance as usize;
        let (before, after) = self.ring.split_at(self.cursor);
        let newest = &before[before.len().saturating_sub(count)..];
        let wrapped = &after[after.len() - (count - newest.len())..];
        let deltas = newest.iter().chain(wrapped).filter(|entry| entry.context == context);
        Window::Delta(deltas.fold(0, |sum, entry| sum ^ entry.delta))
    }

    /// Back to position 0. Entries need no clearing: none is within reach of a query.
    pub fn clear(&mut self) {
        self.cursor = 0;
        self.position = 0;
    }
}

/// See [`Journal::run`].
pub(crate) struct Run<'a> {
    /// Slot of the next entry.
    pub(crate) cursor: usize,
    ring: &'a mut [Entry],
}

impl Run<'_> {
    /// Writes an entry; it counts only if `advance`.
    #[inline(always)]
    pub(crate) fn note(&mut self, context: u16, delta: u64, advance: bool) {
        self.ring[self.cursor] = Entry { delta, context };
        let next = self.cursor.wrapping_add(advance as usize);
        self.cursor = if next == self.ring.len() { 0 } else { next };
    }
}
