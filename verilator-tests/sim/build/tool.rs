//! A tool that makes designs, run to its end, and why a design could not be made.

use std::path::PathBuf;
use std::process::Command;

/// Why a design could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerilateError {
    /// A tool could not be started.
    #[error("cannot run `{tool}`: {source}; install it (apt-get install verilator g++) or name it by {variable}")]
    Tool {
        /// Program name.
        tool: String,
        /// Environment variable that names another one.
        variable: &'static str,
        /// What the system reported.
        source: std::io::Error,
    },
    /// A tool ran and refused.
    #[error("`{tool}` failed on design `{design}`: {output}")]
    Refused {
        /// Program name.
        tool: String,
        /// The design.
        design: String,
        /// What it printed.
        output: String,
    },
    /// A tool of the build has been replaced.
    #[error(
        "{program}: expected `{expected}`, with which the built-in designs were made, found `{found}`; make them again \
         with cargo clean -p deltascope-sim --release and build"
    )]
    OtherVersion {
        /// The program.
        program: PathBuf,
        /// Its version when the designs were made.
        expected: String,
        /// Its version now.
        found: String,
    },
    /// A file could not be read or written.
    #[error("cannot access {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system reported.
        source: std::io::Error,
    },
    /// Verilator's header has no port this reader understands.
    #[error("no ports found in {0}: expected lines such as VL_IN8(&clock,0,0); is this Verilator 5?")]
    NoPorts(PathBuf),
}

/// Runs a command and gives its standard output.
pub fn run(command: &mut Command, variable: &'static str, design: &str) -> Result<String, VerilateError> {
    let tool = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|source| VerilateError::Tool { tool: tool.clone(), variable, source })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        let output = text(&output.stdout) + &text(&output.stderr);
        Err(VerilateError::Refused { tool, design: design.to_owned(), output })
    }
}
