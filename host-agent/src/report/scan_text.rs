//! What a scan reports, as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use bytesize::ByteSize;

use super::scan::{BracketJson, CostJson, HungJson, MissingJson, NotSeenJson, ScanJson};

/// Families with a line of their own on the terminal.
const FAMILY_LINES: usize = 5;

/// What a scan reports, as lines below the table.
pub fn scan_lines(scan: &ScanJson) -> String {
    let list = |named: &BTreeMap<String, u64>| counts(named).unwrap_or_else(|| "none".to_owned());
    let range = |bracket: &BracketJson| match bracket.at_most {
        Some(most) if most == bracket.at_least => most.to_string(),
        Some(most) => format!("at least {}, at most {most}", bracket.at_least),
        None => format!("at least {}", bracket.at_least),
    };
    let mode = match scan.mode.as_str() {
        "exact" => "exact: everything was read".to_owned(),
        "nothing_seen" => "nothing could be looked at".to_owned(),
        _ => format!("copies {}; redundant {}", range(&scan.copies), range(&scan.redundant)),
    };
    let coverage = &scan.coverage;
    let mut text = String::new();
    text += &origin_lines(scan);
    text += &format!("scan: {mode}; {} families, measured {:.3} s\n", scan.families, scan.scan_seconds_measured);
    // Writing to a String cannot fail.
    let borrowing = match scan.processes.get("sharing_memory") {
        None | Some(0) => String::new(),
        Some(processes) => format!(" ({processes} more borrow the memory of one)"),
    };
    let _ = writeln!(
        text,
        "coverage of {}: {} of {} members read{borrowing}; unread: {}; pages compared {}, unjudged: {}",
        coverage.scope.replace('_', " "),
        coverage.members.read,
        coverage.members.seen,
        list(&coverage.members.unread),
        coverage.pages.judged,
        list(&coverage.pages.unjudged)
    );
    for one in &scan.not_seen {
        let _ = writeln!(text, "not seen: {}", one_not_seen(one));
    }
    if coverage.contents_denied > 0 {
        let _ = writeln!(text, "members whose contents were denied: {}", coverage.contents_denied);
    }
    if coverage.families_maybe_cut > 0 {
        let _ = writeln!(text, "families that may be cut: {}", coverage.families_maybe_cut);
    }
    for HungJson { pid, command } in &scan.hung {
        let _ =
            writeln!(text, "hung: process {pid} ({command}) does not answer: something holds the lock of its memory");
    }
    for MissingJson { name, effect } in &scan.missing {
        let _ = writeln!(text, "missing {name}: {effect}");
    }
    let _ = writeln!(text, "processes: {}", list(&scan.processes));
    let _ = writeln!(text, "pages left out: {}", list(&scan.skipped));
    let CostJson { cpu_seconds_measured, paused_seconds, peak_memory_bytes } = scan.cost;
    let _ = writeln!(
        text,
        "cost: {cpu_seconds_measured:.3} s of processors, {} compared, paused {paused_seconds:.1} s, memory {}",
        bytes(scan.bytes_read),
        peak_memory_bytes.map_or_else(|| "not known".to_owned(), bytes)
    );
    text
}

/// What is said of origins, and of the families with the most copies.
fn origin_lines(scan: &ScanJson) -> String {
    let Some(origins) = &scan.origins else {
        return "origins: recorded without them; copies are pages of any origin\n".to_owned();
    };
    if scan.nothing_seen() {
        return String::new();
    }
    let at_least = |known: bool| if known { "" } else { "at least " };
    let born = &origins.born_after_fork;
    let mut text = format!(
        "inherited copies: {}{}; {}equal to their source {}, equal to a sibling only {}\n\
         born after the fork, no copies: {}{}; equal to another {}\n",
        at_least(scan.copies.at_most == Some(scan.copies.at_least)),
        origins.inherited,
        at_least(scan.redundant.at_most == Some(scan.redundant.at_least)),
        origins.equal_to_source,
        origins.equal_to_sibling,
        at_least(scan.coverage.whole && scan.frames == "numbers"),
        born.pages,
        born.equal_to_another
    );
    let unknown = &origins.origin_unknown;
    if unknown.pages > 0 {
        text += &format!(
            "origin unknown: {}; equal to another {}: the parent has ended, was not read, or has given its page back\n",
            unknown.pages, unknown.equal_to_another
        );
    }
    for family in scan.by_family.iter().filter(|family| family.peak_copies > 0).take(FAMILY_LINES) {
        let forked = family.eldest_fork_seconds.map_or(String::new(), |age| format!(", forked {age:.0} s ago"));
        let last = family.last_copies.map_or(String::new(), |last| format!(", last {last}"));
        text += &format!(
            "family {} ({}), {} members{forked}: copies {}{last}, peak {}; born after the fork {}\n",
            family.root, family.command, family.members, family.copies, family.peak_copies, family.born_after_fork
        );
    }
    text
}

fn bytes(count: u64) -> String {
    ByteSize::b(count).display().iec().to_string()
}

/// Why nothing was looked at, or not everything that was asked for by number; `None` if all was.
pub fn not_seen_text(scan: &ScanJson) -> Option<String> {
    let mut parts: Vec<String> = scan.not_seen.iter().map(one_not_seen).collect();
    if parts.is_empty() {
        if !scan.nothing_seen() {
            return None;
        }
        let unread = counts(&scan.coverage.members.unread);
        parts.push(match unread {
            None => "no family of processes is visible".to_owned(),
            Some(unread) => format!("no process of any family could be read ({unread})"),
        });
    }
    let missing = scan.missing.iter().map(|MissingJson { name, effect }| format!("missing {name}: {effect}"));
    Some(format!("nothing seen: {}", parts.into_iter().chain(missing).collect::<Vec<_>>().join("; ")))
}

fn one_not_seen(NotSeenJson { pid, why, process }: &NotSeenJson) -> String {
    match (why.as_str(), process) {
        ("no_process", _) => format!("process {pid}: expected a process of this number, found none"),
        ("thread", Some(process)) => {
            format!("process {pid}: expected a process, found a thread of process {process}; give --pid {process}")
        }
        ("thread", None) => format!("process {pid}: expected a process, found a thread of another one"),
        ("kernel_thread", _) => format!("process {pid}: expected a process with memory, found a thread of the kernel"),
        ("ended", _) => format!("process {pid}: expected a living process, found one that has ended (zombie)"),
        (reason, _) => format!("process {pid}: no member of its family could be read ({reason})"),
    }
}

/// The counts above zero by name; `None` if there are none.
fn counts(counts: &BTreeMap<String, u64>) -> Option<String> {
    let some: Vec<String> =
        counts.iter().filter(|&(_, &count)| count > 0).map(|(name, count)| format!("{name} {count}")).collect();
    (!some.is_empty()).then(|| some.join(", "))
}
