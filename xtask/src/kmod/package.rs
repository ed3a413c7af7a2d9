//! `cargo xtask kmod package`: what an administrator does with the module, done for real.
//!
//! `make install` into a folder, DKMS (add, build for a Debian kernel, sign with a key made here, install), the group,
//! modprobe's settings; then a guest with the real udev: who may open the device, and what a kernel that enforces
//! signatures states. DKMS runs in a mount namespace of its own, so that nothing of it reaches this machine's folders.

use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::checks::{Check, Console};
use super::guest::Guest;
use super::packages::{self, Kernel, Unpacked};
use super::programs;
use crate::cargo::{root, run as execute};
use crate::{emulator, setup};

const LIMIT: Duration = Duration::from_secs(300);
const VERSION: &str = "0.1.0";
/// Name in the certificate that is made here.
const SIGNER: &str = "Deltascope packaging test";
/// A kernel that the module is not made for, by its number.
const TOO_OLD: &str = "6.0.0-1-amd64";
/// What `make install` puts where.
const INSTALLED: [&str; 8] = [
    "etc/modprobe.d/deltascope.conf",
    "usr/lib/sysusers.d/deltascope.conf",
    "usr/lib/udev/rules.d/70-deltascope.rules",
    "usr/src/deltascope-0.1.0/Kbuild",
    "usr/src/deltascope-0.1.0/LICENSE",
    "usr/src/deltascope-0.1.0/Makefile",
    "usr/src/deltascope-0.1.0/deltascope_ring.h",
    "usr/src/deltascope-0.1.0/dkms.conf",
];
/// DKMS with folders of its own: `$1` the folder, `$2` its framework settings, then DKMS's own words.
const ALONE: &str = "mount -t tmpfs tmpfs /var/lib/dkms && mount --bind \"$2\" /etc/dkms/framework.conf && \
     folder=$1 && shift 2 && exec dkms \"$@\" --sourcetree \"$folder/stage/usr/src\" --dkmstree \"$folder/tree\"";

