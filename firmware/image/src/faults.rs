//! Panics and exceptions: logged, written to the record, and ended by a reset.

use core::fmt::Write;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use deltascope_firmware_core::record::{Ending, TEXT};

/// Whether QEMU runs this: it has no watchdog.
pub static EMULATED: AtomicBool = AtomicBool::new(false);
/// A panic of a panic only resets.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Text of at most [`TEXT`] bytes; more is cut.
struct Text {
    bytes: [u8; TEXT],
    length: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let count = text.len().min(TEXT - self.length);
        for (place, byte) in self.bytes[self.length..].iter_mut().zip(&text.as_bytes()[..count]) {
            // One line of the log.
            *place = if *byte == b'\n' { b' ' } else { *byte };
        }
        self.length += count;
        Ok(())
    }
}

/// Ends this run.
fn end(ending: Ending, what: core::fmt::Arguments<'_>) -> ! {
    let emulated = EMULATED.load(Relaxed);
    if !ENDING.swap(true, Relaxed) {
        let mut text = Text { bytes: [0; TEXT], length: 0 };
        // It takes everything.
        let _ = text.write_fmt(what);
        let text = match core::str::from_utf8(&text.bytes[..text.length]) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(&text.bytes[..error.valid_up_to()]).unwrap_or_default(),
        };
        crate::memory::with_record(|record| record.end(ending, text));
        defmt::error!("PANIC {=str}; resetting", text);
        // Last: an access that is never answered ends by the watchdog, and everything is written by now.
        crate::engine::silence();
    }
    crate::watchdog::reset(emulated)
}

/// Ends this run on request.
pub fn restart(reason: &str) -> ! {
    end(Ending::Requested, format_args!("{reason}"))
}

#[panic_handler]
fn on_panic(info: &PanicInfo<'_>) -> ! {
    end(Ending::Panic, format_args!("{info}"))
}

#[zynq7000_rt::exception(DataAbort)]
fn on_data_abort(addr: usize) -> ! {
    end(Ending::Exception, format_args!("data abort at {addr:#010x}: {}", data_fault()))
}

#[zynq7000_rt::exception(PrefetchAbort)]
fn on_prefetch_abort(addr: usize) -> ! {
    end(Ending::Exception, format_args!("prefetch abort at {addr:#010x}"))
}

#[zynq7000_rt::exception(Undefined)]
fn on_undefined(addr: usize) -> ! {
    end(Ending::Exception, format_args!("undefined instruction at {addr:#010x}"))
}

/// The data fault address and status (ARM DDI 0406C, section B4.1.51), as text.
fn data_fault() -> impl core::fmt::Display {
    let address = aarch32_cpu::register::Dfar::read().0;
    let status = aarch32_cpu::register::Dfsr::read().raw_value();
    core::fmt::from_fn(move |f| write!(f, "address {address:#010x}, status {status:#06x}"))
}
