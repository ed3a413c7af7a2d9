//! What a scan reports beside its events: mode, bracket, coverage.

use std::collections::BTreeMap;
use std::fmt::Write;

use bytesize::ByteSize;
use serde::{Deserialize, Serialize};

use super::escape::escape;
use crate::scan::{Bracket, FamilyFound, FrameAccess, NotSeen, OriginCounts, PageCounts, Reason, ScanSummary, Unread};

/// Families with a line of their own on the terminal.
const FAMILY_LINES: usize = 5;

/// A number that lies between two others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BracketJson {
    /// Not below this.
    pub at_least: u64,
    /// Not above this; null: nothing bounds it.
    pub at_most: Option<u64>,
}

impl From<Bracket> for BracketJson {
    fn from(bracket: Bracket) -> Self {
        Self { at_least: bracket.at_least, at_most: bracket.at_most }
    }
}

/// Members of families.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersJson {
    /// In families with two or more.
    pub seen: u64,
    /// Compared whole.
    pub read: u64,
    /// Not read or not whole, by reason.
    pub unread: BTreeMap<String, u64>,
}

/// Copies that were compared, and pages that were not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagesJson {
    /// Copies whose bytes were compared.
    pub judged: u64,
    /// `moved` and `contents` are counted copies that could not be compared; each of the others may be one more copy.
    pub unjudged: BTreeMap<String, u64>,
}

/// What was looked at and what not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageJson {
    /// `machine`, `pid_namespace` or `pids`.
    pub scope: String,
    /// Everything in the scope was read.
    pub whole: bool,
    /// Members of families.
    pub members: MembersJson,
    /// Copies and pages.
    pub pages: PagesJson,
    /// Families and orphans that may belong together.
    pub families_maybe_cut: u64,
    /// Members whose contents were denied.
    pub contents_denied: u64,
    /// Why nothing bounds the number of copies; null: something does.
    pub unbounded: Option<String>,
}

/// A process that was asked for and not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotSeenJson {
    /// Its number.
    pub pid: u32,
    /// `no_process`, `thread`, `kernel_thread`, `ended`, or the reason why its family was not read.
    pub why: String,
}

/// A process that did not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HungJson {
    /// Its number.
    pub pid: u32,
    /// The name of its first thread, escaped.
    pub command: String,
}

/// What a scan has cost the agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostJson {
    /// Measured time of processors.
    pub cpu_seconds_measured: f64,
    /// Pauses between families, to keep within the budget.
    pub paused_seconds: f64,
    /// Largest memory of the agent so far.
    pub peak_memory_bytes: u64,
}

/// Something that is missing, and what that costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingJson {
    /// A capability, or a facility of the kernel.
    pub name: String,
    /// The effect.
    pub effect: String,
}

/// Counted pages of one origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagesOfOriginJson {
    /// All of them.
    pub pages: u64,
    /// Of these, equal to another frame at their address; of inherited copies, to a sibling and not to the source.
    pub equal_to_another: u64,
    /// Of these, not compared.
    pub unjudged: u64,
}

/// Counted pages by origin. Pages of different origins are never added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginsJson {
    /// Inherited copies.
    pub inherited: u64,
    /// Of these, equal to the page that they were copied from: not worth copying.
    pub equal_to_source: u64,
    /// Of these, equal to a sibling only: could be merged.
    pub equal_to_sibling: u64,
    /// Of these, not compared.
    pub inherited_unjudged: u64,
    /// Pages that were allocated after the fork, which are no copies.
    pub born_after_fork: PagesOfOriginJson,
    /// Pages of which the parent has ended, was not read, or has given its own back.
    pub origin_unknown: PagesOfOriginJson,
}

impl From<&OriginCounts> for OriginsJson {
    fn from(counts: &OriginCounts) -> Self {
        let pages = |counts: &PageCounts| PagesOfOriginJson {
            pages: counts.pages,
            equal_to_another: counts.equal(),
            unjudged: counts.unjudged,
        };
        Self {
            inherited: counts.inherited.pages,
            equal_to_source: counts.inherited.equal_to_source,
            equal_to_sibling: counts.inherited.equal_to_other,
            inherited_unjudged: counts.inherited.unjudged,
            born_after_fork: pages(&counts.born),
            origin_unknown: pages(&counts.unknown),
        }
    }
}

