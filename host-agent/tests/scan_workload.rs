//! The workload whose result is known, scanned: by the user who runs the test, and, when that is root,
//! once more by a user without any privilege.
//!
//! This test has a `main` of its own: the workload runs the binary that it is in once more.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitCode};

use clap::Parser;
use deltascope_testkit::programs::copy_program;

#[path = "scan_workload/cases.rs"]
mod cases;

/// Options of cargo's own test harness that mean nothing here are ignored.
#[derive(clap::Parser)]
#[command(ignore_errors = true)]
struct Arguments {
    /// This is the copy that runs without privileges
    #[arg(long)]
    unprivileged: bool,
    /// Hold the workload until killed
    #[arg(long)]
    hold: bool,
    /// Only list the cases
    #[arg(long)]
    list: bool,
    /// Run only the cases with this in their names
    filter: Option<String>,
}

/// `nobody`.
const NOBODY: u32 = 65_534;

fn main() -> ExitCode {
    if let Some(code) = deltascope_agent::workload::child_entry() {
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    let Arguments { unprivileged, hold, list, filter } = Arguments::parse();
    if hold {
        cases::hold();
    }
    if list {
        for (name, _) in cases::CASES {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    let filter = filter.as_deref();
    let label = if unprivileged { " (unprivileged)" } else { "" };
    let (mut passed, mut failed) = (0, 0);
    for (name, case) in cases::CASES {
        if filter.is_some_and(|filter| !name.contains(filter)) {
            continue;
        }
        let outcome = catch_unwind(AssertUnwindSafe(case));
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        println!("test {name}{label} ... {word}");
        match outcome {
            Ok(()) => passed += 1,
            Err(_) => failed += 1,
        }
    }
    if !unprivileged && cases::is_root() && !as_nobody(filter) {
        failed += 1;
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {word}. {passed} passed; {failed} failed{label}");
    ExitCode::from(u8::from(failed > 0))
}

/// Runs all cases once more as a user without privileges, from a copy of this binary that such
/// a user can reach.
fn as_nobody(filter: Option<&str>) -> bool {
    let folder = tempfile::tempdir().expect("a folder for the copy");
    let copy = folder.path().join("scan_workload");
    copy_program(&std::env::current_exe().expect("this binary"), &copy);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), mode).expect("permissions of the folder");
    Command::new(&copy)
        .arg("--unprivileged")
        .args(filter)
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .status()
        .expect("the copy runs")
        .success()
}
