//! Time of the simulated board, in clocks of its processor.
//!
//! An instruction takes one clock: caches, buses and dual issue are not simulated, so a time here orders events and is no
//! measurement. What a sleeping processor and an access to the logic take is added.

/// Clocks of the processor in a second: a PYNQ-Z2 (`boards/zynq7020/pynq-z2/ps7.txt`).
pub const PROCESSOR_HZ: u64 = 650_000_000;
/// Clocks of the processor for each clock of its timers (CPU_3x2x).
pub const TIMER: u64 = 2;
/// Clocks of the logic, at 150 MHz, in this many clocks of the processor.
pub const LOGIC_PER_PROCESSOR: (u64, u64) = (3, 13);
/// Clocks of the processor in a microsecond.
pub const MICROSECOND: u64 = PROCESSOR_HZ / 1_000_000;

/// The time since power-on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Time {
    executed: u64,
    waited: u64,
}

impl Time {
    /// Returns the clocks since power-on.
    pub fn now(&self) -> u64 {
        self.executed + self.waited
    }

    /// Returns the microseconds since power-on.
    pub fn microseconds(&self) -> u64 {
        self.now() / MICROSECOND
    }

    /// Returns the instructions since power-on.
    pub fn instructions(&self) -> u64 {
        self.executed
    }

    /// Takes instructions that are executed.
    pub fn execute(&mut self, instructions: u64) {
        self.executed += instructions;
    }

    /// Passes clocks without an instruction.
    pub fn wait(&mut self, clocks: u64) {
        self.waited += clocks;
    }

    /// Passes the clocks up to `end`, if it is not over.
    pub fn wait_until(&mut self, end: u64) {
        self.waited += end.saturating_sub(self.now());
    }
}

/// Returns how many clocks of the logic end in so many clocks of the processor.
pub fn of_logic(processor: u64) -> u64 {
    processor * LOGIC_PER_PROCESSOR.0 / LOGIC_PER_PROCESSOR.1
}

/// Returns how many clocks of the processor so many clocks of the logic take.
pub fn of_processor(logic: u64) -> u64 {
    (logic * LOGIC_PER_PROCESSOR.1).div_ceil(LOGIC_PER_PROCESSOR.0)
}
