//! What the commands print: a table for people, JSON for machines.

mod budget;
mod escape;
mod estimated;
mod json;
mod metrics;
mod names;
mod off;
mod origins;
mod recent;
pub mod round;
#[cfg(test)]
pub(crate) mod round_example;
mod round_json;
mod scan;
mod scan_text;
mod sends;
mod table;
#[cfg(test)]
mod tests;

pub use budget::{BudgetJson, budget_line};
pub use escape::escape;
pub use estimated::{EstimatedJson, estimate_lines};
pub use json::{ConservationJson, ContainerJson, ContainerOriginsJson, DemoJson, ReportJson, WorkloadJson};
pub use metrics::Metrics;
pub use off::off_line;
pub use origins::{FamilyJson, OriginsJson, PagesOfOriginJson};
pub use recent::{RatesJson, Recent, per_second};
pub use round_json::{RoundJson, WholeRoundJson};
pub use scan::{BracketJson, CostJson, CoverageJson, ScanJson};
pub use scan_text::{not_seen_text, scan_lines};
pub use sends::{BodyContextsJson, ContentSends, ContentSendsJson, ScopeJson, SendBytesJson, send_lines};
pub use table::{columns, conservation_line, render};

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::Class;

use crate::accounting::Conservation;
use crate::accounting::{Rows, Totals};
use crate::attribution::{Container, ContainerKind};
use crate::event::{OwnerKind, Owners, scanned};
use crate::procfs::pressure::Pressures;
use crate::runtimes::RuntimeNames;

/// Name of group 0.
pub const OTHER_NAME: &str = "other";

/// Counters of one owner, as reports show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What the owner is.
    pub kind: OwnerKind,
    /// What identifies the owner among those of its kind.
    pub key: String,
    /// Name of the owner, to be shown.
    pub name: String,
    /// Copied pages, the judged and the unjudged ones; in a scan the inherited copies.
    pub pages: CounterRow,
    /// Of `pages`, those that could not be judged.
    pub unjudged: u64,
    /// What a scan states of origins; `None` of another source, or of a recording that has none.
    pub origins: Option<LineOrigins>,
    /// Network sends, each compared with the one before on its socket.
    pub sends: CounterRow,
    /// Network sends by content, where the source gives these.
    pub by_content: Option<ContentSends>,
    /// The container behind the name, where it is known.
    pub details: Option<Details>,
    /// What its runtime calls it, where that is known.
    pub names: Option<Arc<RuntimeNames>>,
    /// What was counted since the round before, in a run of a source with counters.
    pub recent: Option<Recent>,
    /// How much its tasks have waited, where the kernel reports it.
    pub pressure: Option<Pressures>,
}

/// Pages of one owner by origin, as a scan counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineOrigins {
    /// Of the redundant copies, those that equal their source page.
    pub equal_to_source: u64,
    /// Of the redundant copies, those that equal a sibling only.
    pub equal_to_sibling: u64,
    /// Pages that were allocated after the fork; redundant: equal to another.
    pub born: CounterRow,
    /// Pages of unknown origin.
    pub unknown: u64,
}

/// A container as its control group describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The path of its control group.
    pub cgroup: String,
    /// The engine that started it.
    pub runtime: Option<String>,
    /// Its whole id.
    pub id: Option<String>,
    /// Uid of its pod.
    pub pod: Option<String>,
}

impl Details {
    /// What is known of a container; `None` where it has no control group.
    pub fn of(container: &Container) -> Option<Details> {
        Some(Details::from(container)).filter(|details| !details.cgroup.is_empty())
    }
}

impl From<&Container> for Details {
    fn from(container: &Container) -> Details {
        let (runtime, id, pod) = match &container.kind {
            ContainerKind::Container { runtime, id, pod } => (Some(runtime.clone()), Some(id.clone()), pod.clone()),
            ContainerKind::Pod { uid } => (None, None, Some(uid.clone())),
            _ => (None, None, None),
        };
        Details { cgroup: container.path.clone(), runtime, id, pod }
    }
}

impl Line {
    /// A line from an owner's counters. It is called by its key until a report knows the names of all.
    pub fn new(kind: OwnerKind, key: &str, rows: &Rows) -> Line {
        let row = |class: Class| rows[class as usize];
        let sum = |classes: &[Class]| {
            let mut sum = CounterRow::default();
            classes.iter().for_each(|&class| sum.add(&row(class)));
            sum
        };
        let (key, name) = (key.to_owned(), key.to_owned());
        if kind.is_scanned() {
            let sibling = row(scanned::SIBLING_OR_UNJUDGED);
            return Line {
                kind,
                key,
                name,
                pages: sum(&[scanned::INHERITED, scanned::SIBLING_OR_UNJUDGED]),
                unjudged: sibling.events - sibling.redundant_events,
                origins: Some(LineOrigins {
                    equal_to_source: row(scanned::INHERITED).redundant_events,
                    equal_to_sibling: sibling.redundant_events,
                    born: row(scanned::BORN_AFTER_FORK),
                    unknown: row(scanned::ORIGIN_UNKNOWN).events,
                }),
                sends: CounterRow::default(),
                by_content: None,
                details: None,
                names: None,
                recent: None,
                pressure: None,
            };
        }
        Line {
            kind,
            key,
            name,
            pages: sum(&[Class::PageAfterT, Class::PageAtExit, Class::PageUnjudged]),
            unjudged: row(Class::PageUnjudged).events,
            origins: None,
            sends: row(Class::NetworkSend),
            by_content: None,
            details: None,
            names: None,
            recent: None,
            pressure: None,
        }
    }

