//! The events of each unit, in periods of one p.
//!
//! Within a period every event of a kept unit is in the sample, and the source reports how many events it left out. A
//! period with p = 1 has nothing to estimate: its numbers are exact and need no table. Periods are added up. One
//! sample is nested in another, so their errors may all point the same way: half-widths are added, never their
//! squares.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use deltascope_abi::record::Class;
use rustc_hash::FxHashMap;

use super::estimate::{Part, ratio};
use super::is_kept;
use crate::event::{Event, OwnerId, What};

/// Units of a period; with more, another period with the same p begins.
const UNITS: usize = 65_536;
/// Sockets whose last fingerprint is known; with more, all are forgotten, and the next send of each is no repetition.
const SOCKETS: usize = 65_536;

/// Events, and the redundant ones among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Events.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Redundant events.
    pub redundant_events: u64,
    /// Bytes of the redundant events.
    pub redundant_bytes: u64,
}

impl AddAssign for Seen {
    fn add_assign(&mut self, other: Seen) {
        self.events += other.events;
        self.bytes += other.bytes;
        self.redundant_events += other.redundant_events;
        self.redundant_bytes += other.redundant_bytes;
    }
}

/// Events that a source has left out since it began, exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Copied pages.
    pub pages: u64,
    /// Sends.
    pub sends: u64,
    /// Bytes of the sends.
    pub send_bytes: u64,
}

/// What is estimated. Bytes of pages are pages times their size.
const QUANTITIES: usize = 3;
const PAGES: usize = 0;
const SENDS: usize = 1;
const SEND_BYTES: usize = 2;

impl LeftOut {
    fn quantities(&self) -> [u64; QUANTITIES] {
        [self.pages, self.sends, self.send_bytes]
    }
}

/// Of what was seen of one kind, (weight, part) of a quantity.
fn part(quantity: usize, seen: &Seen) -> Part {
    let (weight, part) = match quantity {
        SEND_BYTES => (seen.bytes, seen.redundant_bytes),
        _ => (seen.events, seen.redundant_events),
    };
    Part { weight: weight as f64, part: part as f64 }
}

fn is_send(quantity: usize) -> bool {
    quantity != PAGES
}

/// With more than this share of the left-out events in periods without a bound, the sum of all periods has none.
const WITHOUT_BOUND: f64 = 0.1;

/// An exact total, and an estimate of how much of it is redundant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Events or bytes that the reader was given, and those left out.
    pub total: f64,
    /// Of the total, left out.
    pub left_out: f64,
    /// Of the total, redundant.
    pub redundant: f64,
    /// How far `redundant` may be off, to either side. Of a period whose sample allows no bound, this is what is
    /// certain: between none and all of what was left out is redundant.
    half_width: f64,
    /// Left out in periods whose sample allows no bound.
    unbounded: f64,
}

impl Estimate {
    /// What was seen, with nothing left out.
    fn exact(Part { weight, part }: Part) -> Estimate {
        Estimate { total: weight, redundant: part, ..Estimate::default() }
    }

    /// From the sample of one period, of which `left_out` is not in the sample.
    fn sampled(sample: &[Part], kept: f64, left_out: f64) -> Estimate {
        let seen = sample.iter().fold(Part { weight: 0.0, part: 0.0 }, |sum, unit| Part {
            weight: sum.weight + unit.weight,
            part: sum.part + unit.part,
        });
        let found = ratio(sample, kept);
        let share = found.map_or(0.5, |ratio| ratio.share);
        let (total, certain) = (seen.weight + left_out, share.max(1.0 - share) * left_out);
        let bound = found.and_then(|ratio| ratio.half_width);
        Estimate {
            total,
            left_out,
            redundant: seen.part + share * left_out,
            half_width: bound.map_or(certain, |half| certain.min(half * total)),
            unbounded: if bound.is_some() { 0.0 } else { left_out },
        }
    }

    fn add(&mut self, other: Estimate) {
        self.total += other.total;
        self.left_out += other.left_out;
        self.redundant += other.redundant;
        self.half_width += other.half_width;
        self.unbounded += other.unbounded;
    }

    /// How far [`Estimate::redundant`] may be off, to either side, with the confidence of
    /// [`CONFIDENCE`](super::CONFIDENCE); none when there is no bound.
    pub fn half_width(&self) -> Option<f64> {
        (self.unbounded <= WITHOUT_BOUND * self.left_out).then_some(self.half_width)
    }

    /// The redundant share of the total, if there is any, and how far it may be off.
    pub fn share(&self) -> Option<(f64, Option<f64>)> {
        (self.total > 0.0).then(|| (self.redundant / self.total, self.half_width().map(|half| half / self.total)))
    }
}

/// Estimates of one owner. Its exact totals are not known (what is left out is counted for the whole machine), so only
/// the shares mean anything.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OwnerShares {
    /// Copied pages.
    pub pages: Estimate,
    /// Sends.
    pub sends: Estimate,
}

/// Everything that a sample estimates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimates {
    /// k of p = 2^-k in force.
    pub shift: u32,
    /// Periods of one p so far, this one included.
    pub periods: u64,
    /// Copied pages.
    pub pages: Estimate,
    /// Sends.
    pub sends: Estimate,
    /// Bytes of the sends.
    pub send_bytes: Estimate,
    /// By owner.
    pub owners: BTreeMap<OwnerId, OwnerShares>,
}

