//! The reply FIFO: room for every reply that the engine has promised.

use crate::comment;
use crate::lut_ram::LutRam;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// A FIFO of `2^A` words of `W` bits in LUTRAM; `C` is `A + 1`, the bits of its occupancy.
///
/// A word that is written is at `data` one clock later when the FIFO was empty. The engine grants
/// itself credit from `occupancy` before it accepts a record, so `write_ready` is true whenever it writes;
/// a write without it is ignored, and a proof shows that there is none.
#[derive(LogicBlock, SmartDefault)]
pub struct ReplyFifo<const A: usize, const C: usize, const W: usize> {
    /// Clock.
    #[default(checked! {
        A >= 1 && A <= 10 => "ReplyFifo: 2 to 1,024 words";
        C == A + 1 => "ReplyFifo: C, the bits of the occupancy, is A + 1"
    })]
    pub clock: Signal<In, Clock>,
    /// Low for one clock or more: empty the FIFO.
    pub resetn: Signal<In, Bit>,
    /// Adds `write_data` at the next edge if `write_ready`.
    pub write: Signal<In, Bit>,
    /// The new word.
    pub write_data: Signal<In, Bits<W>>,
    /// There is room for one word.
    pub write_ready: Signal<Out, Bit>,
    /// `data` is the oldest word; it stays until taken.
    pub valid: Signal<Out, Bit>,
    /// The oldest word.
    pub data: Signal<Out, Bits<W>>,
    /// The sink takes it at the next edge.
    pub ready: Signal<In, Bit>,
    /// Words in the FIFO, 0 to `2^A`.
    pub occupancy: Signal<Out, Bits<C>>,

    ram: LutRam<A, W>,
    write_pointer: DFF<Bits<A>>,
    read_pointer: DFF<Bits<A>>,
    words: DFF<Bits<C>>,
    not_empty: DFF<Bit>,
    full: DFF<Bit>,

    enter: Signal<Local, Bit>,
    leave: Signal<Local, Bit>,
    more: Signal<Local, Bits<C>>,
    fewer: Signal<Local, Bits<C>>,
    words_next: Signal<Local, Bits<C>>,
    #[default(Constant::new(1_u64.into()))]
    one_pointer: Constant<Bits<A>>,
    #[default(Constant::new(1_u64.into()))]
    one_word: Constant<Bits<C>>,
    #[default(Constant::new((1_u64 << A).into()))]
    depth: Constant<Bits<C>>,
}

impl<const A: usize, const C: usize, const W: usize> Logic for ReplyFifo<A, C, W> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module reply_fifo");
        comment!("First word falls through one clock after it was written.");
        dff_setup!(self, clock, write_pointer, read_pointer, words, not_empty, full);
        self.ram.clock.next = self.clock.val();

        self.enter.next = self.write.val() & !self.full.q.val();
        self.leave.next = self.not_empty.q.val() & self.ready.val();
        self.ram.write_enable.next = self.enter.val();
        self.ram.write_address.next = self.write_pointer.q.val();
        self.ram.write_data.next = self.write_data.val();
        self.ram.read_address.next = self.read_pointer.q.val();

        if self.enter.val() {
            self.write_pointer.d.next = self.write_pointer.q.val() + self.one_pointer.val();
        }
        if self.leave.val() {
            self.read_pointer.d.next = self.read_pointer.q.val() + self.one_pointer.val();
        }

        comment!("Empty and full are registers of their own: nothing downstream waits for a comparison.");
        self.more.next = self.words.q.val() + self.one_word.val();
        self.fewer.next = self.words.q.val() - self.one_word.val();
        self.words_next.next = self.words.q.val();
        if self.enter.val() & !self.leave.val() {
            self.words_next.next = self.more.val();
        }
        if self.leave.val() & !self.enter.val() {
            self.words_next.next = self.fewer.val();
        }
        self.words.d.next = self.words_next.val();
        self.not_empty.d.next = self.words_next.val().any();
        self.full.d.next = self.words_next.val() == self.depth.val();
        if !self.resetn.val() {
            self.write_pointer.d.next = 0.into();
            self.read_pointer.d.next = 0.into();
            self.words.d.next = 0.into();
            self.not_empty.d.next = false;
            self.full.d.next = false;
        }

        self.write_ready.next = !self.full.q.val();
        self.valid.next = self.not_empty.q.val();
        self.data.next = self.ram.read_data.val();
        self.occupancy.next = self.words.q.val();
    }
}
