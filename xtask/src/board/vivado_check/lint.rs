//! Style of the Tcl by `tclint`.

use super::Tree;
use crate::setup::python_tool;
use anyhow::{Context, Result};
use std::process::Command;

/// Lines that `tclint` prints about the Tcl and the constraints of the tree.
pub fn problems(tree: &Tree) -> Result<Vec<String>> {
    let tclint = python_tool("tclint", "0.9.0")?;
    let mut command = Command::new(&tclint);
    command.current_dir(&tree.root).args(["vivado", "boards"]);
    if tree.path("hls").is_dir() {
        command.arg("hls");
    }
    let output = command.output().with_context(|| format!("starting {}", tclint.display()))?;
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if !output.status.success() && lines.is_empty() {
        lines.push(format!("ended with {}", output.status));
    }
    Ok(lines)
}