    /// Whether nothing was counted.
    fn is_empty(&self) -> bool {
        self.has_no_cells() && self.by_content.is_none()
    }

    /// Whether nothing was counted but sends by content, which have a table of their own.
    fn has_no_cells(&self) -> bool {
        let origins = self.origins.unwrap_or_default();
        self.pages.events + self.sends.events + origins.born.events + origins.unknown == 0
    }
}

/// Everything that was read at one snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Name of the engine that counted.
    pub engine: &'static str,
    /// The conservation law.
    pub conservation: Conservation,
    /// Of the counted events, those that could not be judged.
    pub unjudged: u64,
    /// Owners that counted anything, the most wasted bytes first.
    pub lines: Vec<Line>,
    /// Copies are a lower bound: something was not read.
    pub lower_bound: bool,
    /// Nothing was read at all.
    pub nothing_seen: bool,
    /// Contexts given to bodies, and of them those taken from another one.
    pub body_contexts: (u64, u64),
    /// Bytes of all sends, of a source that sees these on a network.
    pub send_bytes: Option<SendBytesJson>,
    /// Events that are in no line, because the state folder was lost that has what they were.
    pub unknown_events: u64,
}

impl Report {
    /// A report of `totals`, which may cover less than the session has counted (one scan round); `conservation`
    /// covers the session.
    pub fn new(engine: &'static str, owners: &Owners, totals: &Totals, conservation: Conservation) -> Report {
        Report::named(engine, owners, totals, conservation, &names::Names::of(owners, None))
    }

    /// A report as [`Report::new`] makes it, with these names.
    fn named(
        engine: &'static str,
        owners: &Owners,
        totals: &Totals,
        conservation: Conservation,
        names: &names::Names<'_>,
    ) -> Report {
        let mut lines: Vec<Line> = owners
            .iter()
            .filter(|(_, owner)| owner.kind != OwnerKind::Sends)
            .filter_map(|(id, owner)| Some((owner, totals.owners.get(&id)?)))
            // Of a round of many owners few have counted anything.
            .filter(|(_, rows)| **rows != Rows::default())
            .map(|(owner, rows)| Line::new(owner.kind, &owner.name, rows))
            .collect();
        // Sources are of one kind: what overflows from a scan is of the scan.
        let scans = owners.iter().any(|(_, owner)| owner.kind.is_scanned());
        let other = if scans { OwnerKind::Scanned } else { OwnerKind::Container };
        lines.push(Line::new(other, OTHER_NAME, &totals.other));
        sends::attach(&mut lines, owners, totals);
        lines.retain(|line| !line.is_empty());
        lines.iter_mut().for_each(|line| line.name = names.get(&line.key));
        lines.sort_by(|a, b| {
            let wasted = |line: &Line| {
                let by_content = line.by_content.map_or(0, |sends| sends.peer.redundant_bytes);
                let sends = line.sends.redundant_bytes.saturating_add(by_content);
                line.pages.redundant_bytes.saturating_add(sends)
            };
            wasted(b).cmp(&wasted(a)).then(b.pages.events.cmp(&a.pages.events)).then(a.name.cmp(&b.name))
        });
        let unjudged = lines.iter().map(|line| line.unjudged).sum();
        Report {
            engine,
            conservation,
            unjudged,
            lines,
            lower_bound: false,
            nothing_seen: false,
            body_contexts: (0, 0),
            send_bytes: None,
            unknown_events: totals.unknown_events,
        }
    }

    /// Adds to each line what is known of the container of its key.
    pub fn describe(&mut self, details: impl Fn(&str) -> Option<Details>) {
        for line in self.lines.iter_mut().filter(|line| line.kind != OwnerKind::Region) {
            line.details = details(&line.key);
        }
    }

    /// Takes away what is said of origins: the scan was recorded without them.
    pub fn without_origins(&mut self) {
        self.lines.iter_mut().for_each(|line| line.origins = None);
    }

    /// The line of the owner with this key; all zero when nothing was counted for it.
    pub fn line(&self, kind: OwnerKind, key: &str) -> Line {
        self.lines
            .iter()
            .find(|line| line.kind == kind && line.key == key)
            .cloned()
            .unwrap_or_else(|| Line::new(kind, key, &Rows::default()))
    }
}
