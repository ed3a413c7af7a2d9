//! One run of the emulated Zynq: the process that serves the logic, QEMU, and the guest's console.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use deltascope_abi::board::UIO_COMPATIBLE;
use deltascope_abi::mailbox::DDR_BYTES;

use super::kernel::Kernel;
use crate::emulator;

/// Longest time for the guest to end once it was asked to.
const END: Duration = Duration::from_secs(600);
/// Ports of the guest that can be reached: that of the daemon and of records, and that of reports.
pub const PORTS: [u16; 2] = [5770, 5771];
/// Written by the guest when it has done everything.
const DONE: &str = "GUEST DONE";

/// Which DMA the logic has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One transfer at a time.
    Direct,
    /// A ring of descriptors.
    ScatterGather,
}

impl Mode {
    /// Name in reports, and on the command line of the process that serves the logic.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Direct => "direct",
            Mode::ScatterGather => "sg",
        }
    }
}

/// What to run.
pub struct Plan<'a> {
    /// The kernel and what belongs to it.
    pub kernel: &'a Kernel,
    /// The initial RAM file system.
    pub initrd: &'a Path,
    /// Program that serves the logic.
    pub logic: &'a Path,
    /// Its DMA.
    pub mode: Mode,
    /// Word for `init.sh`.
    pub job: &'a str,
    /// Folder for console and sockets.
    pub folder: &'a Path,
}

/// A child that ends with this value.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Neither can fail in a way that matters: a child that has ended already is reaped by `wait`.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file that goes with this value.
pub struct Temporary(pub PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A running guest and its logic.
pub struct Machine {
    qemu: Running,
    logic: Running,
    logic_output: BufReader<ChildStdout>,
    lines: Receiver<String>,
    stdin: Option<ChildStdin>,
    log: PathBuf,
    /// Everything that the guest has said.
    pub said: Vec<String>,
    /// Ports of this machine's loopback interface that lead to [`PORTS`] of the guest.
    pub ports: [u16; 2],
    _files: [Temporary; 3],
}

/// Ports of the loopback interface that are free now.
pub fn free_ports() -> Result<[u16; 2]> {
    let listen = || TcpListener::bind("127.0.0.1:0").context("looking for a free port");
    // Both at once, or they would be the same.
    let (one, other) = (listen()?, listen()?);
    Ok([one.local_addr()?.port(), other.local_addr()?.port()])
}

/// Where the guest's memory goes: memory, if this machine shows it as a folder.
pub fn memory_folder(fallback: &Path) -> PathBuf {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { shared.to_path_buf() } else { fallback.to_path_buf() }
}

/// Reads a console line by line into a file and a channel.
pub fn listen(output: impl Read + Send + 'static, log: &Path) -> Result<Receiver<String>> {
    let mut file = fs::File::create(log).with_context(|| format!("creating {}", log.display()))?;
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(output);
        let mut bytes = Vec::new();
        while matches!(reader.read_until(b'\n', &mut bytes), Ok(count) if count > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            bytes.clear();
            // There may be no listener left; the file is for people.
            let _ = writeln!(file, "{line}");
            let _ = sender.send(line);
        }
    });
    Ok(receiver)
}

impl Machine {
    /// Starts the logic, and then the guest.
    pub fn start(plan: &Plan) -> Result<Machine> {
        let name = format!("deltascope-zynq-{}-{}-{}", std::process::id(), plan.job, plan.mode.name());
        let ddr = memory_folder(plan.folder).join(&name);
        // A path to a socket is at most 107 bytes long, and a target folder may be deep.
        let sockets = std::env::temp_dir();
        let (qmp, qtest) = (sockets.join(format!("{name}.qmp")), sockets.join(format!("{name}.qtest")));
        let files = [ddr.clone(), qmp.clone(), qtest.clone()].map(Temporary);
        let mut logic = Command::new(plan.logic)
            .arg(plan.mode.name())
            .args([&ddr, &qmp, &qtest])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", plan.logic.display()))?;
        let output = logic.stdout.take();
        let logic = Running(logic);
        let Some(output) = output else { bail!("{}: expected its output, found none", plan.logic.display()) };
        let mut logic_output = BufReader::new(output);
        let mut line = String::new();
        logic_output.read_line(&mut line)?;
        ensure!(line.trim() == "serving", "{}: expected `serving`, found {line:?}", plan.logic.display());
        let ports = free_ports()?;
        let mut qemu = command(plan, &ddr, &qmp, &qtest, ports)?;
        let mut qemu = qemu.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting qemu-system-arm")?;
        let (stdin, stdout) = (qemu.stdin.take(), qemu.stdout.take());
        let qemu = Running(qemu);
        let Some(stdout) = stdout else { bail!("qemu-system-arm: expected its output, found none") };
        let log = plan.folder.join(format!("{}-{}.log", plan.job, plan.mode.name()));
        let lines = listen(stdout, &log)?;
        Ok(Machine { qemu, logic, logic_output, lines, stdin, log, said: Vec::new(), ports, _files: files })
    }

