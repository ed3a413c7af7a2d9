//! The DMA of a run that ends without unwinding: it must not write into memory that the next run uses.

use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use deltascope_driver::axi_dma;
use deltascope_driver::seams::Registers;

use crate::settings::Access;

/// Nothing of the DMA may be touched: logic that is not configured never answers.
const UNREACHED: u8 = 0;
const LOGIC: u8 = 1;
const MAILBOX: u8 = 2;

/// How the registers of the DMA are reached, once an access to them is answered.
#[derive(Debug, Default)]
pub struct Reached(AtomicU8);

impl Reached {
    /// Begins with a DMA that may not be touched.
    pub const fn new() -> Reached {
        Reached(AtomicU8::new(UNREACHED))
    }

    /// Notes that the registers answer from now on.
    pub fn set(&self, access: Access) {
        let reached = match access {
            Access::Logic => LOGIC,
            Access::Mailbox => MAILBOX,
        };
        self.0.store(reached, Relaxed);
    }

    /// Resets the DMA whose registers `open` returns, if they answer; returns whether it was reset. A second call does
    /// nothing: an access that fails here ends in an exception, which calls this again.
    pub fn silence<R: Registers>(&self, open: impl FnOnce(Access) -> Option<R>) -> bool {
        let access = match self.0.swap(UNREACHED, Relaxed) {
            LOGIC => Access::Logic,
            MAILBOX => Access::Mailbox,
            _ => return false,
        };
        open(access).is_some_and(|mut registers| axi_dma::silence(&mut registers).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use core::cell::RefCell;
    use deltascope_driver::seams::BusError;

    /// Keeps what is written, or refuses it.
    struct Dma<'a>(&'a RefCell<Vec<(u32, u32)>>, bool);

    impl Registers for Dma<'_> {
        fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
            panic!("{offset:#x} is read: nothing is waited for in a panic");
        }

        fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
            self.0.borrow_mut().push((offset, value));
            if self.1 { Ok(()) } else { Err(BusError::Response { offset, response: 2 }) }
        }
    }

    #[test]
    fn dma_that_was_never_reached_is_not_touched() {
        assert!(!Reached::new().silence(|_| -> Option<Dma<'_>> { panic!("it would hang the processor") }));
    }

    #[test]
    fn panic_resets_the_dma_with_one_write_and_once() {
        for access in [Access::Logic, Access::Mailbox] {
            let (reached, written) = (Reached::new(), RefCell::new(Vec::new()));
            reached.set(access);
            let open = |found| {
                assert_eq!(found, access);
                Some(Dma(&written, true))
            };
            assert!(reached.silence(open));
            // Reset of MM2S_DMACR is the reset of both channels (PG021, "MM2S_DMACR", bit 2).
            assert_eq!(*written.borrow(), [(0, 4)]);
            assert!(!reached.silence(open), "a panic of a panic");
            assert_eq!(written.borrow().len(), 1);
        }
    }

    #[test]
    fn write_that_fails_or_a_way_that_is_gone_ends_the_try() {
        let (reached, written) = (Reached::new(), RefCell::new(Vec::new()));
        reached.set(Access::Mailbox);
        assert!(!reached.silence(|_| None::<Dma<'_>>));
        reached.set(Access::Logic);
        assert!(!reached.silence(|_| Some(Dma(&written, false))));
        assert_eq!(written.borrow().len(), 1);
    }
}
