//! The read side of the register file: one 32-bit word out of all, in two clocks.

use crate::comment;
use crate::register_decode::{COUNTERS, FIXED, RegisterDecode};
use rust_hdl::prelude::*;

/// Groups of four counters, which share a selector.
const BANKS: usize = 5;

// The kernel names registers and counters by number: four counters in each bank, three in the last.
const _: () = assert!(COUNTERS == 19 && FIXED == 13);

/// Reads `words[i]` at `MAP[i].offset` and the counters, low word first, after them.
///
/// The address must stand from the clock before `select` to the end of it; `data` and `defined` hold the
/// answer from the clock after it on, until the next `select`.
#[derive(LogicBlock, Default)]
pub struct RegisterRead {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Byte offset in the window.
    pub address: Signal<In, Bits<12>>,
    /// The first selection is done: take the answer.
    pub select: Signal<In, Bit>,
    /// The registers in the order of `MAP`.
    pub words: [Signal<In, Bits<32>>; FIXED],
    /// The counters in the order of `Counter::ALL`.
    pub counters: [Signal<In, Bits<64>>; COUNTERS],
    /// The word, 0 when there is none.
    pub data: Signal<Out, Bits<32>>,
    /// There is a register at the address.
    pub defined: Signal<Out, Bit>,

    decode: RegisterDecode,
    bank: DFF<Bits<3>>,
    bank_word: [DFF<Bits<32>>; BANKS],
    answer: DFF<Bits<32>>,
    answer_defined: DFF<Bit>,

    upper: Signal<Local, Bit>,
    odd: Signal<Local, Bit>,
    second: Signal<Local, Bit>,
    counter: [Signal<Local, Bits<64>>; BANKS],
    term: [Signal<Local, Bits<32>>; FIXED],
    fixed_answer: Signal<Local, Bits<32>>,
    counter_answer: Signal<Local, Bits<32>>,
}

impl Logic for RegisterRead {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module register_read");
        comment!("Two clocks: first decode and choose within each bank, then choose among them.");
        dff_setup!(self, clock, bank, answer, answer_defined);
        self.decode.clock.next = self.clock.val();
        self.decode.address.next = self.address.val();

        comment!("Bit 2 of the offset tells the half, bits 4:3 the counter in its bank, bits 7:5 the bank.");
        self.upper.next = self.address.val().get_bit(2);
        self.odd.next = self.address.val().get_bit(3);
        self.second.next = self.address.val().get_bit(4);
        self.bank.d.next = self.address.val().get_bits::<3>(5);
        for i in 0..4 {
            if self.second.val() {
                if self.odd.val() {
                    self.counter[i].next = self.counters[4 * i + 3].val();
                } else {
                    self.counter[i].next = self.counters[4 * i + 2].val();
                }
            } else {
                if self.odd.val() {
                    self.counter[i].next = self.counters[4 * i + 1].val();
                } else {
                    self.counter[i].next = self.counters[4 * i].val();
                }
            }
        }
        if self.second.val() {
            self.counter[4].next = self.counters[18].val();
        } else {
            if self.odd.val() {
                self.counter[4].next = self.counters[17].val();
            } else {
                self.counter[4].next = self.counters[16].val();
            }
        }
        for i in 0..BANKS {
            self.bank_word[i].clock.next = self.clock.val();
            if self.upper.val() {
                self.bank_word[i].d.next = self.counter[i].val().get_bits::<32>(32);
            } else {
                self.bank_word[i].d.next = self.counter[i].val().get_bits::<32>(0);
            }
        }

        comment!("Every register that is not hit gives zero, so that an OR selects.");
        for i in 0..FIXED {
            self.term[i].next = 0.into();
            if self.decode.hit[i].val() {
                self.term[i].next = self.words[i].val();
            }
        }
        self.fixed_answer.next = self.term[0].val()
            | self.term[1].val()
            | self.term[2].val()
            | self.term[3].val()
            | self.term[4].val()
            | self.term[5].val()
            | self.term[6].val()
            | self.term[7].val()
            | self.term[8].val()
            | self.term[9].val()
            | self.term[10].val()
            | self.term[11].val()
            | self.term[12].val();
        self.counter_answer.next = self.bank_word[0].q.val();
        if self.bank.q.val() == 1 {
            self.counter_answer.next = self.bank_word[1].q.val();
        }
        if self.bank.q.val() == 2 {
            self.counter_answer.next = self.bank_word[2].q.val();
        }
        if self.bank.q.val() == 3 {
            self.counter_answer.next = self.bank_word[3].q.val();
        }
        if self.bank.q.val() == 4 {
            self.counter_answer.next = self.bank_word[4].q.val();
        }
        if self.select.val() {
            self.answer_defined.d.next = self.decode.defined.val();
            if self.decode.hit_counter.val() {
                self.answer.d.next = self.counter_answer.val();
            } else {
                self.answer.d.next = self.fixed_answer.val();
            }
        }
        self.data.next = self.answer.q.val();
        self.defined.next = self.answer_defined.q.val();
    }
}
