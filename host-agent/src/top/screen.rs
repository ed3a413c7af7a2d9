//! Where things are on the screen.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Cell, Paragraph, Row as TableRow, Table, TableState};

use super::detail::Detail;
use super::rows::Row;
use super::text::{bytes, bytes_rate, cost, count, coverage, fit, law, sparkline, title};
use super::view::{Shown, View};
use crate::procfs::TcpSocket;

/// Smallest screen.
const SMALLEST: (u16, u16) = (60, 12);
/// Lines above the table.
const HEAD: u16 = 6;

const KEYS: &str = "q quit  Enter detail  / filter  s sort  f freeze  ? help";
const PLAYER_KEYS: &str = "q quit  <- -> 1 %  [ ] 10 %  0-9 to  space play  Enter detail  ? help";
const HELP: &[&str] = &[
    "Up, Down, PgUp, PgDn   choose a container",
    "Enter                  its counters, families, processes, sockets; Esc back",
    "/                      show only names and control groups with a text; Esc shows all",
    "s                      sort: waste under pressure, waste, copies, sends, name",
    "f, space               freeze the screen; rounds continue",
    "q, Ctrl-C              quit",
    "",
    "of a recording:",
    "Left, Right, [, ]      one percent, ten percent back or on",
    "0 to 9, Home, End      go there",
    "space                  play, stop",
    "",
    "A row keeps its place until another one is a tenth above it.",
    "WASTED is bytes of redundant copies and sends; MEM% the share of the last round",
    "in which a task of the container waited for memory.",
];

struct Styles {
    head: Style,
    selected: Style,
    bad: Style,
}

impl View {
    fn styles(&self) -> Styles {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let coloured = |color| if self.color { bold.fg(color) } else { bold };
        let (head, bad) = (coloured(Color::Cyan), coloured(Color::Red));
        Styles { head, selected: Style::new().add_modifier(Modifier::REVERSED), bad }
    }

    /// Draws everything.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            let text = format!("{} x {}: at least {} x {}", area.width, area.height, SMALLEST.0, SMALLEST.1);
            frame.render_widget(Paragraph::new(text), area);
            return;
        }
        let [head, body, foot] =
            Layout::vertical([Constraint::Length(HEAD), Constraint::Min(1), Constraint::Length(1)]).areas(area);
        self.draw_head(frame, head);
        match (&self.shown, &self.detail) {
            _ if self.help => frame.render_widget(Paragraph::new(HELP.join("\n")), body),
            (None, _) => frame.render_widget(Paragraph::new("waiting for the first round"), body),
            (Some(_), Some(detail)) => frame.render_widget(Paragraph::new(detail_lines(detail, body.height)), body),
            (Some(shown), None) => self.draw_table(frame, body, shown),
        }
        let keys = if self.position.is_some() { PLAYER_KEYS } else { KEYS };
        frame.render_widget(Paragraph::new(keys).style(self.styles().head), foot);
    }

    fn draw_head(&self, frame: &mut Frame<'_>, area: Rect) {
        let styles = self.styles();
        let mut lines: Vec<Line<'_>> = match &self.shown {
            None => vec![Line::from("deltascope top").style(styles.head); 1],
            Some(Shown { round, cpu_before, machine_pressure, .. }) => {
                let style = |good: bool| if good { Style::new() } else { styles.bad };
                let [own, rounds] = cost(round, *cpu_before, *machine_pressure);
                vec![
                    Line::from(title(round)).style(styles.head),
                    Line::from(law(round)).style(style(round.report.conservation.holds())),
                    Line::from(coverage(round)).style(style(round.collects())),
                    Line::from(own),
                    Line::from(rounds),
                ]
            }
        };
        lines.push(Line::from(self.status()).style(styles.head));
        frame.render_widget(Paragraph::new(lines), area);
    }

    /// The line below the head: what is typed, else where the view differs from the usual one.
    fn status(&self) -> String {
        if self.editing {
            return format!("filter: {}_", self.filter);
        }
        let mut parts = Vec::new();
        if let Some(position) = &self.position {
            parts.push(position.to_string());
        }
        if self.frozen {
            parts.push("FROZEN".to_owned());
        }
        if self.ended {
            parts.push("the source has ended".to_owned());
        }
        if !self.filter.is_empty() {
            parts.push(format!("filter {:?}: {} containers", self.filter, self.visible().len()));
        }
        parts.push(format!("by {}", self.sort.name()));
        if let Some(notice) = &self.notice {
            parts.push(notice.clone());
        }
        parts.join("; ")
    }

    fn draw_table(&self, frame: &mut Frame<'_>, area: Rect, shown: &Shown) {
        let styles = self.styles();
        let columns = Columns::of(shown, area.width);
        let rows = self.visible();
        let trend = |row: &Row| sparkline(&self.history.last(&row.key, usize::from(TREND)), self.ascii);
        let body = rows.iter().map(|row| {
            let cells = columns.cells(row, &trend(row));
            TableRow::new(cells.into_iter().enumerate().map(|(at, text)| cell(text, at)).collect::<Vec<_>>())
        });
        let head = columns.titles.iter().enumerate().map(|(at, title)| cell((*title).to_owned(), at));
        let table = Table::new(body, columns.widths.iter().map(|&width| Constraint::Length(width)))
            .header(TableRow::new(head.collect::<Vec<_>>()).style(styles.head))
            .row_highlight_style(styles.selected);
        let mut state = TableState::new().with_selected((!rows.is_empty()).then(|| self.selected_place()));
        frame.render_stateful_widget(table, area, &mut state);
    }
}

fn cell(text: String, at: usize) -> Cell<'static> {
    Cell::from(Line::from(text).alignment(if at == 0 { Alignment::Left } else { Alignment::Right }))
}