/// One family.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FamilyJson {
    /// Process number of the root, or of the eldest member if the root has ended.
    pub root: u32,
    /// The name of its first thread, escaped.
    pub command: String,
    /// Members, read or not.
    pub members: u64,
    /// Seconds since the eldest member that is not the root was forked.
    pub eldest_fork_seconds: Option<f64>,
    /// Seconds since the youngest member was forked.
    pub youngest_fork_seconds: Option<f64>,
    /// Inherited copies.
    pub copies: u64,
    /// Of these, redundant.
    pub redundant: u64,
    /// Pages that were allocated after the fork.
    pub born_after_fork: u64,
    /// Pages of unknown origin.
    pub origin_unknown: u64,
    /// Inherited copies of the round before; null in the first one with the family.
    pub last_copies: Option<u64>,
    /// The most inherited copies of any round of this run.
    pub peak_copies: u64,
}

impl From<&FamilyFound> for FamilyJson {
    fn from(family: &FamilyFound) -> Self {
        Self {
            root: family.root,
            command: escape(&family.command),
            members: family.members,
            eldest_fork_seconds: family.fork_ages.map(|ages| ages.eldest.as_secs_f64()),
            youngest_fork_seconds: family.fork_ages.map(|ages| ages.youngest.as_secs_f64()),
            copies: family.origins.inherited.pages,
            redundant: family.origins.inherited.equal(),
            born_after_fork: family.origins.born.pages,
            origin_unknown: family.origins.unknown.pages,
            last_copies: family.last_copies,
            peak_copies: family.peak_copies,
        }
    }
}

/// What a scan round reports beside its events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanJson {
    /// `exact`, `bracket`, `lower_bound` or `nothing_seen`.
    pub mode: String,
    /// How frames were distinguished: `numbers` or `exclusive_bit`.
    pub frames: String,
    /// Inherited copies.
    pub copies: BracketJson,
    /// Redundant ones among them.
    pub redundant: BracketJson,
    /// Counted pages by origin; a recording of an earlier release has none, and its copies are pages of any origin.
    #[serde(default)]
    pub origins: Option<OriginsJson>,
    /// What was looked at and what not.
    pub coverage: CoverageJson,
    /// Processes that were asked for and not looked at.
    pub not_seen: Vec<NotSeenJson>,
    /// Processes that did not answer within the time limit.
    #[serde(default)]
    pub hung: Vec<HungJson>,
    /// What is missing for more.
    pub missing: Vec<MissingJson>,
    /// Pages left out, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Processes, by outcome.
    pub processes: BTreeMap<String, u64>,
    /// Families with two or more members.
    pub families: u64,
    /// The families with the most copies.
    #[serde(default)]
    pub by_family: Vec<FamilyJson>,
    /// Frames that merging equal contents would free.
    pub mergeable: u64,
    /// Pairs of different contents with the same CRC32C.
    pub fingerprint_collisions: u64,
    /// Bytes of contents read.
    pub bytes_read: u64,
    /// Measured time of the scan in seconds.
    pub scan_seconds_measured: f64,
    /// What the scan has cost.
    #[serde(default)]
    pub cost: CostJson,
}

impl ScanJson {
    /// Whether nothing could be looked at.
    pub fn nothing_seen(&self) -> bool {
        self.mode == "nothing_seen"
    }
}

impl From<&ScanSummary> for ScanJson {
    fn from(summary: &ScanSummary) -> ScanJson {
        let owned = |counts: &[(&str, u64)]| counts.iter().map(|&(name, count)| (name.to_owned(), count)).collect();
        ScanJson {
            mode: summary.mode().to_owned(),
            frames: match summary.access {
                FrameAccess::Frames => "numbers".to_owned(),
                FrameAccess::ExclusiveBit => "exclusive_bit".to_owned(),
            },
            copies: summary.copies_bracket().into(),
            redundant: summary.redundant_bracket().into(),
            origins: Some(OriginsJson::from(&summary.origins)),
            coverage: coverage(summary),
            not_seen: summary
                .not_seen
                .iter()
                .map(|&(pid, why)| NotSeenJson { pid, why: why.name().to_owned() })
                .collect(),
            hung: summary.hung.iter().map(|(pid, command)| HungJson { pid: *pid, command: escape(command) }).collect(),
            missing: missing(summary)
                .into_iter()
                .map(|(name, effect)| MissingJson { name: name.to_owned(), effect: effect.to_owned() })
                .collect(),
            skipped: owned(&skipped(summary)),
            processes: owned(&processes(summary)),
            families: summary.families,
            by_family: summary.by_family.iter().map(FamilyJson::from).collect(),
            mergeable: summary.mergeable,
            fingerprint_collisions: summary.fingerprint_collisions,
            bytes_read: summary.bytes_read,
            scan_seconds_measured: summary.duration.as_secs_f64(),
            cost: CostJson {
                cpu_seconds_measured: summary.cost.cpu.as_secs_f64(),
                paused_seconds: summary.cost.paused.as_secs_f64(),
                peak_memory_bytes: summary.cost.peak_memory,
            },
        }
    }
}

