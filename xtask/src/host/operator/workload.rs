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

/// Builds the program that wastes, in `folder`.
pub fn build(folder: &Path) -> Result<PathBuf> {
    let (source, program) = (folder.join("waste.c"), folder.join("waste"));
    fs::write(&source, include_str!("waste.c"))?;
    run(Command::new("gcc").args(["-O1", "-o"]).arg(&program).arg(&source))?;
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

/// A family of two processes in a control group of its own. Both end with this.
pub struct Wasteful {
    child: Child,
    group: PathBuf,
    /// Its name on every surface.
    pub name: &'static str,
    /// Path of the group in its hierarchy.
    pub cgroup: String,
    /// Process number of the parent.
    pub pid: u32,
    /// Pages that the child has copied for nothing.
    pub pages: u64,
}

impl Wasteful {
    /// Starts a family in the group `cgroup` below `groups`, which surfaces call `name`, and waits until it has written
    /// everything.
    pub fn start(program: &Path, groups: &Path, (name, cgroup): (&'static str, &str), pages: u64) -> Result<Wasteful> {
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
        let mut family = Wasteful { child, group, name, cgroup: cgroup.to_owned(), pid: 0, pages };
        read?;
        let pid = line.split_whitespace().next().and_then(|word| word.parse().ok());
        family.pid = pid.with_context(|| format!("expected two process numbers, found {line:?}"))?;
        ensure!(fs::read_to_string(format!("/proc/{}/cgroup", family.pid))?.contains(cgroup), "it is in another group");
        Ok(family)
    }
}

impl Wasteful {
    /// The bytes that it has wasted, at least and at most.
    pub fn wasted(&self) -> RangeInclusive<u64> {
        let least = self.pages * PAGE;
        least..=least + OTHER_PAGES * PAGE
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