/// Width of the trend.
const TREND: u16 = 10;
/// Width of a number.
const NUMBER: u16 = 9;
const PERCENT: u16 = 5;

/// The columns of a round: those of what did not happen are left out.
struct Columns {
    titles: Vec<&'static str>,
    widths: Vec<u16>,
    sends: bool,
    rates: bool,
    pressure: bool,
}

impl Columns {
    fn of(shown: &Shown, width: u16) -> Columns {
        let any = |of: fn(&Row) -> bool| shown.rows.iter().any(of);
        let sends = any(|row| row.sends > 0);
        let rates = any(|row| row.bytes_redundant_per_second.is_some());
        let pressure = any(|row| row.memory_pressure_percent.is_some());
        let mut titles = vec!["CONTAINER", "COPIES", "REDUND"];
        let mut widths = vec![0, NUMBER, NUMBER];
        let mut add = |title, wide| {
            titles.push(title);
            widths.push(wide);
        };
        if sends {
            add("SENDS", NUMBER);
            add("REDUND", NUMBER);
        }
        add("WASTED", NUMBER);
        if rates {
            add("WASTED/s", NUMBER);
        }
        if pressure {
            add("MEM%", PERCENT);
        }
        add("TREND", TREND);
        let others: u16 = widths.iter().sum::<u16>() + widths.len() as u16 - 1;
        widths[0] = width.saturating_sub(others);
        // On a narrow screen names go first: without them the numbers are of no use.
        if sends && widths[0] < 12 {
            titles.remove(4);
            widths.remove(4);
            widths[0] += NUMBER + 1;
            return Columns { titles, widths, sends: false, rates, pressure }.with_sends_only();
        }
        Columns { titles, widths, sends, rates, pressure }
    }

    /// Sends without the redundant ones, which are in the wasted bytes.
    fn with_sends_only(mut self) -> Columns {
        self.sends = true;
        self
    }

    fn cells(&self, row: &Row, trend: &str) -> Vec<String> {
        let mut cells =
            vec![fit(&row.name, usize::from(self.widths[0])), count(row.copies), count(row.copies_redundant)];
        if self.sends {
            cells.push(count(row.sends));
            if self.titles.iter().filter(|title| **title == "REDUND").count() > 1 {
                cells.push(count(row.sends_redundant));
            }
        }
        cells.push(bytes(row.bytes_redundant));
        if self.rates {
            cells.push(row.bytes_redundant_per_second.map(bytes_rate).unwrap_or_default());
        }
        if self.pressure {
            cells.push(row.memory_pressure_percent.map(|value| format!("{value:.1}")).unwrap_or_default());
        }
        cells.push(trend.to_owned());
        cells
    }
}

/// One container, in at most `height` lines.
fn detail_lines(detail: &Detail, height: u16) -> String {
    let row = &detail.row;
    let known = |name: &str, value: Option<&String>| value.map(|value| format!("{name:<10} {value}"));
    let mut lines = vec![format!("{:<10} {}", "container", row.name)];
    lines.extend(known("cgroup", row.cgroup.as_ref()));
    lines.extend(known("pod", detail.pod.as_ref()));
    lines.extend(match (&detail.runtime, &detail.id) {
        (Some(runtime), Some(id)) => Some(format!("{:<10} {runtime} {id}", "runtime")),
        _ => None,
    });
    lines.push(format!(
        "{:<10} {}, redundant {}, not judged {}",
        "copies", row.copies, row.copies_redundant, row.copies_unjudged
    ));
    lines.push(format!("{:<10} {}, redundant {}", "sends", row.sends, row.sends_redundant));
    lines.push(format!("{:<10} {}", "wasted", bytes(row.bytes_redundant)));
    if !detail.families.is_empty() {
        lines
            .push(format!("{:>8} {:<16} {:>8} {:>9} {:>9} {:>9}", "FAMILY", "", "MEMBERS", "COPIES", "REDUND", "PEAK"));
        let families = detail.families.iter().map(|family| {
            format!(
                "{:>8} {:<16} {:>8} {:>9} {:>9} {:>9}",
                family.root,
                fit(&family.command, 16),
                family.members,
                count(family.copies),
                count(family.redundant),
                count(family.peak_copies)
            )
        });
        // What is left is shared with processes and sockets.
        let parts = 1 + usize::from(!detail.processes.is_empty()) + usize::from(!detail.sockets.is_empty());
        let most = usize::from(height).saturating_sub(lines.len() + 3) / parts;
        lines.extend(families.take(most.max(1)));
    }
    if !detail.processes.is_empty() {
        lines.push(format!("{:>8} {:<16} {:>12}", "PROCESS", "", "ANONYMOUS"));
        let processes = detail.processes.iter();
        let processes =
            processes.map(|one| format!("{:>8} {:<16} {:>12}", one.pid, fit(&one.command, 16), bytes(one.resident)));
        let most = usize::from(height).saturating_sub(lines.len() + 1) / if detail.sockets.is_empty() { 1 } else { 2 };
        lines.extend(processes.take(most.max(1)));
    }
    if !detail.sockets.is_empty() {
        lines.push(format!("{:>8} {:<12} {:>8} {:>8}  {}", "SOCKET", "STATE", "UNSENT", "UNREAD", "FROM - TO"));
        lines.extend(detail.sockets.iter().map(|(pid, socket)| {
            let TcpSocket { local, remote, state, unsent, unread, .. } = socket;
            format!("{pid:>8} {state:<12} {unsent:>8} {unread:>8}  {local} - {remote}")
        }));
    }
    lines.truncate(usize::from(height));
    lines.join("\n")
}
