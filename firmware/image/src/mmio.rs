//! Registers of a block at an address.

use deltascope_abi::board::Window;
use deltascope_driver::seams::{BusError, Registers};
use volatile_register::RW;

/// 32-bit registers in a window of physical addresses that the MMU maps one to one as device memory. An SLVERR of the
/// block is an abort of the processor here, which `faults` turns into a reset.
#[derive(Debug)]
pub struct Mmio {
    base: usize,
    bytes: u32,
}

impl Mmio {
    /// Takes a window.
    ///
    /// # Safety
    /// There are registers in the window, they answer (programmable logic: configured, clocked, out of reset), and
    /// nothing else uses them.
    pub const unsafe fn new(window: Window) -> Mmio {
        Mmio { base: window.base as usize, bytes: window.bytes }
    }

    /// Takes registers of the processing system.
    ///
    /// # Safety
    /// As for [`Mmio::new`].
    pub const unsafe fn at(base: u32, bytes: u32) -> Mmio {
        Mmio { base: base as usize, bytes }
    }

    fn register(&self, offset: u32) -> Result<&RW<u32>, BusError> {
        if !offset.is_multiple_of(4) || offset >= self.bytes {
            return Err(BusError::Offset { offset, window: self.bytes });
        }
        // SAFETY: by the contract of `new` there is a register; the offset is a multiple of four and inside.
        Ok(unsafe { &*core::ptr::with_exposed_provenance::<RW<u32>>(self.base + offset as usize) })
    }
}

impl Registers for Mmio {
    fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
        Ok(self.register(offset)?.read())
    }

    fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        // SAFETY: which values a register takes is what the drivers behind `Registers` know.
        unsafe { self.register(offset)?.write(value) };
        Ok(())
    }
}
