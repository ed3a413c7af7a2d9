//! What the copies into and out of the DMA's buffers cost the processor, as ticks of the global timer (`test=copy`).
//!
//! Under QEMU's `-icount shift=0` a tick is ten instructions. Caches and buses are not simulated there, so cached and
//! uncached memory cost the same for each word; what the cached way adds is the maintenance by line.

use alloc::vec;
use core::hint::black_box;

use deltascope_abi::board::BUFFERS;
use deltascope_driver::seams::DmaBuffer;

use crate::buffers::CachedBuffer;
use crate::{clock, log};

/// Bytes of a copy.
const BYTES: usize = 64 << 10;
/// Copies of which the least counts: the tick of the interrupt controller comes in between.
const REPEATS: usize = 5;

/// Copies words into a buffer, each with one store.
#[inline(never)]
fn copy_out(words: &[u32], to: *mut u32) {
    for (n, word) in words.iter().enumerate() {
        // SAFETY: the buffer has as many words as `words`.
        unsafe { to.wrapping_add(n).write_volatile(*word) };
    }
}

/// Copies words out of a buffer, each with one load.
#[inline(never)]
fn copy_in(from: *const u32, words: &mut [u32]) {
    for (n, word) in words.iter_mut().enumerate() {
        // SAFETY: the buffer has as many words as `words`.
        *word = unsafe { from.wrapping_add(n).read_volatile() };
    }
}

/// Logs the least time of a step.
fn measure(name: &str, mut step: impl FnMut()) {
    let least = (0..REPEATS).map(|_| {
        let begun = clock::ticks();
        step();
        clock::ticks() - begun
    });
    defmt::info!("COPY {=str} {=u32} bytes {=u64} ticks", name, BYTES as u32, least.min().unwrap_or(0));
}

/// Measures every step, and stops.
///
/// # Safety
/// Called once, and the engine is not opened.
pub unsafe fn run() -> ! {
    // SAFETY: without an engine nothing else uses the window.
    match unsafe { CachedBuffer::new(BUFFERS) } {
        Ok(mut buffer) => {
            let mut words = vec![0x5A5A_0001_u32; BYTES / 4];
            let place = buffer.ptr().cast::<u32>();
            measure("out", || copy_out(black_box(&words), place));
            measure("hand-to-device", || buffer.sync_for_device(0..BYTES));
            measure("hand-to-cpu", || buffer.sync_for_cpu(0..BYTES));
            measure("in", || copy_in(place, black_box(&mut words)));
            defmt::info!("COPY end");
        }
        Err(_) => defmt::error!("STOPPED the buffers share a cache line"),
    }
    log::flush();
    loop {
        aarch32_cpu::asm::wfi();
    }
}
