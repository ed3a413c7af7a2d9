//! AXI4-Stream width converters: 64 to 128 bits in front of the engine, 128 to 64 behind it.
//!
//! AXI DMA is 64 bits wide on both sides; a record and a reply beat have 128. Both converters register
//! every handshake output: `ready` never depends on the other side's `ready` in the same clock.

use crate::comment;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Op of the record that [`AxisWidthUp`] makes of a fragment: no op has this number, so the engine
/// rejects and counts it.
pub const FRAGMENT_OP: u64 = 0xF;

/// Two beats of 64 bits become one record of 128: the first is bits 63:0, TLAST counts on the second.
///
/// Takes one 64-bit beat every clock when the sink takes one record every second clock. A record is whole
/// when all sixteen TKEEP bits are set and TLAST does not come with its first half. Anything else is a
/// fragment and must not vanish: it becomes a record whose op is [`FRAGMENT_OP`], with its TLAST, so that
/// the engine counts it as rejected and the batch still gets its end-of-batch beat.
#[derive(LogicBlock, SmartDefault)]
pub struct AxisWidthUp {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Low for one clock or more: forget the beats held.
    pub resetn: Signal<In, Bit>,
    /// Half a record.
    pub s_tdata: Signal<In, Bits<64>>,
    /// Bytes of it that are there.
    pub s_tkeep: Signal<In, Bits<8>>,
    /// The half is there.
    pub s_tvalid: Signal<In, Bit>,
    /// The half is taken at the next edge.
    pub s_tready: Signal<Out, Bit>,
    /// Last half of a batch.
    pub s_tlast: Signal<In, Bit>,
    /// A record.
    pub m_tdata: Signal<Out, Bits<128>>,
    /// The record is there; it stays until taken.
    pub m_tvalid: Signal<Out, Bit>,
    /// The sink takes it at the next edge.
    pub m_tready: Signal<In, Bit>,
    /// Last record of a batch.
    pub m_tlast: Signal<Out, Bit>,
    /// High for one clock when a fragment was turned into a record.
    pub fragment: Signal<Out, Bit>,

    low_held: DFF<Bit>,
    low_data: DFF<Bits<64>>,
    low_whole: DFF<Bit>,
    low_last: DFF<Bit>,
    out_valid: DFF<Bit>,
    out_data: DFF<Bits<128>>,
    out_last: DFF<Bit>,
    out_fragment: DFF<Bit>,

    ready: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
    take_low: Signal<Local, Bit>,
    take_high: Signal<Local, Bit>,
    send: Signal<Local, Bit>,
    both_whole: Signal<Local, Bit>,
    joined: Signal<Local, Bits<128>>,
    low_wide: Signal<Local, Bits<128>>,
    high_wide: Signal<Local, Bits<128>>,
    high_shifted: Signal<Local, Bits<128>>,
    broken: Signal<Local, Bits<128>>,
    #[default(Constant::new(FRAGMENT_OP.into()))]
    fragment_op: Constant<Bits<128>>,
}

impl Logic for AxisWidthUp {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module axis_width_up");
        comment!("64 to 128 bits. A half without its other half, or with missing bytes, becomes a record of op 15.");
        dff_setup!(self, clock, low_held, low_data, low_whole, low_last);
        dff_setup!(self, clock, out_valid, out_data, out_last, out_fragment);

        comment!("A low half goes into its register; a high half needs the output register to be free.");
        self.ready.next = !self.low_held.q.val() | (!self.low_last.q.val() & !self.out_valid.q.val());
        self.s_tready.next = self.ready.val();
        self.take.next = self.ready.val() & self.s_tvalid.val();
        self.take_low.next = self.take.val() & !self.low_held.q.val();
        self.take_high.next = self.take.val() & self.low_held.q.val();

        comment!("A low half that ended its batch leaves alone.");
        self.send.next =
            self.take_high.val() | (self.low_held.q.val() & self.low_last.q.val() & !self.out_valid.q.val());
        self.both_whole.next = self.low_whole.q.val() & !self.low_last.q.val() & self.s_tkeep.val().all();

        self.low_wide.next = bit_cast::<128, 64>(self.low_data.q.val());
        self.high_wide.next = bit_cast::<128, 64>(self.s_tdata.val());
        self.high_shifted.next = self.high_wide.val() << 64;
        self.joined.next = self.low_wide.val() | self.high_shifted.val();
        self.broken.next = self.low_wide.val() | self.fragment_op.val();

