//! How much of the loop's CPU goes to peers that have no session while a session has work.
//!
//! A turn of the loop serves sessions first. What is left is for accepting connections and for handshakes, each with a
//! share of its own. While sessions have work, both shares together are at most one part in ten of the loop's CPU: each earns
//! one part in nineteen of what the sessions use. Of the time that the loop sleeps, because no session has anything to do, each
//! earns an eighth: no session asked for that time, but its agent may need the processor in it.

use std::time::Duration;

/// Kinds of work for peers without a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Accepting connections, and closing those for which there is no place.
    Accept,
    /// TLS handshakes, and frames before the Welcome.
    Handshake,
}

impl Work {
    /// Every kind, in the order of their numbers, with its name in the metrics.
    pub const ALL: [(Work, &'static str); 2] = [(Work::Accept, "accepting"), (Work::Handshake, "handshakes")];
}

/// A session has work until this time after it was last served, in microseconds. On a busy machine an agent at full speed is
/// silent for some scheduler's periods; a loop that used that time would have used up its own when the agent comes back.
const HOLD: u64 = 100_000;
/// A share earns one unit for this many that the sessions use: both are then 2 of 21.
const EARN: u64 = 19;
/// A share earns one unit for this many that the loop sleeps: both together a quarter of it. With all of it a session at full
/// speed had 0.82 of its rate on two busy processors (*measured*, `cargo xtask net flood`), because its agent waited for them.
const EARN_ASLEEP: u64 = 8;
/// Sleep that is believed at a time, in microseconds: a process that is not scheduled cannot tell that from sleeping.
const SLEEP: u64 = 2_000;
/// CPU that a share saves up at most, in nanoseconds.
const SAVED: i64 = 2_000_000;
/// CPU of one kind of work in one turn, in nanoseconds, so that a session that gets work waits no longer than this and one
/// step.
const SLICE: i64 = 1_000_000;

/// What the loop's CPU went to since the start, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Sessions, in turns in which they had work.
    pub sessions: u64,
    /// Work for peers without a session, by [`Work`].
    pub others: [u64; 2],
    /// Of that, what was used while a session had work.
    pub others_beside: [u64; 2],
    /// Sleep that the shares have earned from.
    pub slept: u64,
}

/// The two shares. Times are microseconds of the loop's clock, CPU is in nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    busy_until: u64,
    saved: [i64; 2],
    used: Used,
}

impl Budget {
    /// Adds what the sessions used in a turn that had work for them.
    pub fn sessions_worked(&mut self, now: u64, cpu: u64) {
        self.busy_until = now + HOLD;
        self.used.sessions += cpu;
        self.earn(cpu / EARN);
    }

    /// Adds the time that the loop slept.
    pub fn slept(&mut self, time: Duration) {
        let believed = time.min(Duration::from_micros(SLEEP)).as_nanos() as u64;
        self.used.slept += believed;
        self.earn(believed / EARN_ASLEEP);
    }

    /// Returns what the loop's CPU went to.
    pub fn used(&self) -> Used {
        self.used
    }

    fn earn(&mut self, time: u64) {
        for saved in &mut self.saved {
            *saved = saved.saturating_add(time as i64).min(SAVED);
        }
    }

    /// Returns whether this kind of work may be done now.
    pub fn allows(&self, work: Work, now: u64) -> bool {
        self.limit(work, now) > 0
    }

    /// Returns when a kind of work that may not be done now may be done, if the loop sleeps until then.
    pub fn wake(&self, now: u64) -> Option<u64> {
        if now >= self.busy_until {
            return None;
        }
        let least = self.saved.into_iter().filter(|saved| *saved <= 0).min()?;
        let sleep = least.unsigned_abs().saturating_mul(EARN_ASLEEP) / 1_000 + 1;
        Some(self.busy_until.min(now + sleep.min(SLEEP)))
    }

    fn limit(&self, work: Work, now: u64) -> i64 {
        if now >= self.busy_until { SLICE } else { self.saved[work as usize].min(SLICE) }
    }

    /// Does steps of a kind of work until `step` returns false or the turn's part is used up. `cpu` reads the clock of the
    /// loop's CPU.
    pub fn run(&mut self, work: Work, now: u64, mut cpu: impl FnMut() -> u64, mut step: impl FnMut() -> bool) {
        let limit = self.limit(work, now);
        if limit <= 0 {
            return;
        }
        let start = cpu();
        let mut used = 0;
        let mut is_left = true;
        while is_left && used < limit {
            is_left = step();
            used = cpu().saturating_sub(start) as i64;
        }
        self.pay(work, now, used);
    }

    /// Does what must be done now, and takes it from the share.
    pub fn charge(&mut self, work: Work, now: u64, mut cpu: impl FnMut() -> u64, action: impl FnOnce()) {
        let start = cpu();
        action();
        self.pay(work, now, cpu().saturating_sub(start) as i64);
    }

