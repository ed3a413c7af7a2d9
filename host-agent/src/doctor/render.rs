//! An examination as text.

use std::fmt::Write as _;

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use super::{Examination, State};
use crate::report::escape;

/// Returns one line for each check and the table of what works with which privilege.
pub fn render(examination: &Examination) -> String {
    let rows = examination.checks.iter().map(|check| {
        let mut found = escape(&check.found).to_string();
        if check.state != State::Ok {
            // Writing to a String cannot fail.
            let _ = write!(found, "; {}; do: {}", check.why, escape(&check.action));
        }
        vec![check.state.name().to_owned(), check.name.to_owned(), found]
    });
    let mut text = columns(rows);
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
    text.push('\n');
    text.push_str(&columns(rows));
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

/// Lays rows out in columns, each from the left.
fn columns(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.add_rows(rows);
    table.column_iter_mut().enumerate().for_each(|(at, column)| _ = column.set_padding((u16::from(at > 0), 1)));
    table.trim_fmt() + "\n"
}
