//! One container: its counters, families, processes and sockets.

use std::collections::HashSet;

use crate::attribution::{Groups, describe};
use crate::procfs::{ProcFs, TcpSocket};
use crate::report::round::Round;
use crate::report::{FamilyJson, escape};

use super::rows::Row;

/// Processes, families and sockets that are listed at most; the screen shows fewer.
const MOST: usize = 200;
/// Processes whose sockets are looked for, the largest.
const WITH_SOCKETS: usize = 32;

/// A process of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub pid: u32,
    pub command: String,
    /// Resident anonymous memory, bytes.
    pub resident: u64,
}

/// What is known of one container.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Detail {
    pub row: Row,
    pub runtime: Option<String>,
    pub id: Option<String>,
    pub pod: Option<String>,
    /// Families whose root is in the container, those with the most copies first; of a scan only.
    pub families: Vec<FamilyJson>,
    /// Processes that are in the container now, the largest first; not of a recording.
    pub processes: Vec<Process>,
    /// TCP sockets of the largest processes, those with the most bytes on their way first.
    pub sockets: Vec<(u32, TcpSocket)>,
}

impl Detail {
    /// Looks at a container, and at the processes of this machine unless the round is of another time or place.
    pub fn of(row: &Row, round: &Round) -> Detail {
        let line = round.report.lines.iter().find(|line| line.key == row.key.0);
        let details = line.and_then(|line| line.details.as_ref());
        let text = |text: Option<&String>| text.map(|text| escape(text));
        let mut detail = Detail {
            row: row.clone(),
            runtime: text(details.and_then(|details| details.runtime.as_ref())),
            id: text(details.and_then(|details| details.id.as_ref())),
            pod: text(details.and_then(|details| details.pod.as_ref())),
            families: Vec::new(),
            processes: Vec::new(),
            sockets: Vec::new(),
        };
        let here = ["scan", "bpf", "kmod", "capture"].contains(&round.source);
        if let Some(path) = row.path.as_deref().filter(|_| here) {
            detail.look(path, round);
        }
        detail
    }

    fn look(&mut self, path: &str, round: &Round) {
        let (proc, groups) = (ProcFs::default(), Groups::of_host());
        let within = |pid: u32| {
            let paths = proc.cgroup(pid).ok();
            paths.and_then(|paths| groups.best(&paths)).is_some_and(|(group, _)| describe(&group).path == path)
        };
        let families = round.scan.iter().flat_map(|scan| &scan.by_family);
        self.families = families.filter(|family| within(family.root)).take(MOST).cloned().collect();
        for pid in proc.pids().unwrap_or_default() {
            if !within(pid) {
                continue;
            }
            let Some(resident) = proc.status(pid).ok().and_then(|status| status.resident_anonymous) else { continue };
            self.processes.push(Process { pid, command: escape(&proc.command(pid)), resident });
        }
        self.processes.sort_by(|a, b| b.resident.cmp(&a.resident).then(a.pid.cmp(&b.pid)));
        self.processes.truncate(MOST);
        let mut seen = HashSet::new();
        for process in self.processes.iter().take(WITH_SOCKETS) {
            // Processes of a family share their sockets.
            let own = proc.sockets(process.pid).into_iter().filter(|socket| seen.insert(socket.inode));
            self.sockets.extend(own.map(|socket| (process.pid, socket)));
        }
        self.sockets.sort_by_key(|(pid, socket)| (std::cmp::Reverse(socket.unsent), *pid, socket.local, socket.remote));
        self.sockets.truncate(MOST);
    }
}
