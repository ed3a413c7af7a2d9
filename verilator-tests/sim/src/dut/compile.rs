//! Designs compiled at run time: planted faults, mutants and sizes other than the default.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::ffi::{Instance, Library};
use super::verilate::Purpose;
use super::versioned::{Versioned, include_folders};
use super::{DutError, tool, verilate};

/// Returns the Verilator and the C++ compiler that made the built-in designs and the run-time library. Designs that are
/// compiled at run time are linked with that library, so they must be made by the same ones.
pub(super) fn built_with() -> [Versioned; 2] {
    let tool = |program: &str, version: &str, variable| Versioned {
        program: program.into(),
        version: version.to_owned(),
        variable,
    };
    [
        tool(env!("DELTASCOPE_VERILATOR"), env!("DELTASCOPE_VERILATOR_VERSION"), "VERILATOR"),
        tool(env!("DELTASCOPE_CXX"), env!("DELTASCOPE_CXX_VERSION"), "CXX"),
    ]
}

/// A design compiled at run time and loaded as a shared library.
pub struct Variant {
    top: String,
    library: Arc<Library>,
    counting: Option<Counting>,
}

/// Where instances of a design write what they counted of its lines and bits.
#[derive(Clone, Debug)]
pub(super) struct Counting {
    folder: PathBuf,
    instances: Arc<AtomicU32>,
}

impl Counting {
    /// A file that no other instance writes.
    pub(super) fn next_file(&self) -> PathBuf {
        self.folder.join(format!("{}.dat", self.instances.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Variant {
    /// Verilates `files` with the top module `top` and the macros `defines` inside `folder`, which is
    /// replaced, compiles the result and loads it.
    pub fn compile(files: &[PathBuf], top: &str, defines: &[&str], folder: &Path) -> Result<Variant, DutError> {
        Variant::make(files, top, defines, folder, Purpose::Simulate)
    }

    /// The same with counters of lines and bits. Each instance writes them to a file of its own in `folder`/coverage
    /// when it is dropped.
    pub fn compile_counting(files: &[PathBuf], top: &str, folder: &Path) -> Result<Variant, DutError> {
        Variant::make(files, top, &[], folder, Purpose::Count)
    }

    /// The same with every signal in its waveforms.
    pub fn compile_drawing(files: &[PathBuf], top: &str, folder: &Path) -> Result<Variant, DutError> {
        Variant::make(files, top, &[], folder, Purpose::Draw)
    }

    fn make(
        files: &[PathBuf],
        top: &str,
        defines: &[&str],
        folder: &Path,
        purpose: Purpose,
    ) -> Result<Variant, DutError> {
        let source = verilate::Source {
            top: top.to_owned(),
            files: files.to_vec(),
            defines: defines.iter().map(|d| (*d).to_owned()).collect(),
            purpose,
        };
        let [verilator, cxx] = &built_with();
        let (verilator, cxx) = (verilator.unchanged()?, cxx.unchanged()?);
        let cpp = verilate::verilate(verilator, &source, folder)?;
        let shared = folder.join(format!("lib{top}.so"));
        let mut compiler = Command::new(&cxx.program);
        // A variant runs for less time than it takes to optimise it.
        compiler.args(["-std=c++17", "-O0", "-fPIC", "-shared", "-w", "-pthread", "-Wl,-Bsymbolic"]);
        compiler.args(verilate::MACROS.iter().map(|(name, value)| format!("-D{name}={value}")));
        let includes = include_folders(verilator)?;
        if purpose == Purpose::Count {
            compiler
                .args(["-UVM_COVERAGE", "-DVM_COVERAGE=1", "-UVM_TRACE", "-DVM_TRACE=0"])
                .arg(includes[0].join("verilated_cov.cpp"));
        }
        for include in includes {
            compiler.arg("-I").arg(include);
        }
        compiler.arg("-I").arg(folder).arg("-I").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/csrc"));
        // The run-time library that the build script compiled is linked into each variant.
        compiler.arg(&cpp).arg(env!("DELTASCOPE_VERILATED_LIBRARY")).arg("-o").arg(&shared);
        tool::run(&mut compiler, cxx.variable, top)?;

        let fault = |text: String| DutError::Load { path: shared.clone(), text };
        let path = CString::new(shared.as_os_str().as_bytes()).map_err(|e| fault(e.to_string()))?;
        let symbol = CString::new(format!("deltascope_design_{top}")).map_err(|e| fault(e.to_string()))?;
        let library = Arc::new(Library::open(&path, &symbol).map_err(fault)?);
        let counted = folder.join("coverage");
        let counting = if purpose == Purpose::Count {
            std::fs::create_dir_all(&counted).map_err(|e| fault(e.to_string()))?;
            Some(Counting { folder: counted, instances: Arc::default() })
        } else {
            None
        };
        Ok(Variant { top: top.to_owned(), library, counting })
    }

    /// Name of the top module.
    pub fn top(&self) -> &str {
        &self.top
    }

    pub(super) fn counting(&self) -> Option<Counting> {
        self.counting.clone()
    }

    pub(super) fn instance(&self, seed: u64) -> Instance {
        self.library.instance(seed)
    }
}
