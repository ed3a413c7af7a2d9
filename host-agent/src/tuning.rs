//! What may change while a run is under way: its interval, its budget, and whether it collects at all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::scan::Budget;

/// Settings that count from the moment at which they are set.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// Time from one round to the next.
    pub interval: Duration,
    /// Time without an event after which a container leaves the output.
    pub silence: Duration,
    /// The most that rounds of a scan may cost.
    pub budget: Budget,
    /// Why nothing is collected, if that was asked for.
    pub off: Option<Off>,
}

impl Tuning {
    /// Settings of a single round without a limit.
    pub fn once() -> Tuning {
        let budget = Budget { core: f64::INFINITY, bytes_per_second: f64::INFINITY };
        Tuning { interval: Duration::ZERO, silence: Duration::MAX, budget, off: None }
    }
}

/// Why a source is switched off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Off {
    /// The setting that did it, as metrics name it.
    pub setting: &'static str,
    /// The same for people, with where it was set.
    pub reason: String,
}

/// The settings of one run, shared by what changes them and what obeys them.
#[derive(Clone, Debug)]
pub struct Tuner {
    tuning: Arc<Mutex<Tuning>>,
    can_switch: Arc<AtomicBool>,
}

impl Tuner {
    /// Begins with these settings.
    pub fn new(tuning: Tuning) -> Tuner {
        Tuner { tuning: Arc::new(Mutex::new(tuning)), can_switch: Arc::new(AtomicBool::new(true)) }
    }

    /// Returns the settings as they are now.
    pub fn get(&self) -> Tuning {
        self.tuning.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the settings.
    pub fn set(&self, tuning: Tuning) {
        *self.tuning.lock().unwrap_or_else(PoisonError::into_inner) = tuning;
    }

    /// Whether nothing is to be collected.
    pub fn is_off(&self) -> bool {
        self.tuning.lock().unwrap_or_else(PoisonError::into_inner).off.is_some()
    }

    /// Whether the source of the run can be switched off: one whose rounds are states.
    pub fn can_switch(&self) -> bool {
        self.can_switch.load(Ordering::Relaxed)
    }

    /// Sets whether the source can be switched off.
    pub fn set_can_switch(&self, can: bool) {
        self.can_switch.store(can, Ordering::Relaxed);
    }
}
