//! The guest's kernel, built once from Debian's source and kept; its device tree; its busybox.

use anyhow::{Context, Result, ensure};
use deltascope_abi::crc::crc32c;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::{root, run, target_folder};
use crate::debian::Archive;
use crate::setup;

/// Debian's package of the kernel's source.
const SOURCE: &str = "linux-source-6.1";
/// Compiler and linker of the guest.
const PREFIX: &str = "arm-linux-gnueabihf-";
/// What the Zynq is, for `dtc`.
const PROCESSOR: &str = "zynq-7000.dtsi";
/// Changes when the steps below make something else of the same configuration.
const RECIPE: u32 = 1;

/// What a guest boots from.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The kernel.
    pub image: PathBuf,
    /// Its device tree.
    pub tree: PathBuf,
    /// A static busybox for armhf.
    pub busybox: PathBuf,
}

/// Everything that this test keeps.
pub fn cache() -> PathBuf {
    target_folder().join("zynq-qemu")
}

fn board() -> PathBuf {
    root().join("boards/zynq7020/qemu")
}

/// A kernel, a device tree and a busybox. What is kept from an earlier run with the same configuration is used.
pub fn get() -> Result<Kernel> {
    let configuration = board().join("kernel.config");
    let text = fs::read(&configuration).with_context(|| format!("reading {}", configuration.display()))?;
    let folder = cache().join(format!("kernel-{RECIPE}-{:08x}", crc32c(&text)));
    // Made last, so that what an interrupted run left behind is not taken for a kernel.
    let ready = folder.join("ready");
    if !ready.is_file() {
        let _ = fs::remove_dir_all(&folder);
        build(&configuration, &folder)?;
        fs::write(&ready, "")?;
    }
    let tree = cache().join("zynq-qemu.dtb");
    compile_tree(&folder, &tree)?;
    Ok(Kernel { image: folder.join("zImage"), tree, busybox: busybox()? })
}

fn build(configuration: &Path, folder: &Path) -> Result<()> {
    setup::provide(setup::KERNEL)?;
    setup::provide(setup::ARM)?;
    let source = folder.join("source");
    let archive = Archive::of_this_machine(&target_folder().join("apt"))?;
    eprintln!("fetching {SOURCE}");
    archive.unpack(SOURCE, folder)?;
    fs::create_dir_all(&source)?;
    let tarball = folder.join("usr/src").join(format!("{SOURCE}.tar.xz"));
    let mut tar = Command::new("tar");
    // Of the documentation only what the configuration reads.
    tar.args(["-x", "--strip-components=1", "--exclude=*/Documentation/[a-z]*", "-C"]).arg(&source);
    run(tar.arg("-f").arg(&tarball))?;
    eprintln!("building the kernel; this takes some minutes, once");
    run(make(&source).env("KCONFIG_ALLCONFIG", configuration).arg("allnoconfig").stdout(Stdio::null()))?;
    check(configuration, &source.join(".config"))?;
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    run(make(&source).arg(format!("-j{jobs}")).arg("zImage").stdout(Stdio::null()))?;
    fs::copy(source.join("arch/arm/boot/zImage"), folder.join("zImage"))?;
    fs::copy(source.join("arch/arm/boot/dts").join(PROCESSOR), folder.join(PROCESSOR))?;
    fs::remove_dir_all(&source)?;
    fs::remove_dir_all(folder.join("usr"))?;
    Ok(())
}

/// `make` in the kernel's source, out of the way of everything else on this machine.
fn make(source: &Path) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "10", "make", "-s", "-C"]).arg(source);
    command.args(["ARCH=arm", &format!("CROSS_COMPILE={PREFIX}")]).stdin(Stdio::null());
    command
}

/// Everything that is asked for must be there: what depends on something else is left out without a word.
fn check(wanted: &Path, found: &Path) -> Result<()> {
    let found = fs::read_to_string(found)?;
    let wanted = fs::read_to_string(wanted)?;
    let missing: Vec<&str> = wanted
        .lines()
        .filter(|line| line.starts_with("CONFIG_") && !found.lines().any(|other| other == *line))
        .collect();
    ensure!(missing.is_empty(), "the kernel's configuration: expected {}, found it left out", missing.join(", "));
    Ok(())
}

fn compile_tree(includes: &Path, tree: &Path) -> Result<()> {
    setup::provide(&[setup::DTC])?;
    let mut dtc = Command::new("dtc");
    // The kernel's description of the Zynq draws this warning.
    dtc.args(["-W", "no-interrupt_provider"]);
    dtc.args(["-I", "dts", "-O", "dtb", "-i"]).arg(includes).arg("-o").arg(tree).arg(board().join("zynq-qemu.dts"));
    run(&mut dtc)
}

fn busybox() -> Result<PathBuf> {
    let folder = cache().join("busybox");
    let program = folder.join("bin/busybox");
    if !program.is_file() {
        Archive::foreign(&cache().join("apt-armhf"), "armhf")?.unpack("busybox-static", &folder)?;
    }
    Ok(program)
}
