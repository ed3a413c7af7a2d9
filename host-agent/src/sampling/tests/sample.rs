use std::collections::BTreeMap;

use deltascope_abi::random::Random;
use deltascope_abi::record::Class;

use super::hash;
use crate::event::{Event, OwnerId, What};
use crate::sampling::{Estimate, LeftOut, Sample, Seen, is_kept};

fn page(owner: u32, redundant: bool) -> Event {
    let what = What::Page { class: Class::PageAfterT, before: 1, after: u32::from(!redundant) + 1 };
    Event { owner: OwnerId(owner), length: 4096, what }
}

fn send(owner: u32, socket: u64, fingerprint: u64, length: u32) -> Event {
    Event { owner: OwnerId(owner), length, what: What::Send { socket, fingerprint } }
}

/// A machine whose events a module keeps or leaves out.
struct Machine {
    seed: u64,
    shift: u32,
    sample: Sample,
    left_out: LeftOut,
    /// By owner, pages and then sends.
    reference: BTreeMap<u32, [Seen; 2]>,
}

impl Machine {
    fn new(seed: u64) -> Machine {
        let sample = Sample::new(0, LeftOut::default());
        Machine { seed, shift: 0, sample, left_out: LeftOut::default(), reference: BTreeMap::new() }
    }

    fn set(&mut self, shift: u32) {
        self.shift = shift;
        self.sample.begin(shift, self.left_out);
    }

    fn event(&mut self, number: u64, event: Event, redundant: bool) {
        let unit = hash(self.seed, number);
        let length = u64::from(event.length);
        let sends = matches!(event.what, What::Send { .. });
        let times = u64::from(redundant);
        self.reference.entry(event.owner.0).or_default()[usize::from(sends)] +=
            Seen { events: 1, bytes: length, redundant_events: times, redundant_bytes: times * length };
        if is_kept(unit, self.shift) {
            self.sample.take(unit, &event);
        } else if sends {
            self.left_out.sends += 1;
            self.left_out.send_bytes += length;
        } else {
            self.left_out.pages += 1;
        }
    }

    fn pages(&mut self, random: &mut Random, units: u64) {
        for unit in 0..units {
            let owner = (unit % 3) as u32;
            // Each owner has a share of its own: 0.2, 0.4, 0.6.
            for _ in 0..1 + random.next() % 12 {
                let redundant = random.unit() < 0.2 * f64::from(owner + 1);
                self.event(unit, page(owner, redundant), redundant);
            }
        }
    }

    fn sends(&mut self, random: &mut Random, sockets: u64) {
        let mut last = vec![0; sockets as usize];
        for _ in 0..10 {
            for (socket, last) in (0u64..).zip(&mut last) {
                // Half of the sends repeat the one before.
                let fingerprint = if *last != 0 && random.unit() < 0.5 { *last } else { random.next() | 1 };
                let length = 100 + (socket % 7) as u32 * 100;
                self.event(1 << 40 | socket, send(7, socket, fingerprint, length), *last == fingerprint);
                *last = fingerprint;
            }
        }
    }

    fn all(&self, sends: usize) -> Seen {
        let mut sum = Seen::default();
        self.reference.values().for_each(|seen| sum += seen[sends]);
        sum
    }
}

fn holds(found: &Estimate, reference: u64) -> bool {
    found.half_width().is_some_and(|half| (found.redundant - reference as f64).abs() <= half)
}

#[test]
fn without_sampling_everything_is_exact() {
    let mut machine = Machine::new(1);
    machine.pages(&mut Random::new(1), 500);
    machine.sends(&mut Random::new(2), 50);
    let found = machine.sample.estimates(machine.left_out);
    for (estimate, seen) in [(found.pages, machine.all(0)), (found.sends, machine.all(1))] {
        assert_eq!((estimate.total, estimate.redundant), (seen.events as f64, seen.redundant_events as f64));
        assert_eq!((estimate.left_out, estimate.half_width()), (0.0, Some(0.0)));
    }
    assert_eq!(found.send_bytes.redundant, machine.all(1).redundant_bytes as f64);
    assert_eq!(found.owners[&OwnerId(7)].sends.redundant, machine.reference[&7][1].redundant_events as f64);
}

