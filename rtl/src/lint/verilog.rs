//! Verilator's warnings, all of them but a few.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tool::{self, ToolError};
use super::{Finding, LintError};

/// Warnings that say nothing about the function: an output or a bit without a use, and an output port
/// left open on purpose. Everything else is rejected, above all WIDTH, SELRANGE, LATCH, CASEINCOMPLETE,
/// UNOPTFLAT, MULTIDRIVEN, UNDRIVEN, COMBDLY, BLKSEQ and IMPLICIT.
///
/// rust-hdl's own Verilog needs exceptions from WIDTH for its 32-bit literals; this emission sizes them.
pub const ALLOWED: &[&str] = &["UNUSEDSIGNAL", "UNUSEDPARAM", "PINCONNECTEMPTY"];

/// Lints `top` in `files`.
///
/// # Errors
/// When Verilator is missing or fails without a message that can be read.
pub fn lint(top: &str, files: &[PathBuf]) -> Result<Vec<Finding>, LintError> {
    let mut command = Command::new("verilator");
    command.args(["--lint-only", "-Wall", "-Wno-fatal", "--top-module", top]).args(files);
    let output = tool::run(&mut command, "verilator", "verilator")?;
    let findings: Vec<_> = output.text.lines().filter_map(|line| finding(top, line)).collect();
    if !output.success && findings.is_empty() {
        return Err(ToolError::Failed { tool: "verilator", found: tool::tail(&output.text) }.into());
    }
    Ok(findings)
}

/// `%Warning-WIDTH: file.v:12:3: text` or `%Error: file.v:12:3: text`.
fn finding(top: &str, line: &str) -> Option<Finding> {
    let (kind, rest) = line.strip_prefix('%')?.split_once(": ")?;
    let rule = kind.strip_prefix("Warning-").or_else(|| kind.strip_prefix("Error-")).unwrap_or(kind);
    if ALLOWED.contains(&rule) || rest.starts_with("Exiting due to") {
        return None;
    }
    let mut parts = rest.splitn(4, ':');
    let file = Path::new(parts.next()?).file_name().map(|f| f.to_string_lossy().into_owned());
    let (place, found) = match (file, parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(line), Some(_), Some(text)) => (format!("{top}: {file}:{line}"), text.trim()),
        _ => (top.to_string(), rest),
    };
    Some(Finding { check: "verilator", rule: rule.to_string(), place, found: found.to_string() })
}
