//! Kernels, their headers, busybox and QEMU as Debian packages: fetched by name from the archive that this machine
//! already uses, unpacked into a folder under `target/`, never installed (QEMU excepted).

use anyhow::{Context, Result, anyhow, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::{root, run};
use crate::debian::Archive;

/// The release that has both kernels: 6.1 itself, 6.12 in its backports.
const SUITE: &str = "bookworm";
const BACKPORTS: &str = "bookworm-backports";
/// Of a kernel image only these are unpacked.
pub const MODULES: [&str; 5] = ["crc32c_generic", "crc32c-intel", "libcrc32c", "brd", "e1000"];

/// A kernel that the module is tested in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// The kernel of the release.
    V6_1,
    /// The kernel of its backports.
    V6_12,
}

impl Kernel {
    /// By its number.
    pub fn parse(text: &str) -> Result<Kernel> {
        match text {
            "6.1" => Ok(Kernel::V6_1),
            "6.12" => Ok(Kernel::V6_12),
            _ => bail!("--kernel: expected 6.1 or 6.12, found {text:?}"),
        }
    }

    /// Number as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Kernel::V6_1 => "6.1",
            Kernel::V6_12 => "6.12",
        }
    }

    /// The function that the module probes for copies there.
    pub fn page_hook(self) -> &'static str {
        match self {
            Kernel::V6_1 => "wp_page_copy",
            Kernel::V6_12 => "do_wp_page",
        }
    }

    fn suite(self) -> &'static str {
        match self {
            Kernel::V6_1 => SUITE,
            Kernel::V6_12 => BACKPORTS,
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
    /// Modules of its own, in the order of loading.
    pub modules: Vec<PathBuf>,
    /// A static busybox.
    pub busybox: PathBuf,
}

impl Unpacked {
    /// As `uname -r` says it.
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
    Archive::of_this_machine(&cache().join("apt"))
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
        modules: MODULES.iter().enumerate().map(|(order, name)| folder.join(format!("{order}-{name}.ko"))).collect(),
        busybox: folder.join("bin/busybox"),
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
    for entry in fs::read_dir(folder.join("boot"))? {
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
    let archive = archive()?;
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
    let file = archive.download_of(suite, &image, &packages)?;
    unpack_image(&file, folder)?;
    relocate(folder)?;
    fs::remove_dir_all(&packages)?;
    Ok(())
}

/// Takes the kernel and the few modules out of the image's package.
fn unpack_image(package: &Path, folder: &Path) -> Result<()> {
    let mut source = Command::new("dpkg").arg("--fsys-tarfile").arg(package).stdout(Stdio::piped()).spawn()?;
    let stream = source.stdout.take().ok_or_else(|| anyhow!("dpkg: expected its output, found none"))?;
    let mut tar = Command::new("tar");
    tar.args(["-x", "--wildcards", "-C"]).arg(folder).arg("./boot/vmlinuz-*").stdin(stream);
    tar.args(MODULES.map(|name| format!("*/{name}.ko*")));
    run(&mut tar)?;
    if !source.wait()?.success() {
        bail!("dpkg --fsys-tarfile {} failed", package.display());
    }
    let mut found = Vec::new();
    collect(&folder.join("lib/modules"), &mut found)?;
    for (order, name) in MODULES.iter().enumerate() {
        let target = folder.join(format!("{order}-{name}.ko"));
        let plain = format!("{name}.ko");
        let packed = format!("{name}.ko.xz");
        let is = |path: &&PathBuf, wanted: &str| path.file_name().is_some_and(|found| found == wanted);
        if let Some(path) = found.iter().find(|path| is(path, &plain)) {
            fs::copy(path, &target)?;
        } else if let Some(path) = found.iter().find(|path| is(path, &packed)) {
            run(Command::new("xz").arg("-dc").arg(path).stdout(fs::File::create(&target)?))?;
        } else {
            bail!("{}: expected {plain} or {packed}, found neither", package.display());
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
        if text.contains(" /usr/src/") {
            fs::write(&makefile, text.replace(" /usr/src/", &format!(" {}/usr/src/", folder.display())))?;
        }
    }
    Ok(())
}
