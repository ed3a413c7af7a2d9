//! A disk that is full while an agent writes to it.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::job::World;

/// Bytes that the disk takes.
const BYTES: u64 = 1 << 20;

/// A folder on a file system of its own, which root may mount; taken down at the end.
struct Small(PathBuf);

impl Small {
    fn mount(folder: &Path) -> Option<Small> {
        std::fs::create_dir(folder).ok()?;
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={BYTES}"), "tmpfs"]).arg(folder);
        command.stderr(std::process::Stdio::null());
        command.status().ok().filter(|status| status.success()).map(|_| Small(folder.to_path_buf()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        _ = Command::new("umount").arg(&self.0).status();
    }
}

/// `record` and the folder of an agent's state on a full disk: each is reported by name, what was recorded replays to its
/// last whole chunk, and the run continues. Gives how the disk was made full.
pub fn run(world: &World<'_>) -> Result<&'static str> {
    let folder = world.folder.join("small");
    let small = Small::mount(&folder);
    let folder = if small.is_some() { folder } else { world.folder.to_path_buf() };
    let file = folder.join("full.rec");
    let mut command = Command::new(&world.agent);
    command.arg("record").arg(&file).args(["--source", "synth", "--events", "1000000"]);
    if small.is_none() {
        // An ordinary user: the limit of a file's length instead (setrlimit(2)), whose signal is ignored.
        // SAFETY: between fork and exec only async-signal-safe calls are allowed; these are two system calls.
        unsafe {
            command.pre_exec(|| {
                let limit = libc::rlimit { rlim_cur: BYTES, rlim_max: BYTES };
                libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
                match libc::setrlimit(libc::RLIMIT_FSIZE, &limit) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                }
            });
        }
    }
    let output = command.output().context("starting `deltascope record`")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(1), "record on a full disk: expected an error, found {output:?}");
    ensure!(said.contains("free some space") && !said.contains("panicked"), "record on a full disk said {said:?}");
    let mode = std::fs::metadata(&file)?.permissions().mode() & 0o777;
    ensure!(mode == 0o600, "a recording: expected mode 0600, found {mode:04o}");
    let mut command = Command::new(&world.agent);
    command.arg("record").arg(world.folder.join("again.rec")).args(["--source", "replay", "--file"]);
    let output = command.arg(&file).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(
        output.status.success() && said.contains("cut short"),
        "an incomplete recording: expected its whole chunks and where it is cut, found {output:?}"
    );
    world.totals(|totals| totals.disk_full += 1);
    if small.is_none() {
        return Ok("RLIMIT_FSIZE");
    }
    let mut command = Command::new(&world.agent);
    command.args(["run", "--source", "synth", "--events", "1000", "--connect", &world.board.address.to_string()]);
    let output = command.arg("--state-dir").arg(folder.join("state")).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(
        output.status.success() && said.contains("--state-dir") && !said.contains("panicked"),
        "a state folder on a full disk: expected a run that reports it, found {output:?}"
    );
    world.totals(|totals| totals.disk_full += 1);
    Ok("tmpfs")
}
