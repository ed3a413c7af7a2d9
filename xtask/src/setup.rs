//! What the tests need beyond Rust, gcc and git, and how to get it.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::cargo::target_folder;

/// A program and the Debian package that brings it.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// Program looked for on the PATH, or a file by its absolute path.
    pub program: &'static str,
    /// Debian package.
    pub package: &'static str,
}

impl Tool {
    /// Returns the version that the program prints: the first word of it that has a digit and a dot.
    ///
    /// # Errors
    /// When the program cannot be run or prints no version.
    pub fn version(&self) -> Result<String> {
        let output = Command::new(self.program).arg("--version").stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("starting {} --version", self.program))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        first_version(&text).with_context(|| format!("{} --version: expected a version, found {text:?}", self.program))
    }
}

fn first_version(text: &str) -> Option<String> {
    let is_version = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
    text.split_whitespace().find(is_version).map(|word| word.trim_end_matches([',', ';']).to_owned())
}

const fn tool(program: &'static str, package: &'static str) -> Tool {
    Tool { program, package }
}

/// Verilog simulator.
pub const VERILATOR: Tool = tool("verilator", "verilator");
/// Verilog simulator with four states.
pub const ICARUS: Tool = tool("iverilog", "iverilog");
/// C++ compiler for Verilator's output.
pub const CPP: Tool = tool("g++", "g++");
/// Synthesis, and the front end of the proofs.
pub const YOSYS: Tool = tool("yosys", "yosys");

/// Solver of the proofs.
pub const Z3: Tool = tool("z3", "z3");
/// Proof assistant.
pub const COQ: Tool = tool("coqc", "coq");
/// Runs the Tcl of the bitstream without Vivado.
pub const TCL: Tool = tool("tclsh", "tcl");
/// Makes boot images of a Zynq.
pub const BOOTGEN: Tool = tool("bootgen", "xilinx-bootgen");
/// Makes images of U-Boot's commands.
pub const MKIMAGE: Tool = tool("mkimage", "u-boot-tools");
/// Writes and checks sums.
pub const SHA256SUM: Tool = tool("sha256sum", "coreutils");
/// Loads bitstreams over JTAG.
pub const OPENFPGALOADER: Tool = tool("openFPGALoader", "openfpgaloader");
/// Runs Python programs from PyPI.
const PYTHON: Tool = tool("python3", "python3");
/// Compiler of device trees.
pub const DTC: Tool = tool("dtc", "device-tree-compiler");

/// What links programs for armhf Linux.
pub const ARM: &[Tool] = &[
    tool("arm-linux-gnueabihf-gcc", "gcc-arm-linux-gnueabihf"),
    tool("/usr/arm-linux-gnueabihf/lib/libc.a", "libc6-dev-armhf-cross"),
];
/// Debian's compiler, where the toolchain has no ARM standard library.
pub const DEBIAN_RUST: &[Tool] =
    &[tool("/usr/bin/rustc", "rustc-web"), tool("/usr/lib/rustlib/src/rust/library", "rust-web-src")];
/// What builds a kernel and its device tree.
pub const KERNEL: &[Tool] = &[
    tool("make", "make"),
    tool("gcc", "gcc"),
    tool("bc", "bc"),
    tool("flex", "flex"),
    tool("bison", "bison"),
    tool("xz", "xz-utils"),
    tool("dtc", "device-tree-compiler"),
];

/// What builds unicorn and its bindings, for the bare-metal image against the Verilated logic.
pub const UNICORN: &[Tool] = &[
    tool("cmake", "cmake"),
    tool("make", "make"),
    tool("gcc", "gcc"),
    // The library is in a folder by its version; this is the only file by the package's own name.
    tool("/usr/share/doc/libclang-dev/copyright", "libclang-dev"),
];

/// What `cargo xtask kmod test` and `kmod cost` use beside QEMU.
pub const CAPTURE: &[Tool] = &[
    tool("gcc", "gcc"),
    tool("make", "make"),
    tool("dpkg", "dpkg"),
    tool("apt-get", "apt"),
    tool("tar", "tar"),
    tool("xz", "xz-utils"),
];
/// What builds an agent with the source `bpf`.
pub const BPF: &[Tool] = &[
    tool("clang", "clang"),
    tool("/usr/include/bpf/bpf_helpers.h", "libbpf-dev"),
    tool("/usr/include/libelf.h", "libelf-dev"),
    tool("/usr/include/zlib.h", "zlib1g-dev"),
    tool("pkg-config", "pkg-config"),
];
/// What `cargo xtask kmod package` uses beside those.
pub const PACKAGING: &[Tool] = &[
    tool("dkms", "dkms"),
    tool("openssl", "openssl"),
    tool("modinfo", "kmod"),
    tool("systemd-sysusers", "systemd"),
    tool("unshare", "util-linux"),
    tool("ldd", "libc-bin"),
];

