//! A start waits for its clock, and a service that starts too early comes up without help.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_tls::certificate::now;
use deltascope_tls::{Authority, Role, Validity};
use std::path::Path;
use std::process::Command;
use support::{Daemon, command};
use tempfile::TempDir;

/// Keys that are valid in N seconds: for a clock that is behind by as much.
fn keys(folder: &Path, seconds: i64) -> [String; 4] {
    let validity = Validity { from: now() + seconds, until: now() + 1_000_000 };
    let authority = Authority::create(folder, Validity::days(20)).unwrap();
    let own = authority.issue(Role::Server, "localhost", &[], validity).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    ["--tls".to_owned(), text(&own), "--authority".to_owned(), text(&authority.certificate())]
}

#[test]
fn clock_that_is_behind_is_waited_for() {
    let folder = TempDir::new().unwrap();
    let keys = keys(folder.path(), 3);
    let arguments: Vec<&str> = keys.iter().map(String::as_str).collect();
    // It listens when the certificate is valid.
    let mut daemon = Daemon::start(&arguments);
    daemon.signal(libc::SIGTERM);
    assert!(daemon.child.wait().unwrap().success());
    let log = std::io::read_to_string(daemon.stderr.take().unwrap()).unwrap();
    assert!(log.contains("that is valid in") && log.contains("waiting"), "{log}");
}

#[test]
fn clock_not_set_in_time_is_an_error() {
    let folder = TempDir::new().unwrap();
    let keys = keys(folder.path(), 100_000);
    let mut daemon = command(&["--listen", "127.0.0.1:0", "--start-wait", "1"]);
    let output = daemon.args(&keys).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("set the clock"), "{text}");
    let output = command(&["--listen", "192.0.2.77:5770", "--insecure", "--start-wait", "1"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("--listen 192.0.2.77:5770: expected an address"), "{text}");
}

/// A name without an address yet, in a mount namespace where /etc/hosts is a file of the test.
#[test]
fn address_that_is_not_there_yet_is_waited_for() {
    let folder = TempDir::new().unwrap();
    let hosts = folder.path().join("hosts");
    std::fs::write(&hosts, "192.0.2.77 board\n").unwrap();
    let program = env!("CARGO_BIN_EXE_deltascope-boardd");
    let mut daemon = Command::new("unshare");
    daemon.args(["--map-root-user", "--mount", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\""]);
    daemon.arg(&hosts).arg(program).args(["--listen", "board:0", "--insecure"]);
    let mut child = daemon.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut warned = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("waiting") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut warned, &mut line).unwrap() > 0, "it ended");
    }
    std::fs::write(&hosts, "127.0.0.1 board\n").unwrap();
    let mut first = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut first).unwrap();
    assert!(first.starts_with("listening on 127.0.0.1:"), "{first}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Whether systemd refuses a start when one begins every `gap` seconds for a day: more than `burst` within `interval` are too
/// many, and an interval of 0 is no limit (systemd.unit(5)).
fn is_refused(interval: u64, burst: usize, gap: u64) -> bool {
    let starts: Vec<u64> = (0..86_400).step_by(gap as usize).collect();
    interval > 0 && starts.windows(burst + 1).any(|starts| starts[burst] - starts[0] < interval)
}

#[test]
fn unit_never_gives_up() {
    let unit = include_str!("../../../boards/zynq7020/deltascope-boardd.service");
    let number = |name: &str| -> u64 {
        let mut values = unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        values.next().unwrap_or_else(|| panic!("expected {name} in the unit")).parse().unwrap()
    };
    assert!(unit.contains("\nRestart=on-failure\n"));
    let again = number("RestartSec");
    // A start that fails at once, and one that fails after it has waited.
    for gap in [again, again + 60] {
        assert!(!is_refused(number("StartLimitIntervalSec"), 5, gap), "{gap} s from start to start");
    }
    // systemd's own limit ends a service that begins each second.
    assert!(is_refused(10, 5, 1));
    // A start may wait for as long as the program does by default, and a stop for as long as a signal takes.
    let help = String::from_utf8(command(&["--help"]).output().unwrap().stdout).unwrap();
    let default = help.split("--start-wait").nth(1).and_then(|rest| rest.split("[default: ").nth(1));
    let wait: u64 = default.and_then(|rest| rest.split(']').next()).unwrap().parse().unwrap();
    assert!(number("TimeoutStartSec") > wait && number("TimeoutStopSec") > 2, "{wait} s");
}
