//! A Verilated design behind one face: ports by name, evaluation, waves.

mod compile;
mod ffi;
#[cfg(test)]
#[path = "../../build/fingerprint.rs"]
mod fingerprint;
#[path = "../../build/tool.rs"]
mod tool;
#[cfg(test)]
mod tool_version;
#[path = "../../build/verilate.rs"]
mod verilate;
#[path = "../../build/versioned.rs"]
mod versioned;

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub use compile::Variant;
pub use tool::VerilateError;

/// Why a design could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DutError {
    /// The build script made no design of this name.
    #[error("no design `{name}` is built in: expected one of {known}; add it to verilator-tests/sim/build/designs.rs")]
    UnknownDesign {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The design has no such port.
    #[error("design `{design}` has no port `{port}`: it has {known}; was the block's interface changed?")]
    UnknownPort {
        /// The design.
        design: String,
        /// The name asked for.
        port: String,
        /// The names there are.
        known: String,
    },
    /// Verilator or the compiler failed.
    #[error(transparent)]
    Verilate(#[from] VerilateError),
    /// The compiled library could not be loaded.
    #[error("cannot load {path}: {text}")]
    Load {
        /// The library.
        path: PathBuf,
        /// What the loader reported.
        text: String,
    },
    /// A path that the simulation cannot open.
    #[error("cannot write a waveform to {0}: expected a path without a zero byte in a folder that exists")]
    WavePath(PathBuf),
}

/// A port of one design.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port(u16);

/// One instance of a Verilated design.
pub struct Dut {
    name: String,
    instance: ffi::Instance,
    clock: Port,
    counting: Option<compile::Counting>,
}

impl Dut {
    /// An instance of a design of the build script. `seed` feeds the random contents of its memories and what
    /// they return on a collision.
    pub fn open(name: &str, seed: u64) -> Result<Dut, DutError> {
        let Some((_, entry)) = ffi::BUILT_IN.iter().find(|(n, _)| *n == name) else {
            let known = ffi::BUILT_IN.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(", ");
            return Err(DutError::UnknownDesign { name: name.to_owned(), known });
        };
        Dut::from_instance(name, ffi::Instance::built_in(*entry, seed))
    }

    /// An instance of a design that was compiled at run time.
    pub fn of_variant(variant: &Variant, seed: u64) -> Result<Dut, DutError> {
        let mut dut = Dut::from_instance(variant.top(), variant.instance(seed))?;
        dut.counting = variant.counting();
        Ok(dut)
    }

    fn from_instance(name: &str, instance: ffi::Instance) -> Result<Dut, DutError> {
        let mut dut = Dut { name: name.to_owned(), instance, clock: Port(0), counting: None };
        dut.clock = match dut.port("clock") {
            Ok(port) => port,
            Err(_) => dut.port("aclk")?,
        };
        Ok(dut)
    }

    /// Name of the top module.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port of this name.
    pub fn port(&self, name: &str) -> Result<Port, DutError> {
        let ports = self.instance.ports();
        match ports.iter().position(|p| p.name == name) {
            Some(index) => Ok(Port(index as u16)),
            None => {
                let known = ports.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
                Err(DutError::UnknownPort { design: self.name.clone(), port: name.to_owned(), known })
            }
        }
    }

    /// Whether there is a port of this name.
    pub fn has(&self, name: &str) -> bool {
        self.instance.ports().iter().any(|p| p.name == name)
    }

    /// Width of a port in bits.
    pub fn bits(&self, port: Port) -> u32 {
        self.instance.ports()[usize::from(port.0)].bits
    }

    /// The low 64 bits of a port.
    #[inline]
    pub fn get(&self, port: Port) -> u64 {
        self.instance.read(usize::from(port.0))
    }

    /// Whether a port is not zero in its low 64 bits; for one-bit ports.
    #[inline]
    pub fn high(&self, port: Port) -> bool {
        self.get(port) != 0
    }

    /// The low 128 bits of a port.
    #[inline]
    pub fn get128(&self, port: Port) -> u128 {
        self.instance.read_wide(usize::from(port.0))
    }

    /// Bits `low` to `low + 63` of a port of any width.
    pub fn slice(&self, port: Port, low: u32) -> u64 {
        self.instance.read_slice(usize::from(port.0), low)
    }

    /// Drives an input; bits beyond its width are dropped.
    #[inline]
    pub fn set(&mut self, port: Port, value: u64) {
        self.instance.write(usize::from(port.0), u128::from(value));
    }

    /// Drives the low 128 bits of an input; bits beyond its width are dropped.
    #[inline]
    pub fn set128(&mut self, port: Port, value: u128) {
        self.instance.write(usize::from(port.0), value);
    }

    /// Drives bits `32 * word` to `32 * word + 31` of an input wider than 64 bits.
    pub fn set_word(&mut self, port: Port, word: u32, value: u32) {
        self.instance.write_word(usize::from(port.0), word, value);
    }

    /// Second half of a clock: the clock is low, and the outputs follow the inputs.
    #[inline]
    pub fn settle(&mut self) {
        self.set(self.clock, 0);
        self.instance.eval();
    }

    /// The rising edge. Inputs must be stable since [`Dut::settle`].
    #[inline]
    pub fn edge(&mut self) {
        self.set(self.clock, 1);
        self.instance.eval();
    }

    /// Writes a waveform (VCD) from now on; one clock is 10 units.
    pub fn start_waves(&mut self, path: &Path) -> Result<(), DutError> {
        let fault = || DutError::WavePath(path.to_owned());
        let text = CString::new(path.as_os_str().as_bytes()).map_err(|_| fault())?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|_| fault())?;
        }
        self.instance.trace(Some(&text));
        Ok(())
    }

    /// Completes the waveform file.
    pub fn stop_waves(&mut self) {
        self.instance.trace(None);
    }
}

impl Drop for Dut {
    fn drop(&mut self) {
        let file = self.counting.as_ref().map(compile::Counting::next_file);
        // A path that is none is noticed by the reader of the files.
        if let Some(Ok(path)) = file.map(|file| CString::new(file.as_os_str().as_bytes())) {
            self.instance.write_coverage(&path);
        }
    }
}
