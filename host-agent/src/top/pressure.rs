//! Pressure stall information (`Documentation/accounting/psi.rst`).

use std::path::PathBuf;

use crate::procfs::ProcFs;

/// Where the pressure of memory is read, of the machine and of control groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Pressure {
    /// Where the version 2 hierarchy is mounted.
    groups: Option<PathBuf>,
}

impl Pressure {
    /// Looks for the hierarchy of this machine.
    pub fn of_this_machine() -> Pressure {
        let mounts = ProcFs::default().cgroup_mounts().unwrap_or_default();
        let whole = mounts.into_iter().find(|mount| mount.root == "/");
        Pressure { groups: whole.map(|mount| mount.point.into()) }
    }

    /// Percent of the last ten seconds in which a task of the machine waited for memory.
    pub fn of_machine(&self) -> Option<f64> {
        some(&std::fs::read_to_string("/proc/pressure/memory").ok()?)
    }

    /// The same of one control group.
    pub fn of(&self, path: &str) -> Option<f64> {
        let folder = self.groups.as_ref()?.join(path.trim_start_matches('/'));
        some(&std::fs::read_to_string(folder.join("memory.pressure")).ok()?)
    }
}

/// `avg10` of the line `some`.
fn some(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let value: f64 = line.split(' ').find_map(|word| word.strip_prefix("avg10="))?.parse().ok()?;
    (0.0..=100.0).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::some;

    #[test]
    fn pressure_is_that_of_some_tasks_in_ten_seconds() {
        let text =
            "some avg10=1.53 avg60=0.87 avg300=0.20 total=1000\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=9\n";
        assert_eq!(some(text), Some(1.53));
        assert_eq!(some("full avg10=0.50 avg60=0.00"), None);
        assert_eq!(some("some avg10=nan avg60=0.00"), None);
    }
}
