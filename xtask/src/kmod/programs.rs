//! What goes into the guest: the module, the test programs, the agent; and the board server for the host.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::packages::Unpacked;
use crate::cargo::{cargo, root, run, target_folder};
use crate::demo::Engine;

const STATIC_TARGET: &str = "x86_64-unknown-linux-gnu";

/// Compiles the module in a copy of its folder.
pub fn module(kernel: &Unpacked, folder: &Path) -> Result<PathBuf> {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder)?;
    let sources = root().join("kmod");
    for entry in std::fs::read_dir(&sources)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        let wanted = path.extension().is_some_and(|extension| extension == "c" || extension == "h") || name == "Kbuild";
        if wanted && path.is_file() {
            std::fs::copy(&path, folder.join(name))?;
        }
    }
    std::fs::copy(root().join("abi/include/deltascope_ring.h"), folder.join("deltascope_ring.h"))?;
    let mut make = Command::new("make");
    make.arg("-C").arg(&kernel.headers).arg(format!("M={}", folder.display()));
    // Warnings are errors here, those of the kernel's W=1 among them.
    make.args(["CONFIG_DEBUG_INFO_BTF_MODULES=", "W=1", "-s", "KCFLAGS=-Werror", "modules"]).args(kernel.compiler);
    run(make.stdin(Stdio::null()).stdout(Stdio::null())).context("building the module")?;
    Ok(folder.join("deltascope.ko"))
}

/// Writes the module with names of functions of the kernel replaced by others of the same length.
pub fn renamed<'a>(module: &Path, names: impl IntoIterator<Item = (&'a str, &'a str)>, output: &Path) -> Result<()> {
    let mut bytes = std::fs::read(module).with_context(|| format!("reading {}", module.display()))?;
    for (from, to) in names {
        let name = [from.as_bytes(), b"\0"].concat();
        let starts = |at: usize| at == 0 || !(b' '..=b'~').contains(&bytes[at - 1]);
        let places: Vec<usize> =
            (0..bytes.len() - name.len()).filter(|&at| bytes[at..].starts_with(&name) && starts(at)).collect();
        if places.is_empty() || from.len() != to.len() {
            bail!("{}: expected the name {from} to replace by {to}, found it {} times", module.display(), places.len());
        }
        for at in places {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    std::fs::write(output, bytes).with_context(|| format!("writing {}", output.display()))
}

fn compile(output: &Path, sources: &[&str], flags: &[&str]) -> Result<()> {
    let folder = root().join("kmod/test");
    let mut gcc = Command::new("gcc");
    gcc.args(["-O1", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-static"]).args(flags);
    gcc.arg("-I").arg(root().join("abi/include")).arg("-o").arg(output);
    gcc.args(sources.iter().map(|name| folder.join(name)));
    run(&mut gcc)
}

/// The workload, which uses no C library, so that nothing is copied but what it states.
pub fn workload(output: &Path) -> Result<()> {
    let sources = ["workload.c", "bare.c", "cases.c", "page_cases.c", "send_cases.c", "content_case.c"];
    let flags = ["-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fno-pic", "-no-pie", "-fcf-protection=none"];
    compile(output, &sources, &flags)
}

/// The reader of its own, and the bad input.
pub fn rings(output: &Path) -> Result<()> {
    compile(output, &["rings.c", "reader.c", "password.c", "bad_input.c"], &[])
}

/// Processes that try to make the module miss or misjudge others.
pub fn hostile(output: &Path) -> Result<()> {
    compile(output, &["hostile.c"], &["-pthread"])
}

/// Random operations on memory.
pub fn chaos(output: &Path) -> Result<()> {
    compile(output, &["chaos.c"], &["-pthread"])
}

/// The agent as one file that runs without any library, with these features.
pub fn agent(features: &[&str]) -> Result<PathBuf> {
    let mut build =
        cargo(&["build", "--release", "--locked", "--quiet", "-p", "deltascope-agent", "--target", STATIC_TARGET]);
    build.args(features.iter().flat_map(|feature| ["--features", *feature]));
    build.env("RUSTFLAGS", "-C target-feature=+crt-static");
    run(&mut build)?;
    found(target_folder().join(STATIC_TARGET).join("release/deltascope"))
}

/// The board server of the host, with this engine in it.
pub fn board_server(engine: Engine) -> Result<PathBuf> {
    let mut build = cargo(&["build", "--release", "--locked", "--quiet", "-p", "deltascope-boardd"]);
    if engine == Engine::Rtl {
        build.args(["--features", "deltascope-boardd/rtl"]);
    }
    run(&mut build)?;
    found(target_folder().join("release/deltascope-boardd"))
}

fn found(path: PathBuf) -> Result<PathBuf> {
    if !path.is_file() {
        bail!("expected cargo to build {}, found no such file", path.display());
    }
    Ok(path)
}
