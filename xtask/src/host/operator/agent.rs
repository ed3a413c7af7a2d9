//! A running agent that answers over HTTP.

use crate::cargo::release_folder;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::http;

/// Longest time that something may take.
pub const LIMIT: Duration = Duration::from_secs(120);

/// An agent. It ends with this.
pub struct Agent {
    child: Child,
    /// Where it answers.
    pub address: String,
    errors: Option<JoinHandle<String>>,
}

/// The program of the agent.
pub fn program() -> Result<Command> {
    Ok(Command::new(release_folder()?.join("deltascope")))
}

impl Agent {
    /// Starts `deltascope run` with these options and waits until it listens.
    pub fn start(options: &[&str]) -> Result<Agent> {
        let mut command = program()?;
        command.args(["run", "--listen", "127.0.0.1:0"]).args(options);
        command.arg("--boardd").arg(release_folder()?.join("deltascope-boardd"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("starting deltascope")?;
        let mut errors = BufReader::new(child.stderr.take().context("no standard error")?);
        let mut line = String::new();
        errors.read_line(&mut line)?;
        let address = line.trim().strip_prefix("deltascope: listening on http://").map(str::to_owned);
        let rest = std::thread::spawn(move || {
            let mut text = String::new();
            // What cannot be read is not shown.
            let _ = errors.read_to_string(&mut text);
            text
        });
        let mut agent = Agent { child, address: String::new(), errors: Some(rest) };
        match address {
            Some(address) => agent.address = address,
            None => bail!("expected the address of the agent, found {line:?}{}", agent.end()),
        }
        Ok(agent)
    }

    /// Waits until the agent is ready.
    pub fn ready(&mut self) -> Result<()> {
        let begun = Instant::now();
        loop {
            if http::get(&self.address, "/ready").is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            if begun.elapsed() > LIMIT || self.child.try_wait()?.is_some() {
                bail!("the agent is not ready: {}", self.end());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn end(&mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.end();
    }
}
