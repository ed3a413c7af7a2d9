//! Man pages and completions of the agent, as its program writes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::cargo::{program, root, run, target_folder};

/// The folders that are written.
const FOLDERS: [&str; 2] = ["man", "completions"];

/// The files of a folder by name; none where there is no folder.
fn files(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(name, fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?);
    }
    Ok(files)
}

/// Writes `host-agent/man` and `host-agent/completions`, or with `check` compares them.
pub fn pages(check: bool) -> Result<()> {
    let made = target_folder().join("agent-pages");
    if made.exists() {
        fs::remove_dir_all(&made)?;
    }
    run(program("deltascope-agent", &[], "deltascope")?.arg("generate").arg(&made))?;
    for name in FOLDERS {
        let committed = root().join("host-agent").join(name);
        let (new, old) = (files(&made.join(name))?, files(&committed)?);
        if new.is_empty() {
            bail!("host-agent/{name}: expected files of `deltascope generate`, found none");
        }
        if new == old {
            continue;
        }
        let stale: Vec<&String> =
            new.keys().chain(old.keys()).filter(|file| new.get(*file) != old.get(*file)).collect();
        if check {
            bail!("host-agent/{name}: not what the command line is now: {stale:?}; run `cargo xtask gen` and commit");
        }
        fs::create_dir_all(&committed)?;
        old.keys()
            .filter(|file| !new.contains_key(*file))
            .try_for_each(|file| fs::remove_file(committed.join(file)))?;
        new.iter().try_for_each(|(file, text)| fs::write(committed.join(file), text))?;
        println!("wrote host-agent/{name}");
    }
    Ok(())
}
