//! What the DMA reads and writes: memory by bus address.

use std::cell::UnsafeCell;
use std::ops::Range;
use std::rc::Rc;

use deltascope_driver::seams::DmaBuffer;

/// How memory answers (AMBA AXI3, section 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// Done.
    Okay,
    /// SLVERR: there is memory and it refused.
    SlaveError,
    /// DECERR: nothing answers at that address.
    DecodeError,
}

/// Memory between a processor and the DMA.
pub trait Memory {
    /// Reads the bytes from bus address `address` on.
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Response;
    /// Writes the bytes from bus address `address` on.
    fn write(&mut self, address: u64, bytes: &[u8]) -> Response;
}

/// Memory of this process at a bus address, aligned to 64 bytes. Clones are the same memory.
#[derive(Clone)]
pub struct Ram {
    base: u64,
    lines: Rc<[Line]>,
}

/// 64 bytes that both sides may change at any time.
#[repr(C, align(64))]
struct Line(UnsafeCell<[u8; 64]>);

impl Ram {
    /// At least `bytes` bytes of zeros at bus address `base`.
    pub fn new(base: u64, bytes: usize) -> Ram {
        let lines = (0..bytes.div_ceil(64)).map(|_| Line(UnsafeCell::new([0; 64]))).collect();
        Ram { base, lines }
    }

    fn bytes(&self) -> usize {
        self.lines.len() * 64
    }

    /// Where the bytes are, if all of them are here.
    fn find(&self, address: u64, bytes: usize) -> Option<*mut u8> {
        let offset = usize::try_from(address.checked_sub(self.base)?).ok()?;
        let inside = offset.checked_add(bytes)? <= self.bytes();
        inside.then(|| self.first().wrapping_add(offset))
    }

    fn first(&self) -> *mut u8 {
        // The cells allow a change behind the shared reference.
        self.lines.as_ptr().cast_mut().cast()
    }
}

impl Memory for Ram {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Response {
        let Some(from) = self.find(address, bytes.len()) else {
            return Response::DecodeError;
        };
        // SAFETY: `find` checked the range; the memory is this value's, of one thread (Rc), and no reference to it
        // exists, so nothing else accesses it meanwhile.
        unsafe { from.copy_to_nonoverlapping(bytes.as_mut_ptr(), bytes.len()) };
        Response::Okay
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Response {
        let Some(to) = self.find(address, bytes.len()) else {
            return Response::DecodeError;
        };
        // SAFETY: as in read.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Response::Okay
    }
}

// SAFETY: the lines live as long as any clone, never move or shrink, are aligned to 64 bytes as `base` is checked to
// be by the driver, and nothing makes a reference to their bytes.
unsafe impl DmaBuffer for Ram {
    fn bus_addr(&self) -> u64 {
        self.base
    }

    fn len(&self) -> usize {
        self.bytes()
    }

    fn ptr(&self) -> *mut u8 {
        self.first()
    }

    fn sync_for_device(&mut self, _range: Range<usize>) {}

    fn sync_for_cpu(&mut self, _range: Range<usize>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_is_the_same_memory_and_outside_nothing_answers() {
        let mut ram = Ram::new(0x1000, 100);
        let mut other = ram.clone();
        assert_eq!((ram.len(), ram.bus_addr(), ram.ptr() as usize % 64), (128, 0x1000, 0));
        assert_eq!(ram.write(0x1010, &[1, 2, 3]), Response::Okay);
        let mut found = [0; 4];
        assert_eq!(other.read(0x100F, &mut found), Response::Okay);
        assert_eq!(found, [0, 1, 2, 3]);
        assert_eq!(ram.read(0xFFF, &mut found), Response::DecodeError);
        assert_eq!(ram.write(0x107F, &[0; 2]), Response::DecodeError);
        assert_eq!(ram.write(u64::MAX, &[0; 2]), Response::DecodeError);
    }
}
