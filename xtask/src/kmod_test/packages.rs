//! Kernels, their headers, busybox and QEMU as Debian packages: fetched by name from the archive that this machine
//! already uses, unpacked into a folder under `target/`, never installed (QEMU excepted).

use anyhow::{Context, Result, anyhow, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::{root, run};

/// The release that has both kernels: 6.1 itself, 6.12 in its backports.
const SUITE: &str = "bookworm";
const BACKPORTS: &str = "bookworm-backports";
const EMULATOR: &str = "qemu-system-x86_64";
/// Of a kernel image only these are unpacked.
const MODULES: [&str; 5] = ["crc32c_generic", "crc32c-intel", "libcrc32c", "brd", "e1000"];

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

/// Everything that this test keeps.
pub fn cache() -> PathBuf {
    root().join("target").join("kmod-test")
}

/// An apt of its own over the machine's archive, with the backports beside the release.
struct Archive {
    configuration: PathBuf,
}

impl Archive {
    fn open() -> Result<Archive> {
        let folder = cache().join("apt");
        for part in [
            "state/lists/partial",
            "cache/archives/partial",
            "etc/sources.list.d",
            "etc/apt.conf.d",
            "etc/preferences.d",
        ] {
            fs::create_dir_all(folder.join(part))?;
        }
        let configuration = folder.join("apt.conf");
        let own = folder.display();
        fs::write(
            &configuration,
            format!(
                "Dir::State \"{own}/state\";\nDir::State::status \"/var/lib/dpkg/status\";\nDir::Cache \"{own}/cache\";\n\
                 Dir::Etc \"{own}/etc\";\nDir::Etc::Trusted \"/etc/apt/trusted.gpg\";\n\
                 Dir::Etc::TrustedParts \"/etc/apt/trusted.gpg.d\";\nAPT::Sandbox::User \"root\";\n"
            ),
        )?;
        fs::write(folder.join("etc/sources.list.d/archive.sources"), archive_stanza()?)?;
        let archive = Archive { configuration };
        run(archive.apt("apt-get", &["update", "-q"]).stdout(Stdio::null()))?;
        Ok(archive)
    }

    fn apt(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", &self.configuration).env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        command.stdin(Stdio::null());
        command
    }

    /// Names of the packages that `package` depends on and that `wanted` likes.
    fn dependencies(&self, suite: &str, package: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>> {
        let output =
            self.apt("apt-cache", &["depends", "-t", suite, package]).output().context("starting apt-cache")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let names = text.lines().filter_map(|line| line.trim_start_matches([' ', '|']).strip_prefix("Depends: "));
        Ok(names.filter(|name| wanted(name)).map(str::to_owned).collect())
    }

    fn download(&self, suite: &str, package: &str, folder: &Path) -> Result<PathBuf> {
        let find = || {
            let prefix = format!("{package}_");
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).find(|path| {
                path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&prefix))
            })
        };
        if let Some(found) = find() {
            return Ok(found);
        }
        let mut command = self.apt("apt-get", &["download", "-q", "-t", suite, package]);
        run(command.current_dir(folder).stdout(Stdio::null()))?;
        find().ok_or_else(|| anyhow!("apt-get download {package}: expected a file in {}, found none", folder.display()))
    }
}

/// The machine's own description of the Debian archive, for the release and its backports.
fn archive_stanza() -> Result<String> {
    let folder = Path::new("/etc/apt/sources.list.d");
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sources") {
            texts.push(fs::read_to_string(path)?);
        }
    }
    let stanzas = texts.iter().flat_map(|text| text.split("\n\n"));
    for stanza in stanzas {
        let suites = stanza.lines().find_map(|line| line.strip_prefix("Suites:"));
        if suites.is_some_and(|suites| suites.split_whitespace().any(|suite| suite == SUITE)) {
            let lines = stanza.lines().map(|line| match line.starts_with("Suites:") {
                true => format!("Suites: {SUITE} {BACKPORTS}\n"),
                false => format!("{line}\n"),
            });
            return Ok(lines.collect());
        }
    }
    bail!(
        "{}: expected a .sources file with the suite {SUITE}, found none; this test takes its kernels from the archive of Debian 12",
        folder.display()
    )
}

/// Makes sure that there is a QEMU. One from the release would remove a backported part that is installed.
pub fn require_emulator() -> Result<()> {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(EMULATOR).is_file());
    if found {
        return Ok(());
    }
    let packages = ["qemu-system-x86", "qemu-utils"];
    let archive = Archive::open()?;
    let options = ["install", "-q", "-y", "--no-install-recommends", "--no-remove", "-t", BACKPORTS];
    let mut command = archive.apt("apt-get", &["-o", "DPkg::Lock::Timeout=300"]);
    command.args(options).args(packages).stdout(Stdio::null());
    run(&mut command).with_context(|| {
        format!(
            "{EMULATOR} is missing and could not be installed; as root: apt-get install {} from {BACKPORTS}",
            packages.join(" ")
        )
    })
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
    let archive = Archive::open()?;
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
        let file = archive.download(if package == "busybox-static" { SUITE } else { suite }, package, &packages)?;
        run(Command::new("dpkg").arg("-x").arg(file).arg(folder))?;
    }
    let file = archive.download(suite, &image, &packages)?;
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

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
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
