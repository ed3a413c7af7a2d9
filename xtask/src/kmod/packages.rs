//! Kernels, their headers, busybox and QEMU as Debian packages: fetched by name from the archive that this machine
//! already uses, unpacked into a folder under `target/`, never installed (QEMU excepted).

use anyhow::{Context, Result, anyhow, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::newer_kbuild;
use crate::cargo::{root, run};
use crate::debian::Archive;

/// The release that has both kernels: 6.1 itself, 6.12 in its backports.
const SUITE: &str = "bookworm";
const BACKPORTS: &str = "bookworm-backports";
/// The next release, for the newest kernel that there is, and its C library.
const NEXT: &str = "trixie";
const NEXT_BACKPORTS: &str = "trixie-backports";

/// A kernel that the module is tested in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// The kernel of the release.
    V6_1,
    /// The kernel of its backports.
    V6_12,
    /// The newest that the backports of the next release have.
    Newest,
}

impl Kernel {
    /// By its number.
    pub fn parse(text: &str) -> Result<Kernel> {
        match text {
            "6.1" => Ok(Kernel::V6_1),
            "6.12" => Ok(Kernel::V6_12),
            "newest" => Ok(Kernel::Newest),
            _ => bail!("--kernel: expected 6.1, 6.12 or newest, found {text:?}"),
        }
    }

    /// Number as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Kernel::V6_1 => "6.1",
            Kernel::V6_12 => "6.12",
            Kernel::Newest => "newest",
        }
    }

    fn suite(self) -> &'static str {
        match self {
            Kernel::V6_1 => SUITE,
            Kernel::V6_12 => BACKPORTS,
            Kernel::Newest => NEXT_BACKPORTS,
        }
    }

    /// Of its own modules only these are unpacked, in the order of loading. From 6.14 on CRC32C is in the kernel itself.
    fn modules(self) -> &'static [&'static str] {
        match self {
            Kernel::V6_1 | Kernel::V6_12 => &["crc32c_generic", "crc32c-intel", "libcrc32c", "brd", "e1000"],
            Kernel::Newest => &["brd", "e1000"],
        }
    }

    /// How the packages begin that the image's package consists of beside itself.
    fn parts(self) -> &'static [&'static str] {
        match self {
            Kernel::V6_1 | Kernel::V6_12 => &[],
            Kernel::Newest => &["linux-binary-", "linux-modules-"],
        }
    }

    /// Arguments of `make` for the build of a module by the compiler of this machine.
    fn compiler(self) -> &'static [&'static str] {
        match self {
            Kernel::V6_1 | Kernel::V6_12 => &[],
            Kernel::Newest => &newer_kbuild::COMPILER,
        }
    }
}

/// A kernel on disk.
#[derive(Clone, Debug)]
pub struct Unpacked {
    /// The kernel to boot.
    pub image: PathBuf,
    /// Folder to build modules against.
    pub headers: PathBuf,
    /// Modules of its own by name, in the order of loading.
    pub modules: Vec<(&'static str, PathBuf)>,
    /// A static busybox.
    pub busybox: PathBuf,
    /// Arguments of `make` with which the compiler of this machine builds for these headers.
    pub compiler: &'static [&'static str],
}

impl Unpacked {
    /// As `uname -r` reports it.
    pub fn release(&self) -> Result<String> {
        let name = self.image.file_name().and_then(|name| name.to_str());
        let release = name.and_then(|name| name.strip_prefix("vmlinuz-"));
        release.map(str::to_owned).ok_or_else(|| anyhow!("{}: expected vmlinuz-RELEASE", self.image.display()))
    }
}

/// Everything that this test keeps.
pub fn cache() -> PathBuf {
    root().join("target").join("kmod-test")
}

fn archive() -> Result<Archive> {
    Archive::with_suites(&cache().join("apt"), &[SUITE, BACKPORTS])
}

fn archive_of(kernel: Kernel) -> Result<Archive> {
    match kernel {
        Kernel::V6_1 | Kernel::V6_12 => archive(),
        Kernel::Newest => Archive::with_suites(&cache().join("apt-next"), &[NEXT, NEXT_BACKPORTS]),
    }
}

/// Fetches and unpacks a kernel; what is in the cache is used as it is.
pub fn unpack(kernel: Kernel) -> Result<Unpacked> {
    let folder = cache().join(kernel.name());
    let ready = folder.join("ready");
    if !ready.is_file() {
        let _ = fs::remove_dir_all(&folder);
        fetch(kernel, &folder)?;
    }
    let release = fs::read_to_string(&ready).or_else(|_| -> Result<String> {
        fs::write(&ready, release_of(&folder)?)?;
        Ok(fs::read_to_string(&ready)?)
    })?;
    Ok(Unpacked {
        image: folder.join("boot").join(format!("vmlinuz-{release}")),
        headers: folder.join("usr/src").join(format!("linux-headers-{release}")),
        modules: kernel.modules().iter().map(|name| (*name, module_file(&folder, name))).collect(),
        busybox: folder.join("bin/busybox"),
        compiler: kernel.compiler(),
    })
}

/// udev's own program, fetched and unpacked, not installed.
pub fn udev() -> Result<PathBuf> {
    let folder = cache().join("udev");
    let program = folder.join("bin/udevadm");
    if !program.is_file() {
        fs::create_dir_all(&folder)?;
        let file = archive()?.download_of(SUITE, "udev", &folder)?;
        run(Command::new("dpkg").arg("-x").arg(file).arg(&folder))?;
    }
    Ok(program)
}

