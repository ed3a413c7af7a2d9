//! Sends by content, as reports show them: one number for each scope, never added.

use std::collections::HashMap;
use std::fmt::Write;

use deltascope_abi::counters::CounterRow;
use serde::{Deserialize, Serialize};

use super::table::{bytes_text, columns};
use super::{Line, Report, escape};
use crate::accounting::{Rows, SendNotes, Totals};
use crate::capture::PayloadBytes;
use crate::event::{OwnerKind, Owners, Scope, UNJUDGED_SEND};

/// Sends by content of one container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContentSends {
    /// Bodies compared with what went to the same peer.
    pub peer: CounterRow,
    /// The same bodies, compared with what the container sent to anyone.
    pub container: CounterRow,
    /// The same bodies, compared with the one before on their connection, where that was asked for.
    pub connection: Option<CounterRow>,
    /// Sends that were not compared.
    pub unjudged: CounterRow,
    /// Heads, and what of the unjudged bytes is encrypted.
    pub notes: SendNotes,
}

impl ContentSends {
    fn new(rows: &Rows, notes: SendNotes, connections: bool) -> ContentSends {
        ContentSends {
            connection: connections.then(|| rows[Scope::Connection as usize]),
            peer: rows[Scope::Peer as usize],
            container: rows[Scope::Container as usize],
            unjudged: rows[UNJUDGED_SEND as usize],
            notes,
        }
    }

    /// Returns the number of sends.
    pub fn events(&self) -> u64 {
        self.peer.events.saturating_add(self.unjudged.events)
    }
}

/// Adds the sends by content of each container to its line, in time that grows with their number.
pub(super) fn attach(lines: &mut Vec<Line>, owners: &Owners, totals: &Totals) {
    let mut by_name: HashMap<&str, ContentSends> = HashMap::new();
    for (id, owner) in owners.iter().filter(|(_, owner)| owner.kind == OwnerKind::Sends) {
        let Some(rows) = totals.owners.get(&id) else { continue };
        let sends = ContentSends::new(rows, totals.notes.get(&id).copied().unwrap_or_default(), totals.connections);
        if sends.events() > 0 {
            by_name.insert(&owner.name, sends);
        }
    }
    for line in lines.iter_mut().filter(|line| line.kind == OwnerKind::Container) {
        line.by_content = by_name.remove(line.key.as_str());
    }
    lines.extend(by_name.into_iter().map(|(name, sends)| {
        let line = Line::new(OwnerKind::Container, name, &Rows::default());
        Line { by_content: Some(sends), ..line }
    }));
}

/// What one scope found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeJson {
    /// Bodies that were sent before within the scope.
    pub redundant: u64,
    /// Their bytes.
    pub bytes_redundant: u64,
}

impl From<&CounterRow> for ScopeJson {
    fn from(row: &CounterRow) -> ScopeJson {
        ScopeJson { redundant: row.redundant_events, bytes_redundant: row.redundant_bytes }
    }
}

/// Sends by content of one container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentSendsJson {
    /// Bodies that were compared, in every scope.
    pub bodies: u64,
    /// Their bytes.
    pub body_bytes: u64,
    /// Sent before to the same remote address from the same local port.
    pub peer: ScopeJson,
    /// Sent before by the same container; not to be added to `peer`.
    pub container: ScopeJson,
    /// The same as the body before on its connection, where that was asked for; not to be added to the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ScopeJson>,
    /// Sends that were not compared: encrypted, not captured whole, or a head alone.
    pub not_judged: u64,
    /// Their bytes without heads.
    pub not_judged_bytes: u64,
    /// Of these, encrypted bytes.
    pub encrypted_bytes: u64,
    /// Bytes of heads, in no other number.
    pub head_bytes: u64,
}

impl From<&ContentSends> for ContentSendsJson {
    fn from(sends: &ContentSends) -> ContentSendsJson {
        ContentSendsJson {
            bodies: sends.peer.events,
            body_bytes: sends.peer.bytes,
            peer: ScopeJson::from(&sends.peer),
            container: ScopeJson::from(&sends.container),
            connection: sends.connection.as_ref().map(ScopeJson::from),
            not_judged: sends.unjudged.events,
            not_judged_bytes: sends.unjudged.bytes,
            encrypted_bytes: sends.notes.encrypted_bytes,
            head_bytes: sends.notes.head_bytes,
        }
    }
}

/// How the contexts served as a table of bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BodyContextsJson {
    /// Contexts that were given a body, one a send and scope.
    pub given: u64,
    /// Of these, those that took the place of another body: at most as many repeats are hidden.
    pub evicted: u64,
}

