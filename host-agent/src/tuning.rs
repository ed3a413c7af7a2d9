//! What may change while a run is under way: its interval, its budget, and whether it collects at all.

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

/// By what a source can be switched off while a run is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Switch {
    /// By nothing.
    None,
    /// By `off`: a source that captures.
    Off,
    /// By `off` and by a budget of 0: a scan.
    #[default]
    OffOrBudget,
}

impl Switch {
    /// Whether a source with this switch obeys a setting.
    pub fn obeys(self, off: &Off) -> bool {
        match self {
            Switch::None => false,
            Switch::Off => off.setting == "off",
            Switch::OffOrBudget => true,
        }
    }
}

/// The settings of one run, shared by what changes them and what obeys them.
#[derive(Clone, Debug)]
pub struct Tuner {
    tuning: Arc<Mutex<Tuning>>,
    switch: Arc<Mutex<Switch>>,
}

impl Tuner {
    /// Begins with these settings.
    pub fn new(tuning: Tuning) -> Tuner {
        Tuner { tuning: Arc::new(Mutex::new(tuning)), switch: Arc::default() }
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

    /// By what the source of the run can be switched off.
    pub fn switch(&self) -> Switch {
        *self.switch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets by what the source can be switched off.
    pub fn set_switch(&self, switch: Switch) {
        *self.switch.lock().unwrap_or_else(PoisonError::into_inner) = switch;
    }
}