fn coverage(summary: &ScanSummary) -> CoverageJson {
    let coverage = &summary.coverage;
    let mut unjudged: BTreeMap<String, u64> =
        coverage.doubts.named().map(|(name, count)| (name.to_owned(), count)).collect();
    unjudged.insert("moved".to_owned(), summary.moved);
    unjudged.insert("contents".to_owned(), summary.unreadable);
    CoverageJson {
        scope: coverage.scope.name().to_owned(),
        whole: coverage.is_whole() && summary.moved == 0 && summary.unreadable == 0,
        members: MembersJson {
            seen: coverage.members_seen,
            read: coverage.members_read,
            unread: coverage.unread.named().map(|(name, count)| (name.to_owned(), count)).collect(),
        },
        pages: PagesJson { judged: summary.judged, unjudged },
        families_maybe_cut: coverage.maybe_cut,
        contents_denied: coverage.contents_denied,
        unbounded: coverage.unbounded.map(|why| why.name().to_owned()),
    }
}

/// What is missing for a whole result, with its effect. What is missing without an effect on this result is left out.
fn missing(summary: &ScanSummary) -> Vec<(&'static str, &'static str)> {
    let (coverage, privileges) = (&summary.coverage, &summary.privileges);
    let mut missing = Vec::new();
    let denied = coverage.unread.get(Unread::Permission) > 0 || coverage.contents_denied > 0;
    let hidden = summary.access == FrameAccess::ExclusiveBit;
    if privileges.user_namespace && (denied || hidden) {
        missing.push((
            "the first user namespace",
            "capabilities of a user namespace count for nothing in /proc of the machine",
        ));
    }
    for capability in privileges.missing() {
        let needed = match capability {
            crate::scan::Capability::SysAdmin => hidden,
            _ => denied || coverage.maybe_cut > 0,
        };
        if needed {
            missing.push((capability.name(), capability.effect()));
        }
    }
    if coverage.unread.get(Unread::Descriptors) > 0 {
        missing.push(("file descriptors", "members of large families are not read; raise `ulimit -n`"));
    }
    if coverage.unread.get(Unread::Hung) > 0 {
        missing.push((
            "answers of hung processes",
            "something holds the lock of their memory, for example a file system that does not answer: mend that, or end them",
        ));
    }
    if privileges.kcmp_refused && coverage.unread.get(Unread::OwnMemoryUnknown) > 0 {
        missing.push((
            "kcmp",
            "processes that count the same of their memory may share it, and are left out; allow the system call",
        ));
    }
    if privileges.foreign_proc {
        missing.push(("/proc of the own PID namespace", "process numbers are those of the /proc that is mounted"));
    }
    if let Some(why) = coverage.unbounded {
        missing.push((why.name(), why.text()));
    }
    missing
}

/// Pages left out, by reason.
fn skipped(summary: &ScanSummary) -> [(&'static str, u64); 6] {
    let skips = &summary.skips;
    [
        ("absent", skips.absent),
        ("swapped", skips.swapped),
        ("file_or_shared", skips.file_or_shared),
        ("zero_frame", skips.zero_frame),
        ("hugetlb", skips.hugetlb),
        ("device_memory", skips.device_memory),
    ]
}

/// Processes, by outcome.
fn processes(summary: &ScanSummary) -> [(&'static str, u64); 8] {
    let counts = &summary.processes;
    [
        ("listed", counts.listed),
        ("without_memory", counts.without_memory),
        ("alone", counts.alone),
        ("sharing_memory", counts.sharing_memory),
        ("scanned", counts.scanned),
        ("vanished", counts.vanished),
        ("unreadable", counts.unreadable),
        ("rejoined", counts.rejoined),
    ]
}

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
