//! What a scan reports beside its events: mode, bracket, coverage.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::escape::escape;
use super::origins::{FamilyJson, OriginsJson};
use crate::scan::{Bracket, Doubt, FrameAccess, NotSeen, ScanSummary, Unread};

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
    /// The process of a thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<u32>,
}

impl NotSeenJson {
    fn new(pid: u32, why: NotSeen) -> Self {
        let process = match why {
            NotSeen::Thread(process) => Some(process),
            _ => None,
        };
        Self { pid, why: why.name().to_owned(), process }
    }
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
    /// Largest memory of the agent so far; null where `/proc` does not show it.
    pub peak_memory_bytes: Option<u64>,
}

/// Something that is missing, and what that costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingJson {
    /// A capability, or a facility of the kernel.
    pub name: String,
    /// The effect.
    pub effect: String,
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
            not_seen: summary.not_seen.iter().map(|&(pid, why)| NotSeenJson::new(pid, why)).collect(),
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
pub(super) fn missing(summary: &ScanSummary) -> Vec<(&'static str, &'static str)> {
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
    if denied && !privileges.user_namespace && privileges.missing().next().is_none() {
        missing.push((
            "consent of a security module",
            "a process is denied to all capabilities: a module of the kernel (AppArmor, SELinux, Yama) or its parent container protects it",
        ));
    }
    if privileges.frame_flags_refused && !coverage.is_whole() {
        missing.push((
            "/proc/kpageflags and /proc/kpagecount",
            "memory that was moved or merged and relatives of orphans are not recognised; mount /proc without subset=pid",
        ));
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
    if privileges.mapping_flags_refused && coverage.doubts.get(Doubt::NotInherited) > 0 {
        missing.push((
            "bpf",
            "of large processes it is not known whether a fork hands memory down that relatives have not in common; allow the system call, on a kernel with BTF",
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
