//! The interrupt controller (ARM IHI 0048B) with one processor: levels, enable bits, targets, acknowledge and end.
//!
//! Every priority is 0, as the image leaves them: of the interrupts that wait the lowest number comes, and none interrupts
//! another.

/// Interrupts that there are.
const INTERRUPTS: usize = 96;
/// Interrupts below this are private to the processor and need no target.
const SHARED: usize = 32;
/// What an acknowledge returns when no interrupt waits.
const SPURIOUS: u32 = 1_023;

/// Offsets in the distributor.
mod distributor {
    pub const CONTROL: u32 = 0x000;
    pub const SET_ENABLE: u32 = 0x100;
    pub const CLEAR_ENABLE: u32 = 0x180;
    pub const TARGETS: u32 = 0x800;
    pub const TARGETS_END: u32 = TARGETS + super::INTERRUPTS as u32;
}

/// Offsets in the processor's interface.
mod interface {
    pub const CONTROL: u32 = 0x00;
    pub const PRIORITY_MASK: u32 = 0x04;
    pub const ACKNOWLEDGE: u32 = 0x0C;
    pub const END: u32 = 0x10;
}

/// The controller.
#[derive(Debug)]
pub struct Gic {
    distributes: bool,
    delivers: bool,
    priority_mask: u32,
    enabled: [u32; INTERRUPTS / 32],
    levels: [u32; INTERRUPTS / 32],
    targets: [u8; INTERRUPTS],
    active: Option<u32>,
    /// The line to the processor.
    signalled: bool,
    taken: [u64; INTERRUPTS],
}

impl Default for Gic {
    fn default() -> Gic {
        Gic {
            distributes: false,
            delivers: false,
            priority_mask: 0,
            enabled: [0; INTERRUPTS / 32],
            levels: [0; INTERRUPTS / 32],
            targets: [0; INTERRUPTS],
            active: None,
            signalled: false,
            taken: [0; INTERRUPTS],
        }
    }
}

impl Gic {
    /// Returns whether the line to the processor is high.
    pub fn is_signalled(&self) -> bool {
        self.signalled
    }

    /// Returns how often an interrupt was acknowledged.
    pub fn taken(&self, number: u32) -> u64 {
        self.taken[number as usize]
    }

    /// Sets the level of an interrupt's line.
    pub fn set_level(&mut self, number: u32, high: bool) {
        let (word, bit) = (&mut self.levels[number as usize / 32], 1 << (number % 32));
        let was_high = *word & bit != 0;
        if was_high != high {
            *word ^= bit;
            self.update();
        }
    }

    fn update(&mut self) {
        self.signalled = self.next().is_some();
    }

    /// The interrupt that the processor is to take.
    fn next(&self) -> Option<u32> {
        let is_on = self.distributes && self.delivers && self.priority_mask != 0 && self.active.is_none();
        let waits = |number: &usize| {
            let raised = self.levels[number / 32] & self.enabled[number / 32] & 1 << (number % 32) != 0;
            raised && (*number < SHARED || self.targets[*number] & 1 != 0)
        };
        is_on.then(|| (0..INTERRUPTS).find(waits)).flatten().map(|number| number as u32)
    }

    /// Reads a register of the distributor.
    pub fn read_distributor(&self, offset: u32) -> u32 {
        use distributor::*;
        match offset {
            CONTROL => self.distributes.into(),
            SET_ENABLE..0x10C => self.enabled[(offset - SET_ENABLE) as usize / 4],
            CLEAR_ENABLE..0x18C => self.enabled[(offset - CLEAR_ENABLE) as usize / 4],
            TARGETS..TARGETS_END => {
                let at = (offset - TARGETS) as usize & !3;
                u32::from_le_bytes([at, at + 1, at + 2, at + 3].map(|number| self.targets[number]))
            }
            _ => 0,
        }
    }

    /// Writes a register of the distributor. Priorities and sensitivities change nothing here.
    pub fn write_distributor(&mut self, offset: u32, value: u32) {
        use distributor::*;
        match offset {
            CONTROL => self.distributes = value & 1 != 0,
            SET_ENABLE..0x10C => self.enabled[(offset - SET_ENABLE) as usize / 4] |= value,
            CLEAR_ENABLE..0x18C => self.enabled[(offset - CLEAR_ENABLE) as usize / 4] &= !value,
            TARGETS..TARGETS_END => {
                let at = (offset - TARGETS) as usize & !3;
                self.targets[at..at + 4].copy_from_slice(&value.to_le_bytes());
            }
            _ => {}
        }
        self.update();
    }

    /// Reads a register of the interface. A read of the acknowledge register takes the interrupt.
    pub fn read_interface(&mut self, offset: u32) -> u32 {
        use interface::*;
        match offset {
            CONTROL => self.delivers.into(),
            PRIORITY_MASK => self.priority_mask,
            ACKNOWLEDGE => {
                let Some(number) = self.next() else { return SPURIOUS };
                self.active = Some(number);
                self.taken[number as usize] += 1;
                self.update();
                number
            }
            _ => 0,
        }
    }

    /// Writes a register of the interface.
    pub fn write_interface(&mut self, offset: u32, value: u32) {
        use interface::*;
        match offset {
            CONTROL => self.delivers = value & 1 != 0,
            PRIORITY_MASK => self.priority_mask = value & 0xFF,
            END if self.active == Some(value & 0x3FF) => self.active = None,
            _ => {}
        }
        self.update();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enabled(number: u32) -> Gic {
        let mut gic = Gic::default();
        gic.write_distributor(0x000, 1);
        gic.write_interface(0x00, 1);
        gic.write_interface(0x04, 0xFF);
        gic.write_distributor(0x100 + number / 32 * 4, 1 << (number % 32));
        gic
    }

    #[test]
    fn a_level_waits_until_it_is_acknowledged_and_returns_after_its_end() {
        let mut gic = enabled(61);
        gic.set_level(61, true);
        assert!(!gic.is_signalled(), "it has no target");
        gic.write_distributor(0x800 + 60, 0x0000_0100);
        assert!(gic.is_signalled());
        assert_eq!(gic.read_interface(0x0C), 61);
        assert!(!gic.is_signalled());
        assert_eq!(gic.read_interface(0x0C), 1_023);
        gic.write_interface(0x10, 61);
        assert!(gic.is_signalled(), "the level is still high");
        gic.set_level(61, false);
        assert!(!gic.is_signalled());
        assert_eq!(gic.taken(61), 1);
    }

    #[test]
    fn a_masked_interrupt_waits_and_the_lowest_number_comes_first() {
        let mut gic = enabled(29);
        gic.write_distributor(0x104, 1 << 22);
        gic.write_distributor(0x800 + 52, 0x0001_0000);
        gic.set_level(54, true);
        gic.set_level(29, true);
        gic.write_distributor(0x180, 1 << 29);
        assert_eq!(gic.read_interface(0x0C), 54);
        gic.write_interface(0x10, 54);
        gic.write_distributor(0x100, 1 << 29);
        assert_eq!(gic.read_interface(0x0C), 29);
    }
}