/// Everything that `cargo xtask test` uses.
pub const ALL: &[Tool] = &[
    VERILATOR,
    ICARUS,
    CPP,
    YOSYS,
    Z3,
    COQ,
    DTC,
    TCL,
    BOOTGEN,
    MKIMAGE,
    SHA256SUM,
    PYTHON,
    tool("make", "make"),
    tool("setpriv", "util-linux"),
    tool("systemd-analyze", "systemd"),
];

fn missing(tools: &[Tool]) -> Vec<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // An ordinary user's PATH has no sbin, where some of the programs are.
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]).collect();
    let found = |tool: &&Tool| folders.iter().any(|folder| folder.join(tool.program).exists());
    let mut packages: Vec<_> = tools.iter().filter(|tool| !found(tool)).map(|tool| tool.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// Fails with the line to run when one of `tools` is not there.
pub fn require(tools: &[Tool]) -> Result<()> {
    let packages = missing(tools);
    if !packages.is_empty() {
        bail!(
            "tools are missing; install them with\n    apt-get install -y --no-install-recommends {}",
            packages.join(" ")
        );
    }
    Ok(())
}

/// Returns the path of a program of PyPI, which is installed into the build folder where it is not there yet.
pub fn python_tool(name: &str, version: &str) -> Result<PathBuf> {
    Ok(python_package(name, version)?.join("bin").join(name))
}

/// Returns the folder of an environment with a package of PyPI, which is made where it is not there yet.
pub fn python_package(name: &str, version: &str) -> Result<PathBuf> {
    python_environment(&format!("{name}-{version}"), &[&format!("{name}=={version}")])
}

/// Returns the folder of an environment of this name with these packages of PyPI, each `NAME==VERSION`, which is made where it
/// is not there yet.
pub fn python_environment(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = target_folder().join("python").join(name);
    let complete = folder.join("complete");
    let list = packages.join("\n");
    if std::fs::read_to_string(&complete).is_ok_and(|made| made.is_empty() && packages.len() == 1 || made == list) {
        return Ok(folder);
    }
    require(&[PYTHON])?;
    let venv = || Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).output();
    let mut made = venv().context("starting python3")?;
    if !made.status.success() && is_root() {
        // Debian's python3 comes without what makes an environment.
        apt(&["update", "-q"])?;
        apt(&["install", "-q", "-y", "--no-install-recommends", "python3-venv"])?;
        made = venv().context("starting python3")?;
    }
    if !made.status.success() {
        bail!(
            "expected that python3 makes an environment in {}, found: {}; install it with\n    apt-get install -y \
             python3-venv",
            folder.display(),
            String::from_utf8_lossy(&made.stdout).trim()
        );
    }
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]).args(packages);
    crate::cargo::run(pip.stdin(Stdio::null()))?;
    std::fs::write(&complete, list).with_context(|| format!("writing {}", complete.display()))?;
    Ok(folder)
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.args(["-o", "DPkg::Lock::Timeout=300"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    // Where no systemd runs, a service that comes with a package is not started.
    command.env("RUNLEVEL", "1");
    crate::cargo::run(command.stdin(Stdio::null()).stdout(Stdio::null()))
}

/// Whether this process may install packages and become another user.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// Installs what `cargo xtask test` needs; see [`provide`].
pub fn run() -> Result<()> {
    provide(ALL)
}

/// Installs what is missing as root; otherwise stops with the line that does.
pub fn provide(tools: &[Tool]) -> Result<()> {
    let packages = missing(tools);
    if packages.is_empty() {
        return Ok(());
    }
    if !is_root() {
        return require(tools);
    }
    eprintln!("installing {}", packages.join(" "));
    apt(&["update", "-q"])?;
    let mut arguments = vec!["install", "-q", "-y", "--no-install-recommends"];
    arguments.extend(&packages);
    apt(&arguments)?;
    require(tools)
}

/// Whether apt can install a package now and removes nothing for it. Nothing is installed.
pub fn installable(package: &str) -> bool {
    if is_root() && apt(&["update", "-q"]).is_err() {
        return false;
    }
    let mut command = Command::new("apt-get");
    command.args(["install", "-s", "-q", "--no-install-recommends", "--no-remove", package]).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::first_version;

    #[test]
    fn version_is_the_first_number_with_a_dot() {
        for (text, version) in [
            ("Verilator 5.006 2023-01-22 rev (Debian 5.006-3)", "5.006"),
            ("Yosys 0.23 (git sha1 7ce5011c24b)", "0.23"),
            ("Z3 version 4.8.12 - 64 bit", "4.8.12"),
            ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)", "7.2.22"),
        ] {
            assert_eq!(first_version(text).as_deref(), Some(version), "{text}");
        }
        assert_eq!(first_version("no version"), None);
    }
}
