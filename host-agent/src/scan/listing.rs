//! What there is to scan: processes, their families, and what is not among them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::cut::{self, Hidden};
use super::family::{Family, families};
use super::kinship::LiveKinship;
use super::live;
use super::time_limit::TimeLimit;
use super::{
    Capability, Coverage, NotSeen, Privileges, ProcessCounts, ScanError, ScanTarget, Scope, Unbounded, Unread,
};
use crate::procfs::{ProcError, ProcFs, ProcessStat};

/// How long, and how often, a process that shows no layout is waited for.
const ENDING: Duration = Duration::from_millis(1);
const ENDING_LOOKS: usize = 20;

/// What a scan is going to look at.
pub(crate) struct Listing {
    pub families: Vec<Family>,
    pub coverage: Coverage,
    pub not_seen: Vec<(u32, NotSeen)>,
}

impl Listing {
    /// Finds the families of the target with two or more members, and what is not among them.
    pub fn new(
        proc: &ProcFs,
        mut kinship: LiveKinship<'_>,
        target: &ScanTarget,
        privileges: &Privileges,
        counts: &mut ProcessCounts,
    ) -> Result<Listing, ScanError> {
        let mut listed = Vec::new();
        let (mut vanished, mut unreadable, mut without_memory) = (0, 0, HashMap::new());
        let pids = proc.pids()?;
        let mut pages: HashMap<u32, u64> = HashMap::new();
        for &pid in &pids {
            match proc.process(pid) {
                Ok(stat) if stat.has_memory() => {
                    let stat = settled(proc, stat, privileges);
                    // A process that shows none has ended meanwhile.
                    match stat.and_then(|stat| Some((stat, live::anonymous(proc, &stat)?))) {
                        Some((stat, anonymous)) => {
                            listed.push(stat);
                            pages.insert(pid, anonymous);
                        }
                        None => vanished += 1,
                    }
                }
                Ok(stat) => {
                    without_memory.insert(pid, stat.kernel_thread);
                }
                Err(error) if error.is_vanished() => vanished += 1,
                // Without a descriptor nothing is known of any process.
                Err(error @ ProcError::Descriptors { .. }) => return Err(error.into()),
                Err(_) => unreadable += 1,
            }
        }
        let mut families = families(&listed, &mut kinship);
        let hidden = Hidden::find(proc, &families);
        let mut coverage = Coverage::new(match (target, privileges.pid_namespace) {
            (ScanTarget::Pids(_), _) => Scope::Pids,
            (ScanTarget::Machine, false) => Scope::Machine,
            (ScanTarget::Machine, true) => Scope::PidNamespace,
        });
        // Process 1 is there as long as its PID namespace.
        if unreadable > 0 || pids.first().is_some_and(|&first| first != 1) {
            coverage.unbounded = Some(Unbounded::HiddenProcesses);
        }
        if coverage.scope == Scope::PidNamespace {
            coverage.unbounded = Some(Unbounded::PidNamespace);
        }
        let mut not_seen = Vec::new();
        match target {
            ScanTarget::Machine => {
                counts.without_memory = without_memory.len() as u64;
                counts.vanished = vanished;
                counts.unreadable = unreadable;
                counts.listed = listed.len() as u64 + counts.without_memory + vanished + unreadable;
            }
            ScanTarget::Pids(pids) => {
                let mut wanted: HashSet<u32> = pids.iter().copied().collect();
                families.retain(|family| family.members.iter().any(|m| wanted.contains(&m.pid)));
                for member in families.iter().flat_map(|family| &family.members) {
                    wanted.remove(&member.pid);
                    counts.listed += 1;
                }
                not_seen.extend(wanted.into_iter().map(|pid| (pid, why_not_seen(proc, pid, without_memory.get(&pid)))));
                counts.listed += not_seen.len() as u64;
                for (_, why) in &not_seen {
                    match why {
                        NotSeen::KernelThread | NotSeen::Ended => counts.without_memory += 1,
                        _ => counts.vanished += 1,
                    }
                }
            }
        }
        counts.rejoined = families.iter().map(|family| family.rejoined).sum();
        cut::note(proc, &hidden, &families, &mut coverage);
        families.retain(|family| {
            let [alone] = family.members[..] else { return true };
            match Some(&alone)
                .filter(|_| coverage.scope == Scope::Pids)
                .and_then(|alone| unread(proc, kinship.limit(), alone))
            {
                None => counts.alone += 1,
                // That it is seen to have no family reports nothing.
                Some(reason) => {
                    counts.unreadable += 1;
                    coverage.members_seen += 1;
                    coverage.unread.add(reason, 1);
                    not_seen.push((alone.pid, NotSeen::Family(reason)));
                }
            }
            false
        });
        for family in &mut families {
            family.pages = family.members.iter().map(|member| pages[&member.pid]).collect();
        }
        Ok(Listing { families, coverage, not_seen })
    }
}

/// A process as it is listed, unless it has ended meanwhile. One that is about to end shows no layout, like one that
/// hides it; with the privilege to see it, it is given a moment.
fn settled(proc: &ProcFs, stat: ProcessStat, privileges: &Privileges) -> Option<ProcessStat> {
    let mut now = stat;
    for _ in 0..ENDING_LOOKS {
        if now.layout.is_some() || !privileges.has(Capability::SysPtrace) {
            break;
        }
        std::thread::sleep(ENDING);
        now = proc.process(stat.pid).ok().filter(ProcessStat::has_memory)?;
    }
    Some(now)
}

/// Why a process that hides its origin cannot be read; `None` if it shows it or can be read.
fn unread(proc: &ProcFs, limit: &mut TimeLimit, process: &ProcessStat) -> Option<Unread> {
    if process.layout.is_some() {
        return None;
    }
    let (proc, stat) = (proc.clone(), *process);
    let opened =
        limit.call(process, move || proc.pagemap(stat.task()).map(drop).map_err(|error| live::reason(&error, &stat)));
    opened.map_or(Some(Unread::Hung), Result::err)
}

/// Why a number that was asked for is none of a process with memory; `kernel_thread` if it was listed.
fn why_not_seen(proc: &ProcFs, pid: u32, kernel_thread: Option<&bool>) -> NotSeen {
    match (kernel_thread, proc.thread_of(pid)) {
        (Some(true), _) => NotSeen::KernelThread,
        (Some(false), _) => NotSeen::Ended,
        (None, Some(process)) => NotSeen::Thread(process),
        (None, None) => NotSeen::NoProcess,
    }
}
