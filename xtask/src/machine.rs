//! `cargo xtask setup`: this machine, or a chroot, with everything that the tests need.

use crate::setup::{ALL, BPF, CAPTURE, PACKAGING, provide};
use crate::{chroot, emulator};
use anyhow::Result;

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Do it in a fresh chroot of this Debian release, made by debootstrap (as root)
    #[arg(long, value_name = "CODENAME")]
    in_debian: Option<String>,
}

/// Provides what the bounded tier needs, and what the capture module's tests do.
pub fn run(arguments: &Arguments) -> Result<()> {
    if let Some(release) = &arguments.in_debian {
        return chroot::run(release, &["setup"]);
    }
    provide(&[ALL, BPF, CAPTURE, PACKAGING].concat())?;
    println!("{}", emulator::provide(emulator::SYSTEM_X86)?.display());
    Ok(())
}
