//! Families that reports and real programs have shown to be difficult, as real processes of known contents, and the
//! scan of them under the privileges that operators give it.
//!
//! This test has a `main` of its own: families, and scans with other privileges, are copies of this program.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

#[path = "scan_cases/command_line.rs"]
mod command_line;
#[path = "scan_cases/coverage.rs"]
mod coverage;
#[path = "scan_cases/family.rs"]
mod family;
#[path = "scan_cases/hung.rs"]
mod hung;
#[path = "scan_cases/kinship.rs"]
mod kinship;
#[path = "scan_cases/look.rs"]
mod look;
#[path = "scan_cases/lower_bound.rs"]
mod lower_bound;
#[path = "scan_cases/member.rs"]
mod member;
#[path = "scan_cases/member_kinship.rs"]
mod member_kinship;
#[path = "scan_cases/member_memory.rs"]
mod member_memory;
#[path = "scan_cases/member_moving.rs"]
mod member_moving;
#[path = "scan_cases/member_origins.rs"]
mod member_origins;
#[path = "scan_cases/member_process.rs"]
mod member_process;
#[path = "scan_cases/moving.rs"]
mod moving;
#[path = "scan_cases/origin_reference.rs"]
mod origin_reference;
#[path = "scan_cases/origins.rs"]
mod origins;
#[path = "scan_cases/privileges.rs"]
mod privileges;
#[path = "scan_cases/process.rs"]
mod process;
#[path = "scan_cases/region.rs"]
mod region;
#[path = "scan_cases/stall.rs"]
mod stall;
mod support;
#[path = "scan_cases/swap.rs"]
mod swap;

/// A test with its name.
type Test = (&'static str, fn());

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(family::MEMBER) => member::run(&arguments[1..]),
        Some(look::LOOK) => return look::run(&arguments[1..]),
        _ => {}
    }
    let tests: Vec<Test> = [
        coverage::TESTS,
        moving::TESTS,
        kinship::TESTS,
        origins::TESTS,
        lower_bound::TESTS,
        privileges::TESTS,
        command_line::TESTS,
        swap::TESTS,
        hung::TESTS,
        stall::TESTS,
    ]
    .concat();
    if arguments.iter().any(|argument| argument == "--list") {
        tests.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    if !look::is_root() {
        println!("test result: ok. 0 passed; 0 failed; {} ignored (they need root)", tests.len());
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    let (mut passed, mut failed) = (0, 0);
    for (name, test) in tests.into_iter().filter(|(name, _)| wanted(name)) {
        let outcome = catch_unwind(AssertUnwindSafe(test));
        println!("test {name} ... {}", if outcome.is_ok() { "ok" } else { "FAILED" });
        match outcome {
            Ok(()) => passed += 1,
            Err(_) => failed += 1,
        }
    }
    family::remove_program();
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {word}. {passed} passed; {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}
