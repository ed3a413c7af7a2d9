//! What a scan reports, as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use bytesize::ByteSize;

use super::scan::{BracketJson, CostJson, HungJson, MissingJson, ScanJson, missing};
use crate::scan::{NotSeen, Reason, ScanSummary};

/// Families with a line of their own on the terminal.
const FAMILY_LINES: usize = 5;

/// What a scan reports, as lines below the table.
pub fn scan_lines(scan: &ScanJson) -> String {
    let list = |counts: &BTreeMap<String, u64>| {
        let some: Vec<String> =
            counts.iter().filter(|&(_, &count)| count > 0).map(|(name, count)| format!("{name} {count}")).collect();
        if some.is_empty() { "none".to_owned() } else { some.join(", ") }
    };
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
    let _ = writeln!(
        text,
        "coverage: {} of {} members read; unread: {}; pages compared {}, unjudged: {}",
        coverage.members.read,
        coverage.members.seen,
        list(&coverage.members.unread),
        coverage.pages.judged,
        list(&coverage.pages.unjudged)
    );
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
        bytes(peak_memory_bytes)
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
pub fn not_seen_text(summary: &ScanSummary) -> Option<String> {
    let mut parts: Vec<String> = summary.not_seen.iter().map(|&(pid, why)| one_not_seen(pid, why)).collect();
    if parts.is_empty() {
        if !summary.nothing_seen() {
            return None;
        }
        let unread: Vec<String> = summary
            .coverage
            .unread
            .named()
            .filter(|&(_, count)| count > 0)
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        parts.push(match unread.is_empty() {
            true => "no family of processes is visible".to_owned(),
            false => format!("no process of any family could be read ({})", unread.join(", ")),
        });
    }
    let missing = missing(summary).into_iter().map(|(name, effect)| format!("missing {name}: {effect}"));
    Some(format!("nothing seen: {}", parts.into_iter().chain(missing).collect::<Vec<_>>().join("; ")))
}

fn one_not_seen(pid: u32, why: NotSeen) -> String {
    match why {
        NotSeen::NoProcess => format!("process {pid}: expected a process of this number, found none"),
        NotSeen::Thread(process) => {
            format!("process {pid}: expected a process, found a thread of process {process}; give --pid {process}")
        }
        NotSeen::KernelThread => {
            format!("process {pid}: expected a process with memory, found a thread of the kernel")
        }
        NotSeen::Ended => format!("process {pid}: expected a living process, found one that has ended (zombie)"),
        NotSeen::Family(reason) => {
            format!("process {pid}: no member of its family could be read ({})", reason.name())
        }
    }
}