    fn pay(&mut self, work: Work, now: u64, used: i64) {
        self.used.others[work as usize] += used.unsigned_abs();
        if now < self.busy_until {
            self.used.others_beside[work as usize] += used.unsigned_abs();
            self.saved[work as usize] -= used;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, HOLD, SLEEP, SLICE, Work};
    use std::cell::Cell;
    use std::time::Duration;

    /// A loop on a simulated clock: peers without a session always have work, in steps of `step` nanoseconds.
    struct Loop {
        budget: Budget,
        /// Nanoseconds.
        now: Cell<u64>,
        sessions: u64,
        others: [u64; 2],
        longest: u64,
    }

    impl Loop {
        fn new() -> Loop {
            Loop { budget: Budget::default(), now: Cell::new(1), sessions: 0, others: [0; 2], longest: 0 }
        }

        /// One turn in which the sessions use `sessions` nanoseconds.
        fn turn(&mut self, sessions: u64, step: u64) {
            self.now.set(self.now.get() + sessions);
            self.sessions += sessions;
            if sessions > 0 {
                self.budget.sessions_worked(self.now.get() / 1_000, sessions);
            }
            // As the loop does, which reads its clock once for both.
            let begun = self.now.get() / 1_000;
            for work in [Work::Handshake, Work::Accept] {
                let (now, start) = (&self.now, self.now.get());
                self.budget.run(
                    work,
                    begun,
                    || now.get(),
                    || {
                        now.set(now.get() + step);
                        true
                    },
                );
                let used = self.now.get() - start;
                self.others[work as usize] += used;
                self.longest = self.longest.max(used);
            }
        }

        fn sleep(&mut self, time: u64) {
            self.now.set(self.now.get() + time);
            self.budget.slept(Duration::from_nanos(time));
        }

        /// The share of one kind of work of the loop's CPU, in percent.
        fn share(&self, work: Work) -> f64 {
            let total = self.sessions + self.others.iter().sum::<u64>();
            self.others[work as usize] as f64 / total as f64 * 100.0
        }
    }

    #[test]
    fn other_work_uses_a_tenth_while_a_session_has_work() {
        for (session, step) in [(30_000, 150_000), (1_500_000, 150_000), (200_000, 3_000_000), (40_000, 5_000)] {
            let mut simulated = Loop::new();
            for _ in 0..20_000 {
                simulated.turn(session, step);
            }
            let shares = [Work::Accept, Work::Handshake].map(|work| simulated.share(work));
            let case = format!("{shares:?} % at {session} ns a turn and {step} ns a step");
            assert!(shares.iter().sum::<f64>() <= 10.0, "{case}");
            assert!(shares.iter().all(|share| *share >= 4.0), "starved: {case}");
            let used = simulated.budget.used();
            assert_eq!((used.sessions, used.others), (simulated.sessions, simulated.others));
            assert_eq!(used.others, used.others_beside, "a session had work all the time");
        }
    }

    #[test]
    fn without_sessions_handshakes_have_the_loop_in_slices() {
        let mut simulated = Loop::new();
        for _ in 0..1_000 {
            simulated.turn(0, 150_000);
        }
        assert!(simulated.share(Work::Handshake) >= 49.0 && simulated.share(Work::Accept) >= 49.0);
        assert!(simulated.longest < SLICE as u64 + 150_000, "a session that gets work waits {} ns", simulated.longest);
    }

    #[test]
    fn sessions_that_send_now_and_then_do_not_starve_handshakes() {
        // A turn of 20 us each millisecond, which is 2 % of the CPU: what is left is slept, or used by the others.
        let mut simulated = Loop::new();
        for _ in 0..10_000 {
            let start = simulated.now.get();
            simulated.turn(20_000, 150_000);
            let end = start + 1_000_000;
            simulated.sleep(end.saturating_sub(simulated.now.get()));
        }
        let time = simulated.now.get() as f64;
        for used in simulated.others {
            let share = used as f64 / time * 100.0;
            assert!((8.0..=11.0).contains(&share), "{share} %");
        }
        // No session waited for more than the end of a step.
        assert!(simulated.longest < SLICE as u64 + 150_000);
    }

    #[test]
    fn silent_sessions_leave_the_loop_to_handshakes() {
        let mut budget = Budget::default();
        budget.sessions_worked(1_000, 0);
        assert!(!budget.allows(Work::Handshake, 1_000 + HOLD - 1));
        assert!(budget.allows(Work::Handshake, 1_000 + HOLD));
        assert_eq!(budget.wake(1_000 + HOLD), None);
    }

    #[test]
    fn loop_that_sleeps_wakes_when_there_is_something_to_spend() {
        let mut budget = Budget::default();
        budget.sessions_worked(0, 19);
        budget.run(Work::Handshake, 0, clock(150_000), || false);
        let mut now = 0;
        while let Some(wake) = budget.wake(now) {
            assert!(wake > now && wake <= now + SLEEP, "{now} to {wake}");
            budget.slept(Duration::from_micros(wake - now));
            now = wake;
        }
        assert!(budget.allows(Work::Handshake, now) && now < HOLD);
        // 150 us were used, so eight times as much was slept.
        assert!((1_200..1_210).contains(&now), "{now}");
    }

    /// A clock that shows `step` nanoseconds more each time.
    fn clock(step: u64) -> impl FnMut() -> u64 {
        let mut now = 0;
        move || {
            now += step;
            now
        }
    }

    #[test]
    fn a_long_step_is_paid_back() {
        let mut simulated = Loop::new();
        simulated.turn(900_000, 50_000_000);
        // Each share has used 50 ms: nothing more until that is earned, one part in 19 of what the sessions use.
        assert_eq!(simulated.others, [50_000_000; 2]);
        for _ in 0..949 {
            simulated.turn(1_000_000, 10);
        }
        assert_eq!(simulated.others, [50_000_000; 2]);
        simulated.turn(1_000_000, 10);
        assert!(simulated.others[0] > 50_000_000 && simulated.others[1] > 50_000_000);
    }
}
