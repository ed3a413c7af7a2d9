//! QEMU: what is installed or what this machine's release carries where that is new enough; otherwise unpacked into the
//! build folder, so that the machine's own packages stay as they are.

use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{run, target_folder};
use crate::debian::Archive;
use crate::setup::{self, Tool};

/// Runs ARM programs.
pub const ARM: Tool = Tool { program: "qemu-arm", package: "qemu-user" };
/// The Zynq without a board.
pub const SYSTEM_ARM: Tool = Tool { program: "qemu-system-arm", package: "qemu-system-arm" };
/// The x86 machines of the capture module's tests.
pub const SYSTEM_X86: Tool = Tool { program: "qemu-system-x86_64", package: "qemu-system-x86" };

/// Oldest major version that was tried.
const LEAST: u32 = 10;
/// Beginnings of the names of packages that QEMU finds by their place, and which are therefore unpacked beside it even
/// where they are installed.
const BESIDE: [&str; 3] = ["qemu-", "seabios", "ipxe-qemu"];
/// Folders of libraries of an unpacked QEMU.
const LIBRARIES: [&str; 3] =
    ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/pulseaudio"];

/// Returns the program to run, which is provided where it is missing.
///
/// # Errors
/// When this release carries the program and this process may not install it, or when it cannot be fetched.
pub fn provide(tool: Tool) -> Result<PathBuf> {
    if let Some(program) = find(tool) {
        return Ok(program);
    }
    let archive = Archive::of_this_machine(&target_folder().join("apt"))?;
    let carried = archive.release_version(tool.package)?;
    if carried.as_deref().and_then(major).is_some_and(|major| major >= LEAST) && setup::installable(tool.package) {
        setup::provide(&[tool])?;
    } else {
        unpack(&archive, archive.backports(), tool, &prefix(tool))?;
    }
    match find(tool) {
        Some(program) => Ok(program),
        None => bail!("{}: expected version {LEAST} or later after setting it up, found none", tool.program),
    }
}

/// Returns a `qemu-arm` that takes plugins, of any version: that of Debian 12 does, the backports' was built without.
///
/// # Errors
/// When it cannot be fetched, or this release's was built without plugins too.
pub fn provide_with_plugins() -> Result<PathBuf> {
    let target = target_folder().join("qemu").join("qemu-user-with-plugins");
    let unpacked = target.join("bin").join(ARM.program);
    let found = [PathBuf::from(ARM.program), unpacked.clone()].into_iter().find(|program| takes_plugins(program));
    if let Some(program) = found {
        return Ok(program);
    }
    let archive = Archive::of_this_machine(&target_folder().join("apt"))?;
    unpack(&archive, archive.release(), ARM, &target)?;
    ensure!(
        takes_plugins(&unpacked),
        "{}: expected one that takes `-plugin`, found that of {} without; run this on Debian 12",
        ARM.program,
        archive.release()
    );
    Ok(unpacked)
}

fn takes_plugins(program: &Path) -> bool {
    let output = Command::new(program).arg("-h").output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("-plugin "))
}

/// Returns the program of the path when it is new enough, or the unpacked one.
fn find(tool: Tool) -> Option<PathBuf> {
    let installed = tool.version().ok().as_deref().and_then(major).is_some_and(|major| major >= LEAST);
    if installed {
        return Some(tool.program.into());
    }
    let unpacked = prefix(tool).join("bin").join(tool.program);
    unpacked.is_file().then_some(unpacked)
}

/// Folder of an unpacked program, its libraries and its files.
fn prefix(tool: Tool) -> PathBuf {
    target_folder().join("qemu").join(tool.package)
}

/// Returns the major number of a program's or a package's version: `10.0.2`, `1:10.0.2+ds-2`.
fn major(version: &str) -> Option<u32> {
    let upstream = version.split_once(':').map_or(version, |(_, rest)| rest);
    upstream.split(['.', '+', '-']).next()?.parse().ok()
}

/// Unpacks a program of a suite into `target`, with everything that it needs and that is not installed.
fn unpack(archive: &Archive, suite: &str, tool: Tool, target: &Path) -> Result<()> {
    eprintln!("unpacking {} from {suite} into {}", tool.package, target.display());
    // Moved into its place last: what an interrupted run left is not taken for a program.
    let folder = target.with_extension("partial");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let mut packages: BTreeSet<String> = archive.would_install(suite, tool.package)?.into_iter().collect();
    let mut open = vec![tool.package.to_owned()];
    while let Some(package) = open.pop() {
        let more = archive.dependencies(suite, &package, |name| BESIDE.iter().any(|part| name.starts_with(part)))?;
        open.extend(more.into_iter().filter(|name| packages.insert(name.clone())));
    }
    packages.insert(tool.package.to_owned());
    ensure!(!packages.contains("libc6"), "{}: expected that it runs with this machine's C library", tool.package);
    let files = folder.join("packages");
    for package in &packages {
        let file = archive.download_of(suite, package, &files)?;
        run(Command::new("dpkg-deb").arg("-x").arg(&file).arg(&folder))?;
    }
    fs::remove_dir_all(&files)?;
    starter(&folder, tool)?;
    let _ = fs::remove_dir_all(target);
    fs::rename(&folder, target).with_context(|| format!("moving {}", folder.display()))
}

/// Writes the script that starts an unpacked program with its libraries.
fn starter(folder: &Path, tool: Tool) -> Result<()> {
    let program = folder.join("usr/bin").join(tool.program);
    ensure!(program.is_file(), "{}: expected {}, found none", tool.package, program.display());
    let libraries = LIBRARIES.map(|library| format!("$own/{library}")).join(":");
    // A machine's firmware is looked for where it would be installed, unless it is named.
    let firmware = match tool.program.starts_with("qemu-system-") {
        true => " -L \"$own/usr/share/qemu\" -L \"$own/usr/share/seabios\"",
        false => "",
    };
    let script = format!(
        "#!/bin/sh\nown=$(dirname \"$(dirname \"$(readlink -f \"$0\")\")\")\nLD_LIBRARY_PATH={libraries} exec \
         \"$own/usr/bin/{}\"{firmware} \"$@\"\n",
        tool.program
    );
    let path = folder.join("bin").join(tool.program);
    fs::create_dir_all(folder.join("bin"))?;
    // In Debian's merged layout `bin` of a package may be a link to `usr/bin`: the program must not be replaced.
    ensure!(!path.exists(), "{}: expected no file, found one of a package", path.display());
    fs::write(&path, script)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn major_number_is_read_from_programs_and_packages() {
        for (version, expected) in [("10.0.2", 10), ("1:7.2+dfsg-7+deb12u18", 7), ("1:10.0.2+ds-2", 10), ("11", 11)] {
            assert_eq!(major(version), Some(expected), "{version}");
        }
        assert_eq!(major("none"), None);
    }
}
