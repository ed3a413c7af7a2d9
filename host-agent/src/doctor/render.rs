//! An examination as text.

use std::fmt::Write as _;

use super::{Examination, State};
use crate::report::escape;

/// Returns one line for each check and the table of what works with which privilege.
pub fn render(examination: &Examination) -> String {
    let mut text = String::new();
    let width = examination.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    for check in &examination.checks {
        let found = escape(&check.found);
        // Writing to a String cannot fail.
        let _ = write!(text, "{:<8} {:<width$}  {found}", check.state.name(), check.name);
        if check.state != State::Ok {
            let _ = write!(text, "; {}; do: {}", check.why, escape(&check.action));
        }
        text.push('\n');
    }
    let word = |value: Option<bool>| match value {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => "unknown".to_owned(),
    };
    let head = ["what", "privilege", "held", "works here", "without it"].map(str::to_owned);
    let mut rows = vec![head.to_vec()];
    for row in &examination.works {
        let held = row.held.map_or_else(|| "-".to_owned(), |held| word(Some(held)));
        rows.push(vec![row.what.to_owned(), row.privilege.to_owned(), held, word(row.works), row.without.to_owned()]);
    }
    let widths: Vec<usize> =
        (0..head.len()).map(|at| rows.iter().map(|row| row[at].len()).max().unwrap_or(0)).collect();
    text.push('\n');
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    let count = |state: State| examination.checks.iter().filter(|check| check.state == state).count();
    let _ = write!(
        text,
        "\n{} checks: {} ok, {} warnings, {} failed, {} unknown\n",
        examination.checks.len(),
        count(State::Ok),
        count(State::Warning),
        count(State::Failed),
        count(State::Unknown),
    );
    text
}
