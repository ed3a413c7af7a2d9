//! A `deltascope-boardd` as a child of the agent, for runs without a board.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::{TransportError, sys};

/// Name of the daemon's program.
pub const PROGRAM: &str = "deltascope-boardd";
/// Longest time that the daemon may take to listen; the Verilated engine clears its tables first.
const START_TIME: Duration = Duration::from_secs(30);
/// Longest first line that is read.
const LINE_BYTES: u64 = 4096;

/// A running daemon. It is stopped when this is dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    address: SocketAddr,
}

impl Daemon {
    /// The daemon beside this program.
    pub fn beside_this_program() -> Result<PathBuf, TransportError> {
        let looked = std::env::current_exe().map(|own| own.with_file_name(PROGRAM)).unwrap_or_else(|_| PROGRAM.into());
        if looked.is_file() { Ok(looked) } else { Err(TransportError::NoDaemon { looked }) }
    }

    /// Starts a daemon on a free port of the loopback interface and waits until it listens.
    pub fn start(program: &Path, engine: &str) -> Result<Daemon, TransportError> {
        if !program.is_file() {
            return Err(TransportError::NoDaemon { looked: program.to_path_buf() });
        }
        let fail = |source| TransportError::DaemonStart { program: program.to_path_buf(), source };
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0", "--engine", engine]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        sys::tie_to_parent(&mut command);
        let mut child = command.spawn().map_err(fail)?;
        let (lines, first) = channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || read_all(stdout, lines));
        }
        let mut daemon = Daemon { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let said = first.recv_timeout(START_TIME);
        let silent = |daemon: &mut Daemon, found: String| {
            let status = daemon.child.try_wait().ok().flatten();
            let found = match status {
                Some(status) => format!("{found}; it ended with {status}"),
                None => found,
            };
            TransportError::DaemonSilent { program: program.to_path_buf(), found }
        };
        let line = match said {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => return Err(silent(&mut daemon, "nothing in 30 s".into())),
            Err(RecvTimeoutError::Disconnected) => {
                // Its output is closed, so it is ending; its own message stands on standard error.
                std::thread::sleep(Duration::from_millis(50));
                return Err(silent(&mut daemon, "the end of its output".into()));
            }
        };
        daemon.address = address(&line).ok_or_else(|| silent(&mut daemon, format!("the line {line:?}")))?;
        Ok(daemon)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Neither can fail in a way that matters: a child that has ended already is reaped by `wait`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the line `listening on ADDR`.
fn address(line: &str) -> Option<SocketAddr> {
    line.strip_prefix("listening on ")?.parse().ok().filter(|address: &SocketAddr| address.port() != 0)
}

/// Hands over the first line and throws the others away, so that the daemon never waits for a reader.
fn read_all(stdout: ChildStdout, lines: Sender<String>) {
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    let read = reader.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line);
    if read.is_ok_and(|bytes| bytes > 0) {
        let _ = lines.send(String::from_utf8_lossy(&line).trim_end().to_owned());
    }
    drop(lines);
    let _ = std::io::copy(&mut reader, &mut std::io::sink());
}
