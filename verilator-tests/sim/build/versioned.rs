//! A tool with the version that it had when the built-in designs were made. Shared by the build script, which bakes path and
//! version into the crate, and by the designs that are compiled at run time, which are linked with what the build made.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tool::{VerilateError, run};

/// A tool: where it is, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// The program.
    pub program: PathBuf,
    /// First line of what `--version` prints.
    pub version: String,
    /// Environment variable that names another one.
    pub variable: &'static str,
}

impl Versioned {
    /// Asks a program for its version.
    pub fn of(program: &Path, variable: &'static str) -> Result<Versioned, VerilateError> {
        let version = run(Command::new(program).arg("--version"), variable, "version")?;
        let version = version.trim().lines().next().unwrap_or_default().to_owned();
        Ok(Versioned { program: program.to_owned(), version, variable })
    }

    /// Finds the program of that name: a path, or the first one on the path.
    #[allow(dead_code, reason = "designs that are compiled at run time take the tools of the build")]
    pub fn find(name: &Path, variable: &'static str) -> Result<Versioned, VerilateError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // A name without a folder is looked up on the path; any other path takes its place in the join as it is.
        let on_path = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
        Versioned::of(on_path.as_deref().unwrap_or(name), variable)
    }

    /// Returns the files that change when the program is replaced: itself, what it is a link to, and the list that dpkg keeps
    /// of the files of its package. Files of a package keep the time at which it was made, which may be before the last build;
    /// the list has that of the installation. A package of a compiler is named as its program is, without the machine (g++-12
    /// for x86_64-linux-gnu-g++-12).
    #[allow(dead_code, reason = "only cargo asks when to run the build script again")]
    pub fn changes_with(&self) -> Vec<PathBuf> {
        let target = self.program.canonicalize().unwrap_or_else(|_| self.program.clone());
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let package = name.split_once("-linux-gnu-").map_or(name.as_str(), |(_, name)| name);
        let list = Path::new("/var/lib/dpkg/info").join(format!("{package}.list"));
        [self.program.clone(), target, list].into_iter().filter(|file| file.exists()).collect()
    }

    /// Returns itself when the program is still of this version.
    ///
    /// # Errors
    /// When another version is in its place: what it makes may not link with what the build made.
    #[allow(dead_code, reason = "the build script takes the tools that it finds")]
    pub fn unchanged(&self) -> Result<&Versioned, VerilateError> {
        let found = Versioned::of(&self.program, self.variable)?;
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

/// Returns the folders with the headers of Verilator's run-time library.
pub fn include_folders(verilator: &Versioned) -> Result<[PathBuf; 2], VerilateError> {
    let mut command = Command::new(&verilator.program);
    let root = run(command.args(["--getenv", "VERILATOR_ROOT"]), verilator.variable, "run-time library")?;
    let include = Path::new(root.trim()).join("include");
    let standard = include.join("vltstd");
    Ok([include, standard])
}