/// The bytes of all sends by content: seen = sent again + bodies + not judged + heads + in flight + missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SendBytesJson {
    /// Bytes of payload on the wire, as far as numbers of TCP show them.
    pub seen: u64,
    /// Sent again by TCP: a waste of its own, in no other number.
    pub sent_again: u64,
    /// Segments that held such bytes.
    pub sent_again_segments: u64,
    /// Bytes of bodies, as the engine counted them in each scope.
    pub bodies: u64,
    /// Bytes that were not judged, as the engine counted them.
    pub not_judged: u64,
    /// Bytes of heads.
    pub heads: u64,
    /// Bytes of messages that have not ended.
    pub in_flight: u64,
    /// Bytes that were sent and not captured.
    pub missing: u64,
    /// Whether the sum holds.
    pub conserved: bool,
}

impl SendBytesJson {
    /// The bytes that a source saw, and those that were counted.
    pub fn new(payload: &PayloadBytes, owners: &Owners, totals: &Totals) -> SendBytesJson {
        let (mut bodies, mut not_judged, mut heads) = (0u64, 0u64, 0u64);
        for (id, _) in owners.iter().filter(|(_, owner)| owner.kind == OwnerKind::Sends) {
            let rows = totals.owners.get(&id).copied().unwrap_or_default();
            bodies += rows[Scope::Peer as usize].bytes;
            not_judged += rows[UNJUDGED_SEND as usize].bytes;
            heads += totals.notes.get(&id).map_or(0, |notes| notes.head_bytes);
        }
        let PayloadBytes { seen, again, again_segments, missing, in_flight } = *payload;
        let conserved = seen == again + bodies + not_judged + heads + in_flight + missing;
        SendBytesJson {
            seen,
            sent_again: again,
            sent_again_segments: again_segments,
            bodies,
            not_judged,
            heads,
            in_flight,
            missing,
            conserved,
        }
    }
}

/// Returns the table of sends by content; empty when there were none.
pub fn send_lines(report: &Report) -> String {
    let lines: Vec<(&Line, &ContentSends)> =
        report.lines.iter().filter_map(|line| Some((line, line.by_content.as_ref()?))).collect();
    if lines.is_empty() && report.send_bytes.is_none() {
        return String::new();
    }
    let connections = lines.iter().any(|(_, sends)| sends.connection.is_some());
    let head = [
        "sends of",
        "bodies",
        "bytes",
        "again to peer",
        "bytes",
        "again in container",
        "bytes",
        "not judged",
        "encrypted",
        "heads",
        "judged",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(lines.iter().map(|(line, sends)| cells(&line.name, sends)));
    if connections {
        rows[0].extend(["again on connection", "bytes"].map(str::to_owned));
        let of_connection = lines.iter().map(|(_, sends)| scope_cells(&sends.connection.unwrap_or_default()));
        rows[1..].iter_mut().zip(of_connection).for_each(|(row, cells)| row.extend(cells));
    }
    let mut text = columns(&rows);
    let (given, evicted) = report.body_contexts;
    if evicted > 0 {
        let percent = percent(evicted, given).unwrap_or_default();
        let _ = writeln!(
            text,
            "contexts: {given} given to bodies, {evicted} ({percent}) took the place of another: repeats may be hidden"
        );
    }
    if let Some(bytes) = &report.send_bytes {
        let sign = if bytes.conserved { "==" } else { "!=" };
        let _ = writeln!(
            text,
            "bytes seen {} {sign} bodies {} + not judged {} + heads {} + sent again by TCP {} ({} segments) + in flight {} + missing {}",
            bytes.seen,
            bytes.bodies,
            bytes.not_judged,
            bytes.heads,
            bytes.sent_again,
            bytes.sent_again_segments,
            bytes.in_flight,
            bytes.missing
        );
    }
    text
}

/// A share in percent; nothing of nothing.
fn percent(part: u64, whole: u64) -> Option<String> {
    (whole > 0).then(|| format!("{:.1} %", part as f64 * 100.0 / whole as f64))
}

/// Repeats of one scope, and their bytes.
fn scope_cells(row: &CounterRow) -> [String; 2] {
    let share = percent(row.redundant_bytes, row.bytes).map(|share| format!(" ({share})")).unwrap_or_default();
    [row.redundant_events.to_string(), format!("{}{share}", bytes_text(row.redundant_bytes))]
}

fn cells(name: &str, sends: &ContentSends) -> Vec<String> {
    let mut cells = vec![escape(name), sends.peer.events.to_string(), bytes_text(sends.peer.bytes)];
    cells.extend(scope_cells(&sends.peer));
    cells.extend(scope_cells(&sends.container));
    cells.push(bytes_text(sends.unjudged.bytes));
    cells.push(bytes_text(sends.notes.encrypted_bytes));
    cells.push(bytes_text(sends.notes.head_bytes));
    let whole = sends.peer.bytes.saturating_add(sends.unjudged.bytes);
    cells.push(percent(sends.peer.bytes, whole).unwrap_or_else(|| "-".to_owned()));
    cells
}
