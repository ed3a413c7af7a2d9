//! `cargo xtask kmod`: tasks on the capture module of the x86 kernel, each in a guest in QEMU.

mod bpf;
mod checks;
mod content;
pub mod cost;
mod guest;
mod newer_kbuild;
pub mod package;
mod packages;
mod programs;
pub mod test;

use self::packages::Unpacked;
use crate::initrd::Initrd;
use anyhow::Result;
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// Tasks of this group.
#[derive(Subcommand)]
pub enum Task {
    /// Run the module in a real kernel, with the agent in the guest and the board server on this host
    Test(test::Arguments),
    /// Install, build with DKMS, sign and configure the module for real, and try it in a guest with udev (as root)
    Package(package::Arguments),
    /// Count the instructions that the module adds to a fault and to a send
    Cost(cost::Arguments),
}

/// Runs a task of this group.
pub fn run(task: Task) -> Result<()> {
    match task {
        Task::Test(arguments) => test::run(&arguments),
        Task::Package(arguments) => package::run(&arguments),
        Task::Cost(arguments) => cost::run(&arguments),
    }
}

/// A guest's file system: busybox, the kernel's own modules, ours, the test programs and `init`.
fn file_system(kernel: &Unpacked, files: &[(String, PathBuf)], init: &Path) -> Result<Vec<u8>> {
    let mut initrd = Initrd::default();
    for folder in ["bin", "modules", "dev"] {
        initrd.folder(folder);
    }
    initrd.file("bin/busybox", &kernel.busybox)?;
    initrd.file("bin/sh", &kernel.busybox)?;
    for (order, (name, module)) in kernel.modules.iter().enumerate() {
        initrd.file(&format!("modules/{order}-{name}.ko"), module)?;
    }
    for (name, path) in files {
        initrd.file(name, path)?;
    }
    initrd.file("init", init)?;
    Ok(initrd.finish())
}