        if self.take_low.val() {
            self.low_held.d.next = true;
            self.low_data.d.next = self.s_tdata.val();
            self.low_whole.d.next = self.s_tkeep.val().all();
            self.low_last.d.next = self.s_tlast.val();
        }
        if self.m_tready.val() {
            self.out_valid.d.next = false;
        }
        self.out_fragment.d.next = false;
        if self.send.val() {
            self.low_held.d.next = false;
            self.out_valid.d.next = true;
            self.out_last.d.next = self.low_last.q.val() | self.s_tlast.val();
            if self.both_whole.val() {
                self.out_data.d.next = self.joined.val();
            } else {
                self.out_data.d.next = self.broken.val();
                self.out_fragment.d.next = true;
            }
        }
        if !self.resetn.val() {
            self.low_held.d.next = false;
            self.out_valid.d.next = false;
            self.out_fragment.d.next = false;
        }
        self.m_tdata.next = self.out_data.q.val();
        self.m_tvalid.next = self.out_valid.q.val();
        self.m_tlast.next = self.out_last.q.val();
        self.fragment.next = self.out_fragment.q.val();
    }
}

/// One beat of 128 bits becomes two of 64: bits 63:0 first, TLAST on the second.
///
/// Gives one 64-bit beat every clock for as long as there is a beat every second clock. `mark` bits travel
/// with a beat and come out as pulses when the sink has taken its second half.
#[derive(LogicBlock, Default)]
pub struct AxisWidthDown {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Low for one clock or more: forget the beats held.
    pub resetn: Signal<In, Bit>,
    /// A reply beat.
    pub s_tdata: Signal<In, Bits<128>>,
    /// The beat is there.
    pub s_tvalid: Signal<In, Bit>,
    /// The beat is taken at the next edge.
    pub s_tready: Signal<Out, Bit>,
    /// Last beat of a packet.
    pub s_tlast: Signal<In, Bit>,
    /// What to report when the beat has left.
    pub s_mark: Signal<In, Bits<2>>,
    /// Half a reply beat.
    pub m_tdata: Signal<Out, Bits<64>>,
    /// The half is there; it stays until taken.
    pub m_tvalid: Signal<Out, Bit>,
    /// The sink takes it at the next edge.
    pub m_tready: Signal<In, Bit>,
    /// Last half of a packet.
    pub m_tlast: Signal<Out, Bit>,
    /// The marks of a beat, for one clock, after its second half was taken.
    pub taken_mark: Signal<Out, Bits<2>>,

    front_valid: DFF<Bit>,
    front_data: DFF<Bits<128>>,
    front_last: DFF<Bit>,
    front_mark: DFF<Bits<2>>,
    back_valid: DFF<Bit>,
    back_data: DFF<Bits<128>>,
    back_last: DFF<Bit>,
    back_mark: DFF<Bits<2>>,
    second: DFF<Bit>,
    taken: DFF<Bits<2>>,

    accept: Signal<Local, Bit>,
    move_half: Signal<Local, Bit>,
    done: Signal<Local, Bit>,
    hold_front: Signal<Local, Bit>,
}

impl Logic for AxisWidthDown {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module axis_width_down");
        comment!("128 to 64 bits. Two beats of room, so that `ready` is a register and no clock is lost.");
        dff_setup!(self, clock, front_valid, front_data, front_last, front_mark);
        dff_setup!(self, clock, back_valid, back_data, back_last, back_mark, second, taken);

        self.s_tready.next = !self.back_valid.q.val();
        self.accept.next = self.s_tvalid.val() & !self.back_valid.q.val();
        self.move_half.next = self.front_valid.q.val() & self.m_tready.val();
        self.done.next = self.move_half.val() & self.second.q.val();
        self.hold_front.next = self.front_valid.q.val() & !self.done.val();

        if self.move_half.val() {
            self.second.d.next = !self.second.q.val();
        }
        self.taken.d.next = 0.into();
        if self.done.val() {
            self.taken.d.next = self.front_mark.q.val();
        }
        comment!("The front beat stays, comes from the back, or comes from the input.");
        if !self.hold_front.val() {
            self.front_valid.d.next = self.back_valid.q.val() | self.accept.val();
            if self.back_valid.q.val() {
                self.front_data.d.next = self.back_data.q.val();
                self.front_last.d.next = self.back_last.q.val();
                self.front_mark.d.next = self.back_mark.q.val();
            } else {
                self.front_data.d.next = self.s_tdata.val();
                self.front_last.d.next = self.s_tlast.val();
                self.front_mark.d.next = self.s_mark.val();
            }
            self.back_valid.d.next = false;
        }
        if self.hold_front.val() & self.accept.val() {
            self.back_valid.d.next = true;
            self.back_data.d.next = self.s_tdata.val();
            self.back_last.d.next = self.s_tlast.val();
            self.back_mark.d.next = self.s_mark.val();
        }
        if !self.resetn.val() {
            self.front_valid.d.next = false;
            self.back_valid.d.next = false;
            self.second.d.next = false;
            self.taken.d.next = 0.into();
        }

        self.m_tvalid.next = self.front_valid.q.val();
        self.m_tlast.next = self.front_last.q.val() & self.second.q.val();
        self.m_tdata.next = self.front_data.q.val().get_bits::<64>(0);
        if self.second.q.val() {
            self.m_tdata.next = self.front_data.q.val().get_bits::<64>(64);
        }
        self.taken_mark.next = self.taken.q.val();
    }
}
