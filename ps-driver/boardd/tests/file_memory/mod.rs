//! Memory as the DMA of a simulation sees it: a file that a program has mapped as its UIO device.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use deltascope_sim::axi_dma::{Memory, Response};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of the buffers.
pub const BYTES: u32 = 0x20_0000;

/// Memory as the DMA sees it: the file that the driver has mapped.
pub struct FileMemory {
    file: File,
    /// Where the memory begins in the file.
    start: u64,
    base: u64,
}

impl FileMemory {
    pub fn new(path: &Path, start: usize, base: u64) -> FileMemory {
        let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
        FileMemory { file, start: start as u64, base }
    }

    fn at(&self, address: u64, bytes: usize) -> Option<u64> {
        let offset = address.checked_sub(self.base)?;
        (offset + bytes as u64 <= u64::from(BYTES)).then_some(self.start + offset)
    }
}

impl Memory for FileMemory {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Response {
        match self.at(address, bytes.len()) {
            Some(at) => self.file.read_exact_at(bytes, at).map_or(Response::SlaveError, |()| Response::Okay),
            None => Response::DecodeError,
        }
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Response {
        match self.at(address, bytes.len()) {
            Some(at) => self.file.write_all_at(bytes, at).map_or(Response::SlaveError, |()| Response::Okay),
            None => Response::DecodeError,
        }
    }
}