/// Output of a program, which must succeed.
fn output(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("starting {:?}", command.get_program()))?;
    if !output.status.success() {
        bail!("{command:?} failed with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

struct Package<'a> {
    kernel: &'a Unpacked,
    folder: &'a Path,
    checks: Vec<Check>,
}

impl Package<'_> {
    fn check(&mut self, name: &str, expected: impl ToString, found: impl ToString) {
        self.checks.push(Check::new(format!("package_{name}"), expected, found));
    }

    fn stage(&self) -> PathBuf {
        self.folder.join("stage")
    }

    fn install(&mut self) -> Result<()> {
        let destination = format!("DESTDIR={}", self.stage().display());
        let make = |target: &str| {
            let mut make = Command::new("make");
            execute(make.arg("-s").arg("-C").arg(root().join("kmod")).args([target, &destination]))
        };
        make("install")?;
        let missing = INSTALLED.iter().filter(|name| !self.stage().join(name).is_file()).count();
        self.check("files_missing", 0, missing);
        make("uninstall")?;
        let left = INSTALLED.iter().filter(|name| self.stage().join(name).exists()).count();
        self.check("files_left_by_uninstall", 0, left);
        make("install")
    }

    /// A key and its certificate, as an administrator makes them.
    fn make_key(&self) -> Result<(PathBuf, PathBuf)> {
        let (key, certificate) = (self.folder.join("key.pem"), self.folder.join("certificate.der"));
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-outform", "DER"]);
        openssl.arg("-subj").arg(format!("/CN={SIGNER}/")).arg("-keyout").arg(&key).arg("-out").arg(&certificate);
        output(&mut openssl)?;
        Ok((key, certificate))
    }

    fn dkms(&self, words: &[&str]) -> Result<(bool, String)> {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", ALONE, "dkms"]).arg(self.folder).arg(self.folder.join("framework.conf"));
        let output = command.args(words).stdin(Stdio::null()).output().context("starting unshare")?;
        let text = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
    }

    /// Add, build, install. Gives the module as it would be installed.
    fn build(&mut self, release: &str) -> Result<PathBuf> {
        let (key, certificate) = self.make_key()?;
        let sign_file = self.kernel.headers.join("scripts/sign-file");
        let settings = format!(
            "mok_signing_key={}\nmok_certificate={}\nsign_file={}\n",
            key.display(),
            certificate.display(),
            sign_file.display()
        );
        fs::write(self.folder.join("framework.conf"), settings)?;
        let module = format!("deltascope/{VERSION}");
        let headers = self.kernel.headers.display().to_string();
        let installed = self.folder.join("base/lib/modules");
        fs::create_dir_all(installed.join(release))?;
        let tree = installed.display().to_string();
        let kernel = ["-k", release, "-a", "x86_64", "--kernelsourcedir", &headers];
        fs::create_dir_all(self.folder.join("tree"))?;
        let added = self.dkms(&["add", &module])?;
        if !added.0 {
            bail!("dkms add failed: {}", added.1);
        }
        self.check("dkms_adds", true, added.0);
        let old = self.dkms(&["build", &module, "-k", TOO_OLD, "-a", "x86_64", "--kernelsourcedir", &headers])?;
        self.check("dkms_refuses_an_older_kernel", false, old.0);
        self.check("dkms_says_why", true, old.1.contains("BUILD_EXCLUSIVE"));
        for step in ["build", "install"] {
            let words = [&[step, &module][..], &kernel, &["--installtree", &tree, "--no-depmod"]].concat();
            let (done, text) = self.dkms(&words)?;
            if !done {
                bail!("dkms {step} failed: {text}");
            }
            self.check(&format!("dkms_{step}s"), true, done);
        }
        let mut found = Vec::new();
        packages::collect(&installed, &mut found)?;
        let found = found.into_iter().find(|path| path.to_string_lossy().contains("updates/dkms/deltascope.ko"));
        found.context("dkms install: expected updates/dkms/deltascope.ko, found none")
    }

    fn describe(&mut self, module: &Path, release: &str) -> Result<()> {
        let field = |name: &str| output(Command::new("modinfo").args(["-F", name]).arg(module));
        let vermagic = field("vermagic")?;
        self.check("vermagic", release, vermagic.split(' ').next().unwrap_or_default());
        for (name, expected) in
            [("version", VERSION), ("license", "GPL"), ("signer", SIGNER), ("sig_hashalgo", "sha512")]
        {
            let found = field(name)?;
            if name == "sig_hashalgo" && found == "sha256" {
                continue;
            }
            self.check(name, expected, found);
        }
        let soft = field("softdep")?;
        self.check("softdep", "pre: crc32c", soft);
        Ok(())
    }

    /// The group in a user database of its own, and what modprobe would do.
    fn configure(&mut self, release: &str) -> Result<PathBuf> {
        let users = self.folder.join("users");
        fs::create_dir_all(users.join("etc"))?;
        fs::write(users.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n")?;
        fs::write(users.join("etc/group"), "root:x:0:\n")?;
        let mut sysusers = Command::new("systemd-sysusers");
        sysusers
            .arg(format!("--root={}", users.display()))
            .arg(self.stage().join("usr/lib/sysusers.d/deltascope.conf"));
        output(&mut sysusers)?;
        let groups = fs::read_to_string(users.join("etc/group"))?;
        self.check("group_made", true, groups.lines().any(|line| line.starts_with("deltascope:")));

        let base = self.folder.join("base");
        let own = base.join("lib/modules").join(release);
        for (name, module) in &self.kernel.modules {
            fs::copy(module, own.join(format!("{name}.ko")))?;
        }
        for empty in ["modules.order", "modules.builtin"] {
            fs::write(own.join(empty), "")?;
        }
        output(Command::new("depmod").arg("-b").arg(&base).arg(release))?;
        let mut modprobe = Command::new("modprobe");
        modprobe.args(["--show-depends", "-S", release, "-d"]).arg(&base);
        modprobe.arg("-C").arg(self.stage().join("etc/modprobe.d")).arg("deltascope");
        let shown = output(&mut modprobe)?;
        let last = shown.lines().last().unwrap_or_default();
        self.check(
            "modprobe_options",
            true,
            last.contains("ring_records=8192") && last.contains("pending_pages=65536"),
        );
        self.check("modprobe_brings_crc32c", true, shown.contains("crc32c"));
        Ok(users.join("etc"))
    }

    /// Boots a guest with the real udev and gives its checks.
    fn guest(&mut self, module: &Path, users: &Path) -> Result<()> {
        let unsigned = programs::module(self.kernel, &self.folder.join("unsigned"))?;
        let udev = packages::udev()?;
        let mut files = vec![
            ("signed.ko".to_owned(), plain(module, self.folder)?),
            ("unsigned.ko".to_owned(), unsigned),
            ("etc/passwd".to_owned(), users.join("passwd")),
            ("etc/group".to_owned(), users.join("group")),
            ("rules/70-deltascope.rules".to_owned(), self.stage().join(INSTALLED[2])),
            ("bin/udevadm".to_owned(), udev.clone()),
        ];
        let libraries = output(Command::new("ldd").arg(&udev))?;
        for line in libraries.lines().filter(|line| line.contains('/')) {
            let words = line.split_whitespace().find(|word| word.starts_with('/'));
            let library = words.with_context(|| format!("ldd: expected a path in {line:?}"))?;
            files.push((library.trim_start_matches('/').to_owned(), PathBuf::from(library)));
        }
        let initrd = self.folder.join("initrd");
        fs::write(&initrd, super::file_system(self.kernel, &files, &root().join("kmod/test/init-package.sh"))?)?;
        let console = self.folder.join("package.log");
        let guest = Guest {
            image: &self.kernel.image,
            initrd: &initrd,
            console: &console,
            environment: &[],
            counted: false,
            limit: LIMIT,
        };
        let text = guest.run()?;
        self.checks.extend(Console::parse(&text)?.checks(&[]));
        Ok(())
    }
}

/// The module without compression.
fn plain(module: &Path, folder: &Path) -> Result<PathBuf> {
    if module.extension().is_some_and(|extension| extension == "ko") {
        return Ok(module.to_path_buf());
    }
    let plain = folder.join("signed.ko");
    execute(Command::new("xz").arg("-dc").arg(module).stdout(fs::File::create(&plain)?))?;
    Ok(plain)
}

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Kernel: 6.1 or 6.12
    #[arg(long, value_name = "VERSION")]
    kernel: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Packages, installs and tries the module.
pub fn run(arguments: &Arguments) -> Result<()> {
    let version = Kernel::parse(&arguments.kernel)?;
    ensure!(
        version != Kernel::Newest,
        "--kernel: expected 6.1 or 6.12, whose packages suit this release, found newest"
    );
    setup::provide(setup::PACKAGING)?;
    if !setup::is_root() {
        bail!("expected root, found an ordinary user: DKMS works as root only (in a mount namespace of its own here)");
    }
    setup::provide(setup::CAPTURE)?;
    emulator::provide(emulator::SYSTEM_X86)?;
    let unpacked = packages::unpack(version)?;
    let folder = packages::cache().join(format!("package-{}", version.name()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let release = unpacked.release()?;
    let mut package = Package { kernel: &unpacked, folder: &folder, checks: Vec::new() };
    package.install()?;
    let module = package.build(&release)?;
    package.describe(&module, &release)?;
    let users = package.configure(&release)?;
    package.guest(&module, &users)?;
    super::checks::conclude(
        &format!("packaging on Linux {}", version.name()),
        &package.checks,
        arguments.json,
        serde_json::json!({}),
    )
}
