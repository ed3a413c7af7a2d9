//! A kernel that is newer than this machine's release: its build tools want a newer C library, and its makefiles a
//! newer compiler. Nothing of that is installed: the tools run on a C library that lies beside them.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::debian::Archive;

/// gcc of this machine instead of the kernel's own, and nothing that only that one knows.
pub const COMPILER: [&str; 2] = ["CC=gcc", "CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT="];
/// Programs of the kernel's package `linux-kbuild-*` that a build of a module runs and that use the newer library.
const TOOLS: [&str; 2] = ["tools/objtool/objtool.real-x86", "scripts/mod/modpost.real-lsb-64"];
const LIBRARY: &str = "usr/lib/x86_64-linux-gnu";
const LOADER: &str = "ld-linux-x86-64.so.2";

/// Lets the tools in `folder` run with the C library of `suite`.
pub fn tools(archive: &Archive, suite: &str, folder: &Path) -> Result<()> {
    let library = folder.join("libc");
    archive.unpack_of(suite, "libc6", &library)?;
    let library = library.join(LIBRARY);
    ensure!(library.join(LOADER).exists(), "libc6 of {suite}: expected {LIBRARY}/{LOADER}, found none");
    let mut found = 0;
    for entry in fs::read_dir(folder.join("usr/lib"))? {
        let root = entry?.path();
        for tool in TOOLS.map(|tool| root.join(tool)).into_iter().filter(|tool| tool.is_file()) {
            let program = tool.with_extension("elf");
            fs::rename(&tool, &program).with_context(|| format!("moving {}", tool.display()))?;
            let (loader, library, program) = (library.join(LOADER), library.display(), program.display());
            let script = format!("#!/bin/sh\nexec {} --library-path {library} {program} \"$@\"\n", loader.display());
            fs::write(&tool, script)?;
            fs::set_permissions(&tool, fs::Permissions::from_mode(0o755))?;
            found += 1;
        }
    }
    ensure!(found == TOOLS.len(), "linux-kbuild: expected {}, found {found} of them", TOOLS.join(" and "));
    Ok(())
}
