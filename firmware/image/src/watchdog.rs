//! The system watchdog, and resets.

use volatile_register::WO;
use zynq7000_hal::Slcr;

/// The system watchdog (UG585, section 8.4 and appendix B.34). QEMU has none: there its registers are ignored.
const SYSTEM_WATCHDOG: usize = 0xF800_5000;
/// Key of the mode register, reset output and counter on.
const MODE_ON: u32 = 0xABC << 12 | 0b11 | 0b11 << 7;
/// Key of the mode register alone: off.
const MODE_OFF: u32 = 0xABC << 12;
/// Key of the control register, and the prescaler 4,096.
const CONTROL: u32 = 0x248 << 14 | 0b11;
/// Key of the restart register.
const RESTART: u32 = 0x1999;

#[repr(C)]
struct Registers {
    mode: WO<u32>,
    control: WO<u32>,
    restart: WO<u32>,
}

fn registers() -> &'static Registers {
    // SAFETY: the watchdog is part of the processing system and always there.
    unsafe { &*core::ptr::with_exposed_provenance::<Registers>(SYSTEM_WATCHDOG) }
}

/// The watchdog: a loop that no longer runs is ended by a reset.
#[derive(Debug)]
pub struct Watchdog {
    running: bool,
}

impl Watchdog {
    /// Starts it; without a [`Watchdog::feed`] for `milliseconds` it resets. `clock_hz` is CPU_1x.
    pub fn start(clock_hz: u32, milliseconds: u32) -> Watchdog {
        let ticks = u64::from(clock_hz) / 4_096 * u64::from(milliseconds) / 1_000;
        // The counter has 24 bits, of which the upper 12 are set.
        let reload = (ticks >> 12).clamp(1, 0xFFF) as u32;
        let registers = registers();
        // SAFETY: the sequence of UG585, section 8.4.3: off, counter, restart, on.
        unsafe {
            registers.mode.write(MODE_OFF);
            registers.control.write(CONTROL | reload << 2);
            registers.restart.write(RESTART);
            registers.mode.write(MODE_ON);
        }
        Watchdog { running: true }
    }

    /// A watchdog that does nothing.
    pub const fn off() -> Watchdog {
        Watchdog { running: false }
    }

    /// Begins its time again.
    pub fn feed(&mut self) {
        if self.running {
            // SAFETY: the restart key does nothing else.
            unsafe { registers().restart.write(RESTART) };
        }
    }
}

/// Resets by the watchdog, at once; by the SLCR where there is no watchdog. A soft reset leaves the mode of a flash as it
/// is, so it is the second choice on a board.
pub fn reset(emulated: bool) -> ! {
    crate::log::flush();
    let registers = registers();
    // SAFETY: as in `start`, with the shortest time.
    unsafe {
        registers.mode.write(MODE_OFF);
        registers.control.write(CONTROL | 1 << 2);
        registers.restart.write(RESTART);
        registers.mode.write(MODE_ON);
    }
    if emulated {
        // SAFETY: nothing runs after it.
        unsafe {
            Slcr::with(|slcr| {
                slcr.reset_ctrl().write_pss(zynq7000_hal::pac::slcr::reset::PsResetControl::new_with_raw_value(1))
            })
        };
    }
    loop {
        core::hint::spin_loop();
    }
}

/// Stops feeding, to show that the watchdog resets. QEMU has none: there the reset comes from the SLCR after the same time.
pub fn hang(emulated: bool, milliseconds: u32) {
    let end = crate::clock::now_us() + u64::from(milliseconds) * 1_000;
    while crate::clock::now_us() < end || !emulated {
        core::hint::spin_loop();
    }
    reset(emulated)
}
