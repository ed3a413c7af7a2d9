//! The system watchdog (UG585, section 8.4 and appendix B.34).

/// First register, and the end of the last.
pub const BASE: u32 = 0xF800_5000;
/// See [`BASE`].
pub const END: u32 = BASE + 0x10;

/// Clocks of the processor for one clock of the watchdog: CPU_1x of the ratio 6:2:1.
const CLOCK: u64 = 6;
/// Keys of the mode register, the control register and the restart register.
const MODE_KEY: u32 = 0xABC;
const CONTROL_KEY: u32 = 0x248;
const RESTART_KEY: u32 = 0x1999;
/// Bits of the mode register: counter and reset output on.
const ON: u32 = 0b11;

/// The watchdog. A write without its key changes nothing.
#[derive(Debug, Default)]
pub struct Watchdog {
    mode: u32,
    control: u32,
    zero_at: Option<u64>,
}

impl Watchdog {
    /// Returns when it resets the board.
    pub fn due(&self) -> u64 {
        self.zero_at.filter(|_| self.mode & ON == ON).unwrap_or(u64::MAX)
    }

    /// Writes a register.
    pub fn write(&mut self, address: u32, value: u32, now: u64) {
        match address - BASE {
            0 if value >> 12 & 0xFFF == MODE_KEY => {
                self.mode = value & 0xFFF;
                self.zero_at = (value & 1 != 0).then(|| now + self.length());
            }
            4 if value >> 14 & 0xFFF == CONTROL_KEY => self.control = value & 0x3FFF,
            8 if value & 0xFFFF == RESTART_KEY && self.mode & 1 != 0 => self.zero_at = Some(now + self.length()),
            _ => {}
        }
    }

    /// Clocks of the processor from a restart to zero.
    fn length(&self) -> u64 {
        let reload = u64::from(self.control >> 2) << 12 | 0xFFF;
        let prescaler = 8 << (3 * (self.control & 0b11));
        reload * prescaler * CLOCK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_unless_it_is_restarted_with_its_key() {
        let mut watchdog = Watchdog::default();
        watchdog.write(BASE + 4, CONTROL_KEY << 14 | 1 << 2 | 0b11, 0);
        watchdog.write(BASE, 0b11, 0);
        assert_eq!(watchdog.due(), u64::MAX, "the key is missing");
        watchdog.write(BASE, MODE_KEY << 12 | 0b11, 100);
        let length = 0x1FFF * 4_096 * 6;
        assert_eq!(watchdog.due(), 100 + length);
        watchdog.write(BASE + 8, RESTART_KEY, 1_000);
        assert_eq!(watchdog.due(), 1_000 + length);
        watchdog.write(BASE + 8, 1, 2_000);
        assert_eq!(watchdog.due(), 1_000 + length);
    }
}
