//! A `deltascope-boardd` as a child of the agent, for runs without a board.

use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::sys;

/// Name of the daemon's program.
pub const PROGRAM: &str = "deltascope-boardd";
/// Longest time that the daemon may take to listen; the Verilated engine clears its tables first.
const START_TIME: Duration = Duration::from_secs(30);
/// Bytes of its standard error that are kept.
const KEPT_BYTES: usize = 4096;
/// Longest first line that is read.
const LINE_BYTES: u64 = 4096;

/// Why no daemon can be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// There is no daemon to start.
    #[error(
        "no board server: expected the program {looked}, found none; build it with `cargo build --release -p deltascope-boardd`, name it with --boardd, or give the address of a running one with --connect",
        looked = looked.display()
    )]
    NoProgram {
        /// Where it was expected.
        looked: PathBuf,
    },
    /// The system does not tell where this program is.
    #[error(
        "no board server: expected /proc/self/exe to name this program, found none ({0}); mount /proc, or name the board server with --boardd"
    )]
    OwnPath(#[source] io::Error),
    /// The daemon does not start.
    #[error("cannot start {program}: {source}; {advice}", program = program.display(), advice = start_advice(source))]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system reported.
        source: io::Error,
    },
    /// The daemon does not report where it listens.
    #[error(
        "{program} started: expected the line `listening on ADDR`, found {found}; give the program of a board server",
        program = program.display()
    )]
    Silent {
        /// The program.
        program: PathBuf,
        /// What came instead.
        found: String,
    },
}

/// What to do where a program cannot be started.
fn start_advice(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EAGAIN) => {
            "no process or thread is left, end other programs or raise their limit (`ulimit -u`, TasksMax=, pids.max)"
        }
        Some(libc::EMFILE | libc::ENFILE) => "no file descriptor is left, raise the limit (`ulimit -n`, LimitNOFILE=)",
        _ => "check that it may be executed",
    }
}

/// A running daemon. It is stopped when this is dropped.
///
/// What it reports on standard error is kept, and shown only if it ends by itself: then it reports why.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    address: SocketAddr,
    said: Option<Said>,
}

impl Daemon {
    /// The daemon beside this program.
    pub fn beside_this_program() -> Result<PathBuf, DaemonError> {
        let looked = std::env::current_exe().map_err(DaemonError::OwnPath)?.with_file_name(PROGRAM);
        if looked.is_file() { Ok(looked) } else { Err(DaemonError::NoProgram { looked }) }
    }

    /// Starts a daemon on a free port of the loopback interface and waits until it listens.
    pub fn start(program: &Path, engine: &str) -> Result<Daemon, DaemonError> {
        if !program.is_file() {
            return Err(DaemonError::NoProgram { looked: program.to_path_buf() });
        }
        let fail = |source| DaemonError::Start { program: program.to_path_buf(), source };
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0", "--engine", engine]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        sys::tie_to_parent(&mut command);
        let child = command.spawn().map_err(fail)?;
        // From here on it is stopped where anything fails.
        let mut daemon = Daemon { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), said: None };
        let (lines, first) = channel();
        if let Some(stdout) = daemon.child.stdout.take() {
            thread(move || read_all(stdout, lines)).map_err(fail)?;
        }
        daemon.said = daemon.child.stderr.take().map(Said::listen).transpose().map_err(fail)?;
        let said = first.recv_timeout(START_TIME);
        let silent = |found: String| DaemonError::Silent { program: program.to_path_buf(), found };
        let line = said.map_err(|error| match error {
            RecvTimeoutError::Timeout => silent(format!("nothing in {} s", START_TIME.as_secs())),
            RecvTimeoutError::Disconnected => silent(format!("the end of its output; {}", daemon.end())),
        })?;
        daemon.address = address(&line).ok_or_else(|| silent(format!("the line {line:?}")))?;
        Ok(daemon)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The last that it has said on standard error so far: why it does not answer, for one.
    pub fn said(&self) -> String {
        self.said.as_ref().map(Said::so_far).unwrap_or_default()
    }

    /// Stops it, waits for it, and gives how it ended with the last that it said.
    fn end(&mut self) -> String {
        // It is given a moment to end by itself, because then its status reports more.
        let status = (0..20).find_map(|_| {
            std::thread::sleep(Duration::from_millis(5));
            self.child.try_wait().ok().flatten()
        });
        let _ = self.child.kill();
        let _ = self.child.wait();
        let said = self.said.take().map(Said::text).unwrap_or_default();
        let status = status.map_or("it had to be stopped".to_owned(), |status| format!("it ended with {status}"));
        format!("{status} and printed {said:?}")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let ended = self.child.try_wait().ok().flatten();
        // Neither can fail in a way that matters: a child that has ended already is reaped by `wait`.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let (Some(status), Some(said)) = (ended, self.said.take()) {
            eprintln!("{PROGRAM} ended with {status} and printed {:?}", said.text());
        }
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
    let _ = io::copy(&mut reader, &mut io::sink());
}

/// Starts a thread that reads what a daemon reports. Where none is left, that is an error and no panic.
fn thread(work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("daemon".to_owned()).spawn(work)
}

/// The last that a daemon said on standard error.
#[derive(Debug)]
struct Said {
    kept: Arc<Mutex<Vec<u8>>>,
    listener: JoinHandle<()>,
}

impl Said {
    fn listen(mut stderr: ChildStderr) -> io::Result<Said> {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let shared = kept.clone();
        let listener = thread(move || {
            let mut bytes = [0; 1024];
            while let (Ok(count @ 1..), Ok(mut kept)) = (stderr.read(&mut bytes), shared.lock()) {
                kept.extend_from_slice(&bytes[..count]);
                let before = kept.len().saturating_sub(KEPT_BYTES);
                kept.drain(..before);
            }
        })?;
        Ok(Said { kept, listener })
    }

    /// What there is, after a moment for the rest: somebody else may hold the pipe open for longer.
    fn text(self) -> String {
        for _ in 0..20 {
            if self.listener.is_finished() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.so_far()
    }

    fn so_far(&self) -> String {
        let kept = self.kept.lock().map(|kept| kept.clone()).unwrap_or_default();
        String::from_utf8_lossy(&kept).trim_end().to_owned()
    }
}
