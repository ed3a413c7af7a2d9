//! What yosys finds in the netlist of a block: latches, loops, drivers.

use std::path::PathBuf;
use std::process::Command;

use super::tool::{self, ToolError};
use super::{Finding, LintError};

/// Lints `top` in `files`.
///
/// # Errors
/// When yosys is missing or fails without a message that can be read.
pub fn lint(top: &str, files: &[PathBuf]) -> Result<Vec<Finding>, LintError> {
    // Loops through a child show only in the flat netlist.
    let script = format!(
        "hierarchy -check -top {top}; setattr -mod -unset keep_hierarchy *; proc; flatten; opt_clean; check -assert"
    );
    let mut command = Command::new("yosys");
    command.args(["-p", &script]).args(files);
    let output = tool::run(&mut command, "yosys", "yosys")?;
    let mut findings: Vec<Finding> = Vec::new();
    for line in output.text.lines() {
        let rule = if line.contains("Latch inferred for signal") {
            "latch"
        } else if line.contains("found logic loop") {
            "loop"
        } else if line.contains("multiple conflicting drivers") {
            "drivers"
        } else if line.contains("is used but has no driver") {
            "no-driver"
        } else if line.contains("ERROR: ") && !line.contains("problems in 'check -assert'") {
            "error"
        } else {
            continue;
        };
        let found = line.trim_start_matches("Warning: ").trim_start_matches("ERROR: ").to_string();
        let finding = Finding { check: "yosys", rule: rule.to_string(), place: top.to_string(), found };
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    if !output.success && findings.is_empty() {
        return Err(ToolError::Failed { tool: "yosys", found: tool::tail(&output.text) }.into());
    }
    Ok(findings)
}
