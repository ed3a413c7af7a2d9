//! The tests on a busy machine: `cargo xtask test --busy`, and stages of the full tier.
//!
//! A test that waits for a time instead of a condition, or that counts what another process has not done yet, fails here.

use crate::cargo::build_whole;
use crate::setup::{self, Tool};
use crate::stages::Stages;
use crate::{net, workspace};
use anyhow::{Context, Result, ensure};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread::available_parallelism;

/// What makes the machine busy.
const STRESS: Tool = Tool { program: "stress-ng", package: "stress-ng" };
/// Processes that take all the time they get, for each processor.
const PROCESSES: usize = 4;

/// Processes that use the processor, in a process group of their own. They end with this, and with this program however it ends.
struct Load(Child);

impl Load {
    fn start() -> Result<Load> {
        setup::provide(&[STRESS])?;
        let count = PROCESSES * available_parallelism().context("counting processors")?.get();
        println!("load: stress-ng --cpu {count}");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", STRESS.program]);
        command.args(["--quiet", "--timeout", "0", "--cpu", &count.to_string()]).stdin(Stdio::null()).process_group(0);
        Ok(Load(command.spawn().context("starting stress-ng")?))
    }

    /// Fails when the load has ended before the tests.
    fn check(&mut self) -> Result<()> {
        let ended = self.0.try_wait()?;
        ensure!(ended.is_none(), "expected a load during the whole test, found that stress-ng ended with {ended:?}");
        Ok(())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // The whole group. The shell has `kill` in itself; the program of that name is not on every system.
        _ = Command::new("sh").args(["-c", "kill -s TERM -- \"-$1\"", "sh", &self.0.id().to_string()]).status();
        _ = self.0.wait();
    }
}

/// Runs the tests of the workspace, the simulated stream and the stream over real sockets beside a load.
pub fn run(stages: &mut Stages) -> Result<()> {
    // Before the load: a compiler that takes long shows nothing.
    stages.run("programs and tests, built", || build_whole(workspace::FEATURES))?;
    let mut load = Load::start()?;
    stages.run("tests of the workspace, busy machine", workspace::test)?;
    stages.run("both ends of the stream, simulated, busy machine", || net::sim::schedules(10_000))?;
    stages.run("both ends of the stream, killed over real sockets, busy machine", net::chaos::full)?;
    load.check()
}
