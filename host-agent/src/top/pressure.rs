//! Pressure on the memory of the machine and of containers (`Documentation/accounting/psi.rst`).

use std::collections::HashMap;
use std::time::Duration;

use super::key::Key;
use crate::procfs::pressure::Resource;
use crate::report::Line;
use crate::report::round::Round;

/// How long tasks of each container have waited for memory, at one round.
#[derive(Clone, Debug, Default)]
pub(super) struct Stalled(HashMap<Key, Duration>);

impl Stalled {
    /// What a round states of it.
    pub fn at(round: &Round) -> Stalled {
        let lines = round.report.lines.iter();
        Stalled(lines.filter_map(|line| Some((Key(line.key.clone()), of(line)?))).collect())
    }

    /// Percent of the time since this round in which a task of the container has waited; `None` where one of the two rounds
    /// does not say it.
    pub fn percent_until(&self, line: &Line, since: Duration) -> Option<f64> {
        let before = *self.0.get(&Key(line.key.clone()))?;
        let waited = of(line)?.saturating_sub(before);
        let share = if since.is_zero() { 0.0 } else { waited.as_secs_f64() / since.as_secs_f64() };
        Some(share.min(1.0) * 100.0)
    }
}

fn of(line: &Line) -> Option<Duration> {
    Some(line.pressure?.of(Resource::Memory)?.some)
}

/// Percent of the last ten seconds in which a task of the machine waited for memory.
pub(super) fn of_machine() -> Option<f64> {
    average(&std::fs::read_to_string("/proc/pressure/memory").ok()?)
}

/// `avg10` of the line `some`.
fn average(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let value: f64 = line.split(' ').find_map(|word| word.strip_prefix("avg10="))?.parse().ok()?;
    (0.0..=100.0).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::average;

    #[test]
    fn pressure_is_that_of_some_tasks_in_ten_seconds() {
        let text =
            "some avg10=1.53 avg60=0.87 avg300=0.20 total=1000\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=9\n";
        assert_eq!(average(text), Some(1.53));
        assert_eq!(average("full avg10=0.50 avg60=0.00"), None);
        assert_eq!(average("some avg10=nan avg60=0.00"), None);
    }
}
