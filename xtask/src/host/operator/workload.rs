//! Processes in control groups of their own that waste a known number of pages.

use crate::cargo::run;
use crate::setup;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Bytes of a page.
const PAGE: u64 = 4096;
/// Pages of a family that are copied beside those it wastes: stack, data of the C library.
const OTHER_PAGES: u64 = 32;

/// Builds the program that wastes, in `folder`; it needs no library, so that it runs in a container that holds nothing else.
pub fn build(folder: &Path) -> Result<PathBuf> {
    compile(folder, "waste", include_str!("waste.c"))
}

/// Builds a program in C without libraries, in `folder`.
pub fn compile(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let (source, program) = (folder.join(name).with_extension("c"), folder.join(name));
    fs::write(&source, text)?;
    run(Command::new("gcc").args(["-O1", "-static", "-o"]).arg(&program).arg(&source))?;
    Ok(program)
}

/// Where the version 2 hierarchy of control groups is mounted; `None` without one, or without the right to make groups.
pub fn groups() -> Result<Option<PathBuf>> {
    let mounts = fs::read_to_string("/proc/mounts")?;
    let mount = mounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        (fields.get(2) == Some(&"cgroup2")).then(|| PathBuf::from(fields[1]))
    });
    Ok(mount.filter(|_| setup::is_root()))
}

/// A family of two processes whose waste is known.
#[derive(Clone, Debug)]
pub struct Family {
    /// Its name on every surface.
    pub name: String,
    /// Path of its control group in the hierarchy of version 2.
    pub cgroup: String,
    /// Process number of the parent.
    pub pid: u32,
    /// Pages that the child has copied for nothing.
    pub pages: u64,
}

impl Family {
    /// The bytes that it has wasted, at least and at most.
    pub fn wasted(&self) -> RangeInclusive<u64> {
        let least = self.pages * PAGE;
        least..=least + OTHER_PAGES * PAGE
    }
}

/// A family in a control group of its own. Both processes end with this.
pub struct Wasteful {
    child: Child,
    group: PathBuf,
    /// What is known of it.
    pub family: Family,
}

impl Wasteful {
    /// Starts a family in the group `cgroup` below `groups`, which surfaces call `name`, and waits until it has written
    /// everything.
    pub fn start(program: &Path, groups: &Path, (name, cgroup): (&str, &str), pages: u64) -> Result<Wasteful> {
        let group = groups.join(cgroup.trim_start_matches('/'));
        fs::create_dir_all(&group).with_context(|| {
            format!("{}: expected to make a control group, found no permission; run this as root", group.display())
        })?;
        // The shell moves itself before the program makes its family, so that all of it is in the group.
        let script = "echo $$ >\"$1/cgroup.procs\" && exec \"$2\" \"$3\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(&group).arg(program).arg(pages.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting sh")?;
        let mut line = String::new();
        let output = child.stdout.take().context("the program has no output")?;
        let read = BufReader::new(output).read_line(&mut line);
        let family = Family { name: name.to_owned(), cgroup: cgroup.to_owned(), pid: 0, pages };
        let mut wasteful = Wasteful { child, group, family };
        read?;
        let pid = line.split_whitespace().next().and_then(|word| word.parse().ok());
        let pid: u32 = pid.with_context(|| format!("expected two process numbers, found {line:?}"))?;
        wasteful.family.pid = pid;
        ensure!(fs::read_to_string(format!("/proc/{pid}/cgroup"))?.contains(cgroup), "it is in another group");
        Ok(wasteful)
    }
}

impl Drop for Wasteful {
    fn drop(&mut self) {
        // The end of its input ends it, and it ends its child.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        // The kernel may take a moment to let the group go, and the groups above it are empty then.
        for _ in 0..200 {
            if fs::remove_dir(&self.group).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let mut above = self.group.parent();
        while let Some(folder) = above.filter(|folder| fs::remove_dir(folder).is_ok()) {
            above = folder.parent();
        }
    }
}

/// Removes a control group, the groups in it and the empty ones above it, in every hierarchy, once no process is in it.
pub fn remove_groups(cgroup: &str) {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    for mount in mounts.lines() {
        let fields: Vec<&str> = mount.split(' ').collect();
        if !matches!(fields.get(2), Some(&"cgroup" | &"cgroup2")) {
            continue;
        }
        let group = Path::new(fields[1]).join(cgroup.trim_start_matches('/'));
        for _ in 0..200 {
            for inner in fs::read_dir(&group).into_iter().flatten().flatten().filter(|inner| inner.path().is_dir()) {
                let _ = fs::remove_dir(inner.path());
            }
            if !group.exists() || fs::remove_dir(&group).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        remove_empty(group.parent(), Path::new(fields[1]));
    }
}

/// Removes empty groups from `group` upwards.
fn remove_empty(mut group: Option<&Path>, mount: &Path) {
    while let Some(folder) = group.filter(|folder| *folder != mount && fs::remove_dir(folder).is_ok()) {
        group = folder.parent();
    }
}
