//! Reports as a file in the text format of Prometheus, for the textfile collector of its node exporter.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::json::ContainerOriginsJson;
use super::{BracketJson, ContainerJson, ContentSendsJson, FamilyJson, OriginsJson, ReportJson, ScanJson, ScopeJson};

/// Labels of a sample and its value.
type Sample<'a> = (Vec<(&'a str, &'a str)>, f64);

/// Returns a report as metrics. Counters of one round (`gauges`) are gauges, those since the start counters; a scan adds its
/// mode, bracket, coverage and cost.
pub fn metrics(report: &ReportJson, gauges: bool, scan: Option<&ScanJson>) -> String {
    let mut text = String::new();
    let law = &report.conservation;
    let one = |value: f64| vec![(Vec::new(), value)];
    let mut add = |name: &str, kind: &str, about: &str, samples: Vec<Sample<'_>>| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP deltascope_{name} {about}\n# TYPE deltascope_{name} {kind}");
        for (labels, value) in samples {
            let labels: Vec<String> =
                labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(text, "deltascope_{name}{labels} {value}");
        }
    };
    add("captured_total", "counter", "Events that passed the filter of the source.", one(law.captured as f64));
    add("counted_total", "counter", "Events in the counters of the engine.", one(law.counted as f64));
    add("in_flight", "gauge", "Events that are not counted yet.", one(law.in_flight as f64));
    let lost = law.lost.iter().map(|(&reason, &count)| (vec![("reason", reason)], count as f64)).collect();
    add("lost_total", "counter", "Events that are never counted, by reason.", lost);
    let mut containers = |name: &str, about: &str, value: fn(&ContainerJson) -> u64| {
        let samples = report.containers.iter().map(|one| (labels(one), value(one) as f64)).collect();
        match gauges {
            true => add(&format!("container_{name}"), "gauge", about, samples),
            false => add(&format!("container_{name}_total"), "counter", about, samples),
        }
    };
    containers("cow_copies", "Copied pages; of a scan inherited copies.", |one| one.cow_copies);
    containers("cow_redundant", "Redundant copies.", |one| one.cow_redundant);
    containers("cow_redundant_bytes", "Bytes of the redundant copies.", |one| one.cow_bytes_redundant);
    containers("cow_unjudged", "Copies that could not be judged.", |one| one.cow_unjudged);
    if !gauges {
        containers("net_sends", "Sends.", |one| one.net_sends);
        containers("net_redundant", "Redundant sends.", |one| one.net_redundant);
        containers("net_redundant_bytes", "Bytes of the redundant sends.", |one| one.net_bytes_redundant);
    }
    sends(report, &mut add);
    if report.containers.iter().any(|one| one.origins.is_some()) {
        let mut origins = |name: &str, about: &str, value: fn(&ContainerOriginsJson) -> u64| {
            let samples = report.containers.iter();
            let samples = samples.filter_map(|one| Some((labels(one), value(one.origins.as_ref()?) as f64))).collect();
            add(&format!("container_{name}"), "gauge", about, samples);
        };
        origins("cow_equal_to_source", "Redundant copies that equal their source.", |one| one.cow_equal_to_source);
        origins("cow_equal_to_sibling", "Redundant copies that equal a sibling only.", |one| one.cow_equal_to_sibling);
        origins("born_after_fork", "Pages that were allocated after the fork.", |one| one.born_after_fork);
        origins("born_equal", "Of these, those that equal another.", |one| one.born_equal);
        origins("origin_unknown", "Pages of unknown origin.", |one| one.origin_unknown);
    }
    let Some(scan) = scan else {
        return text;
    };
    let coverage = &scan.coverage;
    add("scan_mode", "gauge", "1 for the mode of the last scan.", vec![(vec![("mode", scan.mode.as_str())], 1.0)]);
    let about = "Inherited copies, as a bracket; without at_most nothing bounds them.";
    add("scan_copies", "gauge", about, ends(&scan.copies));
    add("scan_redundant", "gauge", "Redundant inherited copies, as a bracket.", ends(&scan.redundant));
    if let Some(origins) = &scan.origins {
        let OriginsJson { born_after_fork: born, origin_unknown: unknown, .. } = origins;
        let equal = [("source", origins.equal_to_source), ("sibling", origins.equal_to_sibling)];
        let equal = equal.map(|(to, count)| (vec![("to", to)], count as f64)).to_vec();
        add("scan_redundant_equal", "gauge", "Redundant inherited copies, by what they equal.", equal);
        add("scan_born_after_fork", "gauge", "Pages that were allocated after the fork.", one(born.pages as f64));
        add("scan_born_equal", "gauge", "Of these, those that equal another.", one(born.equal_to_another as f64));
        add("scan_origin_unknown", "gauge", "Pages of unknown origin.", one(unknown.pages as f64));
    }
    families(scan, &mut add);
    let scope = vec![(vec![("scope", coverage.scope.as_str())], 1.0)];
    add("scan_scope", "gauge", "1 for the scope of the last scan.", scope);
    let mut not_seen: BTreeMap<&str, f64> = BTreeMap::new();
    scan.not_seen.iter().for_each(|one| *not_seen.entry(&one.why).or_default() += 1.0);
    let not_seen = not_seen.into_iter().map(|(why, count)| (vec![("why", why)], count)).collect();
    add("scan_not_seen", "gauge", "Processes that were asked for and not looked at, by reason.", not_seen);
    let missing = scan.missing.iter().map(|one| (vec![("name", one.name.as_str())], 1.0)).collect();
    add("scan_missing", "gauge", "1 for each privilege and facility that the last scan lacked.", missing);
    add("scan_hung", "gauge", "Processes that did not answer.", one(scan.hung.len() as f64));
    let denied = one(coverage.contents_denied as f64);
    add("scan_contents_denied", "gauge", "Members whose contents were denied.", denied);
    let outcomes = scan.processes.iter().map(|(outcome, &count)| (vec![("outcome", outcome.as_str())], count as f64));
    add("scan_processes", "gauge", "Processes, by outcome.", outcomes.collect());
    let skipped = reasons(&scan.skipped);
    add("scan_pages_left_out", "gauge", "Pages that were left out, by reason.", skipped);
    add("scan_whole", "gauge", "1 if everything in the scope was read.", one(f64::from(u8::from(coverage.whole))));
    add("scan_members_seen", "gauge", "Members of families.", one(coverage.members.seen as f64));
    add("scan_members_read", "gauge", "Members that were compared whole.", one(coverage.members.read as f64));
    add(
        "scan_members_unread",
        "gauge",
        "Members that were not read whole, by reason.",
        reasons(&coverage.members.unread),
    );
    add("scan_pages_unjudged", "gauge", "Pages that were not judged, by reason.", reasons(&coverage.pages.unjudged));
    add("scan_pages_judged", "gauge", "Copies whose bytes were compared.", one(coverage.pages.judged as f64));
    add("scan_families_maybe_cut", "gauge", "Families that may be cut.", one(coverage.families_maybe_cut as f64));
    add("scan_contents_denied", "gauge", "Members whose contents were denied.", one(coverage.contents_denied as f64));
    let unbounded = coverage.unbounded.iter().map(|why| (vec![("why", why.as_str())], 1.0)).collect();
    add("scan_unbounded", "gauge", "Why nothing bounds the number of copies, if so.", unbounded);
    add("scan_seconds", "gauge", "Time of the last scan.", one(scan.scan_seconds_measured));
    add("scan_cpu_seconds", "gauge", "Processor time of the last scan.", one(scan.cost.cpu_seconds_measured));
    add("scan_paused_seconds", "gauge", "Pauses of the last scan for its budget.", one(scan.cost.paused_seconds));
    add("scan_compared_bytes", "gauge", "Bytes of contents read by the last scan.", one(scan.bytes_read as f64));
    add("peak_memory_bytes", "gauge", "Largest memory of the agent.", one(scan.cost.peak_memory_bytes as f64));
    text
}

