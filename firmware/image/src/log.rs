//! defmt over the UART. `cargo xtask board fw-log` decodes it with the strings of the ELF file.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use critical_section::RestoreState;
use volatile_register::{RO, RW};

/// Registers of a PS UART that are used after its set-up (UG585, appendix B.33).
#[repr(C)]
struct Registers {
    _setup: [RW<u32>; 11],
    /// Channel status: bit 4 transmit FIFO full, bit 3 empty.
    status: RO<u32>,
    fifo: RW<u32>,
}

const FULL: u32 = 1 << 4;
const EMPTY: u32 = 1 << 3;

/// Reads of the status, of some 20 clocks each, in which a UART that sends has sent its 64 bytes (6 ms at 115,200 baud).
const TURNS: u32 = 10_000_000;

/// Base address of the UART, 0 before there is one.
static UART: AtomicUsize = AtomicUsize::new(0);

/// Logs through the UART at `base`, which is set up.
pub fn start(base: usize) {
    UART.store(base, Relaxed);
}

fn uart() -> Option<&'static Registers> {
    let base = core::ptr::with_exposed_provenance::<Registers>(UART.load(Relaxed));
    // SAFETY: the address is that of a UART of the processing system, which is always there.
    (!base.is_null()).then(|| unsafe { &*base })
}

fn write(bytes: &[u8]) {
    let Some(uart) = uart() else { return };
    for byte in bytes {
        if !(0..TURNS).any(|_| uart.status.read() & FULL == 0) {
            // It does not send: the image runs on without a log.
            UART.store(0, Relaxed);
            return;
        }
        // SAFETY: writing to the FIFO sends a byte.
        unsafe { uart.fifo.write(u32::from(*byte)) };
    }
}

/// Waits until everything is sent.
pub fn flush() {
    if let Some(uart) = uart() {
        let _ = (0..TURNS).any(|_| uart.status.read() & EMPTY != 0);
    }
}

#[defmt::global_logger]
struct Logger;

struct Frame(core::cell::UnsafeCell<(defmt::Encoder, RestoreState)>);

// SAFETY: there is one processor, and interrupts are off while a frame is written.
unsafe impl Sync for Frame {}

static FRAME: Frame = Frame(core::cell::UnsafeCell::new((defmt::Encoder::new(), RestoreState::invalid())));

// SAFETY: `acquire` turns interrupts off until `release`, so frames do not mix.
unsafe impl defmt::Logger for Logger {
    fn acquire() {
        // SAFETY: paired with the release in `release`.
        let restore = unsafe { critical_section::acquire() };
        // SAFETY: interrupts are off and there is one processor.
        let (encoder, kept) = unsafe { &mut *FRAME.0.get() };
        *kept = restore;
        encoder.start_frame(write);
    }

    unsafe fn flush() {
        flush();
    }

    unsafe fn release() {
        // SAFETY: called after `acquire`, with interrupts off.
        let (encoder, kept) = unsafe { &mut *FRAME.0.get() };
        encoder.end_frame(write);
        // SAFETY: paired with `acquire`.
        unsafe { critical_section::release(*kept) };
    }

    unsafe fn write(bytes: &[u8]) {
        // SAFETY: called between `acquire` and `release`.
        let (encoder, _) = unsafe { &mut *FRAME.0.get() };
        encoder.write(bytes, write);
    }
}

// Every line carries the time since start.
defmt::timestamp!("{=u64:us}", crate::clock::now_us());
