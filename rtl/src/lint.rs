//! The lint of the blocks: what rust-hdl and rustc let pass and hardware does not forgive.
//!
//! | check | looks at | rejects |
//! |---|---|---|
//! | [`source`] | the Rust of the update functions | forms whose Verilog a reader must work out from precedence or width rules |
//! | [`verilog`] | every emitted configuration, with Verilator | every warning that is not in [`verilog::ALLOWED`] |
//! | [`netlist`] | every emitted configuration, with yosys | latches, combinational loops, several drivers, no driver |

pub mod netlist;
pub mod source;
mod source_rules;
mod tool;
pub mod verilog;

use std::path::Path;

pub use tool::{ToolError, yosys};

/// Something that a check rejects.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// `source`, `verilator` or `yosys`.
    pub check: &'static str,
    /// Name of the rule or of the tool's warning.
    pub rule: String,
    /// File and line, or block.
    pub place: String,
    /// What was found.
    pub found: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} [{} {}]", self.place, self.found, self.check, self.rule)
    }
}

/// Why the lint could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LintError {
    /// A tool is missing or failed.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A block has no Verilog.
    #[error(transparent)]
    Emit(#[from] crate::emit::EmitError),
    /// A source cannot be parsed.
    #[error("{file}: {source}")]
    Parse {
        /// The file.
        file: String,
        /// The parser's message.
        source: syn::Error,
    },
    /// The file system.
    #[error("{path}: {source}")]
    Io {
        /// The path.
        path: String,
        /// The system's message.
        source: std::io::Error,
    },
}

impl LintError {
    /// Adds the path to an error of the file system.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> LintError {
        let path = path.display().to_string();
        move |source| LintError::Io { path, source }
    }
}

/// What a whole lint looked at and found.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Report {
    /// Source files.
    pub sources: usize,
    /// Update functions in them.
    pub kernels: usize,
    /// Emitted configurations.
    pub configurations: usize,
    /// Everything rejected; the lint passes when this is empty.
    pub findings: Vec<Finding>,
}

/// Lints every source in `source_folder` and every configuration of the catalogue.
///
/// # Errors
/// When a tool is missing, a block cannot be emitted or a file cannot be read; findings are no errors.
pub fn run(source_folder: &Path) -> Result<Report, LintError> {
    let mut report = Report::default();
    let mut sources = source::files(source_folder)?;
    sources.sort();
    for path in &sources {
        let (kernels, findings) = source::lint_file(path)?;
        report.kernels += kernels;
        report.findings.extend(findings);
    }
    report.sources = sources.len();
    for instance in crate::emit::CATALOGUE {
        let folder = tempfile::tempdir().map_err(LintError::io(Path::new("a temporary folder")))?;
        let files = crate::emit::tree::files(std::iter::once(instance))?;
        crate::emit::tree::write(folder.path(), &files).map_err(LintError::io(folder.path()))?;
        let paths: Vec<_> = files.keys().filter(|f| f.ends_with(".v")).map(|f| folder.path().join(f)).collect();
        report.findings.extend(verilog::lint(instance.block, &paths)?);
        report.findings.extend(netlist::lint(instance.block, &paths)?);
        report.configurations += 1;
    }
    Ok(report)
}
