//! Which Verilator made the built-in designs. Shared by the build script, which bakes path and version into the crate, and
//! by the designs that are compiled at run time, which are linked with the run-time library of that version.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tool::{VerilateError, run};

/// A Verilator: where it is, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verilator {
    /// The program.
    pub program: PathBuf,
    /// What `--version` prints.
    pub version: String,
}

impl Verilator {
    /// Asks a program for its version.
    pub fn of(program: &Path) -> Result<Verilator, VerilateError> {
        let version = run(Command::new(program).arg("--version"), "VERILATOR", "version")?;
        Ok(Verilator { program: program.to_owned(), version: version.trim().to_owned() })
    }

    /// Finds the Verilator that the variable `VERILATOR` names, or the first one on the path.
    #[allow(dead_code, reason = "designs that are compiled at run time take the one of the build")]
    pub fn find() -> Result<Verilator, VerilateError> {
        let name = std::env::var_os("VERILATOR").map_or_else(|| PathBuf::from("verilator"), PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        // A name without a folder is looked up on the path; any other path takes its place in the join as it is.
        let on_path = std::env::split_paths(&path).map(|folder| folder.join(&name)).find(|file| file.is_file());
        Verilator::of(&on_path.unwrap_or(name))
    }

    /// Returns the folders with the headers of the run-time library.
    pub fn include_folders(&self) -> Result<[PathBuf; 2], VerilateError> {
        let mut command = Command::new(&self.program);
        let root = run(command.args(["--getenv", "VERILATOR_ROOT"]), "VERILATOR", "run-time library")?;
        let include = Path::new(root.trim()).join("include");
        let standard = include.join("vltstd");
        Ok([include, standard])
    }

    /// Returns itself when the program is still of this version.
    ///
    /// # Errors
    /// When another version is in its place: what it makes does not link with the library of this one.
    #[allow(dead_code, reason = "the build script takes the Verilator that it finds")]
    pub fn unchanged(&self) -> Result<&Verilator, VerilateError> {
        let found = Verilator::of(&self.program)?;
        match found == *self {
            true => Ok(self),
            false => Err(VerilateError::OtherVersion {
                program: self.program.clone(),
                expected: self.version.clone(),
                found: found.version,
            }),
        }
    }
}
