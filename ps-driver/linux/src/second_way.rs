//! A second way to the DMA of this process, by which another thread stops it when its owner is held up and cannot.

use crate::mmio::Mmio;
use deltascope_driver::axi_dma::silence;
use std::sync::{Mutex, PoisonError};

/// The way to the DMA that was opened last; a process has one board.
static DMA: Mutex<Option<Mmio>> = Mutex::new(None);

/// Keeps the second way open. It is a map of its own, so that what the owner does at the same time is not disturbed.
/// It has to be dropped before the device, which another process may have then.
pub struct SecondWay(());

impl SecondWay {
    /// Opens the way through `registers` of an AXI DMA.
    pub(crate) fn new(registers: Mmio) -> SecondWay {
        *DMA.lock().unwrap_or_else(PoisonError::into_inner) = Some(registers);
        SecondWay(())
    }
}

impl Drop for SecondWay {
    /// Closes it: the board is no longer this process's.
    fn drop(&mut self) {
        *DMA.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Resets the DMA of this process, if it has one, without waiting for the end of it; gives whether one was reset. For a
/// thread that ends the process next: the owner of the DMA is not told.
pub fn stop_dma() -> bool {
    let mut dma = DMA.lock().unwrap_or_else(PoisonError::into_inner);
    dma.as_mut().is_some_and(|registers| silence(registers).is_ok())
}