/// Sums over closed periods.
#[derive(Clone, Debug, Default)]
struct Sums {
    all: [Estimate; QUANTITIES],
    owners: BTreeMap<OwnerId, [Estimate; QUANTITIES]>,
}

type Key = (bool, u64, OwnerId);

/// Events since a source began.
#[derive(Debug)]
pub struct Sample {
    shift: u32,
    periods: u64,
    closed: Sums,
    /// Events that represent themselves alone: pages and sends of each owner, by its number.
    certain: Vec<[Seen; 2]>,
    /// The sample of this period: by kind (whether a send), unit and owner.
    units: FxHashMap<Key, Seen>,
    /// What had been left out when this period began.
    before: LeftOut,
    /// By socket, what it sent last.
    fingerprints: FxHashMap<u64, u64>,
}

impl Sample {
    /// A sample that begins at k = `shift` with `left_out` before it.
    pub fn new(shift: u32, left_out: LeftOut) -> Sample {
        Sample {
            shift,
            periods: 1,
            closed: Sums::default(),
            certain: Vec::new(),
            units: FxHashMap::default(),
            before: left_out,
            fingerprints: FxHashMap::default(),
        }
    }

    /// k of the period.
    pub fn shift(&self) -> u32 {
        self.shift
    }

    /// Whether the table of units is full: time for [`Sample::begin`] with the same k.
    pub fn is_full(&self) -> bool {
        self.units.len() >= UNITS
    }

    /// Takes an event of a unit.
    pub fn take(&mut self, unit: u64, event: &Event) {
        let (length, send) = (u64::from(event.length), matches!(event.what, What::Send { .. }));
        let redundant = match event.what {
            What::Page { class, before, after } => class != Class::PageUnjudged && before == after,
            What::Send { socket, fingerprint } => self.repeats(socket, fingerprint),
            // A sample keeps sockets: of what went to a peer or out of a container it reports nothing.
            What::Body { .. } | What::Unjudged { .. } => return,
        };
        let times = u64::from(redundant);
        let seen = Seen { events: 1, bytes: length, redundant_events: times, redundant_bytes: times * length };
        // An event of a unit that this p leaves out was captured before: no sample chose it, so it represents no other.
        if self.shift == 0 || !is_kept(unit, self.shift) {
            let owner = event.owner.0 as usize;
            if owner >= self.certain.len() {
                self.certain.resize(owner + 1, <[Seen; 2]>::default());
            }
            self.certain[owner][usize::from(send)] += seen;
        } else {
            *self.units.entry((send, unit, event.owner)).or_default() += seen;
        }
    }

    /// Whether a socket sends what it sent last, as the engine finds it where no two sockets share a context.
    fn repeats(&mut self, socket: u64, fingerprint: u64) -> bool {
        if self.fingerprints.len() >= SOCKETS && !self.fingerprints.contains_key(&socket) {
            self.fingerprints.clear();
        }
        self.fingerprints.insert(socket, fingerprint) == Some(fingerprint)
    }

    /// Ends the period and begins one at k = `shift`. `left_out` is what has been left out so far.
    pub fn begin(&mut self, shift: u32, left_out: LeftOut) {
        self.closed = self.summed(left_out);
        self.certain.clear();
        self.units.clear();
        self.before = left_out;
        self.shift = shift;
        self.periods += 1;
    }

    /// What there is to say, this period included.
    pub fn estimates(&self, left_out: LeftOut) -> Estimates {
        let Sums { all, owners } = self.summed(left_out);
        let owners = owners.into_iter();
        Estimates {
            shift: self.shift,
            periods: self.periods,
            pages: all[PAGES],
            sends: all[SENDS],
            send_bytes: all[SEND_BYTES],
            owners: owners.map(|(id, of)| (id, OwnerShares { pages: of[PAGES], sends: of[SENDS] })).collect(),
        }
    }

    fn summed(&self, left_out: LeftOut) -> Sums {
        let mut sums = self.closed.clone();
        for (owner, seen) in (0..).map(OwnerId).zip(&self.certain) {
            for (quantity, seen) in (0..QUANTITIES).map(|quantity| (quantity, &seen[usize::from(is_send(quantity))])) {
                if seen.events == 0 {
                    continue;
                }
                let exact = Estimate::exact(part(quantity, seen));
                sums.all[quantity].add(exact);
                sums.owners.entry(owner).or_default()[quantity].add(exact);
            }
        }
        let (now, before) = (left_out.quantities(), self.before.quantities());
        let kept = 0.5f64.powi(self.shift as i32);
        for quantity in 0..QUANTITIES {
            let unseen = now[quantity].saturating_sub(before[quantity]) as f64;
            let sample = self.units.iter().filter(|((send, ..), _)| *send == is_send(quantity));
            let mut whole: FxHashMap<u64, Seen> = FxHashMap::default();
            let mut by_owner: BTreeMap<OwnerId, Vec<Part>> = BTreeMap::new();
            for (&(_, unit, owner), seen) in sample {
                *whole.entry(unit).or_default() += *seen;
                by_owner.entry(owner).or_default().push(part(quantity, seen));
            }
            let whole: Vec<Part> = whole.values().map(|seen| part(quantity, seen)).collect();
            sums.all[quantity].add(Estimate::sampled(&whole, kept, unseen));
            for (owner, parts) in by_owner {
                let weight: f64 = parts.iter().map(|unit| unit.weight).sum();
                let left_out = weight / kept - weight;
                sums.owners.entry(owner).or_default()[quantity].add(Estimate::sampled(&parts, kept, left_out));
            }
        }
        sums
    }
}
