//! Time: the global timer of the processors, read and never waited for by interrupt (QEMU raises a comparator in the past
//! again and again).

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;
use deltascope_driver::seams::Clock;
use embedded_hal::delay::DelayNs;
use volatile_register::RW;

/// The global timer (UG585, appendix B.20).
const GLOBAL_TIMER: usize = 0xF8F0_0200;
/// Rate of QEMU's global timer, whatever the clocks say.
pub const EMULATED_HZ: u32 = 100_000_000;

#[repr(C)]
struct Registers {
    low: RW<u32>,
    high: RW<u32>,
    control: RW<u32>,
}

/// Ticks of a microsecond; 0 before [`start`].
static TICKS_PER_US: AtomicU32 = AtomicU32::new(0);

fn registers() -> &'static Registers {
    // SAFETY: the private peripherals of the processor are always at this address.
    unsafe { &*core::ptr::with_exposed_provenance::<Registers>(GLOBAL_TIMER) }
}

/// Starts the timer at 0, which counts `hertz` ticks a second.
pub fn start(hertz: u32) {
    let timer = registers();
    // SAFETY: the timer counts, without comparator and interrupt; nothing else uses it. A counter is set while it is stopped.
    unsafe {
        timer.control.write(0);
        timer.low.write(0);
        timer.high.write(0);
        timer.control.write(1);
    }
    TICKS_PER_US.store((hertz / 1_000_000).max(1), Relaxed);
}

/// Ticks since the start.
pub fn ticks() -> u64 {
    let timer = registers();
    loop {
        let (high, low) = (timer.high.read(), timer.low.read());
        if timer.high.read() == high {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Microseconds since the start.
pub fn now_us() -> u64 {
    match TICKS_PER_US.load(Relaxed) {
        0 => 0,
        per_us => ticks() / u64::from(per_us),
    }
}

/// The global timer, for drivers.
#[derive(Clone, Copy, Debug)]
pub struct GlobalTimer;

impl Clock for GlobalTimer {
    fn now(&mut self) -> Duration {
        Duration::from_micros(now_us())
    }
}

impl DelayNs for GlobalTimer {
    fn delay_ns(&mut self, nanoseconds: u32) {
        let end = now_us() + u64::from(nanoseconds.div_ceil(1_000));
        while now_us() <= end {
            core::hint::spin_loop();
        }
    }
}
