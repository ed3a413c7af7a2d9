//! What the built-in designs are made from. The build script makes them again when it changes, and only then: Cargo runs
//! the script whenever the path of programs changes.

use std::collections::hash_map::DefaultHasher;
use std::ffi::OsString;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use super::versioned::Versioned;

/// Returns a text that is the same only for the same tools (paths and versions), the same settings of the compiler, and
/// the same files in `folders` and `files` (names and content). Where the folders are does not count: a copy of the
/// whole tree needs nothing made again.
pub fn fingerprint(
    tools: &[&Versioned],
    settings: &[OsString],
    folders: &[PathBuf],
    files: &[PathBuf],
) -> std::io::Result<String> {
    let mut hasher = DefaultHasher::new();
    settings.hash(&mut hasher);
    for folder in folders {
        let mut found = Vec::new();
        collect(folder, &mut found)?;
        found.sort();
        for file in &found {
            file.strip_prefix(folder).unwrap_or(file).hash(&mut hasher);
            std::fs::read(file)?.hash(&mut hasher);
        }
    }
    for file in files {
        std::fs::read(file)?.hash(&mut hasher);
    }
    let tools: String = tools.iter().map(|t| format!("{}\n{}\n", t.program.display(), t.version)).collect();
    Ok(format!("{tools}{:016x}\n", hasher.finish()))
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
