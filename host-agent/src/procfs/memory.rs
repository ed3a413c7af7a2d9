//! Contents of another process's pages, through `/proc/PID/mem`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::holds::held;
use super::{PAGE_SIZE, ProcError};

/// Whether `/proc/PID/mem` can be read.
#[derive(Debug)]
enum MemFile {
    Untried,
    Open(File),
    Denied,
}

/// Reads the memory of one process, and leaves it as it was.
///
/// `process_vm_readv` would be faster and is not used: it pins what it reads, and since Linux
/// 5.19 pinning a page that is shared after a fork first copies it for that process
/// (`gup_must_unshare` in `mm/gup.c`). A scan with it makes the same copies that it then
/// counts. `mem` only takes a reference for the moment of the copy.
#[derive(Debug)]
pub struct ProcessMemory {
    path: PathBuf,
    mem: MemFile,
}

impl ProcessMemory {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, mem: MemFile::Untried }
    }

    /// Opens the file if that has not been tried yet.
    ///
    /// # Errors
    /// It cannot be opened; a later call tries again unless access was denied.
    pub fn open(&mut self) -> Result<(), ProcError> {
        if let MemFile::Untried = self.mem {
            match File::open(&self.path) {
                Ok(file) => self.mem = MemFile::Open(file),
                Err(source) => {
                    let error = ProcError::from_io(&self.path, source);
                    if error.is_denied() {
                        self.mem = MemFile::Denied;
                    }
                    return Err(error);
                }
            }
        }
        match self.mem {
            MemFile::Denied => Err(ProcError::Denied { path: self.path.display().to_string() }),
            _ => Ok(()),
        }
    }

    /// Closes the file; the next use opens it again.
    pub fn close(&mut self) {
        if let MemFile::Open(_) = self.mem {
            self.mem = MemFile::Untried;
        }
    }

    /// Reads whole pages at ascending addresses, one behind the other into `out`, and notes in
    /// `readable` which of them came. Neighbours are read in one call. A page that cannot be
    /// read, or a process that is gone, is no error: the caller looks at the frames again
    /// anyway.
    ///
    /// # Panics
    /// `out` or `readable` does not fit `addresses`; a fault of the caller.
    pub fn read_pages(&mut self, addresses: &[u64], out: &mut [u8], readable: &mut [bool]) {
        assert_eq!(out.len(), addresses.len() * PAGE_SIZE);
        assert_eq!(readable.len(), addresses.len());
        readable.fill(false);
        if self.open().is_err() {
            return;
        }
        let MemFile::Open(file) = &self.mem else {
            return;
        };
        let mut done = 0;
        while let Some(&first) = addresses.get(done) {
            let run = addresses[done..]
                .iter()
                .zip((first..).step_by(PAGE_SIZE))
                .take_while(|&(&address, expected)| address == expected)
                .count();
            let target = &mut out[done * PAGE_SIZE..(done + run) * PAGE_SIZE];
            let pages = held(|| file.read_at(target, first)).map_or(0, |got| got / PAGE_SIZE);
            readable[done..done + pages].fill(true);
            // The page that stopped the call is left out; the next call starts behind it.
            done += pages.max(1);
        }
    }
}
