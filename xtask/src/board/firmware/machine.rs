//! The image in QEMU: the process that serves the logic, the emulator, and the decoded log.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use deltascope_abi::mailbox::{DDR_BYTES, MAILBOX, Mailbox};

use crate::board::zynq::machine::{Running, Temporary, free_ports, listen, memory_folder};

/// Port of the image's board server.
const PORT: u16 = 5770;
/// Bytes of the flash, an N25Q128.
pub const FLASH_BYTES: usize = 16 << 20;

/// How the image reaches QEMU's network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// By its cable.
    Direct,
    /// Through a hub that is plugged into the network by [`Machine::plug_hub`]: until then the link is up, and nothing answers.
    Hub,
}

/// What to run.
pub struct Plan<'a> {
    /// The image.
    pub elf: &'a Path,
    /// What is started in its place, and brings it from the flash.
    pub first_stage: Option<&'a Path>,
    /// Program that decodes its log.
    pub decoder: &'a Path,
    /// Program that serves the logic; `None` for an image that must not touch any.
    pub logic: Option<&'a Path>,
    /// Name of the run.
    pub name: &'a str,
    /// Folder for the log.
    pub folder: &'a Path,
    /// What its cable leads to.
    pub network: Network,
    /// Contents of the flash, [`FLASH_BYTES`]; without them it is erased.
    pub flash: Option<&'a Path>,
    /// An instruction takes a nanosecond of the image's time.
    pub counts_instructions: bool,
    /// A reset of the image ends QEMU, so that what it left behind can be looked at.
    pub ends_at_reset: bool,
}

/// A running image.
pub struct Machine {
    logic: Option<(Running, BufReader<ChildStdout>)>,
    lines: Receiver<String>,
    log: PathBuf,
    ddr: PathBuf,
    qmp: PathBuf,
    /// Everything that it has logged.
    pub logged: Vec<String>,
    /// Port of this machine's loopback interface that leads to the board server.
    pub port: u16,
    _decoder: Running,
    _qemu: Running,
    _files: [Temporary; 3],
}

impl Machine {
    /// Starts the logic, and then the image.
    pub fn start(plan: &Plan) -> Result<Machine> {
        let name = format!("deltascope-fw-{}-{}", std::process::id(), plan.name);
        let ddr = memory_folder(plan.folder).join(&name);
        let sockets = std::env::temp_dir();
        let (qmp, qtest) = (sockets.join(format!("{name}.qmp")), sockets.join(format!("{name}.qtest")));
        let files = [ddr.clone(), qmp.clone(), qtest.clone()].map(Temporary);
        let logic = plan.logic.map(|program| serve(program, &ddr, &qmp, &qtest)).transpose()?;
        let [port, _] = free_ports()?;
        let mut qemu = Command::new(crate::emulator::provide(crate::emulator::SYSTEM_ARM)?);
        qemu.args(["-machine", "xilinx-zynq-a9,memory-backend=ddr", "-display", "none", "-monitor", "none", "-object"]);
        qemu.arg(format!("memory-backend-file,id=ddr,size={DDR_BYTES},share=on,mem-path={}", ddr.display()));
        // The default board's console is the first UART.
        qemu.args(["-serial", "stdio", "-serial", "null"]).arg("-kernel").arg(plan.first_stage.unwrap_or(plan.elf));
        let user = format!("hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:{PORT}");
        match plan.network {
            Network::Direct => qemu.arg("-nic").arg(format!("user,id=net,model=cadence_gem,{user}")),
            Network::Hub => qemu
                .args(["-netdev", &format!("user,id=user,{user}"), "-netdev", "hubport,id=hub,hubid=0,netdev=user"])
                // Stopped, until the hub is unplugged.
                .args(["-nic", "hubport,id=net,hubid=0,model=cadence_gem", "-S"]),
        };
        if let Some(flash) = plan.flash {
            // Drives 0 to 7 are flashes of the two SPI controllers.
            qemu.arg("-drive").arg(format!("if=mtd,index=8,format=raw,file={}", flash.display()));
        }
        if plan.counts_instructions {
            qemu.args(["-icount", "shift=0,sleep=off"]);
        }
        if plan.ends_at_reset {
            qemu.arg("-no-reboot");
        }
        qemu.args(["-accel", "tcg", "-qtest-log", "none", "-qtest"]);
        qemu.arg(format!("unix:{},server=on,wait=off", qtest.display()));
        qemu.arg("-qmp").arg(format!("unix:{},server=on,wait=off", qmp.display()));
        let mut qemu = qemu.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("starting qemu-system-arm")?;
        let uart = qemu.stdout.take().context("qemu-system-arm: expected its output, found none")?;
        let qemu = Running(qemu);
        let mut decoder = Command::new(plan.decoder).arg(plan.elf).stdin(uart).stdout(Stdio::piped()).spawn()?;
        let output = decoder.stdout.take().context("the decoder: expected its output, found none")?;
        let log = plan.folder.join(format!("{}.log", plan.name));
        let lines = listen(output, &log)?;
        let machine = Machine {
            logic,
            lines,
            log,
            ddr,
            qmp,
            logged: Vec::new(),
            port,
            _decoder: Running(decoder),
            _qemu: qemu,
            _files: files,
        };
        if plan.network == Network::Hub {
            machine.command(&[set_link("hub", false), json!({"execute": "cont"})])?;
        }
        Ok(machine)
    }

