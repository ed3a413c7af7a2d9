//! `--raw`: a bare sequence of records without a network.

use deltascope_model::Engine;
use deltascope_model::raw::{RawError, replay_raw};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Why a sequence was not replayed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The replay failed.
    #[error(transparent)]
    Raw(#[from] RawError),
    /// The report cannot be written.
    #[error("standard output: {0}")]
    Output(#[source] io::Error),
}

/// Feeds the records in `path` (`-`: standard input) to the engine and prints the report as one line of JSON.
///
/// # Errors
/// The file, its content, the engine or standard output failed.
pub fn run(path: &Path, engine: &mut dyn Engine) -> Result<(), RunError> {
    let mut source: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(io::stdin().lock()),
        _ => Box::new(File::open(path).map_err(|source| RunError::Open { path: path.to_path_buf(), source })?),
    };
    let report = replay_raw(&mut source, engine)?;
    let mut out = BufWriter::new(io::stdout().lock());
    report.write_json(&mut out).and_then(|()| writeln!(out)).and_then(|()| out.flush()).map_err(RunError::Output)
}
