//! Reports as text.

use std::fmt::Write;

use bytesize::ByteSize;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::{Line, Report};
use crate::accounting::Conservation;
use crate::event::OwnerKind;

/// Widest name that is shown whole.
const NAME_CHARS: usize = 48;

/// The table of a report. Columns of what did not happen are left out.
pub fn render(report: &Report) -> String {
    let with_pages = report.lines.iter().any(|line| line.pages.events > 0);
    let with_sends = report.lines.iter().any(|line| line.sends.events > 0);
    let mut head = vec!["container".to_owned()];
    if with_pages {
        let copies = if report.lower_bound { "copies (at least)" } else { "copies" };
        head.extend([copies, "redundant", "unjudged", "bytes wasted"].map(str::to_owned));
    }
    if with_sends {
        head.extend(["sends", "redundant", "bytes wasted"].map(str::to_owned));
    }
    let mut rows = vec![head];
    rows.extend(report.lines.iter().map(|line| cells(line, with_pages, with_sends)));
    if rows.len() == 1 {
        return "nothing was copied or sent\n".to_owned();
    }
    columns(&rows)
}

fn cells(line: &Line, with_pages: bool, with_sends: bool) -> Vec<String> {
    let mut cells = vec![match line.kind {
        OwnerKind::Region => format!("[{}]", shorten(&line.name)),
        OwnerKind::Container | OwnerKind::Scanned => shorten(&line.name),
    }];
    let numbers = |row: &deltascope_abi::counters::CounterRow| (row.events, row.redundant_events, row.redundant_bytes);
    if with_pages {
        let (copies, redundant, bytes) = numbers(&line.pages);
        cells.extend([copies, redundant, line.unjudged].map(|count| count.to_string()));
        cells.push(bytes_text(bytes));
    }
    if with_sends {
        let (sends, redundant, bytes) = numbers(&line.sends);
        cells.extend([sends, redundant].map(|count| count.to_string()));
        cells.push(bytes_text(bytes));
    }
    cells
}

/// Keeps both ends of a long name: the kind is at one, what distinguishes it at the other.
fn shorten(name: &str) -> String {
    let printable: Vec<char> = name.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    if printable.len() <= NAME_CHARS {
        return printable.into_iter().collect();
    }
    let half = (NAME_CHARS - 3) / 2;
    let (start, end) = (&printable[..half], &printable[printable.len() - half..]);
    start.iter().chain(&['.'; 3]).chain(end).collect()
}

/// Lays rows out in columns, the first one from the left and the others from the right.
pub fn columns(rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.add_rows(rows);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((u16::from(at > 0), 1));
        if at > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt() + "\n"
}

/// Bytes with a binary unit.
pub(super) fn bytes_text(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}

/// The conservation law with its numbers.
pub fn conservation_line(conservation: &Conservation, unjudged: u64) -> String {
    let Conservation { counted, lost, in_flight, captured } = conservation;
    let sign = if conservation.holds() { "==" } else { "!=" };
    let mut line =
        format!("captured {captured} {sign} counted {counted} + in flight {in_flight} + lost {}", lost.total());
    let reasons: Vec<String> = lost
        .iter()
        .filter(|&(_, count)| count > 0)
        .map(|(reason, count)| format!("{} {count}", reason.name()))
        .collect();
    if !reasons.is_empty() {
        let _ = write!(line, " ({})", reasons.join(", "));
    }
    let _ = write!(line, "; unjudged {unjudged} of the counted");
    if !conservation.holds() {
        line.push_str("; CONSERVATION IS BROKEN");
    }
    line
}
