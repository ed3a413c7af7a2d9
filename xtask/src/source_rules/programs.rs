//! No test or command starts a program of a package that set-up does not install: a small system may lack it.

use super::rust_files;
use std::fs;

/// Programs of procps and psmisc, which a Debian made by debootstrap does not have. The shell has `kill` in itself.
const NOT_INSTALLED: &[&str] =
    &["free", "fuser", "kill", "killall", "pgrep", "pkill", "ps", "pstree", "sysctl", "watch"];
/// What comes before the name of a program.
const BEFORE: &str = "Command::new(\"";

/// Returns the programs that a source names where it starts one.
fn started(text: &str) -> impl Iterator<Item = &str> {
    text.split(BEFORE).skip(1).filter_map(|rest| rest.split('"').next())
}

#[test]
fn programs_are_found_in_a_source() {
    let text = format!("assert!(std::process::{BEFORE}kill\").status()); {BEFORE}sh\")");
    assert_eq!(started(&text).collect::<Vec<_>>(), ["kill", "sh"]);
}

#[test]
fn every_program_that_is_started_is_installed_by_set_up() {
    for path in rust_files() {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let missing: Vec<&str> = started(&text).filter(|name| NOT_INSTALLED.contains(name)).collect();
        assert!(missing.is_empty(), "{}: {missing:?} may not be there; use the shell or a system call", path.display());
    }
}
