//! Reports as text.

use std::fmt::Write;

use bytesize::ByteSize;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::escape::escape;
use super::{Line, LineOrigins, Report};
use crate::accounting::Conservation;
use crate::event::OwnerKind;

/// Characters of a name that are always shown.
const NAME_CHARS: usize = 24;

/// The table of a report. Columns of what did not happen are left out, and names are whole unless the terminal is too
/// narrow for them.
pub fn render(report: &Report) -> String {
    let width = console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    render_within(report, width)
}

/// The table within this many columns of a terminal, if there is one.
pub(super) fn render_within(report: &Report, width: Option<usize>) -> String {
    let with_origins = report.lines.iter().any(|line| line.origins.is_some());
    let with_pages = with_origins || report.lines.iter().any(|line| line.pages.events > 0);
    let with_sends = report.lines.iter().any(|line| line.sends.events > 0);
    let mut head = vec!["container".to_owned()];
    if with_pages {
        let copies = if report.lower_bound { "copies (at least)" } else { "copies" };
        head.extend([copies, "redundant", "unjudged", "bytes wasted"].map(str::to_owned));
    }
    if with_origins {
        head.extend(["= source", "= sibling", "born", "= another", "unknown"].map(str::to_owned));
    }
    if with_sends {
        head.extend(["sends", "redundant", "bytes wasted"].map(str::to_owned));
    }
    let mut rows = vec![head];
    let shown = report.lines.iter().filter(|line| !line.has_no_cells());
    rows.extend(shown.map(|line| cells(line, with_pages, with_origins, with_sends)));
    if rows.len() == 1 {
        if !report.lines.is_empty() {
            // Sends by content have a table of their own.
            return String::new();
        }
        let text = match (report.nothing_seen, report.lower_bound) {
            (true, _) => "nothing could be looked at\n",
            (_, true) => "no copy was found in what was read\n",
            _ => "nothing was copied or sent\n",
        };
        return text.to_owned();
    }
    let whole = columns(&rows);
    let chars = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    let too_wide = width.map_or(0, |width| chars(&whole).saturating_sub(width));
    if too_wide == 0 {
        return whole;
    }
    let longest = rows.iter().map(|row| row[0].chars().count()).max().unwrap_or(0);
    let room = longest.saturating_sub(too_wide).max(NAME_CHARS);
    rows.iter_mut().skip(1).for_each(|row| row[0] = shorten(&row[0], room));
    columns(&rows)
}

fn cells(line: &Line, with_pages: bool, with_origins: bool, with_sends: bool) -> Vec<String> {
    let mut cells = vec![match line.kind {
        OwnerKind::Region => format!("[{}]", escape(&line.name)),
        OwnerKind::Container | OwnerKind::Scanned | OwnerKind::Sends => escape(&line.name),
    }];
    let numbers = |row: &deltascope_abi::counters::CounterRow| (row.events, row.redundant_events, row.redundant_bytes);
    if with_pages {
        let (copies, redundant, bytes) = numbers(&line.pages);
        cells.extend([copies, redundant, line.unjudged].map(|count| count.to_string()));
        cells.push(bytes_text(bytes));
    }
    if with_origins {
        let LineOrigins { equal_to_source, equal_to_sibling, born, unknown } = line.origins.unwrap_or_default();
        let counts = [equal_to_source, equal_to_sibling, born.events, born.redundant_events, unknown];
        cells.extend(counts.map(|count| count.to_string()));
    }
    if with_sends {
        let (sends, redundant, bytes) = numbers(&line.sends);
        cells.extend([sends, redundant].map(|count| count.to_string()));
        cells.push(bytes_text(bytes));
    }
    cells
}

/// Keeps both ends of a long name: the kind is at one, what distinguishes it at the other.
fn shorten(name: &str, room: usize) -> String {
    let name: Vec<char> = name.chars().collect();
    if name.len() <= room {
        return name.into_iter().collect();
    }
    let half = (room - 3) / 2;
    let (start, end) = (&name[..half], &name[name.len() - half..]);
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
