//! DMA buffers in cached memory, cleaned and invalidated by line (`deltascope_firmware_core::lines`).

use core::ops::Range;
use deltascope_abi::board::Window;
use deltascope_driver::seams::DmaBuffer;
use deltascope_firmware_core::lines::{self, Maintenance, Unaligned};
use zynq7000_hal::cache;

/// Memory that the DMA reads and writes. Processor and DMA have the same address for it.
#[derive(Debug)]
pub struct CachedBuffer {
    address: usize,
    bytes: usize,
}

impl CachedBuffer {
    /// Takes a window of DDR.
    ///
    /// # Safety
    /// Nothing else uses the memory of the window, for as long as the program runs.
    ///
    /// # Errors
    /// The window shares a cache line with its neighbours.
    pub unsafe fn new(window: Window) -> Result<CachedBuffer, Unaligned> {
        let (address, bytes) = (window.base as usize, window.bytes as usize);
        lines::check(address, bytes)?;
        Ok(CachedBuffer { address, bytes })
    }

    /// A function of its own in the image, so that `cargo xtask board fw-cost` counts it by its name.
    #[inline(never)]
    fn maintain(&self, range: Range<usize>, maintenance: Maintenance) {
        let range = lines::widen(range, self.bytes);
        if range.is_empty() {
            return;
        }
        let address = (self.address + range.start) as u32;
        let done = match maintenance {
            Maintenance::Clean => cache::clean_data_cache_range(address, range.len()),
            Maintenance::CleanInvalidate => cache::clean_and_invalidate_data_cache_range(address, range.len()),
            Maintenance::Invalidate => cache::invalidate_data_cache_range(address, range.len()),
        };
        debug_assert!(done.is_ok(), "widened to whole lines");
    }
}

// SAFETY: the memory is never given back, nothing else uses it (`new`), and no reference to it is made.
unsafe impl DmaBuffer for CachedBuffer {
    fn bus_addr(&self) -> u64 {
        self.address as u64
    }

    fn len(&self) -> usize {
        self.bytes
    }

    fn ptr(&self) -> *mut u8 {
        core::ptr::with_exposed_provenance_mut(self.address)
    }

    fn sync_for_device(&mut self, range: Range<usize>) {
        // The seam does not say which way: descriptors go both ways, so lines leave the caches.
        self.maintain(range, Maintenance::CleanInvalidate);
    }

    fn sync_for_cpu(&mut self, range: Range<usize>) {
        self.maintain(range, Maintenance::Invalidate);
    }
}