    /// Waits until the image logs a line that holds `text`, and gives it. A panic that was not waited for is an error.
    pub fn wait_for(&mut self, text: &str, limit: Duration) -> Result<String> {
        let end = Instant::now() + limit;
        loop {
            let line = match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => {
                    bail!("expected a line with {text:?} within {limit:?}; the log is {}", self.log.display())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("expected a line with {text:?}, found the end of QEMU; the log is {}", self.log.display())
                }
            };
            self.logged.push(line.clone());
            if line.contains(text) {
                return Ok(line);
            }
            for bad in ["PANIC", "STOPPED"] {
                ensure!(!line.contains(bad), "expected {text:?}, found {line:?}; the log is {}", self.log.display());
            }
        }
    }

    /// Waits until the image serves and its link is up, in whichever order, and gives the line that reports that it serves.
    /// What is sent before is lost, and QEMU's network does not send the first packet of a connection again.
    pub fn wait_for_server(&mut self, limit: Duration) -> Result<String> {
        let serving = self.wait_for("SERVING", limit)?;
        let of_this_start = self.logged.iter().rev().take_while(|line| !line.contains("START"));
        if !of_this_start.into_iter().any(|line| line.contains("LINK up")) {
            self.wait_for("LINK up", limit)?;
        }
        Ok(serving)
    }

    /// Waits until QEMU has ended by itself.
    pub fn wait_for_end(&mut self, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.logged.push(line),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {
                    bail!("expected the end of QEMU within {limit:?}; the log is {}", self.log.display())
                }
            }
        }
    }

    /// Accesses to registers that the image has asked for.
    pub fn accesses(&self) -> Result<u32> {
        let file = std::fs::File::open(&self.ddr).with_context(|| format!("opening {}", self.ddr.display()))?;
        let mut word = [0; 4];
        file.read_exact_at(&mut word, u64::from(MAILBOX.base) + std::mem::offset_of!(Mailbox, asked) as u64)?;
        Ok(u32::from_le_bytes(word))
    }

    /// Takes the cable out, or puts it in.
    pub fn set_link(&self, up: bool) -> Result<()> {
        self.command(&[set_link("net", up)])
    }

    /// Plugs the hub into the network ([`Network::Hub`]).
    pub fn plug_hub(&self) -> Result<()> {
        self.command(&[set_link("hub", true)])
    }

    /// Gives QEMU commands, one after the other.
    fn command(&self, commands: &[Value]) -> Result<()> {
        let end = Instant::now() + Duration::from_secs(60);
        let stream = loop {
            match UnixStream::connect(&self.qmp) {
                Ok(stream) => break stream,
                // QEMU has just been started.
                Err(_) if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
                Err(error) => return Err(error).context("connecting to QEMU"),
            }
        };
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut answer = String::new();
        reader.read_line(&mut answer)?;
        let capabilities = json!({"execute": "qmp_capabilities"});
        for command in [&capabilities].into_iter().chain(commands) {
            (&stream).write_all(format!("{command}\n").as_bytes())?;
            loop {
                answer.clear();
                ensure!(reader.read_line(&mut answer)? > 0, "QEMU: expected an answer to {command}, found the end");
                let answer: Value = serde_json::from_str(&answer)?;
                ensure!(answer.get("error").is_none(), "QEMU: {command}: {answer}");
                if answer.get("return").is_some() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Ends everything; gives what the logic did.
    pub fn finish(mut self) -> Result<Value> {
        let Some((mut logic, mut output)) = self.logic.take() else { return Ok(Value::Null) };
        drop(logic.0.stdin.take());
        let mut text = String::new();
        output.read_to_string(&mut text)?;
        ensure!(logic.0.wait()?.success(), "the process that serves the logic failed; it printed {text:?}");
        serde_json::from_str(&text).with_context(|| format!("the report of the logic: {text:?}"))
    }
}

fn set_link(name: &str, up: bool) -> Value {
    json!({"execute": "set_link", "arguments": {"name": name, "up": up}})
}

/// Starts the process that serves the logic.
fn serve(program: &Path, ddr: &Path, qmp: &Path, qtest: &Path) -> Result<(Running, BufReader<ChildStdout>)> {
    let mut command = Command::new(program);
    command.arg("sg").args([ddr, qmp, qtest]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut logic = command.spawn().with_context(|| format!("starting {}", program.display()))?;
    let output = logic.stdout.take().context("the logic: expected its output, found none")?;
    let logic = Running(logic);
    let mut output = BufReader::new(output);
    let mut line = String::new();
    output.read_line(&mut line)?;
    ensure!(line.trim() == "serving", "{}: expected `serving`, found {line:?}", program.display());
    Ok((logic, output))
}
