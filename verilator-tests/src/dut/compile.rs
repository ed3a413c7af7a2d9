//! Designs compiled at run time: planted faults, mutants and sizes other than the default.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::ffi::{Instance, Library};
use super::{DutError, verilate};

/// A design compiled at run time and loaded as a shared library.
pub struct Variant {
    top: String,
    library: Arc<Library>,
}

impl Variant {
    /// Verilates `files` with the top module `top` and the macros `defines` inside `folder`, which is
    /// replaced, compiles the result and loads it.
    pub fn compile(files: &[PathBuf], top: &str, defines: &[&str], folder: &Path) -> Result<Variant, DutError> {
        let source = verilate::Source {
            top: top.to_owned(),
            files: files.to_vec(),
            defines: defines.iter().map(|d| (*d).to_owned()).collect(),
        };
        let cpp = verilate::verilate(&source, folder)?;
        let shared = folder.join(format!("lib{top}.so"));
        let mut compiler = Command::new(std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned()));
        compiler.args(["-std=c++17", "-O1", "-fPIC", "-shared", "-w", "-pthread", "-Wl,-Bsymbolic"]);
        compiler.args(verilate::MACROS.iter().map(|(name, value)| format!("-D{name}={value}")));
        for include in verilate::include_folders()? {
            compiler.arg("-I").arg(include);
        }
        compiler.arg("-I").arg(folder).arg("-I").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/csrc"));
        // The run-time library that the build script compiled is linked into each variant anew.
        compiler.arg(&cpp).arg(env!("DELTASCOPE_VERILATED_LIBRARY")).arg("-o").arg(&shared);
        verilate::run(&mut compiler, "CXX", top)?;

        let fault = |text: String| DutError::Load { path: shared.clone(), text };
        let path = CString::new(shared.as_os_str().as_bytes()).map_err(|e| fault(e.to_string()))?;
        let symbol = CString::new(format!("deltascope_design_{top}")).map_err(|e| fault(e.to_string()))?;
        let library = Arc::new(Library::open(&path, &symbol).map_err(fault)?);
        Ok(Variant { top: top.to_owned(), library })
    }

    /// Name of the top module.
    pub fn top(&self) -> &str {
        &self.top
    }

    pub(super) fn instance(&self, seed: u64) -> Instance {
        self.library.instance(seed)
    }
}
