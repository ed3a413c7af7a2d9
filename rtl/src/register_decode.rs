//! Which register an offset means.

use crate::by_register::ByRegister;
use crate::comment;
use deltascope_abi::registers::{COUNTERS, offset};
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

// Bits 11:8 of the offset select the page of the counters, which are counted in 32-bit words of one page.
const _: () = assert!(offset::COUNTERS == 0x100 && 2 * COUNTERS < 64);

/// Decodes a byte offset; the answer is valid one clock later.
#[derive(LogicBlock, SmartDefault)]
pub struct RegisterDecode {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Byte offset in the window.
    pub address: Signal<In, Bits<12>>,
    /// The offset is that of the register.
    pub hit: ByRegister<Signal<Out, Bit>>,
    /// The offset is that of a half of a counter.
    pub hit_counter: Signal<Out, Bit>,
    /// One of those.
    pub defined: Signal<Out, Bit>,

    equal: ByRegister<DFF<Bit>>,
    counter: DFF<Bit>,
    page: Signal<Local, Bits<4>>,
    word: Signal<Local, Bits<6>>,
    unaligned: Signal<Local, Bit>,
    #[default(ByRegister::from_map(|register| Constant::new(u64::from(register.offset).into())))]
    at: ByRegister<Constant<Bits<12>>>,
    #[default(Constant::new(u64::from(offset::COUNTERS >> 8).into()))]
    counter_page: Constant<Bits<4>>,
    #[default(Constant::new((2 * COUNTERS as u64).into()))]
    counter_words: Constant<Bits<6>>,
}

macro_rules! update {
    ($($name:ident { $($about:tt)* })*) => {
        impl Logic for RegisterDecode {
            #[hdl_gen]
            fn update(&mut self) {
                comment!("@module register_decode");
                comment!("The register at an offset, one clock later.");
                dff_setup!(self, clock, counter);
                $(
                    self.equal.$name.clock.next = self.clock.val();
                    self.equal.$name.d.next = self.address.val() == self.at.$name.val();
                    self.hit.$name.next = self.equal.$name.q.val();
                )*
                comment!("Counters: one page, one word each for the low and the high half.");
                self.page.next = self.address.val().get_bits::<4>(8);
                self.word.next = self.address.val().get_bits::<6>(2);
                self.unaligned.next = self.address.val().get_bit(0) | self.address.val().get_bit(1);
                self.counter.d.next = !self.unaligned.val()
                    & (self.page.val() == self.counter_page.val())
                    & (self.word.val() < self.counter_words.val());
                self.hit_counter.next = self.counter.q.val();
                self.defined.next = self.counter.q.val() $(| self.equal.$name.q.val())*;
            }
        }
    };
}

deltascope_abi::for_each_register!(update);
