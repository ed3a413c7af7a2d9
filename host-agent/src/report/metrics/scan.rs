//! Metrics of what a scan reports beside its events.

use std::collections::BTreeMap;

use super::exposition::{Families, Labels, Value};
use crate::report::{BracketJson, FamilyJson, OriginsJson, ScanJson};

/// Families with samples of their own: those with the most copies.
const FAMILIES: usize = 20;

/// Adds mode, bracket, coverage and cost.
pub(super) fn add(scan: &ScanJson, families: &mut Families) {
    let coverage = &scan.coverage;
    let mode = vec![(vec![("mode", scan.mode.clone())], Value::from(true))];
    families.gauges("deltascope_scan_mode", "1 for the mode of the last scan.", mode);
    let about = "Inherited copies, as a bracket; without at_most nothing bounds them.";
    families.gauges("deltascope_scan_copies", about, ends(&scan.copies));
    let about = "Redundant inherited copies, as a bracket.";
    families.gauges("deltascope_scan_redundant", about, ends(&scan.redundant));
    if let Some(OriginsJson { equal_to_source, equal_to_sibling, born_after_fork, origin_unknown, .. }) = &scan.origins
    {
        let equal = [("source", *equal_to_source), ("sibling", *equal_to_sibling)];
        let equal = equal.map(|(to, count)| (vec![("to", to.to_owned())], Value::from(count))).to_vec();
        families.gauges("deltascope_scan_redundant_equal", "Redundant inherited copies, by what they equal.", equal);
        let about = "Pages that were allocated after the fork.";
        families.gauge("deltascope_scan_born_after_fork", about, born_after_fork.pages);
        let about = "Of these, those that equal another.";
        families.gauge("deltascope_scan_born_equal", about, born_after_fork.equal_to_another);
        families.gauge("deltascope_scan_origin_unknown", "Pages of unknown origin.", origin_unknown.pages);
    }
    of_families(scan, families);
    families.gauge("deltascope_scan_whole", "1 if everything in the scope was read.", coverage.whole);
    let scope = vec![(vec![("scope", coverage.scope.clone())], Value::from(true))];
    families.gauges("deltascope_scan_scope", "1 for what was to be looked at.", scope);
    families.gauge("deltascope_scan_members_seen", "Members of families.", coverage.members.seen);
    families.gauge("deltascope_scan_members_read", "Members that were compared whole.", coverage.members.read);
    let about = "Members that were not read whole, by reason.";
    families.gauges("deltascope_scan_members_unread", about, reasons(&coverage.members.unread));
    let about = "Pages that were not judged, by reason.";
    families.gauges("deltascope_scan_pages_unjudged", about, reasons(&coverage.pages.unjudged));
    families.gauge("deltascope_scan_pages_judged", "Copies whose bytes were compared.", coverage.pages.judged);
    families.gauge("deltascope_scan_families_maybe_cut", "Families that may be cut.", coverage.families_maybe_cut);
    families.gauge("deltascope_scan_contents_denied", "Members whose contents were denied.", coverage.contents_denied);
    let unbounded = coverage.unbounded.iter().map(|why| (vec![("why", why.clone())], Value::from(true))).collect();
    families.gauges("deltascope_scan_unbounded", "Why nothing bounds the number of copies, if so.", unbounded);
    let missing = scan.missing.iter().map(|missing| (vec![("name", missing.name.clone())], Value::from(true)));
    let about = "1 for each privilege or facility that this result lacks.";
    families.gauges("deltascope_scan_missing", about, missing.collect());
    families.gauge("deltascope_scan_hung", "Processes that did not answer.", scan.hung.len() as u64);
    let mut not_seen: BTreeMap<String, u64> = BTreeMap::new();
    scan.not_seen.iter().for_each(|one| *not_seen.entry(one.why.clone()).or_default() += 1);
    let about = "Processes that were asked for and not looked at, by reason.";
    families.gauges("deltascope_scan_not_seen", about, labelled("why", &not_seen));
    families.gauges("deltascope_scan_processes", "Processes, by outcome.", labelled("outcome", &scan.processes));
    let about = "Pages that were left out, by reason.";
    families.gauges("deltascope_scan_pages_left_out", about, reasons(&scan.skipped));
    families.gauge("deltascope_scan_seconds", "Time of the last scan.", scan.scan_seconds_measured);
    families.gauge("deltascope_scan_cpu_seconds", "Processor time of the last scan.", scan.cost.cpu_seconds_measured);
    let about = "Pauses of the last scan for its budget.";
    families.gauge("deltascope_scan_paused_seconds", about, scan.cost.paused_seconds);
    families.gauge("deltascope_scan_compared_bytes", "Bytes of contents read by the last scan.", scan.bytes_read);
}

fn of_families(scan: &ScanJson, families: &mut Families) {
    let largest = &scan.by_family[..scan.by_family.len().min(FAMILIES)];
    let mut each = |name: &str, about: &'static str, value: fn(&FamilyJson) -> Option<Value>| {
        let samples = largest.iter().filter_map(|family| {
            let labels: Labels = vec![("root", family.root.to_string()), ("command", family.command.clone())];
            Some((labels, value(family)?))
        });
        families.gauges(format!("deltascope_scan_family_{name}"), about, samples.collect());
    };
    each("copies", "Inherited copies of a family, of those with the most.", |family| Some(family.copies.into()));
    each("copies_last", "The same of the round before.", |family| Some(family.last_copies?.into()));
    each("copies_peak", "The most of any round of this run.", |family| Some(family.peak_copies.into()));
    each("fork_age_seconds", "Time since the first fork of a family.", |family| {
        Some(family.eldest_fork_seconds?.into())
    });
}

fn ends(bracket: &BracketJson) -> Vec<(Labels, Value)> {
    let at_most = bracket.at_most.map(|most| ("at_most", most));
    let ends = std::iter::once(("at_least", bracket.at_least)).chain(at_most);
    ends.map(|(end, value)| (vec![("end", end.to_owned())], Value::from(value))).collect()
}

fn reasons(counts: &BTreeMap<String, u64>) -> Vec<(Labels, Value)> {
    labelled("reason", counts)
}

fn labelled(label: &'static str, counts: &BTreeMap<String, u64>) -> Vec<(Labels, Value)> {
    counts.iter().map(|(name, &count)| (vec![(label, name.clone())], Value::from(count))).collect()
}
