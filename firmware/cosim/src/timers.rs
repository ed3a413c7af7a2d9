//! The global timer, and the private timer that makes the tick (UG585, appendix B.20).

use crate::time::TIMER;

/// Offsets from the private memory region of the processors.
pub mod offset {
    /// Global timer: first and last register that is modelled.
    pub const GLOBAL: u32 = 0x200;
    /// End of the global timer.
    pub const GLOBAL_END: u32 = 0x20C;
    /// Private timer: first register.
    pub const PRIVATE_TIMER: u32 = 0x600;
    /// End of the private timer.
    pub const PRIVATE_TIMER_END: u32 = 0x610;
}

/// Interrupt of the private timer.
pub const INTERRUPT: u32 = 29;

const ENABLE: u32 = 1;
const RELOAD: u32 = 1 << 1;
const RAISE: u32 = 1 << 2;

/// Both timers. Neither has a prescaler, which the image does not use.
#[derive(Debug, Default)]
pub struct Timers {
    /// Ticks of the global timer when it was started or set, and since when it counts.
    counted: u64,
    since: Option<u64>,
    load: u32,
    control: u32,
    event: bool,
    /// When the private timer reaches 0.
    zero_at: Option<u64>,
}

impl Timers {
    /// Returns when the next event is due.
    pub fn due(&self) -> u64 {
        self.zero_at.unwrap_or(u64::MAX)
    }

    /// Returns whether the private timer's interrupt is raised.
    pub fn raises(&self) -> bool {
        self.event && self.control & RAISE != 0
    }

    /// Follows the time.
    pub fn advance(&mut self, now: u64) {
        while let Some(at) = self.zero_at.filter(|at| *at <= now) {
            self.event = true;
            self.zero_at = (self.control & RELOAD != 0).then(|| at + self.period());
        }
    }

    fn period(&self) -> u64 {
        (u64::from(self.load) + 1) * TIMER
    }

    fn ticks(&self, now: u64) -> u64 {
        self.counted + self.since.map_or(0, |since| (now - since) / TIMER)
    }

    /// Reads a register.
    pub fn read(&self, offset: u32, now: u64) -> u32 {
        match offset {
            0x200 => self.ticks(now) as u32,
            0x204 => (self.ticks(now) >> 32) as u32,
            0x208 => self.since.is_some().into(),
            0x600 => self.load,
            0x604 => self.zero_at.map_or(0, |at| (at.saturating_sub(now) / TIMER) as u32),
            0x608 => self.control,
            0x60C => self.event.into(),
            _ => 0,
        }
    }

    /// Writes a register.
    pub fn write(&mut self, offset: u32, value: u32, now: u64) {
        match offset {
            0x200 => self.counted = self.counted & !0xFFFF_FFFF | u64::from(value),
            0x204 => self.counted = self.counted & 0xFFFF_FFFF | u64::from(value) << 32,
            0x208 => {
                self.counted = self.ticks(now);
                self.since = (value & ENABLE != 0).then_some(now);
            }
            0x600 => self.load = value,
            0x608 => {
                self.control = value;
                self.zero_at = (value & ENABLE != 0).then(|| now + self.period());
            }
            0x60C => self.event &= value & 1 == 0,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_global_timer_counts_half_the_clocks_from_its_start() {
        let mut timers = Timers::default();
        timers.write(0x200, 10, 0);
        timers.write(0x208, 1, 100);
        assert_eq!(timers.read(0x200, 140), 30);
        timers.write(0x208, 0, 140);
        assert_eq!(timers.read(0x200, 1_000), 30);
    }

    #[test]
    fn the_private_timer_raises_once_a_period() {
        let mut timers = Timers::default();
        timers.write(0x600, 9, 0);
        timers.write(0x608, 0b111, 0);
        assert_eq!(timers.due(), 20);
        timers.advance(19);
        assert!(!timers.raises());
        timers.advance(20);
        assert!(timers.raises());
        timers.write(0x60C, 1, 21);
        assert!(!timers.raises());
        assert_eq!(timers.due(), 40);
    }
}