    /// Waits until the guest reports a line that `wanted` likes, and gives it.
    pub fn wait_for(&mut self, what: &str, limit: Duration, wanted: impl Fn(&str) -> bool) -> Result<String> {
        match self.look_for(limit, wanted).with_context(|| format!("expected {what}"))? {
            Some(line) => Ok(line),
            None => bail!("expected {what} within {limit:?}, found none; the console is {}", self.log.display()),
        }
    }

    /// The same, with no line within the limit as an answer too.
    pub fn look_for(&mut self, limit: Duration, wanted: impl Fn(&str) -> bool) -> Result<Option<String>> {
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = match self.lines.recv_timeout(left) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("found the end of QEMU; the console is {}", self.log.display())
                }
            };
            self.said.push(line.clone());
            if wanted(&line) {
                return Ok(Some(line));
            }
            for bad in ["Kernel panic", "Oops", "BUG:", "error: ", DONE] {
                ensure!(!line.contains(bad), "found {line:?}; the console is {}", self.log.display());
            }
        }
    }

    /// Writes a line to the guest's console.
    pub fn send(&mut self, text: &str) -> Result<()> {
        let Some(stdin) = &mut self.stdin else { bail!("the guest's console is closed") };
        stdin.write_all(format!("{text}\n").as_bytes()).context("writing to the guest's console")
    }

    /// Waits for the guest's own end, then ends the logic; gives what the logic did.
    pub fn finish(mut self) -> Result<(Value, Vec<String>)> {
        self.wait_for(DONE, END, |line| line.contains(DONE))?;
        // The end of its standard input ends it; what it prints then is the report.
        drop(self.logic.0.stdin.take());
        let mut text = String::new();
        self.logic_output.read_to_string(&mut text)?;
        let status = self.logic.0.wait()?;
        ensure!(status.success(), "the process that serves the logic ended with {status}; it printed {text:?}");
        let report: Value =
            serde_json::from_str(&text).with_context(|| format!("the report of the logic: {text:?}"))?;
        let _ = self.qemu.0.kill();
        let is_stopped = &report["dma_stopped"];
        ensure!(is_stopped == true, "dma_stopped after the end of the guest: expected true, found {is_stopped}");
        // The host lowers the line before it answers, so each interrupt here has a cause.
        let spurious = self.said.iter().find(|line| line.contains("interrupt spurious"));
        ensure!(spurious.is_none(), "expected no interrupt without a cause, found {spurious:?}");
        Ok((report, std::mem::take(&mut self.said)))
    }
}

fn command(plan: &Plan, ddr: &Path, qmp: &Path, qtest: &Path, ports: [u16; 2]) -> Result<Command> {
    let mut command = Command::new(emulator::provide(emulator::SYSTEM_ARM)?);
    command.args(["-machine", "xilinx-zynq-a9,memory-backend=ddr", "-display", "none", "-monitor", "none"]);
    command
        .arg("-object")
        .arg(format!("memory-backend-file,id=ddr,size={DDR_BYTES},share=on,mem-path={}", ddr.display()));
    // The console is the second UART, as on most boards.
    command.args(["-serial", "null", "-serial", "stdio", "-no-reboot"]);
    command.arg("-kernel").arg(&plan.kernel.image).arg("-dtb").arg(&plan.kernel.tree).arg("-initrd").arg(plan.initrd);
    command.arg("-append").arg(format!(
        "console=ttyPS0,115200 quiet maxcpus=1 panic=-1 uio_pdrv_genirq.of_id={UIO_COMPATIBLE} JOB={}",
        plan.job
    ));
    let forwards = PORTS.iter().zip(ports);
    let forwards = forwards.map(|(guest, port)| format!(",hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:{guest}"));
    command.arg("-nic").arg(format!("user,model=cadence_gem{}", forwards.collect::<String>()));
    command.args(["-accel", "tcg", "-qtest-log", "none", "-qtest"]);
    command.arg(format!("unix:{},server=on,wait=off", qtest.display()));
    command.arg("-qmp").arg(format!("unix:{},server=on,wait=off", qmp.display()));
    Ok(command)
}
