//! Pictures of waveforms for `rtl/docs`: short scenarios of the Verilated engine, traced, each block drawn from the
//! signals at its own ports.

mod figure;
mod figures;
mod scenario;
mod svg;
mod trace;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use figure::{Figure, Run};
pub use figures::FIGURES;

use crate::mutation::MutationError;
use crate::mutation::sources::Sources;
use deltascope_sim::bench::Failure;
use deltascope_sim::dut::{Dut, Variant};
use trace::Trace;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaveError {
    /// The design could not be made or driven.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The emission could not be read.
    #[error(transparent)]
    Sources(#[from] MutationError),
    /// A file of the emission could not be read.
    #[error("{}: {source}; run `cargo xtask gen --only verilog`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The trace could not be read.
    #[error("cannot read the trace {path}: {source}; is this Verilator 5?")]
    Trace {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: wellen::WellenError,
    },
    /// The trace has no such signal.
    #[error(
        "figure `{figure}`: the trace has no signal `{signal}`; was a port renamed? Change src/waveform/figures.rs"
    )]
    NoSignal {
        /// The figure.
        figure: &'static str,
        /// The signal with its path.
        signal: String,
    },
    /// The scenario has no such phase, or ends inside the figure.
    #[error("figure `{figure}`: expected clocks {from} to {to} in phase `{phase}`, the trace has {clocks}")]
    NoPhase {
        /// The figure.
        figure: &'static str,
        /// The phase asked for.
        phase: &'static str,
        /// First clock.
        from: usize,
        /// Clock behind the last.
        to: usize,
        /// Clocks of the trace.
        clocks: usize,
    },
}

/// Draws every figure: file name and picture. `verilog` holds a small emission of the top, `work` is a folder to use.
///
/// # Errors
/// When a tool is missing or refuses, or a figure asks for what the trace does not have.
pub fn draw(verilog: &Path, work: &Path) -> Result<BTreeMap<String, String>, WaveError> {
    let sources = Sources::read(verilog)?;
    let blocks = sources.blocks.iter().map(|block| verilog.join(format!("{}.v", block.name)));
    let files: Vec<PathBuf> = blocks.chain(sources.memories.iter().cloned()).collect();
    let mut pictures = BTreeMap::new();
    for run in [Run::Core, Run::Top, Run::Fingerprint] {
        let files = if run == Run::Fingerprint { committed(run.top())? } else { files.clone() };
        let folder = work.join(format!("waves-{}", run.top()));
        let variant = Variant::compile_drawing(&files, run.top(), &folder).map_err(Failure::from)?;
        let path = folder.join("trace.vcd");
        let mut dut = Dut::of_variant(&variant, 1).map_err(Failure::from)?;
        dut.start_waves(&path).map_err(Failure::from)?;
        let phases = match run {
            Run::Core => scenario::core(dut)?,
            Run::Top => scenario::top(dut)?,
            Run::Fingerprint => scenario::fingerprint(dut)?,
        };
        let trace = Trace::read(&path, run.top()).map_err(|source| WaveError::Trace { path, source })?;
        for figure in FIGURES.iter().filter(|figure| figure.run == run) {
            pictures.insert(format!("{}.svg", figure.block), figure.draw(&trace, &phases)?);
        }
    }
    Ok(pictures)
}

/// Returns the committed files of a block that has no small configuration.
fn committed(block: &str) -> Result<Vec<PathBuf>, WaveError> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rtl/verilog");
    let path = folder.join("manifest.json");
    let file = |source| WaveError::File { path: path.clone(), source };
    let text = std::fs::read_to_string(&path).map_err(file)?;
    let manifest: serde_json::Value = serde_json::from_str(&text).map_err(|error| file(error.into()))?;
    let entries = manifest.as_array().into_iter().flatten();
    let files = entries.filter(|entry| entry["block"] == block).flat_map(|entry| entry["files"].as_array());
    Ok(files.flatten().filter_map(|name| name.as_str()).map(|name| folder.join(name)).collect())
}
