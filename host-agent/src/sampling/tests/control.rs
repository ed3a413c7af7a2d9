//! The control against a ring that fills with what it keeps and empties as fast as its reader can.

use std::time::Duration;

use crate::sampling::{Control, Look, MAX_SHIFT};

const RING: f64 = 8_192.0;
const TICK: Duration = Duration::from_millis(20);

/// A reader that takes `speed` records in a tick.
struct PlantedFault {
    control: Control,
    now: Duration,
    held: f64,
    lost: u64,
    left_out: f64,
    changes: Vec<(Duration, u32)>,
}

impl PlantedFault {
    fn new() -> PlantedFault {
        let control = Control::new(0);
        PlantedFault { control, now: Duration::ZERO, held: 0.0, lost: 0, left_out: 0.0, changes: Vec::new() }
    }

    /// `events` come in every tick, for `seconds`.
    fn run(&mut self, seconds: u64, events: f64, speed: f64) {
        for _ in 0..seconds * 50 {
            let kept = events * 0.5f64.powi(self.control.shift() as i32);
            self.left_out += events - kept;
            let room = RING - self.held;
            self.lost += (kept - room).max(0.0) as u64;
            self.held += kept.min(room);
            let look = Look { now: self.now, fill: self.held / RING, lost: self.lost };
            if let Some(shift) = self.control.look(look) {
                self.changes.push((self.now, shift));
            }
            self.held -= self.held.min(speed);
            self.now += TICK;
        }
    }
}

#[test]
fn a_reader_that_keeps_up_leaves_nothing_out() {
    let mut planted_fault = PlantedFault::new();
    planted_fault.run(600, 4_000.0, 4_000.0);
    assert_eq!((planted_fault.changes.len(), planted_fault.lost, planted_fault.left_out), (0, 0, 0.0));
}

#[test]
fn a_slow_reader_is_helped_within_a_second_and_hardly_anything_is_lost_after_it() {
    for excess in [3.0, 20.0, 1_000.0] {
        let mut planted_fault = PlantedFault::new();
        planted_fault.run(2, 100.0 * excess, 100.0);
        let needed = f64::log2(excess).ceil() as u32;
        let first = planted_fault.lost;
        planted_fault.run(120, 100.0 * excess, 100.0);
        let shifts: Vec<u32> = planted_fault.changes.iter().map(|&(_, shift)| shift).collect();
        assert!(shifts.contains(&needed), "{excess}: {shifts:?}");
        let (lost, all) = ((planted_fault.lost - first) as f64, 120.0 * 50.0 * 100.0 * excess);
        assert!(lost < 0.01 * all, "{excess}: lost {lost} of {all} after the first two seconds");
        // It looks now and then whether more would do, and more rarely each time.
        assert!(shifts.len() < 40, "{excess}: {} changes", shifts.len());
    }
}

#[test]
fn when_the_load_is_gone_everything_is_kept_again() {
    let mut planted_fault = PlantedFault::new();
    planted_fault.run(5, 10_000.0, 100.0);
    let highest = planted_fault.control.shift();
    assert!(highest >= 6, "{highest}");
    let lost = planted_fault.lost;
    planted_fault.run(300, 10.0, 100.0);
    assert_eq!((planted_fault.control.shift(), planted_fault.lost), (0, lost));
    let down = planted_fault.changes.windows(2).filter(|pair| pair[1].1 < pair[0].1);
    assert!(down.clone().all(|pair| pair[1].1 + 1 == pair[0].1), "one step at a time");
    assert!(down.clone().all(|pair| pair[1].0 - pair[0].0 >= Duration::from_secs(2)), "and slowly");
}

#[test]
fn it_never_goes_beyond_its_bounds() {
    let mut planted_fault = PlantedFault::new();
    planted_fault.run(60, 1e12, 1.0);
    assert_eq!(planted_fault.control.shift(), MAX_SHIFT);
}

#[test]
fn losses_count_even_when_the_ring_looks_empty() {
    let mut control = Control::new(0);
    let look = |millis, lost| Look { now: Duration::from_millis(millis), fill: 0.0, lost };
    assert_eq!(control.look(look(0, 50)), None, "lost before the first look");
    assert_eq!(control.look(look(20, 51)), Some(1));
    assert_eq!(control.look(look(40, 52)), None, "the change has not shown yet");
    assert_eq!(control.look(look(140, 53)), Some(2));
    control.set(0);
    assert_eq!(control.look(look(300, 54)), Some(1), "somebody else had set it back");
}
