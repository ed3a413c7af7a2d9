//! Registers in a map of a device: the one place with `volatile-register` cells.

use crate::guard::Guarded;
use deltascope_driver::seams::{BusError, Registers};
use volatile_register::RW;

const LOST: &str = "the bus answered with an error (SIGBUS): the bitstream has another register map, or none; \
     load the one that was built with this program and start again";

/// A block of 32-bit registers. Every access is one aligned word, as AXI4-Lite and the strongly ordered memory behind
/// UIO ask for.
#[derive(Debug)]
pub struct Mmio {
    map: Guarded,
    /// Bytes from the start of the map to the first register.
    start: usize,
    window: u32,
}

impl Mmio {
    /// The registers in the `window` bytes from `start` in the map; `None` when the map is too small or `start` is no
    /// multiple of four.
    pub fn new(map: Guarded, start: usize, window: u32) -> Option<Mmio> {
        let end = start.checked_add(usize::try_from(window).ok()?)?;
        (start.is_multiple_of(4) && window.is_multiple_of(4) && end <= map.len()).then_some(Mmio { map, start, window })
    }

    /// The cell of a register.
    fn cell(&self, offset: u32) -> Result<&RW<u32>, BusError> {
        if !offset.is_multiple_of(4) || offset >= self.window {
            return Err(BusError::Offset { offset, window: self.window });
        }
        self.check(offset)?;
        let at = self.start + offset as usize;
        // SAFETY: `at` is a multiple of four below the length of the map, which starts at a page and lives as long as
        // `self`; a cell of this type has the layout of a u32 and any bits are one; a bus error is a flag, not a fault.
        Ok(unsafe { &*self.map.ptr().add(at).cast::<RW<u32>>() })
    }

    /// Fails once the bus has answered with an error.
    fn check(&self, offset: u32) -> Result<(), BusError> {
        match self.map.faults() {
            0 => Ok(()),
            _ => Err(BusError::Host { offset, text: LOST.to_owned() }),
        }
    }
}

impl Registers for Mmio {
    fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
        let value = self.cell(offset)?.read();
        self.check(offset)?;
        Ok(value)
    }

    fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        let cell = self.cell(offset)?;
        // SAFETY: a write to a register acts on the device only; which writes make sense is the driver's to know.
        unsafe { cell.write(value) };
        self.check(offset)
    }
}
