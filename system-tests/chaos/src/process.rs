//! Daemon and agents as processes.

use std::fs::{File, read_to_string};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use deltascope_testkit::memory::peak_resident;
use deltascope_testkit::reports;
use deltascope_tls::{Authority, Role, Validity};
use serde_json::Value;

/// Time that the daemon may take to listen, or to say its status.
const START_TIME: Duration = Duration::from_secs(120);

/// Keys of a server and of an agent.
#[derive(Debug)]
pub struct Keys {
    server: PathBuf,
    /// Certificate and key of an agent.
    pub agent: PathBuf,
    /// Certificate of the authority.
    pub authority: PathBuf,
}

impl Keys {
    /// New ones, in a folder.
    pub fn new(folder: &Path) -> Result<Keys> {
        let authority = Authority::create(&folder.join("keys"), Validity::days(1))?;
        let server = authority.issue(Role::Server, "localhost", &[], Validity::days(1))?;
        let agent = authority.issue(Role::Agent, "chaos", &[], Validity::days(1))?;
        Ok(Keys { server, agent, authority: authority.certificate() })
    }
}

/// A board server that is killed and started again at one address.
#[derive(Debug)]
pub struct Board {
    program: PathBuf,
    keys: Option<Keys>,
    log: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
    running: Mutex<Running>,
}

#[derive(Debug)]
struct Running {
    child: Option<Child>,
    starts: u64,
    peak: u64,
}

