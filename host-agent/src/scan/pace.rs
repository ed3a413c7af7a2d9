//! What a scan may cost, and the pauses between families that keep it so.

use std::time::{Duration, Instant};

use crate::procfs::sys;

/// Most that repeated scans may cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Share of one core, 1.0 for all of it.
    pub core: f64,
    /// Bytes of contents that are compared in a second.
    pub bytes_per_second: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { core: 0.02, bytes_per_second: 1e9 }
    }
}

/// What a scan has cost this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Time of processors.
    pub cpu: Duration,
    /// Time that it has paused to keep within its budget.
    pub paused: Duration,
    /// Largest memory of this process so far, bytes; `None` where `/proc` does not show it.
    pub peak_memory: Option<u64>,
}

/// When the next piece of work may begin. Time that was not used is not saved up: after a pause there is no burst.
#[derive(Debug)]
pub(crate) struct Pace {
    next: Option<Instant>,
    /// Time of processors of the whole process that is charged.
    charged: Duration,
}

impl Pace {
    /// Begins for a process that has used `cpu` of processors so far, which is not charged.
    pub(crate) fn new(cpu: Duration) -> Self {
        Self { next: None, charged: cpu }
    }

    /// Forgets what is owed.
    pub(crate) fn forgive(&mut self) {
        self.next = None;
    }

    /// Charges a piece of work that began at `begun`, and returns how long to pause after it. `cpu` is what the process has used
    /// so far: what it used since the last piece, to end a round for example, is charged with this one.
    pub(crate) fn charge(
        &mut self,
        budget: &Budget,
        begun: Instant,
        now: Instant,
        cpu: Duration,
        bytes: u64,
    ) -> Duration {
        let cpu = cpu.saturating_sub(std::mem::replace(&mut self.charged, cpu));
        let share = |amount: f64, rate: f64| if rate > 0.0 { amount / rate } else { 0.0 };
        let seconds = share(cpu.as_secs_f64(), budget.core).max(share(bytes as f64, budget.bytes_per_second));
        let earned = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let from = self.next.map_or(begun, |next| next.max(begun));
        let next = from.checked_add(earned).unwrap_or(from);
        self.next = Some(next);
        next.saturating_duration_since(now)
    }
}

/// Measures a piece of work of this process.
#[derive(Debug)]
pub(crate) struct Meter {
    begun: Instant,
    cpu: Duration,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self { begun: Instant::now(), cpu: sys::cpu_time() }
    }

    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// Time of processors since the start.
    pub(crate) fn cpu(&self) -> Duration {
        sys::cpu_time().saturating_sub(self.cpu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_followed_by_as_much_rest_as_the_budget_asks_for() {
        let (budget, begun) = (Budget { core: 0.02, bytes_per_second: 1e9 }, Instant::now());
        let (ms, mut pace) = (Duration::from_millis, Pace::new(Duration::from_millis(5)));
        // 10 ms of a core are 500 ms at 2 %.
        assert_eq!(pace.charge(&budget, begun, begun + ms(10), ms(15), 0), ms(490));
        // What was not rested is owed.
        assert_eq!(pace.charge(&budget, begun + ms(10), begun + ms(20), ms(25), 0), ms(980));
        // After a long pause there is no credit.
        let later = begun + ms(60_000);
        assert_eq!(pace.charge(&budget, later, later + ms(10), ms(35), 0), ms(490));
        // 2 GB are two seconds at 1 GB/s.
        let later = begun + ms(120_000);
        assert_eq!(pace.charge(&budget, later, later + ms(500), ms(36), 2_000_000_000), ms(1_500));
    }

    #[test]
    fn work_between_two_pieces_is_charged_with_the_next() {
        let (budget, begun) = (Budget { core: 0.02, bytes_per_second: 1e9 }, Instant::now());
        let (ms, mut pace) = (Duration::from_millis, Pace::new(Duration::ZERO));
        pace.charge(&budget, begun, begun + ms(10), ms(10), 0);
        // 4 ms before the second piece and 10 ms in it are 700 ms at 2 %.
        let later = begun + ms(60_000);
        assert_eq!(pace.charge(&budget, later, later + ms(10), ms(24), 0), ms(690));
    }
}
