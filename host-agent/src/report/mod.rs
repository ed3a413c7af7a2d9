//! What the commands print: a table for people, JSON for machines.

mod escape;
mod estimated;
mod json;
mod metrics;
mod scan;
mod sends;
mod table;
#[cfg(test)]
mod tests;

pub use escape::escape;
pub use estimated::{EstimatedJson, estimate_lines};
pub use json::{ConservationJson, ContainerJson, DemoJson, ReportJson, WorkloadJson};
pub use metrics::{metrics, write_metrics};
pub use scan::{BracketJson, CostJson, CoverageJson, ScanJson, not_seen_text, scan_lines};
pub use sends::{BodyContextsJson, ContentSends, ContentSendsJson, ScopeJson, send_lines};
pub use table::{columns, conservation_line, render};

use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::Class;

use crate::accounting::Conservation;
use crate::accounting::{Rows, Totals};
use crate::attribution::{Container, ContainerKind};
use crate::event::{OwnerKind, Owners};

/// Name of group 0.
pub const OTHER_NAME: &str = "other";

/// Counters of one owner, as reports show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What the owner is.
    pub kind: OwnerKind,
    /// Name of the owner.
    pub name: String,
    /// Copied pages, the judged and the unjudged ones.
    pub pages: CounterRow,
    /// Of `pages`, those that could not be judged.
    pub unjudged: u64,
    /// Network sends, each compared with the one before on its socket.
    pub sends: CounterRow,
    /// Network sends by content, where the source gives these.
    pub by_content: Option<ContentSends>,
    /// The container behind the name, where it is known.
    pub details: Option<Details>,
}

/// A container as its control group describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// A line from an owner's counters.
    pub fn new(kind: OwnerKind, name: &str, rows: &Rows) -> Line {
        let mut pages = CounterRow::default();
        for class in [Class::PageAfterT, Class::PageAtExit, Class::PageUnjudged] {
            pages.add(&rows[class as usize]);
        }
        Line {
            kind,
            name: name.to_owned(),
            pages,
            unjudged: rows[Class::PageUnjudged as usize].events,
            sends: rows[Class::NetworkSend as usize],
            by_content: None,
            details: None,
        }
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
    /// Events that are in no line, because the state folder was lost that says what they were.
    pub unknown_events: u64,
}

impl Report {
    /// A report of `totals`, which may cover less than the session has counted (one scan round); `conservation`
    /// covers the session.
    pub fn new(engine: &'static str, owners: &Owners, totals: &Totals, conservation: Conservation) -> Report {
        let mut lines: Vec<Line> = owners
            .iter()
            .filter(|(_, owner)| owner.kind != OwnerKind::Sends)
            .filter_map(|(id, owner)| Some((owner, totals.owners.get(&id)?)))
            .map(|(owner, rows)| Line::new(owner.kind, &owner.name, rows))
            .collect();
        lines.push(Line::new(OwnerKind::Container, OTHER_NAME, &totals.other));
        sends::attach(&mut lines, owners, totals);
        lines.retain(|line| line.pages.events > 0 || line.sends.events > 0 || line.by_content.is_some());
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
            unknown_events: totals.unknown_events,
        }
    }

    /// Adds to each line what is known of the container of its name.
    pub fn describe(&mut self, details: impl Fn(&str) -> Option<Details>) {
        for line in self.lines.iter_mut().filter(|line| line.kind != OwnerKind::Region) {
            line.details = details(&line.name);
        }
    }

    /// The line of one owner; all zero when nothing was counted for it.
    pub fn line(&self, kind: OwnerKind, name: &str) -> Line {
        self.lines
            .iter()
            .find(|line| line.kind == kind && line.name == name)
            .cloned()
            .unwrap_or_else(|| Line::new(kind, name, &Rows::default()))
    }
}
