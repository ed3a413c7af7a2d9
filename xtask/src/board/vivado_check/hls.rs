//! Scripts of Vitis HLS in `hls/`, checked the same way: every command and option known, files there, the part and the
//! clock those of the boards.

use super::Tree;
use super::board_data::{Board, names};
use super::record::{self, Call};
use anyhow::{Context, Result};
use deltascope_abi::board::FCLK_HZ;
use std::fs;
use std::path::Path;

/// What the check of the scripts found.
#[derive(Default)]
pub struct Checked {
    /// Number of scripts.
    pub scripts: usize,
    /// What is wrong with them.
    pub problems: Vec<String>,
}

/// Checks every script of `hls/`.
pub fn problems(tree: &Tree, work: &Path) -> Result<Checked> {
    let mut checked = Checked::default();
    let folder = tree.path("hls");
    if !folder.is_dir() {
        return Ok(checked);
    }
    let mut parts = Vec::new();
    for name in names(tree)? {
        parts.push(Board::load(tree, &name)?.part);
    }
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "tcl") {
            continue;
        }
        checked.scripts += 1;
        let known = tree.path("vivado/check/known");
        let calls = record::script(tree, "hls_commands.tcl", &known, &path, &[], work)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        checked
            .problems
            .extend(script(&folder, &parts, &calls).into_iter().map(|problem| format!("hls/{name}: {problem}")));
    }
    Ok(checked)
}

fn script(folder: &Path, parts: &[String], calls: &[Call]) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(failure) = record::failure(calls) {
        problems.push(format!("the script stopped: {failure}"));
    }
    let mut sources = String::new();
    for call in calls.iter().filter(|call| call.command == "add_files") {
        for file in super::design::words(call.argument(0)) {
            let path = folder.join(&file);
            match fs::read_to_string(&path) {
                Ok(text) => sources.push_str(&text),
                Err(_) => problems.push(format!("expected the file {file}, found none")),
            }
        }
    }
    let first = |command: &str| calls.iter().find(|call| call.command == command);
    for command in
        ["open_project", "set_top", "add_files", "open_solution", "set_part", "create_clock", "csynth_design"]
    {
        if first(command).is_none() {
            problems.push(format!("expected {command}, found that it is not called"));
        }
    }
    if let Some(top) = first("set_top")
        && !sources.contains(&format!("{}(", top.argument(0)))
    {
        problems.push(format!("expected the function {} in the sources, found none", top.argument(0)));
    }
    if let Some(part) = first("set_part")
        && !parts.iter().any(|known| known == part.argument(0))
    {
        problems.push(format!("expected a part of the boards ({}), found {}", parts.join(", "), part.argument(0)));
    }
    if let Some(clock) = first("create_clock") {
        let longest = 1e9 / f64::from(FCLK_HZ);
        let period = clock.option("-period").trim_end_matches("ns").parse::<f64>().unwrap_or(f64::INFINITY);
        if period > longest + 0.001 {
            problems.push(format!("expected a period of at most {longest:.3} ns, found {period} ns"));
        }
    }
    problems
}
