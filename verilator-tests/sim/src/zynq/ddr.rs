//! The memory of the emulated Zynq: a file that QEMU and this process both map. The one place here with `unsafe`.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering, fence};

use deltascope_abi::board::BUFFERS;
use deltascope_abi::mailbox::{DDR_BYTES, MAILBOX};
use deltascope_mailbox::{MailboxError, Words};
use memmap2::{MmapOptions, MmapRaw};

use crate::axi_dma::{Memory, Response};

/// Why the memory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DdrError {
    /// The file cannot be made or mapped.
    #[error("{path}: {source}; the emulated Zynq needs {DDR_BYTES:#x} bytes of memory in a file")]
    File {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The page of the mailbox is not in it.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
}

/// The DMA's view of the memory: the buffers and nothing else, so that a wrong address shows as an error and does not
/// break the guest.
pub struct Ddr {
    map: MmapRaw,
    touched: u64,
}

impl Ddr {
    /// Makes the file, empty: what a guest before left in it is gone.
    ///
    /// # Errors
    /// The file cannot be made or mapped.
    pub fn create(path: &Path) -> Result<(Ddr, Words), DdrError> {
        let failed = |source| DdrError::File { path: path.display().to_string(), source };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let file = File::options().read(true).write(true).create_new(true).open(path).map_err(failed)?;
        file.set_len(DDR_BYTES.into()).map_err(failed)?;
        let map = MmapOptions::new().len(DDR_BYTES as usize).map_raw(&file).map_err(failed)?;
        let page = MmapOptions::new().len(DDR_BYTES as usize).map_raw(&file).map_err(failed)?;
        Ok((Ddr { map, touched: 0 }, Words::new(page, MAILBOX.base as usize)?))
    }

    /// Accesses of the DMA so far.
    pub fn touched(&self) -> u64 {
        self.touched
    }

    /// Whether the DMA may access these bytes: whole words of the buffers.
    fn is_buffer(address: u64, bytes: usize) -> bool {
        let Some(end) = address.checked_add(bytes as u64) else { return false };
        address >= u64::from(BUFFERS.base) && end <= u64::from(BUFFERS.end())
    }

    /// The word that holds the byte at `address`, which is in the buffers.
    fn word(&self, address: u64) -> &AtomicU32 {
        // SAFETY: `is_buffer` was asked for every address; the buffers lie in the map, whose length is that of the DDR,
        // and the map starts at a page, so the word is inside and aligned. An atomic word may be shared with the guest.
        unsafe { &*self.map.as_mut_ptr().add(address as usize & !3).cast::<AtomicU32>() }
    }
}

impl Memory for Ddr {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Response {
        if !Ddr::is_buffer(address, bytes.len()) {
            return Response::DecodeError;
        }
        self.touched += 1;
        let mut at = address;
        let mut rest = bytes;
        while !rest.is_empty() {
            let inside = (at & 3) as usize;
            let word = self.word(at).load(Ordering::Relaxed).to_le_bytes();
            let count = rest.len().min(4 - inside);
            let (now, later) = rest.split_at_mut(count);
            now.copy_from_slice(&word[inside..inside + count]);
            (rest, at) = (later, at + count as u64);
        }
        // What the guest wrote before the register access, or the descriptor, that led here.
        fence(Ordering::Acquire);
        Response::Okay
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Response {
        if !Ddr::is_buffer(address, bytes.len()) {
            return Response::DecodeError;
        }
        self.touched += 1;
        // What was written before, data ahead of the descriptor's status among it, is seen first.
        fence(Ordering::Release);
        let mut at = address;
        let mut rest = bytes;
        while !rest.is_empty() {
            let inside = (at & 3) as usize;
            let count = rest.len().min(4 - inside);
            let (now, later) = rest.split_at(count);
            let cell = self.word(at);
            let mut word = match count {
                4 => [0; 4],
                _ => cell.load(Ordering::Relaxed).to_le_bytes(),
            };
            word[inside..inside + count].copy_from_slice(now);
            cell.store(u32::from_le_bytes(word), Ordering::Relaxed);
            (rest, at) = (later, at + count as u64);
        }
        Response::Okay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_in_the_file_and_outside_the_buffers_nothing_answers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ddr");
        std::fs::write(&path, "left by a guest before").unwrap();
        let (mut ddr, _words) = Ddr::create(&path).unwrap();
        let base = u64::from(BUFFERS.base);
        assert_eq!(ddr.write(base + 3, &[1, 2, 3, 4, 5, 6, 7]), Response::Okay);
        let mut found = [9; 12];
        assert_eq!(ddr.read(base, &mut found), Response::Okay);
        assert_eq!(found, [0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0]);
        let file = std::os::unix::fs::FileExt::read_exact_at;
        let mut bytes = [0; 4];
        file(&File::open(&path).unwrap(), &mut bytes, base + 3).unwrap();
        assert_eq!(bytes, [1, 2, 3, 4]);
        assert_eq!(ddr.touched(), 2);
        for address in [0, base - 1, u64::from(BUFFERS.end()) - 3, u64::MAX] {
            assert_eq!(ddr.write(address, &[0; 4]), Response::DecodeError);
            assert_eq!(ddr.read(address, &mut bytes), Response::DecodeError);
        }
    }
}
