//! The daemon as a process of its own.

use crate::usage::Usage;
use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running daemon. It is stopped when this is dropped.
pub struct Daemon {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Daemon {
    /// Starts it on a free port of the loopback interface.
    pub fn start(program: &Path, arguments: &[OsString]) -> Result<Daemon> {
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0"]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("starting {}", program.display()))?;
        let mut daemon = Daemon { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let mut line = String::new();
        let stdout = daemon.child.stdout.take().context("the daemon has no standard output")?;
        BufReader::new(stdout).read_line(&mut line).context("reading the daemon's first line")?;
        let address = line.trim().strip_prefix("listening on ").and_then(|text| text.parse().ok());
        daemon.address = address.with_context(|| format!("expected `listening on ADDR`, found {line:?}"))?;
        Ok(daemon)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as an administrator does, and waits for its end.
    ///
    /// # Errors
    /// It does not end with 0.
    pub fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).context("sending SIGTERM to the daemon")?;
        let status = self.child.wait().context("waiting for the daemon")?;
        ensure!(status.success(), "the daemon ended with {status}");
        Ok(())
    }

    /// Processor time that it has used.
    pub fn usage(&self) -> Result<Usage> {
        Usage::of(&self.id().to_string())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Neither can fail in a way that matters here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
