//! What the built-in designs are made from. The build script makes them again when it changes, and only then: Cargo runs
//! the script whenever the path of programs changes.

use std::collections::hash_map::DefaultHasher;
use std::ffi::OsString;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use super::verilator::Verilator;

/// Returns a text that is the same only for the same Verilator (path and version), the same settings of the compiler,
/// and the same files in `folders` and `files` (names and content).
pub fn fingerprint(
    verilator: &Verilator,
    settings: &[OsString],
    folders: &[PathBuf],
    files: &[PathBuf],
) -> std::io::Result<String> {
    let mut files = files.to_vec();
    for folder in folders {
        collect(folder, &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    settings.hash(&mut hasher);
    for file in &files {
        file.hash(&mut hasher);
        std::fs::read(file)?.hash(&mut hasher);
    }
    Ok(format!("{}\n{}\n{:016x}\n", verilator.program.display(), verilator.version, hasher.finish()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
