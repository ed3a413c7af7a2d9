//! Cuts the reply stream into packets.

use crate::comment;
use deltascope_abi::registers::{IRQ_BATCH_END, IRQ_SNAPSHOT};
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Sets TLAST on end-of-batch beats and on the `N`-th beat since the last TLAST.
///
/// Pure wiring with one counter: a beat passes in the clock in which it is offered. What a beat ends goes
/// along as marks, in the bit order of `IRQ_STATUS` (bit 0 snapshot, bit 1 batch), so that the interrupt
/// comes when the sink has taken the beat and not when the engine has offered it.
#[derive(LogicBlock, SmartDefault)]
pub struct ReplyPackets<const N: usize> {
    /// Clock.
    #[default(checked! {
        N >= 1 && N < 1 << 16 => "ReplyPackets: a packet has 1 to 65,535 beats";
        IRQ_SNAPSHOT.shift < 2 && IRQ_BATCH_END.shift < 2 => "ReplyPackets: marks have two bits"
    })]
    pub clock: Signal<In, Clock>,
    /// Low for one clock or more: the next beat is the first of a packet.
    pub resetn: Signal<In, Bit>,
    /// A reply beat.
    pub s_tdata: Signal<In, Bits<128>>,
    /// The beat is there.
    pub s_tvalid: Signal<In, Bit>,
    /// The beat is taken at the next edge.
    pub s_tready: Signal<Out, Bit>,
    /// It is an end-of-batch beat.
    pub s_batch_end: Signal<In, Bit>,
    /// It is the last beat of a snapshot.
    pub s_snapshot_end: Signal<In, Bit>,
    /// The same beat.
    pub m_tdata: Signal<Out, Bits<128>>,
    /// It is there.
    pub m_tvalid: Signal<Out, Bit>,
    /// The sink takes it at the next edge.
    pub m_tready: Signal<In, Bit>,
    /// Last beat of a packet.
    pub m_tlast: Signal<Out, Bit>,
    /// What the beat ends: bit 0 a snapshot, bit 1 a batch.
    pub m_mark: Signal<Out, Bits<2>>,
    /// Beats have left since the last TLAST.
    pub packet_open: Signal<Out, Bit>,

    beats: DFF<Bits<16>>,
    at_last: DFF<Bit>,
    last: Signal<Local, Bit>,
    leave: Signal<Local, Bit>,
    beats_next: Signal<Local, Bits<16>>,
    #[default(Constant::new(1_u64.into()))]
    one: Constant<Bits<16>>,
    #[default(Constant::new((N as u64 - 1).into()))]
    last_beat: Constant<Bits<16>>,
    #[default(Constant::new(N == 1))]
    first_is_last: Constant<Bit>,
    #[default(Constant::new(u64::from(IRQ_SNAPSHOT.mask()).into()))]
    mark_snapshot: Constant<Bits<2>>,
    #[default(Constant::new(u64::from(IRQ_BATCH_END.mask()).into()))]
    mark_batch: Constant<Bits<2>>,
    snapshot_mark: Signal<Local, Bits<2>>,
    batch_mark: Signal<Local, Bits<2>>,
}

impl<const N: usize> Logic for ReplyPackets<N> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module reply_packets");
        comment!("TLAST on end-of-batch beats and on every beat that fills a packet.");
        dff_setup!(self, clock, beats, at_last);

        self.m_tdata.next = self.s_tdata.val();
        self.m_tvalid.next = self.s_tvalid.val();
        self.s_tready.next = self.m_tready.val();
        self.last.next = self.s_batch_end.val() | self.at_last.q.val();
        self.m_tlast.next = self.last.val();
        self.leave.next = self.s_tvalid.val() & self.m_tready.val();

        self.snapshot_mark.next = 0.into();
        if self.s_snapshot_end.val() {
            self.snapshot_mark.next = self.mark_snapshot.val();
        }
        self.batch_mark.next = 0.into();
        if self.s_batch_end.val() {
            self.batch_mark.next = self.mark_batch.val();
        }
        self.m_mark.next = self.snapshot_mark.val() | self.batch_mark.val();

        comment!("Beats since the last TLAST; `at_last` says that the next one fills the packet.");
        self.beats_next.next = self.beats.q.val() + self.one.val();
        if self.leave.val() {
            self.beats.d.next = self.beats_next.val();
            self.at_last.d.next = self.beats_next.val() == self.last_beat.val();
            if self.last.val() {
                self.beats.d.next = 0.into();
                self.at_last.d.next = self.first_is_last.val();
            }
        }
        if !self.resetn.val() {
            self.beats.d.next = 0.into();
            self.at_last.d.next = self.first_is_last.val();
        }
        self.packet_open.next = self.beats.q.val().any();
    }
}
