//! The folder of emitted files: what it holds, writing it, and comparing it.

use std::collections::BTreeMap;
use std::path::Path;

use super::catalogue::{Instance, tops};
use super::error::EmitError;

/// Name of the list of blocks beside the Verilog.
pub const MANIFEST: &str = "manifest.json";

/// One block of the manifest: the configuration and the files that it needs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// Name of the top module.
    pub block: String,
    /// Its const generics.
    pub settings: BTreeMap<String, usize>,
    /// Files that verilate, prove or synthesise it, children first.
    pub files: Vec<String>,
}

/// File name to content.
pub type Files = BTreeMap<String, String>;

const HEADER: &str = "// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.\n";

/// The files of some configurations with their manifest. Modules that they share are one file.
///
/// # Errors
/// Whatever stops an emission, and two different modules of one name.
pub fn files<'a>(instances: impl Iterator<Item = &'a Instance>) -> Result<Files, EmitError> {
    let mut files = Files::new();
    let mut manifest = Vec::new();
    for instance in instances {
        let design = instance.emit()?;
        manifest.push(Entry {
            block: design.top.clone(),
            settings: instance.settings.iter().map(|s| (s.name.to_string(), s.value)).collect(),
            files: design.files(),
        });
        for module in design.modules {
            let text = format!("{HEADER}{}", module.text);
            let same = files.entry(format!("{}.v", module.name)).or_insert_with(|| text.clone());
            if *same != text {
                return Err(EmitError::Ambiguous { name: module.name });
            }
        }
    }
    manifest.sort_by(|a, b| a.block.cmp(&b.block));
    let mut text = serde_json::to_string_pretty(&manifest).unwrap_or_default();
    text.push('\n');
    files.insert(MANIFEST.to_string(), text);
    Ok(files)
}

/// The files that belong into `rtl/verilog`: the default configuration of every block.
///
/// # Errors
/// As [`files`].
pub fn committed() -> Result<Files, EmitError> {
    files(tops())
}

/// Writes `files` into `folder`, leaving other files alone.
///
/// # Errors
/// Of the file system.
pub fn write(folder: &Path, files: &Files) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, text) in files {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}

/// Removes the Verilog files in `folder` that are not in `files`.
///
/// # Errors
/// Of the file system.
pub fn remove_stale(folder: &Path, files: &Files) -> std::io::Result<Vec<String>> {
    let stale = verilog_files(folder)?.into_iter().filter(|name| !files.contains_key(name)).collect::<Vec<_>>();
    for name in &stale {
        std::fs::remove_file(folder.join(name))?;
    }
    Ok(stale)
}

/// How `folder` differs from `files`: one line for each file, empty when they are equal.
///
/// # Errors
/// Of the file system.
pub fn compare(folder: &Path, files: &Files) -> std::io::Result<Vec<String>> {
    let mut differences = Vec::new();
    for (name, fresh) in files {
        match std::fs::read_to_string(folder.join(name)) {
            Ok(old) if old == *fresh => {}
            Ok(old) => differences.push(format!("{name}: {}", first_difference(&old, fresh))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => differences.push(format!("{name}: is missing")),
            Err(e) => return Err(e),
        }
    }
    for name in verilog_files(folder)? {
        if !files.contains_key(&name) {
            differences.push(format!("{name}: no block emits it"));
        }
    }
    Ok(differences)
}

fn first_difference(old: &str, fresh: &str) -> String {
    let (mut old, mut fresh) = (old.lines(), fresh.lines());
    let mut line = 1;
    loop {
        match (old.next(), fresh.next()) {
            (Some(a), Some(b)) if a == b => line += 1,
            (None, None) => return "differs in its last line end".to_string(),
            (a, b) => {
                let shown =
                    |x: Option<&str>| x.map_or("the end of the file".to_string(), |t| format!("`{}`", t.trim()));
                return format!("line {line} is {}, a fresh emission has {}", shown(a), shown(b));
            }
        }
    }
}

fn verilog_files(folder: &Path) -> std::io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".v") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