impl Board {
    /// Starts one on a free port.
    pub fn start(program: &Path, folder: &Path, keys: Option<Keys>) -> Result<Board> {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).context("a free port")?;
        let running = Mutex::new(Running { child: None, starts: 0, peak: 0 });
        let board = Board { program: program.to_path_buf(), keys, log: folder.join("boardd"), address, running };
        board.with(|running| board.spawn(running))?;
        Ok(board)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Running) -> Result<T>) -> Result<T> {
        let mut running = self.running.lock().map_err(|_| anyhow!("another thread failed"))?;
        work(&mut running)
    }

    fn out(&self, start: u64) -> PathBuf {
        self.log.with_extension(format!("{start}.out"))
    }

    fn spawn(&self, running: &mut Running) -> Result<()> {
        running.starts += 1;
        let out = self.out(running.starts);
        let mut command = Command::new(&self.program);
        command.args(["--listen", &self.address.to_string()]).stdin(Stdio::null());
        if let Some(keys) = &self.keys {
            command.arg("--tls").arg(&keys.server).arg("--authority").arg(&keys.authority);
        }
        command.stdout(File::create(&out)?).stderr(File::create(self.log.with_extension("err"))?);
        running.child = Some(command.spawn().with_context(|| format!("starting {}", self.program.display()))?);
        let begun = Instant::now();
        while !read_to_string(&out)?.starts_with("listening on ") {
            if begun.elapsed() > START_TIME {
                bail!("the daemon does not listen: {}", read_to_string(self.log.with_extension("err"))?);
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Its keys, if it speaks TLS.
    pub fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// kill -9, and another one in its place.
    pub fn kill(&self, pause: Duration) -> Result<()> {
        self.with(|running| {
            let peak = running.child.as_ref().map_or(0, |child| peak_resident(child.id()).unwrap_or(0));
            running.peak = running.peak.max(peak);
            if let Some(mut child) = running.child.take() {
                if let Some(status) = child.try_wait()? {
                    bail!(
                        "the daemon ended by itself with {status}: {}",
                        read_to_string(self.log.with_extension("err"))?
                    );
                }
                child.kill()?;
                child.wait()?;
            }
            thread::sleep(pause);
            self.spawn(running)
        })
    }

    /// Stops it for a time, as the pause of a virtual machine does: its clock jumps.
    pub fn pause(&self, time: Duration) -> Result<()> {
        self.with(|running| {
            let Some(child) = &running.child else { return Ok(()) };
            signal(child.id(), libc::SIGSTOP);
            thread::sleep(time);
            signal(child.id(), libc::SIGCONT);
            Ok(())
        })
    }

    /// Most resident memory of any daemon so far, in bytes.
    pub fn peak(&self) -> Result<u64> {
        self.with(|running| {
            let now = running.child.as_ref().map_or(0, |child| peak_resident(child.id()).unwrap_or(0));
            running.peak = running.peak.max(now);
            Ok(running.peak)
        })
    }

    /// What it reports of itself.
    pub fn status(&self) -> Result<Value> {
        self.with(|running| {
            let out = self.out(running.starts);
            let lines = read_to_string(&out)?.lines().count();
            let Some(child) = &running.child else { bail!("there is no daemon") };
            signal(child.id(), libc::SIGUSR1);
            let begun = Instant::now();
            while begun.elapsed() < START_TIME {
                let text = read_to_string(&out)?;
                if let Some(line) = text.lines().nth(lines).filter(|_| text.ends_with('\n')) {
                    return Ok(serde_json::from_str(line)?);
                }
                thread::sleep(Duration::from_millis(5));
            }
            bail!("the daemon does not answer SIGUSR1")
        })
    }

    /// Options of an agent that connects through the relay at this address.
    pub fn options(&self, relay: SocketAddr) -> Vec<String> {
        let mut options = vec![String::from("--connect"), relay.to_string()];
        if let Some(keys) = &self.keys {
            let text = |path: &Path| path.display().to_string();
            options.extend(["--tls".into(), text(&keys.agent), "--authority".into(), text(&keys.authority)]);
            options.extend(["--server-name".into(), "localhost".into()]);
        }
        options
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        _ = self.with(|running| {
            if let Some(child) = &mut running.child {
                _ = child.kill();
                _ = child.wait();
            }
            Ok(())
        });
    }
}

/// A program under way whose output goes to files.
#[derive(Debug)]
pub struct Program {
    child: Child,
    out: PathBuf,
    peak: u64,
}

impl Program {
    /// Starts it; standard output goes to `out`, standard error to the same with `.err`.
    pub fn start(program: &Path, arguments: &[String], out: PathBuf) -> Result<Program> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        command.stdout(File::create(&out)?).stderr(File::create(out.with_extension("err"))?);
        let child = command.spawn().with_context(|| format!("starting {}", program.display()))?;
        Ok(Program { child, out, peak: 0 })
    }

    /// Waits for at most so long for its end; gives its exit code, or the signal below 0.
    pub fn wait(&mut self, time: Duration) -> Result<Option<i32>> {
        use std::os::unix::process::ExitStatusExt;
        let deadline = Instant::now() + time;
        loop {
            self.peak = self.peak.max(peak_resident(self.child.id()).unwrap_or(0));
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status.code().unwrap_or_else(|| -status.signal().unwrap_or(1))));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            thread::sleep(left.min(Duration::from_millis(5)));
        }
    }

    /// kill -9. False when it had ended before.
    pub fn kill(&mut self) -> Result<bool> {
        let ended = self.child.try_wait()?.is_some();
        self.child.kill()?;
        self.child.wait()?;
        Ok(!ended)
    }

    /// Stops it for a time.
    pub fn pause(&self, time: Duration) {
        signal(self.child.id(), libc::SIGSTOP);
        thread::sleep(time);
        signal(self.child.id(), libc::SIGCONT);
    }

    /// Most resident memory that was seen, in bytes.
    pub fn peak(&self) -> u64 {
        self.peak
    }

    /// The last report on its standard output, after its end.
    pub fn last_report(&self) -> Result<Value> {
        let reports = reports::all(&read_to_string(&self.out)?).map_err(|error| anyhow!(error))?;
        reports.into_iter().last().with_context(|| format!("{}: no output", self.out.display()))
    }

    /// The whole reports on its standard output so far.
    pub fn reports(&self) -> Result<Vec<Value>> {
        reports::so_far(&read_to_string(&self.out)?).map_err(|error| anyhow!(error))
    }

    /// Returns what it wrote to standard error.
    pub fn errors(&self) -> String {
        read_to_string(self.out.with_extension("err")).unwrap_or_default().trim().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn signal(process: u32, number: libc::c_int) {
    // SAFETY: the process is a child that was not waited for, so the id is its own.
    unsafe {
        libc::kill(process as libc::pid_t, number);
    }
}
