//! `cargo xtask board arm`: the board daemon for armhf Linux, and the portable tests under qemu-arm.

pub mod cross;

use anyhow::Result;

use self::cross::{Compiler, Cross, Target};
use crate::cargo::run as run_command;
use crate::setup;
use crate::stages::Stages;

/// What the daemon is made of. Verilator, yosys and the agent's sources stay on the host.
const PORTABLE: [&str; 7] = [
    "deltascope-abi",
    "deltascope-model",
    "deltascope-protocol",
    "deltascope-driver",
    "deltascope-mailbox",
    "deltascope-linux",
    "deltascope-boardd",
];
/// This test bounds the memory of the daemon's process, which here is the emulator's.
const NOT_HERE: &str = "ten_thousand_silent_peers_cost_bounded_memory";

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Where the ARM standard library comes from; by default what is there
    #[arg(long, value_enum)]
    compiler: Option<Compiler>,
}

/// Builds the daemon and runs the tests.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut stages = Stages::default();
    stages.run("compiler, linker and emulator", || {
        setup::provide_emulator(&[setup::QEMU_ARM])?;
        Cross::find(Target::Linux, arguments.compiler).map(drop)
    })?;
    let cross = Cross::find(Target::Linux, arguments.compiler)?;
    println!("compiler: {}", cross.describe()?);
    stages.run("the daemon for armhf", || {
        let program = cross.build("deltascope-boardd", "deltascope-boardd")?;
        println!("{}: {} bytes", program.display(), std::fs::metadata(&program)?.len());
        Ok(())
    })?;
    stages.run("the portable tests under qemu-arm", || {
        let packages = PORTABLE.iter().flat_map(|name| ["-p", name]);
        let mut command = cross.cargo("test")?;
        command.args(packages).args(["--lib", "--bins", "--tests", "--", "--skip", NOT_HERE]);
        run_command(&mut command)
    })?;
    stages.print();
    Ok(())
}
