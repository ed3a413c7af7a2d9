//! Which register an offset means.

use crate::comment;
use deltascope_abi::registers::{Counter, MAP, offset};
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Registers below the counters.
pub const FIXED: usize = MAP.len();
/// Latched counters of 64 bits.
pub const COUNTERS: usize = Counter::ALL.len();

// Counters are told by bits 11:8 of the offset and counted in 32-bit words of one page.
const _: () = assert!(offset::COUNTERS == 0x100 && 2 * COUNTERS < 64);

/// Decodes a byte offset; the answer stands one clock later.
#[derive(LogicBlock, SmartDefault)]
pub struct RegisterDecode {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Byte offset in the window.
    pub address: Signal<In, Bits<12>>,
    /// The offset is that of `MAP[i]`.
    pub hit: [Signal<Out, Bit>; FIXED],
    /// The offset is that of a half of a counter.
    pub hit_counter: Signal<Out, Bit>,
    /// One of those.
    pub defined: Signal<Out, Bit>,

    equal: [DFF<Bit>; FIXED],
    counter: DFF<Bit>,
    page: Signal<Local, Bits<4>>,
    word: Signal<Local, Bits<6>>,
    unaligned: Signal<Local, Bit>,
    #[default(std::array::from_fn(|i| Constant::new(u64::from(MAP[i].offset).into())))]
    at: [Constant<Bits<12>>; FIXED],
    #[default(Constant::new(u64::from(offset::COUNTERS >> 8).into()))]
    counter_page: Constant<Bits<4>>,
    #[default(Constant::new((2 * COUNTERS as u64).into()))]
    counter_words: Constant<Bits<6>>,
}

impl Logic for RegisterDecode {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module register_decode");
        comment!("The register at an offset, one clock later.");
        dff_setup!(self, clock, counter);
        for i in 0..FIXED {
            self.equal[i].clock.next = self.clock.val();
            self.equal[i].d.next = self.address.val() == self.at[i].val();
            self.hit[i].next = self.equal[i].q.val();
        }
        comment!("Counters: one page, one word each for the low and the high half.");
        self.page.next = self.address.val().get_bits::<4>(8);
        self.word.next = self.address.val().get_bits::<6>(2);
        self.unaligned.next = self.address.val().get_bit(0) | self.address.val().get_bit(1);
        self.counter.d.next = !self.unaligned.val()
            & (self.page.val() == self.counter_page.val())
            & (self.word.val() < self.counter_words.val());
        self.hit_counter.next = self.counter.q.val();
        self.defined.next = self.counter.q.val()
            | self.equal[0].q.val()
            | self.equal[1].q.val()
            | self.equal[2].q.val()
            | self.equal[3].q.val()
            | self.equal[4].q.val()
            | self.equal[5].q.val()
            | self.equal[6].q.val()
            | self.equal[7].q.val()
            | self.equal[8].q.val()
            | self.equal[9].q.val()
            | self.equal[10].q.val()
            | self.equal[11].q.val()
            | self.equal[12].q.val();
    }
}
