//! Booting a kernel in QEMU, without hardware acceleration, and reading its console.

use crate::emulator;
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Written by the guest when it has done everything.
const DONE: &str = "GUEST DONE";

/// A machine to boot.
pub struct Guest<'a> {
    /// The kernel.
    pub image: &'a Path,
    /// Its initial RAM file system.
    pub initrd: &'a Path,
    /// Where its console goes.
    pub console: &'a Path,
    /// Variables of its first process.
    pub environment: &'a [(&'a str, String)],
    /// Counts instructions instead of running several CPUs.
    pub counted: bool,
    /// Longest time that it may take.
    pub limit: Duration,
}

impl Guest<'_> {
    fn command(&self) -> Result<Command> {
        // A busy host may leave the guest without time for many seconds: its timer check would panic over that, and its
        // watchdogs would complain at their usual 20 s.
        let mut line = String::from(
            "console=ttyS0 quiet panic=-1 mitigations=off nokaslr no_timer_check watchdog_thresh=60 \
             rcupdate.rcu_cpu_stall_timeout=120",
        );
        for (name, value) in self.environment {
            line.push_str(&format!(" {name}={value}"));
        }
        let mut command = Command::new(emulator::provide(emulator::SYSTEM_X86)?);
        command.args(["-cpu", "max", "-m", "1G", "-nographic", "-no-reboot", "-append", &line]);
        match self.counted {
            // One clock tick of a nanosecond an instruction, and time passes at once when the guest sleeps.
            true => command.args(["-accel", "tcg", "-smp", "1", "-icount", "shift=0,sleep=off"]),
            false => command.args(["-accel", "tcg,thread=multi", "-smp", "2"]),
        };
        command.arg("-kernel").arg(self.image).arg("-initrd").arg(self.initrd);
        command.args(["-netdev", "user,id=net", "-device", "e1000,netdev=net,romfile="]);
        let console = fs::File::create(self.console)?;
        command.stdin(Stdio::null()).stdout(console.try_clone()?).stderr(console);
        Ok(command)
    }

    /// Boots, waits for its end and gives what it wrote.
    pub fn run(&self) -> Result<String> {
        let mut machine = Running(self.command()?.spawn().context("starting qemu-system-x86_64")?);
        let end = Instant::now() + self.limit;
        while machine.0.try_wait()?.is_none() {
            if Instant::now() > end {
                drop(machine);
                bail!("the guest was not done in {:?}; its console is {}", self.limit, self.console.display());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let text = String::from_utf8_lossy(&fs::read(self.console)?).into_owned();
        if !text.contains(DONE) {
            bail!("the guest ended early; its console is {}", self.console.display());
        }
        Ok(text)
    }
}

/// A child that ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Neither can fail in a way that matters: a child that has ended already is reaped by `wait`.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A board server on a free port of the loopback interface.
pub struct BoardServer {
    _daemon: Running,
    /// Where it listens.
    pub address: SocketAddr,
}

impl BoardServer {
    /// Starts it and waits until it listens.
    pub fn start(program: &PathBuf, engine: &str) -> Result<BoardServer> {
        let mut daemon = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--engine", engine])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let output = daemon.stdout.take();
        let daemon = Running(daemon);
        let Some(output) = output else { bail!("{}: expected its output, found none", program.display()) };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.split_whitespace().find_map(|word| word.parse().ok());
        match address {
            Some(address) => Ok(BoardServer { _daemon: daemon, address }),
            None => bail!("{}: expected a line with its address, found {line:?}", program.display()),
        }
    }
}
