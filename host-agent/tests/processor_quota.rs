//! An agent that gets 2 % of a processor keeps its session.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use support::AGENT;
use support::board::Board;
use support::run::Run;

/// Microseconds of a processor in each period, and the period.
const QUOTA: u64 = 2_000;
const PERIOD: u64 = 100_000;
/// How long it is watched. A server that owes an answer is given up after 2 s.
const TIME: Duration = Duration::from_secs(12);

/// A control group of the kernel's with a quota.
struct Group(PathBuf);

impl Group {
    /// Makes one in version 1 or 2 of the hierarchy; `None` where there is no controller for us.
    fn new() -> Option<Group> {
        let name = format!("deltascope-test-{}", std::process::id());
        for (hierarchy, file, text) in [
            ("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", QUOTA.to_string()),
            ("/sys/fs/cgroup", "cpu.max", format!("{QUOTA} {PERIOD}")),
        ] {
            let group = Group(Path::new(hierarchy).join(&name));
            if Path::new(hierarchy).join("cgroup.procs").exists()
                && fs::create_dir(&group.0).is_ok()
                && fs::write(group.0.join(file), text).is_ok()
            {
                return Some(group);
            }
        }
        None
    }

    /// How often the kernel has held its processes back.
    fn throttled(&self) -> u64 {
        let text = fs::read_to_string(self.0.join("cpu.stat")).expect("its counters");
        let count = text.lines().find_map(|line| line.strip_prefix("nr_throttled ")?.parse().ok());
        count.expect("the number of periods with less than was wanted")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A group that could not be made is none.
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn agent_with_two_percent_of_a_processor_keeps_its_session() {
    let Some(group) = Group::new() else {
        println!("no control group with a quota for processors can be made here");
        return;
    };
    let board = Board::start("127.0.0.1:0", &[]);
    let mut command = Command::new("sh");
    command.args(["-c", "echo $$ >\"$1\" && shift && exec \"$@\"", "sh"]).arg(group.0.join("cgroup.procs")).arg(AGENT);
    command.args(["run", "--json-lines", "--source", "synth", "--events", "0", "--interval", "0.5", "--timeout", "2"]);
    command.args(["--connect", &board.address.to_string()]);
    let mut run = Run::of(command);
    let (begun, mut counts) = (Instant::now(), Vec::new());
    while begun.elapsed() < TIME || counts.len() < 2 {
        let report = run.line();
        assert_eq!(report["conserved"], true, "{report}");
        counts.push(report["counted"].as_u64().expect("a count"));
    }
    assert!(counts.last() > counts.first(), "nothing was counted: {counts:?}");
    assert!(group.throttled() > 20, "the quota holds it back");
    let errors = run.errors.waiting();
    assert!(!errors.iter().any(|line| line.contains("trying again") || line.contains("resumed")), "{errors:?}");
    run.signal("TERM");
    assert_eq!(run.last_line()["conserved"], true);
}
