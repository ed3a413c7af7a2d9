//! A source of one agent: a ring that is filled while it is not read, as the capture module's is.

use deltascope_abi::record::{Op, Record};
use deltascope_testkit::Rng;
use deltascope_testkit::records::Mix;

/// What is in the ring.
#[derive(Clone, Debug)]
struct Item {
    record: Record,
    /// Events that found the ring full before this item; the ring reports it in band.
    lost_before: u64,
}

/// Numbered items; those below the tail cannot be read any more.
#[derive(Clone, Debug)]
pub struct Source {
    /// Every item from the beginning of time, by number.
    items: Vec<Item>,
    tail: usize,
    read: usize,
    /// Items that the ring holds.
    capacity: usize,
    /// Items still to be made.
    left: u64,
    lost: u64,
    groups: u64,
    contexts: u64,
    /// Of 20 records, this many are counted pages at least.
    pages: u64,
}

impl Source {
    /// A source that makes `left` items in all.
    pub fn new(rng: &mut Rng, groups: u64, contexts: u64, left: u64, capacity: usize) -> Source {
        let pages = rng.within(1, 10);
        Source { items: Vec::new(), tail: 0, read: 0, capacity, left, lost: 0, groups, contexts, pages }
    }

    /// New items name groups and contexts below these.
    pub fn grow(&mut self, groups: u64, contexts: u64) {
        (self.groups, self.contexts) = (groups, contexts);
    }

    /// Makes up to `count` items; gives how many events were captured, lost ones included.
    pub fn produce(&mut self, rng: &mut Rng, count: u64) -> u64 {
        let mut captured = 0;
        for _ in 0..count.min(self.left) {
            self.left -= 1;
            let record = self.record(rng);
            let counts = counts(&record);
            captured += counts;
            if self.items.len() - self.tail >= self.capacity {
                self.lost += counts;
                continue;
            }
            let lost_before = std::mem::take(&mut self.lost);
            self.items.push(Item { record, lost_before });
        }
        if self.left == 0 && self.lost > 0 && self.items.len() - self.tail < self.capacity {
            // A last word, so that every loss is reported.
            let lost_before = std::mem::take(&mut self.lost);
            self.items.push(Item { record: Record::nop(), lost_before });
        }
        captured
    }

    fn record(&self, rng: &mut Rng) -> Record {
        let ops = &[
            (Op::Pair, self.pages),
            (Op::Nop, 1),
            (Op::Load, 1),
            (Op::Accum, 2),
            (Op::Read, 1),
            (Op::Swap, 2),
            (Op::Send, 13 - self.pages),
        ];
        // A length names the source of a record, and is put in later.
        let mix = Mix { ops, contexts: self.contexts, groups: self.groups, values: 4, lengths: 1, reply_in: 4 };
        mix.record(rng)
    }

    /// The records that wait, at most `count`, without their identities.
    pub fn waiting(&self, count: usize) -> impl Iterator<Item = Record> + '_ {
        let items = &self.items[self.read..self.items.len().min(self.read + count)];
        items.iter().map(|item| item.record)
    }

    /// `count` of the waiting items were read; gives the events lost before them.
    pub fn take(&mut self, count: usize) -> u64 {
        let from = self.read;
        self.read += count;
        self.items[from..self.read].iter().map(|item| item.lost_before).sum()
    }

    /// Number of the next item to be read.
    pub fn position(&self) -> u64 {
        self.read as u64
    }

    /// Items below this number are not needed any more.
    pub fn release(&mut self, position: u64) {
        self.tail = self.tail.max((position as usize).min(self.read));
    }

    /// Another agent reads from `position` on, or from the oldest item that is still there. Gives how many events
    /// were captured between the two.
    pub fn resume(&mut self, position: Option<u64>) -> u64 {
        let from = position.map_or(self.tail, |position| position as usize);
        self.read = from.max(self.tail);
        let gone = &self.items[from.min(self.read)..self.read];
        gone.iter().map(|item| item.lost_before + counts(&item.record)).sum()
    }

    /// Events that wait to be read.
    pub fn waiting_events(&self) -> u64 {
        self.items[self.read..].iter().map(|item| counts(&item.record)).sum()
    }

    /// Events that the ring lost and that were not read.
    pub fn untold_losses(&self) -> u64 {
        self.lost + self.items[self.read..].iter().map(|item| item.lost_before).sum::<u64>()
    }

    /// Whether every item was made and read, and every loss reported.
    pub fn is_done(&self) -> bool {
        self.left == 0 && self.read == self.items.len() && self.lost == 0
    }
}

/// 1 for an event, 0 for a control record.
pub fn counts(record: &Record) -> u64 {
    record.op().is_some_and(|op| op.counts()).into()
}
