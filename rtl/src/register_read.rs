//! The read side of the register file: one 32-bit word out of all, in two clocks.

use crate::by_register::ByRegister;
use crate::comment;
use crate::register_decode::RegisterDecode;
use crate::words::LatchedCounters;
use deltascope_abi::registers::COUNTERS;
use rust_hdl::prelude::*;

/// Groups of four counters, which share a selector.
const BANKS: usize = 5;

// The kernel names the counters of each bank, the last of which has three.
const _: () = assert!(COUNTERS == 19);

/// Reads the word of the register at an offset, and the counters, low word first, after them.
///
/// The address must be stable from the clock before `select` to the end of it; `data` and `defined` hold the
/// answer from the clock after it on, until the next `select`.
#[derive(LogicBlock, Default)]
pub struct RegisterRead {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Byte offset in the window.
    pub address: Signal<In, Bits<12>>,
    /// The first selection is done: take the answer.
    pub select: Signal<In, Bit>,
    /// The words of the registers.
    pub words: ByRegister<Signal<In, Bits<32>>>,
    /// The latched counters.
    pub counters: Signal<In, LatchedCounters>,
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
    /// The counter that each bank offers.
    chosen: [Signal<Local, Bits<64>>; BANKS],
    term: ByRegister<Signal<Local, Bits<32>>>,
    fixed_answer: Signal<Local, Bits<32>>,
    counter_answer: Signal<Local, Bits<32>>,
}

macro_rules! update {
    ($($name:ident { $($about:tt)* })*) => {
        impl Logic for RegisterRead {
            #[hdl_gen]
            fn update(&mut self) {
                comment!("@module register_read");
                comment!("Two clocks: first decode and choose within each bank, then choose among them.");
                dff_setup!(self, clock, bank, answer, answer_defined);
                self.decode.clock.next = self.clock.val();
                self.decode.address.next = self.address.val();

                comment!("Bit 2 of the offset selects the half, bits 4:3 the counter in its bank, bits 7:5 the bank.");
                self.upper.next = self.address.val().get_bit(2);
                self.odd.next = self.address.val().get_bit(3);
                self.second.next = self.address.val().get_bit(4);
                self.bank.d.next = self.address.val().get_bits::<3>(5);
                self.chosen[0].next = self.counters.val().accepted;
                self.chosen[1].next = self.counters.val().op_nop;
                self.chosen[2].next = self.counters.val().op_swap;
                self.chosen[3].next = self.counters.val().op_sync;
                self.chosen[4].next = self.counters.val().clocks_blocked;
                if self.second.val() {
                    if self.odd.val() {
                        self.chosen[0].next = self.counters.val().reply_beats;
                        self.chosen[1].next = self.counters.val().op_read;
                        self.chosen[2].next = self.counters.val().op_snapshot;
                        self.chosen[3].next = self.counters.val().clocks_starved;
                    } else {
                        self.chosen[0].next = self.counters.val().journal_position;
                        self.chosen[1].next = self.counters.val().op_accum;
                        self.chosen[2].next = self.counters.val().op_send;
                        self.chosen[3].next = self.counters.val().clocks_moving;
                    }
                    self.chosen[4].next = self.counters.val().clocks_answering;
                } else {
                    if self.odd.val() {
                        self.chosen[0].next = self.counters.val().rejected;
                        self.chosen[1].next = self.counters.val().op_load;
                        self.chosen[2].next = self.counters.val().op_pair;
                        self.chosen[3].next = self.counters.val().op_query;
                        self.chosen[4].next = self.counters.val().clocks_clearing;
                    }
                }
                for i in 0..BANKS {
                    self.bank_word[i].clock.next = self.clock.val();
                    if self.upper.val() {
                        self.bank_word[i].d.next = self.chosen[i].val().get_bits::<32>(32);
                    } else {
                        self.bank_word[i].d.next = self.chosen[i].val().get_bits::<32>(0);
                    }
                }

                comment!("Every register that is not hit gives zero, so that an OR selects.");
                $(
                    self.term.$name.next = 0.into();
                    if self.decode.hit.$name.val() {
                        self.term.$name.next = self.words.$name.val();
                    }
                )*
                self.fixed_answer.next = $(self.term.$name.val())|*;
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
    };
}

deltascope_abi::for_each_register!(update);
