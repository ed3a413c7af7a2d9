//! Faults in the emitted Verilog, and whether the evidence sees them.
//!
//! All faults of one kind live in one design: an extra input `mutsel` chooses the one that is active, 0 none.
//! Generated faults come from `yosys mutate`, the others from a table. A fault is killed when a trial fails
//! with it and passes without it; a generated one that survives is handed to an equivalence proof.

pub mod equivalence;
pub mod generated;
pub mod reasons;
pub mod run;
pub mod sources;
pub mod stride;
pub mod table;
pub mod trials;

use std::path::{Path, PathBuf};

use deltascope_sim::bench::Failure;
use deltascope_sim::dut::{DutError, VerilateError};

/// Name of the input that chooses the active fault.
pub const SELECT: &str = "mutsel";
/// Its width.
pub const SELECT_BITS: u32 = 12;

/// Why a mutation run could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MutationError {
    /// A file could not be read or written.
    #[error("cannot access {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A tool is missing or refused.
    #[error(transparent)]
    Tool(#[from] VerilateError),
    /// A design could not be compiled or loaded.
    #[error(transparent)]
    Dut(#[from] DutError),
    /// The manifest is not what the emission writes.
    #[error("{path}: expected the manifest of an emission of `{top}`, found {found}; emit the block again")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// The top asked for.
        top: &'static str,
        /// What is wrong.
        found: String,
    },
    /// A planted fault no longer fits the Verilog.
    #[error(
        "fault `{what}`: expected `{expected}` once in {block}.v, found it {times} times; mend it in verilator-tests/faults"
    )]
    Misfit {
        /// The fault.
        what: &'static str,
        /// Text looked for.
        expected: String,
        /// Block that should hold it.
        block: String,
        /// How often it is there.
        times: usize,
    },
    /// Two faults of the table share a part of a line and not all of it.
    #[error("the expressions `{left}` and `{right}` overlap in one line; let both faults replace the same expression")]
    Overlap {
        /// The one further left.
        left: &'static str,
        /// The other.
        right: &'static str,
    },
    /// Something that yosys wrote could not be understood.
    #[error("yosys wrote `{0}`, expected a line of `mutate -list`; is this yosys 0.23 or later?")]
    List(String),
    /// More faults than the input can choose from.
    #[error("{0} faults do not fit {SELECT_BITS} bits; widen SELECT_BITS")]
    TooMany(usize),
    /// Without a fault a trial must pass.
    #[error("trial `{trial}` fails without a fault: {failure}")]
    Baseline {
        /// The trial.
        trial: String,
        /// What it found.
        failure: Failure,
    },
}

/// Where a fault comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// From the table.
    Planted,
    /// From `yosys mutate`.
    Generated {
        /// `-mode ... -cell ...` and so on, without the module.
        arguments: String,
    },
}

/// One fault.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Value of [`SELECT`].
    pub number: u32,
    /// Block whose Verilog it is in.
    pub block: String,
    /// What is wrong.
    pub what: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Tops of the trials; each fault is tried in the first of them that holds its block.
pub const TOPS: [&str; 3] = ["delta_engine", "axi_lite_registers", "deltascope_top"];

fn file_error(path: &Path) -> impl FnOnce(std::io::Error) -> MutationError + '_ {
    move |source| MutationError::File { path: path.to_owned(), source }
}

fn write(path: &Path, text: &str) -> Result<(), MutationError> {
    std::fs::write(path, text).map_err(file_error(path))
}

/// Runs a yosys script inside `folder` and gives what it printed.
fn yosys(folder: &Path, name: &str, script: &str) -> Result<String, MutationError> {
    write(&folder.join(format!("{name}.ys")), script)?;
    let mut command = std::process::Command::new("yosys");
    command.current_dir(folder).arg("-s").arg(format!("{name}.ys"));
    let output = command.output().map_err(|source| VerilateError::Tool {
        tool: "yosys, of the package yosys,".to_owned(),
        variable: "PATH",
        source,
    })?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let output = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(VerilateError::Refused { tool: "yosys".to_owned(), design: name.to_owned(), output }.into())
}