/// Adds the sends by content, if there are any.
fn sends(report: &ReportJson, add: &mut impl FnMut(&str, &str, &str, Vec<Sample<'_>>)) {
    let by_content = || report.containers.iter().filter_map(|one| Some((one, one.sends_by_content.as_ref()?)));
    if by_content().next().is_none() {
        return;
    }
    let mut one = |name: &str, about: &str, value: fn(&ContentSendsJson) -> u64| {
        let samples = by_content().map(|(one, sends)| (labels(one), value(sends) as f64)).collect();
        add(&format!("container_send_{name}_total"), "counter", about, samples);
    };
    one("bodies", "Bodies of sends that were compared by content.", |sends| sends.bodies);
    one("body_bytes", "Their bytes.", |sends| sends.body_bytes);
    one("unjudged", "Sends that were not compared.", |sends| sends.not_judged);
    one("unjudged_bytes", "Their bytes without heads.", |sends| sends.not_judged_bytes);
    one("encrypted_bytes", "Of the bytes not compared, those that are encrypted.", |sends| sends.encrypted_bytes);
    one("head_bytes", "Bytes of heads, in no other number.", |sends| sends.head_bytes);
    let mut scoped = |name: &str, about: &str, value: fn(&ScopeJson) -> u64| {
        let mut samples = Vec::new();
        for (one, sends) in by_content() {
            for (scope, found) in [("peer", &sends.peer), ("container", &sends.container)] {
                let mut labels = labels(one);
                labels.push(("scope", scope));
                samples.push((labels, value(found) as f64));
            }
        }
        add(&format!("container_send_{name}_total"), "counter", about, samples);
    };
    scoped("redundant", "Bodies sent before, by scope; scopes are not to be added.", |found| found.redundant);
    scoped("redundant_bytes", "Their bytes, by scope; scopes are not to be added.", |found| found.bytes_redundant);
    if let Some(bytes) = &report.send_bytes {
        let value = |value: u64| vec![(Vec::new(), value as f64)];
        add("payload_bytes_total", "counter", "Bytes of TCP payload on the wire.", value(bytes.seen));
        add("payload_sent_again_bytes_total", "counter", "Of these, sent again by TCP.", value(bytes.sent_again));
        add("payload_missing_bytes_total", "counter", "Of these, not captured.", value(bytes.missing));
    }
    let Some(contexts) = report.body_contexts else { return };
    let total = |value: u64| vec![(Vec::new(), value as f64)];
    add("body_contexts_given_total", "counter", "Contexts given to a body.", total(contexts.given));
    add("body_contexts_evicted_total", "counter", "Of these, taken from another body.", total(contexts.evicted));
}

/// Families with samples of their own: those with the most copies.
const FAMILIES: usize = 20;

fn families(scan: &ScanJson, add: &mut impl FnMut(&str, &str, &str, Vec<Sample<'_>>)) {
    let families = &scan.by_family[..scan.by_family.len().min(FAMILIES)];
    let roots: Vec<String> = families.iter().map(|family| family.root.to_string()).collect();
    let mut each = |name: &str, about: &str, value: fn(&FamilyJson) -> Option<f64>| {
        let samples = families.iter().zip(&roots).filter_map(|(family, root)| {
            Some((vec![("root", root.as_str()), ("command", family.command.as_str())], value(family)?))
        });
        add(&format!("scan_family_{name}"), "gauge", about, samples.collect());
    };
    each("copies", "Inherited copies of a family, of those with the most.", |family| Some(family.copies as f64));
    each("copies_last", "The same of the round before.", |family| Some(family.last_copies? as f64));
    each("copies_peak", "The most of any round of this run.", |family| Some(family.peak_copies as f64));
    each("fork_age_seconds", "Time since the first fork of a family.", |family| family.eldest_fork_seconds);
}

fn ends(bracket: &BracketJson) -> Vec<Sample<'static>> {
    let at_most = bracket.at_most.map(|most| (vec![("end", "at_most")], most as f64));
    std::iter::once((vec![("end", "at_least")], bracket.at_least as f64)).chain(at_most).collect()
}

fn reasons(counts: &BTreeMap<String, u64>) -> Vec<Sample<'_>> {
    counts.iter().map(|(reason, &count)| (vec![("reason", reason.as_str())], count as f64)).collect()
}

fn labels(container: &ContainerJson) -> Vec<(&str, &str)> {
    let rest = [("cgroup", &container.cgroup), ("id", &container.id), ("pod", &container.pod)];
    let rest = rest.into_iter().filter_map(|(label, value)| Some((label, value.as_deref()?)));
    std::iter::once(("container", container.name.as_str())).chain(rest).collect()
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Replaces the file at once, so that a reader never sees half of it. Everybody may read it, whatever the umask: the
/// collector is another user.
///
/// # Errors
/// The folder is not there, or nothing can be written in it.
pub fn write_metrics(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = File::create(&beside)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.write_all(text.as_bytes())?;
    drop(file);
    fs::rename(&beside, path)
}