#[test]
fn totals_stay_exact_and_intervals_hold_over_periods_of_different_p() {
    let draws = 200;
    let (mut held, mut owner_held) = ([0; 3], 0);
    for seed in 0..draws {
        let mut machine = Machine::new(seed);
        let mut random = Random::new(99);
        for shift in [0, 1, 3, 2, 0] {
            machine.set(shift);
            machine.pages(&mut random, 600);
            machine.sends(&mut random, 400);
        }
        let found = machine.sample.estimates(machine.left_out);
        let (pages, sends) = (machine.all(0), machine.all(1));
        assert_eq!((found.periods, found.shift), (6, 0));
        let totals = [found.pages.total, found.sends.total, found.send_bytes.total];
        assert_eq!(totals, [pages.events, sends.events, sends.bytes].map(|total| total as f64));
        assert_eq!(found.pages.left_out, machine.left_out.pages as f64);
        held[0] += u32::from(holds(&found.pages, pages.redundant_events));
        held[1] += u32::from(holds(&found.sends, sends.redundant_events));
        held[2] += u32::from(holds(&found.send_bytes, sends.redundant_bytes));
        let (share, half) = found.owners[&OwnerId(1)].pages.share().expect("events");
        let reference = machine.reference[&1][0];
        let reference = reference.redundant_events as f64 / reference.events as f64;
        owner_held += u32::from((share - reference).abs() <= half.expect("a bound"));
    }
    // Half-widths are added, so the intervals hold more often than they must.
    for held in held.into_iter().chain([owner_held]) {
        assert!(f64::from(held) >= 0.95 * draws as f64, "{held} of {draws} intervals hold the reference");
    }
}

#[test]
fn sample_without_a_bound_reports_it_until_it_weighs_little() {
    let mut machine = Machine::new(3);
    machine.set(1);
    for unit in 0..12 {
        machine.event(unit, page(0, unit % 2 == 0), unit % 2 == 0);
    }
    let found = machine.sample.estimates(machine.left_out);
    assert!(found.pages.left_out > 0.0 && found.pages.half_width().is_none(), "{found:?}");
    assert!(found.pages.share().is_some_and(|(_, half)| half.is_none()));
    machine.set(2);
    machine.pages(&mut Random::new(5), 600);
    let found = machine.sample.estimates(machine.left_out);
    assert!(holds(&found.pages, machine.all(0).redundant_events), "{found:?}");
}

#[test]
fn what_was_captured_before_stands_for_itself_alone() {
    let mut sample = Sample::new(4, LeftOut::default());
    let left_out = u64::MAX;
    for _ in 0..5 {
        sample.take(left_out, &page(0, true));
    }
    let found = sample.estimates(LeftOut::default()).pages;
    assert_eq!((found.total, found.redundant, found.half_width()), (5.0, 5.0, Some(0.0)));
    // Left out and nothing kept: anything is possible.
    let found = sample.estimates(LeftOut { pages: 100, ..LeftOut::default() }).pages;
    assert_eq!((found.total, found.half_width()), (105.0, None));
}

#[test]
fn an_unjudged_page_is_not_redundant_and_a_first_send_neither() {
    let mut sample = Sample::new(0, LeftOut::default());
    let what = What::Page { class: Class::PageUnjudged, before: 0, after: 0 };
    sample.take(0, &Event { owner: OwnerId(0), length: 4096, what });
    for (socket, fingerprint) in [(1, 5), (1, 5), (2, 5), (1, 6), (1, 5)] {
        sample.take(0, &send(0, socket, fingerprint, 10));
    }
    let found = sample.estimates(LeftOut::default());
    assert_eq!((found.pages.redundant, found.sends.redundant, found.send_bytes.redundant), (0.0, 1.0, 10.0));
}

#[test]
fn a_full_table_asks_for_another_period_and_loses_nothing() {
    let mut machine = Machine::new(9);
    machine.set(1);
    let mut unit = 0;
    while !machine.sample.is_full() {
        machine.event(unit, page(0, unit % 4 == 0), unit % 4 == 0);
        unit += 1;
    }
    machine.set(1);
    assert!(!machine.sample.is_full());
    let found = machine.sample.estimates(machine.left_out).pages;
    assert_eq!(found.total, unit as f64);
    assert!(holds(&found, unit.div_ceil(4)), "{found:?}");
}
