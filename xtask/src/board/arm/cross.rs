//! What compiles for the board, Linux or bare metal: the toolchain's own ARM standard library, or Debian's compiler with
//! its sources.

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::{cargo, root, run, target_folder};
use crate::setup::Tool;
use crate::{emulator, setup};

/// What runs on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Debian's armhf.
    Linux,
    /// No operating system.
    BareMetal,
}

impl Target {
    /// Name of the target, as rustc knows it.
    pub fn triple(self) -> &'static str {
        match self {
            Target::Linux => "armv7-unknown-linux-gnueabihf",
            Target::BareMetal => "armv7a-none-eabihf",
        }
    }
}

/// Debian's compiler; the one of rustup comes first on the PATH.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// Seconds that rustup gets to fetch the standard library.
const RUSTUP_SECONDS: &str = "120";

/// Where the ARM standard library comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Compiler {
    /// The toolchain in use, with the standard library that `rustup target add` brings
    Rustup,
    /// Debian's rustc-web, which builds the standard library from rust-web-src
    Debian,
}

/// A compiler for a target, and its own target folder.
pub struct Cross {
    compiler: Compiler,
    rustc: PathBuf,
    target: Target,
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("starting {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed with {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn toolchain_rustc() -> PathBuf {
    std::env::var_os("RUSTC").map_or_else(|| "rustc".into(), PathBuf::from)
}

/// The folder of a compiler's libraries.
fn sysroot(rustc: &Path) -> Result<PathBuf> {
    Ok(output(Command::new(rustc).current_dir(root()).args(["--print", "sysroot"]))?.into())
}

fn has_target(target: Target) -> Result<bool> {
    Ok(sysroot(&toolchain_rustc())?.join("lib/rustlib").join(target.triple()).is_dir())
}

fn has_debian() -> bool {
    Path::new(DEBIAN_RUSTC).is_file() && Path::new("/usr/lib/rustlib/src/rust/library").is_dir()
}

/// Asks rustup for the standard library. No answer is an answer too: Debian's compiler is there for that.
fn add_target(target: Target) -> Result<bool> {
    let mut command = Command::new("timeout");
    command.current_dir(root()).args([RUSTUP_SECONDS, "rustup", "target", "add", target.triple()]).stdin(Stdio::null());
    let added = command.status().is_ok_and(|status| status.success());
    Ok(added && has_target(target)?)
}

impl Cross {
    /// The compiler that is `wanted`, else what is there: rustup's standard library, Debian's compiler, what rustup can
    /// fetch, what apt can install. Linker and C library are installed with it.
    pub fn find(target: Target, wanted: Option<Compiler>) -> Result<Cross> {
        if target == Target::Linux {
            setup::provide(setup::ARM)?;
        }
        let compiler = match wanted {
            Some(compiler) => compiler,
            None if has_target(target)? => Compiler::Rustup,
            None if has_debian() => Compiler::Debian,
            None if add_target(target)? => Compiler::Rustup,
            None => Compiler::Debian,
        };
        let rustc = match compiler {
            Compiler::Rustup => {
                if !has_target(target)? && !add_target(target)? {
                    let triple = target.triple();
                    bail!("the toolchain has no standard library for {triple}; run\n    rustup target add {triple}");
                }
                toolchain_rustc()
            }
            Compiler::Debian => {
                if !has_debian() {
                    setup::provide(setup::DEBIAN_RUST)?;
                }
                DEBIAN_RUSTC.into()
            }
        };
        Ok(Cross { compiler, rustc, target })
    }

    /// Which compiler this is, for people.
    pub fn describe(&self) -> Result<String> {
        let version = output(Command::new(&self.rustc).current_dir(root()).arg("--version"))?;
        let triple = self.target.triple();
        Ok(match self.compiler {
            Compiler::Rustup => format!("{version}, with rustup's standard library for {triple}"),
            Compiler::Debian => format!("{version} from Debian, building the standard library for {triple}"),
        })
    }

    /// The compiler as a tool whose version tables name.
    pub fn tools(&self) -> &'static [Tool] {
        match self.compiler {
            Compiler::Rustup => &[Tool { program: "rustc", package: "rustup" }],
            Compiler::Debian => &[Tool { program: DEBIAN_RUSTC, package: "rustc-web" }],
        }
    }

    /// Builds here go into a folder of their own, so that the standard library is built once.
    fn target_folder(&self) -> PathBuf {
        target_folder().join(match self.compiler {
            Compiler::Rustup => "arm",
            Compiler::Debian => "arm-debian",
        })
    }

    /// `cargo TASK` for the target, release mode. What it builds for Linux is linked statically: one file runs on any
    /// armhf Linux.
    pub fn cargo(&self, task: &str) -> Result<Command> {
        let triple = self.target.triple();
        let mut command = cargo(&[task, "--release", "--locked", "--target", triple]);
        command.arg("--target-dir").arg(self.target_folder());
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        if self.target == Target::Linux {
            let variable = |name: &str| format!("CARGO_TARGET_{}_{name}", triple.to_uppercase().replace('-', "_"));
            command.env(variable("LINKER"), "arm-linux-gnueabihf-gcc");
            if task == "test" {
                let runner = emulator::provide(emulator::ARM)?;
                command.env(variable("RUNNER"), &runner).env("DELTASCOPE_RUNNER", &runner);
            }
            command.env(variable("RUSTFLAGS"), "-C target-feature=+crt-static");
        }
        if self.compiler == Compiler::Debian {
            command.args(match self.target {
                Target::Linux => &["-Zbuild-std=std,panic_unwind"][..],
                Target::BareMetal => &["-Zbuild-std=core,alloc", "-Zbuild-std-features=compiler-builtins-mem"],
            });
            // Debian's compiler knows nothing of the linker rust-lld, which the toolchain in use has.
            let tools = sysroot(&toolchain_rustc())?.join("lib/rustlib/x86_64-unknown-linux-gnu/bin");
            let mut path = OsString::from(tools);
            path.push(":");
            path.push(std::env::var_os("PATH").unwrap_or_default());
            command.env("PATH", path).env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
        }
        Ok(command)
    }

    /// Builds a program, and gives the file: an ARM program, or an error.
    pub fn build(&self, package: &str, program: &str) -> Result<PathBuf> {
        run(self.cargo("build")?.args(["-p", package, "--bin", program]))?;
        self.built(program)
    }

    /// Builds a program that is a workspace in `folder`, whose `.cargo/config.toml` has its flags.
    pub fn build_in(&self, folder: &str, program: &str) -> Result<PathBuf> {
        run(self.cargo("build")?.current_dir(root().join(folder)).args(["-p", program, "--bin", program]))?;
        self.built(program)
    }

    /// Builds an example of a package, and gives the file.
    pub fn example(&self, package: &str, program: &str) -> Result<PathBuf> {
        run(self.cargo("build")?.args(["-p", package, "--example", program]))?;
        self.built(&format!("examples/{program}"))
    }

    fn built(&self, program: &str) -> Result<PathBuf> {
        let path = self.target_folder().join(self.target.triple()).join("release").join(program);
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        // e_machine of an ELF header: 40 is EM_ARM.
        match bytes.get(18..20) {
            Some([40, 0]) if bytes.starts_with(b"\x7fELF\x01") => Ok(path),
            other => bail!("{}: expected a 32-bit ARM program, found machine {other:?}", path.display()),
        }
    }
}
