//! What the processes of a family do. Each kind prints where its region is and who is in the family, then waits until
//! its standard input closes, so that no member outlives the test.

use super::process::{Ready, rest};
use super::{member_kinship, member_memory, member_moving, member_origins, member_process};

/// Runs the member of a family: its kind, then numbers.
pub fn run(arguments: &[String]) -> ! {
    let kind = arguments.first().map(String::as_str).unwrap_or_default();
    let ready = Ready::new();
    let known = member_process::start(kind, arguments, ready)
        || member_memory::start(kind, arguments, ready)
        || member_moving::start(kind, arguments, ready)
        || member_kinship::start(kind, ready)
        || member_origins::start(kind, ready);
    assert!(known, "no kind {kind:?}");
    rest()
}
