//! Runs Verilator and yosys.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;

/// A tool that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolError {
    /// It is not installed.
    #[error("`{tool}` is not installed: apt-get install {package}")]
    Missing {
        /// Name of the program.
        tool: &'static str,
        /// Debian package.
        package: &'static str,
    },
    /// It could not be started.
    #[error("`{tool}` did not start: {source}")]
    Start {
        /// Name of the program.
        tool: &'static str,
        /// The system's message.
        source: std::io::Error,
    },
    /// It ended with something that its caller does not understand.
    #[error("`{tool}` failed in a way that is no finding: {found}")]
    Failed {
        /// Name of the program.
        tool: &'static str,
        /// End of what it printed.
        found: String,
    },
}

/// What a tool printed, both streams, and whether it was content.
pub(super) struct Output {
    pub text: String,
    pub success: bool,
}

/// Runs `command`, which is the program `tool` of the Debian package `package`.
pub(super) fn run(command: &mut Command, tool: &'static str, package: &'static str) -> Result<Output, ToolError> {
    let output = command.output().map_err(|source| match source.kind() {
        ErrorKind::NotFound => ToolError::Missing { tool, package },
        _ => ToolError::Start { tool, source },
    })?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(Output { text, success: output.status.success() })
}

/// Runs a yosys script over `files` and expects success.
///
/// # Errors
/// When yosys is missing or fails.
pub fn yosys(script: &str, files: &[PathBuf]) -> Result<(), ToolError> {
    let mut command = Command::new("yosys");
    let output = run(command.args(["-p", script]).args(files), "yosys", "yosys")?;
    if output.success { Ok(()) } else { Err(ToolError::Failed { tool: "yosys", found: tail(&output.text) }) }
}

/// The last lines of a tool's output, for an error.
pub(super) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(5)..].join(" | ")
}
