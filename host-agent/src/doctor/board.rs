//! What a board server reports of itself.

use super::finding::Finding;
use super::{Check, State};
use crate::accounting::Accounting;

const WHY: &str = "events are counted by the engine behind it";

/// Makes a check of an attempt to connect. The session is ended.
pub fn board(address: &str, session: Result<Accounting, String>) -> Check {
    let finding = match session {
        Ok(accounting) => identity(address, accounting),
        Err(error) => Finding::failed(error, "start the board server, and look at address, firewall and certificates"),
    };
    let Finding { state, found, action } = finding;
    Check { name: "board", state, found, why: WHY, action }
}

fn identity(address: &str, accounting: Accounting) -> Finding {
    let engine = accounting.granted().engine.name();
    let text = match accounting.grant() {
        Some(grant) => {
            let journal = match grant.journal_lanes {
                0 => "no journal".to_owned(),
                lanes => format!("a journal of {lanes} lanes of {} deltas", grant.journal_depth),
            };
            format!(
                "{address}: engine {engine}, boot id {:016x}, {} groups and {} contexts, at most {} and {}, {journal}",
                grant.boot_id, grant.groups, grant.contexts, grant.most_groups, grant.most_contexts
            )
        }
        None => format!("{address}: engine {engine}"),
    };
    match accounting.finish() {
        Ok(()) => Finding::ok(text),
        Err(error) => Finding {
            state: State::Warning,
            found: format!("{text}; the session did not end: {error}"),
            action: "look at the log of the board server".to_owned(),
        },
    }
}
