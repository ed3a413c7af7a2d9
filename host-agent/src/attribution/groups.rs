//! The control groups of the host, also for a process in a control group namespace of its own.
//!
//! Such a process reads paths that begin at the root of its namespace (`cgroup_namespaces(7)`): `/../nginx.service` is beside
//! it. What Kubernetes starts has such a namespace, and no setting of a pod gives it the host's.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::procfs::{CgroupPaths, ProcFs};

/// Groups that are looked through for the own process.
const GROUPS: usize = 65_536;

/// The version 2 hierarchy, and where paths of the proc file system begin in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// Where the whole hierarchy is mounted; `None` where it is not seen.
    pub folder: Option<PathBuf>,
    /// Root of the own namespace in the hierarchy; empty outside of such a namespace.
    root: String,
}

impl Groups {
    /// Those of this host.
    pub fn of_host() -> &'static Groups {
        static HOST: OnceLock<Groups> = OnceLock::new();
        HOST.get_or_init(|| Groups::of(&ProcFs::default()))
    }

    /// Those that a proc file system shows.
    pub fn of(proc: &ProcFs) -> Groups {
        private(proc).unwrap_or_else(|| Groups { folder: proc.version_2_groups(), root: String::new() })
    }

    /// A path of `/proc/PID/cgroup` as a path from the root of the hierarchy.
    pub fn absolute(&self, path: &str) -> String {
        if self.root.is_empty() {
            return path.to_owned();
        }
        let mut parts: Vec<&str> = self.root.split('/').filter(|part| !part.is_empty()).collect();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            match part {
                ".." => _ = parts.pop(),
                part => parts.push(part),
            }
        }
        format!("/{}", parts.join("/"))
    }

    /// The group that states most about a process, and whether it is one of version 2.
    pub fn best(&self, paths: &CgroupPaths) -> Option<(String, bool)> {
        let (path, v2) = paths.best()?;
        Some((if v2 { self.absolute(path) } else { path.to_owned() }, v2))
    }
}

/// The groups of the host as a process in a namespace of its own finds them; `None` outside of one, and where the first process
/// of the host, or its file system, is not seen.
fn private(proc: &ProcFs) -> Option<Groups> {
    let of_first = proc.cgroup(1).ok()?.v2?;
    if of_first != "/.." && !of_first.starts_with("/../") {
        return None;
    }
    let own = proc.cgroup(proc.own_pid().ok()?).ok()?.v2?;
    let folder = proc.groups_above()?;
    let path = group_of(&folder, std::process::id())?;
    let root = if own == "/" { path.as_str() } else { path.strip_suffix(own.as_str())? };
    Some(Groups { folder: Some(folder), root: root.to_owned() })
}

/// The path of the group that a process is in, found by its number: in this mount it has no other sign.
fn group_of(mount: &Path, pid: u32) -> Option<String> {
    let pid = pid.to_string();
    let mut open = VecDeque::from([String::new()]);
    let mut seen = 0;
    while let Some(path) = open.pop_front() {
        let folder = mount.join(path.trim_start_matches('/'));
        let members = std::fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
        if members.lines().any(|member| member == pid) {
            return Some(if path.is_empty() { "/".to_owned() } else { path });
        }
        seen += 1;
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        let groups = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let names = groups.filter_map(|group| group.file_name().into_string().ok());
        open.extend(names.take(GROUPS.saturating_sub(seen + open.len())).map(|name| format!("{path}/{name}")));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, below: &str, text: &str) {
        let path = root.join(below);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    /// A proc file system as a process in a namespace at `/kubepods/pod1/agent` sees it.
    fn tree(of_first: &str) -> (tempfile::TempDir, ProcFs) {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let pid = std::process::id();
        write(root, "1/cgroup", &format!("0::{of_first}\n"));
        write(root, "1/mountinfo", "30 23 0:26 /../../.. /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n");
        let stat = std::fs::read_to_string("/proc/self/stat").expect("a line");
        write(root, "self/stat", &stat);
        write(root, &format!("{pid}/cgroup"), "0::/inner\n");
        let groups = "1/root/sys/fs/cgroup";
        write(root, &format!("{groups}/system.slice/nginx.service/cgroup.procs"), "17\n");
        write(root, &format!("{groups}/kubepods/pod1/agent/inner/cgroup.procs"), &format!("1\n{pid}\n"));
        let proc = ProcFs::new(root);
        (folder, proc)
    }

    #[test]
    fn paths_of_a_private_namespace_are_those_of_the_host() {
        let (folder, proc) = tree("/../../../init.scope");
        let groups = Groups::of(&proc);
        assert_eq!(groups.folder, Some(folder.path().join("1/root/sys/fs/cgroup")));
        for (path, expected) in [
            ("/", "/kubepods/pod1/agent"),
            ("/inner", "/kubepods/pod1/agent/inner"),
            ("/../other", "/kubepods/pod1/other"),
            ("/../../../system.slice/nginx.service", "/system.slice/nginx.service"),
            ("/../../..", "/"),
        ] {
            assert_eq!(groups.absolute(path), expected, "{path}");
        }
        let paths = CgroupPaths { v2: Some("/../../pod2/c".to_owned()), v1: Vec::new() };
        assert_eq!(groups.best(&paths), Some(("/kubepods/pod2/c".to_owned(), true)));
    }

    #[test]
    fn paths_of_the_hosts_namespace_stay_as_they_are() {
        let (_folder, proc) = tree("/init.scope");
        let groups = Groups::of(&proc);
        assert_eq!((groups.absolute("/a/b"), groups.root.as_str()), ("/a/b".to_owned(), ""));
    }
}
