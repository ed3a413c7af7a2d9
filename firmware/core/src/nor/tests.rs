//! The commands, against a part that takes them byte for byte as its data sheet states.

use super::*;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;

/// What is wrong with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// Nothing drives the line.
    Absent,
    /// A write never ends.
    StaysBusy,
    /// The first stage left it with addresses of four bytes.
    LongAddresses,
}

/// A part with its first 64 KiB.
struct Part {
    memory: Vec<u8>,
    fault: Fault,
    is_enabled: bool,
    /// A 0x66 was the last command.
    may_reset: bool,
    busy: u32,
    commands: Vec<u8>,
}

impl Part {
    fn new(fault: Fault) -> Part {
        Part { memory: vec![0xFF; 1 << 16], fault, is_enabled: false, may_reset: false, busy: 0, commands: vec![] }
    }

    /// A chip select: bytes in, bytes out.
    fn select(&mut self, sent: &[u8]) -> Vec<u8> {
        let mut answer = vec![0xFF; sent.len()];
        if self.fault == Fault::Absent {
            return answer;
        }
        let address_bytes = if self.fault == Fault::LongAddresses { 4 } else { 3 };
        let at = sent.get(1..=address_bytes).map(|bytes| bytes.iter().fold(0, |at, byte| at << 8 | usize::from(*byte)));
        let data = sent.get(1 + address_bytes..).unwrap_or_default();
        let may_reset = core::mem::replace(&mut self.may_reset, sent[0] == 0x66);
        self.commands.push(sent[0]);
        match sent[0] {
            0x99 if may_reset && self.fault == Fault::LongAddresses => self.fault = Fault::None,
            0x9F => answer[1..4].copy_from_slice(&[0x01, 0x02, 0x19]),
            0x05 => {
                let busy = self.fault == Fault::StaysBusy && self.busy > 0 || {
                    self.busy = self.busy.saturating_sub(1);
                    self.busy > 0
                };
                answer[1..].fill(u8::from(busy) | u8::from(self.is_enabled) << 1);
            }
            0x03 => {
                let at = at.expect("an address");
                for (index, byte) in answer[1 + address_bytes..].iter_mut().enumerate() {
                    *byte = self.memory[at + index];
                }
            }
            0x06 => self.is_enabled = true,
            0x02 if self.is_enabled => {
                let at = at.expect("an address");
                for (index, byte) in data.iter().enumerate() {
                    // A page wraps.
                    self.memory[at & !255 | (at + index) & 255] &= byte;
                }
                (self.is_enabled, self.busy) = (false, 7);
            }
            0xD8 if self.is_enabled => {
                assert!(data.is_empty(), "an erase with data is refused");
                self.memory.fill(0xFF);
                (self.is_enabled, self.busy) = (false, 70);
            }
            _ => {}
        }
        answer
    }
}

impl Bus for &mut Part {
    fn transfer(&mut self, words: &mut [u32]) -> Result<(), NorError> {
        assert!(words.len() <= 63, "the FIFO has 63 words");
        let sent: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let answer = self.select(&sent);
        for (word, bytes) in words.iter_mut().zip(answer.chunks_exact(4)) {
            *word = u32::from_le_bytes(bytes.try_into().expect("four"));
        }
        Ok(())
    }

    fn command(&mut self, code: u8) -> Result<(), NorError> {
        self.select(&[code]);
        Ok(())
    }
}

/// Ten microseconds for each look.
#[derive(Default)]
struct Ticks(Cell<u64>);

impl Clock for Ticks {
    fn now(&mut self) -> Duration {
        self.0.set(self.0.get() + 10);
        Duration::from_micros(self.0.get())
    }
}

#[test]
fn what_is_programmed_is_read_and_an_erase_ends_it() {
    let mut part = Part::new(Fault::None);
    let mut nor = Nor::open(&mut part, Ticks::default()).expect("a part");
    assert_eq!(nor.id(), 0x01_0219);
    let record: [u8; 16] = core::array::from_fn(|index| index as u8 * 13);
    nor.program(0x1230, &record).expect("programmed");
    // Longer than the FIFO.
    let mut read = vec![0; 1024];
    nor.read(0x1000, &mut read).expect("read");
    assert!(read[..0x230].iter().chain(&read[0x240..]).all(|byte| *byte == 0xFF));
    assert_eq!(read[0x230..0x240], record);
    nor.erase(0x1000).expect("erased");
    nor.read(0x1000, &mut read).expect("read");
    assert!(read.iter().all(|byte| *byte == 0xFF));
}

#[test]
fn a_part_that_does_not_answer_is_missing() {
    let error = Nor::open(&mut Part::new(Fault::Absent), Ticks::default()).map(|nor| nor.id());
    assert_eq!(error, Err(NorError::Missing { found: 0xFF_FFFF }));
}

#[test]
fn a_write_that_never_ends_is_named() {
    let mut part = Part::new(Fault::StaysBusy);
    let mut nor = Nor::open(&mut part, Ticks::default()).expect("a part");
    let limit = Duration::from_millis(100);
    assert_eq!(nor.program(0, &[0; 16]), Err(NorError::Busy { what: "a program", limit }));
    let limit = Duration::from_secs(5);
    assert_eq!(nor.erase(0), Err(NorError::Busy { what: "an erase", limit }));
}

#[test]
fn long_addresses_of_a_first_stage_are_ended_by_the_reset() {
    let mut part = Part::new(Fault::LongAddresses);
    part.memory[0x40..0x44].copy_from_slice(b"here");
    let mut nor = Nor::open(&mut part, Ticks::default()).expect("a part");
    let mut read = [0; 4];
    nor.read(0x40, &mut read).expect("read");
    assert_eq!(&read, b"here");
    assert_eq!(part.commands, [0x66, 0x99, 0xF0, 0x9F, 0x03]);
}

#[test]
fn a_small_part_has_no_high_address() {
    let nor = |power| {
        Nor { bus: &mut Part::new(Fault::None), clock: Ticks::default(), id: [0xEF, 0x40, power] }.require(REACH)
    };
    assert_eq!(nor(0x17), Err(NorError::Small { expected: 16 << 20, found: 8 << 20 }));
    // 16 MiB, 32 MiB, and 64 MiB as Micron numbers it.
    assert!([0x18, 0x19, 0x20].into_iter().all(|power| nor(power) == Ok(())));
}
