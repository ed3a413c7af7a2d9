//! A task in a fresh chroot of another Debian release, made by debootstrap.
//!
//! The chroot has what the README asks for: gcc, git, and this machine's Rust, which is mounted. The task sees no other
//! file of this machine, and afterwards the package manager in it must still work.

use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::{root, run as execute, target_folder};
use crate::debian;
use crate::setup::{self, Tool};

/// Makes a Debian system in a folder, and gives it mounts and processes of its own.
const TOOLS: &[Tool] = &[
    Tool { program: "debootstrap", package: "debootstrap" },
    Tool { program: "unshare", package: "util-linux" },
    Tool { program: "tar", package: "tar" },
];
/// What the README takes for granted beside Rust.
const GRANTED: &str = "ca-certificates,gcc,libc6-dev,git";
/// Where the tree is in the chroot.
const TREE: &str = "deltascope";
/// Mounts and starts; `$1` is the root of the chroot, `$2` and `$3` are rustup's and cargo's folders, the rest is the
/// program to run. Both folders keep their paths, which toolchains that are links name, and rustup's cannot be written: a task in the chroot
/// must not change the toolchains of this machine. The mounts end with the namespace.
///
/// Its root is changed by pivot_root and not by chroot, in which the kernel allows no user namespace: tests make some.
const START: &str = "set -e\nr=$1\nmount --bind \"$r\" \"$r\"\nfor f in \"$2\" \"$3\"; do mkdir -p \"$r$f\"; mount --bind \"$f\" \"$r$f\"; done\n\
                     mount -o remount,bind,ro \"$r$2\"\nmount -t proc proc $r/proc\nmount --rbind /dev $r/dev\nmount --rbind /sys $r/sys\nshift 3\n\
                     cd \"$r\"\npivot_root . .\numount -l .\nexec \"$@\"\n";
/// Files of this machine that the chroot gets: how the network is reached, and whose certificates are trusted.
const REACH: [&str; 3] = ["etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"];
/// Variables of this process that the task gets: how the network is reached, and the toolchain that runs this.
const PASSED: [&str; 8] = [
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "PIP_CERT",
    "RUSTUP_TOOLCHAIN",
    "RUSTUP_AUTO_INSTALL",
];

/// Runs `cargo xtask` with `task` in a fresh chroot of `release`, then asks apt whether it could install `qemu-system-arm`.
///
/// # Errors
/// When this process is not root, when the chroot cannot be made, when the task fails, or when it left apt unable to
/// install a package.
pub fn run(release: &str, task: &[&str]) -> Result<()> {
    let plain = !release.is_empty() && release.chars().all(|c| c.is_ascii_lowercase());
    ensure!(plain, "expected the codename of a Debian release such as trixie, found {release:?}");
    if !setup::is_root() {
        bail!("expected root, found an ordinary user: debootstrap and chroot work as root only");
    }
    setup::provide(TOOLS)?;
    let folder = target_folder().join("chroot");
    let base = base(release, &folder)?;
    let fresh = folder.join(format!("{release}-run"));
    let _ = fs::remove_dir_all(&fresh);
    execute(Command::new("cp").args(["-a", "--reflink=auto"]).arg(&base).arg(&fresh))?;
    copy_tree(&fresh.join(TREE))?;
    for name in REACH {
        let _ = fs::remove_file(fresh.join(name));
        fs::copy(Path::new("/").join(name), fresh.join(name)).with_context(|| format!("copying /{name}"))?;
    }
    let words = [&["cargo", "xtask"], task].concat();
    println!("Debian {release}: {}", words.join(" "));
    execute(&mut inside(&fresh, &words)?)?;
    execute(&mut inside(&fresh, &["apt-get", "-q", "check"])?)?;
    execute(inside(&fresh, &["apt-get", "-s", "install", "qemu-system-arm"])?.stdout(Stdio::null()))?;
    println!("Debian {release}: apt-get -s install qemu-system-arm works");
    fs::remove_dir_all(&fresh).with_context(|| format!("removing {}", fresh.display()))
}

/// Returns a bare system of the release, which is made once.
fn base(release: &str, folder: &Path) -> Result<PathBuf> {
    let base = folder.join(release);
    if !base.is_dir() {
        let partial = folder.join(format!("{release}-partial"));
        let _ = fs::remove_dir_all(&partial);
        fs::create_dir_all(folder)?;
        eprintln!("making Debian {release} in {}", base.display());
        let mut debootstrap = Command::new("debootstrap");
        debootstrap.args(["--variant=minbase", &format!("--include={GRANTED}"), release]).arg(&partial);
        execute(debootstrap.arg(debian::mirror()?).stdin(Stdio::null()).stdout(Stdio::null()))?;
        fs::rename(&partial, &base)?;
    }
    Ok(base)
}

/// Copies what git knows of the tree, and what it would add, as a checkout of its own: a bitstream names its revision.
fn copy_tree(target: &Path) -> Result<()> {
    fs::create_dir_all(target)?;
    let mut list = Command::new("git");
    list.current_dir(root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]);
    let mut list = list.stdout(Stdio::piped()).spawn().context("starting git")?;
    let mut pack = Command::new("tar");
    pack.current_dir(root()).args(["--null", "--ignore-failed-read", "-T", "-", "-c"]);
    pack.stdin(list.stdout.take().context("expected the output of git, found none")?).stdout(Stdio::piped());
    let mut pack = pack.spawn().context("starting tar")?;
    let packed = pack.stdout.take().context("expected the output of tar, found none")?;
    execute(Command::new("tar").arg("-x").arg("-C").arg(target).stdin(packed))?;
    ensure!(list.wait()?.success(), "git ls-files failed in {}", root().display());
    ensure!(pack.wait()?.success(), "tar failed in {}", root().display());
    let author = ["-c", "user.name=deltascope", "-c", "user.email=deltascope@localhost"];
    for words in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "The tree as it was copied"]] {
        execute(Command::new("git").arg("-C").arg(target).args(author).args(words))?;
    }
    Ok(())
}

/// Returns the command that runs a program in the chroot, with mounts and processes that end with it.
fn inside(fresh: &Path, words: &[&str]) -> Result<Command> {
    let home = |variable: &str, folder: &str| {
        let own = || PathBuf::from(std::env::var_os("HOME").unwrap_or_else(|| "/root".into())).join(folder);
        std::env::var_os(variable).map_or_else(own, PathBuf::from)
    };
    let (rustup, cargo) = (home("RUSTUP_HOME", ".rustup"), home("CARGO_HOME", ".cargo"));
    for folder in [&rustup, &cargo] {
        ensure!(folder.is_dir(), "{}: expected a folder of rustup, found none", folder.display());
    }
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", START, "sh"]);
    command.arg(fresh).arg(&rustup).arg(&cargo).args(["sh", "-c", &format!("cd /{TREE} && exec \"$@\""), "sh"]);
    command.args(words).stdin(Stdio::null()).env_clear();
    let passed = PASSED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
    let mut path = cargo.join("bin").into_os_string();
    path.push(":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    let own = [
        ("PATH", path),
        ("RUSTUP_HOME", rustup.into_os_string()),
        ("CARGO_HOME", cargo.into_os_string()),
        ("HOME", "/root".into()),
        ("LC_ALL", "C.UTF-8".into()),
    ];
    command.envs(passed.chain(own));
    Ok(command)
}
