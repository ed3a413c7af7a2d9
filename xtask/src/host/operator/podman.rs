//! A container of a real Podman.

use super::agent::{LIMIT, program};
use super::workload::{Family, remove_groups};
use crate::cargo::release_folder;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Group in which Podman puts its containers with `--cgroup-manager cgroupfs`.
const PARENT: &str = "/libpod_parent";

struct Podman {
    folder: PathBuf,
    name: String,
}

impl Podman {
    /// Runs Podman with its storage where it is below a root folder of the host.
    fn run(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new("podman");
        command.arg("--root").arg(self.host().join("var/lib/containers/storage"));
        command.arg("--runroot").arg(self.folder.join("run"));
        // crun of Debian 12 runs on no machine with hierarchies of both versions.
        command.args(["--storage-driver", "vfs", "--runtime", "runc", "--cgroup-manager", "cgroupfs"]).args(arguments);
        let output = command.output().context("starting podman")?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "podman {arguments:?}: {error}");
        Ok(output)
    }

    fn host(&self) -> PathBuf {
        self.folder.join("host")
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // Without a container there is nothing to remove.
        let _ = self.run(&["rm", "--force", "--time", "0", &self.name]);
        remove_groups(PARENT);
    }
}

/// Runs the program that wastes in a container of Podman, and checks what a scan calls and counts it: Podman's own name, from
/// its storage as it is on disk, also after the container was renamed.
pub fn check(folder: &Path, layer: &Path, pages: u64) -> Result<Value> {
    let folder = folder.join("podman");
    fs::create_dir(&folder)?;
    let name = format!("deltascope-{}", std::process::id());
    let podman = Podman { folder, name };
    podman.run(&["import", layer.to_str().context("a path")?, "localhost/waste:1"])?;
    let first = format!("{}-first", podman.name);
    let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
    let start = ["run", "--detach", "--interactive", "--network", "none", "--name", &first];
    podman.run(&[&start[..], &limits, &["localhost/waste:1", "/waste", &pages.to_string()]].concat())?;
    podman.run(&["rename", &first, &podman.name])?;
    let begun = Instant::now();
    while podman.run(&["logs", &podman.name])?.stdout.is_empty() {
        ensure!(begun.elapsed() < LIMIT, "the container prints nothing");
        std::thread::sleep(Duration::from_millis(100));
    }
    let pid = podman.run(&["inspect", "--format", "{{.State.Pid}}", &podman.name])?.stdout;
    let pid: u32 = String::from_utf8(pid)?.trim().parse().context("no process")?;
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup"))?;
    let cgroup = groups.lines().find_map(|line| line.strip_prefix("0::")).context("no group of version 2")?;
    let family = Family { name: format!("podman/{}", podman.name), cgroup: cgroup.to_owned(), pid, pages };
    let mut command = program()?;
    command.args(["scan", "--json", "--pid", &pid.to_string(), "--host-root"]).arg(podman.host());
    let output = command.arg("--boardd").arg(release_folder()?.join("deltascope-boardd")).output()?;
    ensure!(output.status.success(), "scan: {}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout)?;
    let container = &found["containers"][0];
    let bytes = container["cow_bytes_redundant"].as_u64().context("a number of bytes")?;
    ensure!(container["name"] == family.name.as_str() && container["cgroup"] == cgroup, "podman: {found}");
    ensure!(family.wasted().contains(&bytes), "podman: {bytes} bytes: {found}");
    Ok(json!({"container": family.name, "cgroup": family.cgroup, "wasted_bytes": bytes}))
}