fn release_of(folder: &Path) -> Result<String> {
    let boot = folder.join("boot");
    for entry in fs::read_dir(&boot).with_context(|| format!("listing {}", boot.display()))? {
        let name = entry?.file_name();
        if let Some(release) = name.to_str().and_then(|name| name.strip_prefix("vmlinuz-")) {
            return Ok(release.to_owned());
        }
    }
    bail!("{}: expected a kernel in boot/, found none", folder.display())
}

fn fetch(kernel: Kernel, folder: &Path) -> Result<()> {
    eprintln!("fetching Linux {} from {}", kernel.name(), kernel.suite());
    let suite = kernel.suite();
    let archive = archive_of(kernel)?;
    let packages = folder.join("packages");
    fs::create_dir_all(&packages)?;
    let first = |package: &str, prefix: &str| -> Result<String> {
        let found = archive.dependencies(suite, package, |name| name.starts_with(prefix))?;
        found.into_iter().next().ok_or_else(|| anyhow!("{package}: expected a dependency {prefix}*, found none"))
    };
    let image = first("linux-image-amd64", "linux-image-")?;
    let headers = first("linux-headers-amd64", "linux-headers-")?;
    let wanted = |name: &str| {
        ["linux-headers-", "linux-kbuild-", "linux-compiler-"].iter().any(|prefix| name.starts_with(prefix))
    };
    let mut whole = archive.dependencies(suite, &headers, wanted)?;
    whole.extend([headers, "busybox-static".to_owned()]);
    for package in &whole {
        let file = archive.download_of(if package == "busybox-static" { SUITE } else { suite }, package, &packages)?;
        run(Command::new("dpkg").arg("-x").arg(file).arg(folder))?;
    }
    let mut parts = archive.dependencies(suite, &image, |name| kernel.parts().iter().any(|p| name.starts_with(p)))?;
    parts.push(image);
    for package in &parts {
        unpack_image(&archive.download_of(suite, package, &packages)?, kernel, folder)?;
    }
    image_in_boot(folder)?;
    modules(kernel, folder)?;
    relocate(folder)?;
    if kernel == Kernel::Newest {
        newer_kbuild::tools(&archive, NEXT, folder)?;
    }
    fs::remove_dir_all(&packages)?;
    Ok(())
}

/// Takes the kernel and the few modules out of a package, if it has them.
fn unpack_image(package: &Path, kernel: Kernel, folder: &Path) -> Result<()> {
    let mut source = Command::new("dpkg").arg("--fsys-tarfile").arg(package).stdout(Stdio::piped()).spawn()?;
    let stream = source.stdout.take().ok_or_else(|| anyhow!("dpkg: expected its output, found none"))?;
    let mut tar = Command::new("tar");
    tar.args(["-x", "--wildcards", "-C"]).arg(folder).stdin(stream);
    let mut wanted = vec!["./boot/vmlinuz-*".to_owned(), "*/vmlinuz".to_owned()];
    wanted.extend(kernel.modules().iter().map(|name| format!("*/{name}.ko*")));
    let status = tar.args(&wanted).stderr(Stdio::null()).status().context("starting tar")?;
    // 2: a pattern that nothing in this package fits. What is missing in the end is said by name.
    ensure!(matches!(status.code(), Some(0 | 2)), "tar failed with {status} on {}", package.display());
    ensure!(source.wait()?.success(), "dpkg --fsys-tarfile {} failed", package.display());
    Ok(())
}

/// Newer packages have the kernel beside its modules; here it is where the older ones have it.
fn image_in_boot(folder: &Path) -> Result<()> {
    let Ok(releases) = fs::read_dir(folder.join("usr/lib/modules")) else { return Ok(()) };
    for release in releases {
        let release = release?;
        let image = release.path().join("vmlinuz");
        if image.is_file() {
            fs::create_dir_all(folder.join("boot"))?;
            fs::rename(image, folder.join(format!("boot/vmlinuz-{}", release.file_name().to_string_lossy())))?;
        }
    }
    Ok(())
}

fn module_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.ko"))
}

/// Puts the kernel's own modules where they are looked for, as they are loaded.
fn modules(kernel: Kernel, folder: &Path) -> Result<()> {
    let mut found = Vec::new();
    for root in ["lib/modules", "usr/lib/modules"] {
        let root = folder.join(root);
        if root.is_dir() {
            collect(&root, &mut found)?;
        }
    }
    for name in kernel.modules() {
        let target = module_file(folder, name);
        let plain = format!("{name}.ko");
        let packed = format!("{name}.ko.xz");
        let is = |path: &&PathBuf, wanted: &str| path.file_name().is_some_and(|found| found == wanted);
        if let Some(path) = found.iter().find(|path| is(path, &plain)) {
            fs::copy(path, &target)?;
        } else if let Some(path) = found.iter().find(|path| is(path, &packed)) {
            run(Command::new("xz").arg("-dc").arg(path).stdout(fs::File::create(&target)?))?;
        } else {
            bail!("Linux {}: expected {plain} or {packed} in its packages, found neither", kernel.name());
        }
    }
    Ok(())
}

/// Every file below a folder.
pub fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// The headers name each other by where the package would be installed.
fn relocate(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder.join("usr/src"))? {
        let makefile = entry?.path().join("Makefile");
        let Ok(text) = fs::read_to_string(&makefile) else { continue };
        let mut moved = text.clone();
        for before in [' ', '='] {
            moved = moved.replace(&format!("{before}/usr/src/"), &format!("{before}{}/usr/src/", folder.display()));
        }
        if moved != text {
            fs::write(&makefile, moved)?;
        }
    }
    Ok(())
}
