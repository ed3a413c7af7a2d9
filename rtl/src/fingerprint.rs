//! Fingerprints of raw bytes: CRC32C of each packet of an AXI4-Stream, sixteen bytes a clock.

use crate::comment;
use crate::crc32c::{Crc32cAdvance, Crc32cRetreat, Crc32cStart};
use crate::fingerprint_queue::FingerprintQueue;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// One packet of bytes in, one result of 64 bits out.
///
/// Bits 31:0 of a result are the CRC32C of the packet's bytes, bits 62:32 their number modulo 2^31. Bytes without TKEEP
/// may come before the first byte of a packet, after its last one, and as whole beats anywhere. A packet with another
/// gap has no fingerprint: its result is bit 63 alone. A packet without bytes has the CRC 0 and the length 0.
///
/// Takes a beat every clock for as long as the sink keeps up with the packets.
#[derive(LogicBlock, SmartDefault)]
pub struct Fingerprint {
    /// Clock.
    pub aclk: Signal<In, Clock>,
    /// Low for one clock or more: forget every packet and every result.
    pub aresetn: Signal<In, Bit>,
    /// Sixteen bytes, the first in bits 7:0.
    pub s_axis_tdata: Signal<In, Bits<128>>,
    /// Which of them belong to the packet.
    pub s_axis_tkeep: Signal<In, Bits<16>>,
    /// The beat is there.
    pub s_axis_tvalid: Signal<In, Bit>,
    /// The beat is taken at the next edge: a register, low in reset.
    pub s_axis_tready: Signal<Out, Bit>,
    /// Last beat of a packet.
    pub s_axis_tlast: Signal<In, Bit>,
    /// A result.
    pub m_axis_tdata: Signal<Out, Bits<64>>,
    /// All ones.
    pub m_axis_tkeep: Signal<Out, Bits<8>>,
    /// The result is there; it stays until taken.
    pub m_axis_tvalid: Signal<Out, Bit>,
    /// The sink takes it at the next edge.
    pub m_axis_tready: Signal<In, Bit>,
    /// One: every result is a packet.
    pub m_axis_tlast: Signal<Out, Bit>,

    queue: FingerprintQueue,
    advance_word_0: Crc32cAdvance<16>,
    advance_word_1: Crc32cAdvance<12>,
    advance_word_2: Crc32cAdvance<8>,
    advance_word_3: Crc32cAdvance<4>,
    advance_state: Crc32cAdvance<16>,
    retreat_8: Crc32cRetreat<8>,
    retreat_4: Crc32cRetreat<4>,
    retreat_2: Crc32cRetreat<2>,
    retreat_1: Crc32cRetreat<1>,
    start: Crc32cStart,
    a_valid: DFF<Bit>,
    a_last: DFF<Bit>,
    a_data: DFF<Bits<128>>,
    a_keep: DFF<Bits<16>>,
    b_valid: DFF<Bit>,
    b_last: DFF<Bit>,
    b_word: [DFF<Bits<32>>; 4],
    b_rise: DFF<Bits<16>>,
    b_fall: DFF<Bits<16>>,
    c_valid: DFF<Bit>,
    c_last: DFF<Bit>,
    c_part: [DFF<Bits<32>>; 4],
    c_lead: DFF<Bits<5>>,
    c_pad: DFF<Bits<4>>,
    c_again: DFF<Bits<16>>,
    d_valid: DFF<Bit>,
    d_last: DFF<Bit>,
    d_sum: DFF<Bits<32>>,
    d_first: DFF<Bit>,
    d_empty: DFF<Bit>,
    d_late: DFF<Bit>,
    d_hole: DFF<Bit>,
    d_pad: DFF<Bits<4>>,
    d_count: DFF<Bits<5>>,
    in_packet: DFF<Bit>,
    e_done: DFF<Bit>,
    e_state: DFF<Bits<32>>,
    e_pad: DFF<Bits<4>>,
    e_length: DFF<Bits<31>>,
    e_broken: DFF<Bit>,
    f0_done: DFF<Bit>,
    f0_state: DFF<Bits<32>>,
    f0_length: DFF<Bits<31>>,
    f0_broken: DFF<Bit>,
    f0_pad: DFF<Bits<4>>,
    f1_done: DFF<Bit>,
    f1_state: DFF<Bits<32>>,
    f1_length: DFF<Bits<31>>,
    f1_broken: DFF<Bit>,
    f1_pad: DFF<Bits<4>>,
    f2_done: DFF<Bit>,
    f2_state: DFF<Bits<32>>,
    f2_length: DFF<Bits<31>>,
    f2_broken: DFF<Bit>,
    f2_pad: DFF<Bits<4>>,
    f3_done: DFF<Bit>,
    f3_state: DFF<Bits<32>>,
    f3_length: DFF<Bits<31>>,
    f3_broken: DFF<Bit>,
    accept: Signal<Local, Bit>,
    byte: [Signal<Local, Bits<8>>; 16],
    kept: [Signal<Local, Bits<32>>; 16],
    word: [Signal<Local, Bits<32>>; 4],
    lane_below: Signal<Local, Bits<16>>,
    lane_above: Signal<Local, Bits<16>>,
    rise_less_one: Signal<Local, Bits<16>>,
    lead_bits_0: Signal<Local, Bits<16>>,
    lead_bits_1: Signal<Local, Bits<16>>,
    lead_bits_2: Signal<Local, Bits<16>>,
    lead_bits_3: Signal<Local, Bits<16>>,
    pad_bits_0: Signal<Local, Bits<16>>,
    pad_bits_1: Signal<Local, Bits<16>>,
    pad_bits_2: Signal<Local, Bits<16>>,
    pad_bits_3: Signal<Local, Bits<16>>,
    lead_bit: [Signal<Local, Bits<5>>; 5],
    pad_bit: [Signal<Local, Bits<4>>; 4],
    empty: Signal<Local, Bit>,
    no_bytes: Signal<Local, Bit>,
    initial_part: Signal<Local, Bits<32>>,
    parts: Signal<Local, Bits<32>>,
    pad_wide: Signal<Local, Bits<5>>,
    bytes_from_lead: Signal<Local, Bits<5>>,
    load: Signal<Local, Bit>,
    next_state: Signal<Local, Bits<32>>,
    count_wide: Signal<Local, Bits<31>>,
    length_before: Signal<Local, Bits<31>>,
    gap: Signal<Local, Bit>,
    was_broken: Signal<Local, Bit>,
    retreated_0: Signal<Local, Bits<32>>,
    retreated_1: Signal<Local, Bits<32>>,
    retreated_2: Signal<Local, Bits<32>>,
    retreated_3: Signal<Local, Bits<32>>,
    crc_bits: Signal<Local, Bits<32>>,
    crc: Signal<Local, Bits<64>>,
    length_wide: Signal<Local, Bits<64>>,
    length_placed: Signal<Local, Bits<64>>,
    result: Signal<Local, Bits<64>>,
    #[default(Constant::new((0xAAAA_u64).into()))]
    odd: Constant<Bits<16>>,
    #[default(Constant::new((0xCCCC_u64).into()))]
    pairs: Constant<Bits<16>>,
    #[default(Constant::new((0xF0F0_u64).into()))]
    quads: Constant<Bits<16>>,
    #[default(Constant::new((0xFF00_u64).into()))]
    upper: Constant<Bits<16>>,
    #[default(Constant::new((0x5555_u64).into()))]
    not_odd: Constant<Bits<16>>,
    #[default(Constant::new((0x3333_u64).into()))]
    not_pairs: Constant<Bits<16>>,
    #[default(Constant::new((0x0F0F_u64).into()))]
    not_quads: Constant<Bits<16>>,
    #[default(Constant::new((0x00FF_u64).into()))]
    lower: Constant<Bits<16>>,
    #[default(Constant::new((1_u64).into()))]
    one_lane: Constant<Bits<16>>,
    #[default(Constant::new((16_u64).into()))]
    sixteen: Constant<Bits<5>>,
    #[default(Constant::new((1_u64 << 63).into()))]
    no_fingerprint: Constant<Bits<64>>,
    #[default(Constant::new((0xFF_u64).into()))]
    all_bytes: Constant<Bits<8>>,
}

impl Logic for Fingerprint {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module fingerprint");
        comment!(
            "CRC32C of each packet, sixteen bytes a clock. The pipeline never stalls: places for results are promised."
        );
        dff_setup!(self, aclk, a_valid, a_last, a_data, a_keep, b_valid, b_last, b_rise, b_fall);
        dff_setup!(self, aclk, c_valid, c_last, c_lead, c_pad, c_again);
        dff_setup!(self, aclk, d_valid, d_last, d_sum, d_first, d_empty, d_late, d_hole, d_pad, d_count, in_packet);
        dff_setup!(self, aclk, e_done, e_state, e_pad, e_length, e_broken);
        dff_setup!(self, aclk, f0_done, f0_state, f0_length, f0_broken, f0_pad);
        dff_setup!(self, aclk, f1_done, f1_state, f1_length, f1_broken, f1_pad);
        dff_setup!(self, aclk, f2_done, f2_state, f2_length, f2_broken, f2_pad);
        dff_setup!(self, aclk, f3_done, f3_state, f3_length, f3_broken);
        for w in 0..4 {
            self.b_word[w].clock.next = self.aclk.val();
            self.c_part[w].clock.next = self.aclk.val();
        }
        self.queue.clock.next = self.aclk.val();
        self.queue.resetn.next = self.aresetn.val();

        comment!("A: the beat as it was taken.");
        self.s_axis_tready.next = self.queue.room.val();
        self.accept.next = self.s_axis_tvalid.val() & self.queue.room.val();
        self.queue.promise.next = self.accept.val() & self.s_axis_tlast.val();
        self.a_valid.d.next = self.accept.val();
        self.a_last.d.next = self.s_axis_tlast.val();
        self.a_data.d.next = self.s_axis_tdata.val();
        self.a_keep.d.next = self.s_axis_tkeep.val();

        comment!("B: bytes that do not belong to the packet are zero; where its bytes begin and end.");
        self.byte[0].next = self.a_data.q.val().get_bits::<8>(0);
        self.byte[1].next = self.a_data.q.val().get_bits::<8>(8);
        self.byte[2].next = self.a_data.q.val().get_bits::<8>(16);
        self.byte[3].next = self.a_data.q.val().get_bits::<8>(24);
        self.byte[4].next = self.a_data.q.val().get_bits::<8>(32);
        self.byte[5].next = self.a_data.q.val().get_bits::<8>(40);
        self.byte[6].next = self.a_data.q.val().get_bits::<8>(48);
        self.byte[7].next = self.a_data.q.val().get_bits::<8>(56);
        self.byte[8].next = self.a_data.q.val().get_bits::<8>(64);
        self.byte[9].next = self.a_data.q.val().get_bits::<8>(72);
        self.byte[10].next = self.a_data.q.val().get_bits::<8>(80);
        self.byte[11].next = self.a_data.q.val().get_bits::<8>(88);
        self.byte[12].next = self.a_data.q.val().get_bits::<8>(96);
        self.byte[13].next = self.a_data.q.val().get_bits::<8>(104);
        self.byte[14].next = self.a_data.q.val().get_bits::<8>(112);
        self.byte[15].next = self.a_data.q.val().get_bits::<8>(120);
        self.kept[0].next = 0.into();
        if self.a_keep.q.val().get_bit(0) {
            self.kept[0].next = bit_cast::<32, 8>(self.byte[0].val());
        }
        self.kept[1].next = 0.into();
        if self.a_keep.q.val().get_bit(1) {
            self.kept[1].next = bit_cast::<32, 8>(self.byte[1].val());
        }
        self.kept[2].next = 0.into();
        if self.a_keep.q.val().get_bit(2) {
            self.kept[2].next = bit_cast::<32, 8>(self.byte[2].val());
        }
        self.kept[3].next = 0.into();
        if self.a_keep.q.val().get_bit(3) {
            self.kept[3].next = bit_cast::<32, 8>(self.byte[3].val());
        }
        self.kept[4].next = 0.into();
        if self.a_keep.q.val().get_bit(4) {
            self.kept[4].next = bit_cast::<32, 8>(self.byte[4].val());
        }
        self.kept[5].next = 0.into();
        if self.a_keep.q.val().get_bit(5) {
            self.kept[5].next = bit_cast::<32, 8>(self.byte[5].val());
        }
        self.kept[6].next = 0.into();
        if self.a_keep.q.val().get_bit(6) {
            self.kept[6].next = bit_cast::<32, 8>(self.byte[6].val());
        }
        self.kept[7].next = 0.into();
        if self.a_keep.q.val().get_bit(7) {
            self.kept[7].next = bit_cast::<32, 8>(self.byte[7].val());
        }
        self.kept[8].next = 0.into();
        if self.a_keep.q.val().get_bit(8) {
            self.kept[8].next = bit_cast::<32, 8>(self.byte[8].val());
        }
        self.kept[9].next = 0.into();
        if self.a_keep.q.val().get_bit(9) {
            self.kept[9].next = bit_cast::<32, 8>(self.byte[9].val());
        }
        self.kept[10].next = 0.into();
        if self.a_keep.q.val().get_bit(10) {
            self.kept[10].next = bit_cast::<32, 8>(self.byte[10].val());
        }
        self.kept[11].next = 0.into();
        if self.a_keep.q.val().get_bit(11) {
            self.kept[11].next = bit_cast::<32, 8>(self.byte[11].val());
        }
        self.kept[12].next = 0.into();
        if self.a_keep.q.val().get_bit(12) {
            self.kept[12].next = bit_cast::<32, 8>(self.byte[12].val());
        }
        self.kept[13].next = 0.into();
        if self.a_keep.q.val().get_bit(13) {
            self.kept[13].next = bit_cast::<32, 8>(self.byte[13].val());
        }
        self.kept[14].next = 0.into();
        if self.a_keep.q.val().get_bit(14) {
            self.kept[14].next = bit_cast::<32, 8>(self.byte[14].val());
        }
        self.kept[15].next = 0.into();
        if self.a_keep.q.val().get_bit(15) {
            self.kept[15].next = bit_cast::<32, 8>(self.byte[15].val());
        }
        for w in 0..4 {
            self.word[w].next = self.kept[4 * w].val()
                | (self.kept[4 * w + 1].val() << 8)
                | (self.kept[4 * w + 2].val() << 16)
                | (self.kept[4 * w + 3].val() << 24);
            self.b_word[w].d.next = self.word[w].val();
        }
        self.b_valid.d.next = self.a_valid.q.val();
        self.b_last.d.next = self.a_last.q.val();
        self.lane_below.next = self.a_keep.q.val() << 1;
        self.lane_above.next = self.a_keep.q.val() >> 1;
        self.b_rise.d.next = self.a_keep.q.val() & !self.lane_below.val();
        self.b_fall.d.next = self.a_keep.q.val() & !self.lane_above.val();

        comment!("C: each word as it will be at the end of the beat; lanes before the first byte and after the last.");
        self.advance_word_0.state.next = self.b_word[0].q.val();
        self.c_part[0].d.next = self.advance_word_0.moved.val();
        self.advance_word_1.state.next = self.b_word[1].q.val();
        self.c_part[1].d.next = self.advance_word_1.moved.val();
        self.advance_word_2.state.next = self.b_word[2].q.val();
        self.c_part[2].d.next = self.advance_word_2.moved.val();
        self.advance_word_3.state.next = self.b_word[3].q.val();
        self.c_part[3].d.next = self.advance_word_3.moved.val();
        self.c_valid.d.next = self.b_valid.q.val();
        self.c_last.d.next = self.b_last.q.val();
        self.no_bytes.next = !self.b_rise.q.val().any();
        self.lead_bits_0.next = self.b_rise.q.val() & self.odd.val();
        self.lead_bits_1.next = self.b_rise.q.val() & self.pairs.val();
        self.lead_bits_2.next = self.b_rise.q.val() & self.quads.val();
        self.lead_bits_3.next = self.b_rise.q.val() & self.upper.val();
        self.lead_bit[0].next = bit_cast::<5, 1>(self.lead_bits_0.val().any().into());
        self.lead_bit[1].next = bit_cast::<5, 1>(self.lead_bits_1.val().any().into());
        self.lead_bit[2].next = bit_cast::<5, 1>(self.lead_bits_2.val().any().into());
        self.lead_bit[3].next = bit_cast::<5, 1>(self.lead_bits_3.val().any().into());
        self.lead_bit[4].next = bit_cast::<5, 1>(self.no_bytes.val().into());
        self.c_lead.d.next = self.lead_bit[0].val()
            | (self.lead_bit[1].val() << 1)
            | (self.lead_bit[2].val() << 2)
            | (self.lead_bit[3].val() << 3)
            | (self.lead_bit[4].val() << 4);
        self.pad_bits_0.next = self.b_fall.q.val() & self.not_odd.val();
        self.pad_bits_1.next = self.b_fall.q.val() & self.not_pairs.val();
        self.pad_bits_2.next = self.b_fall.q.val() & self.not_quads.val();
        self.pad_bits_3.next = self.b_fall.q.val() & self.lower.val();
        self.pad_bit[0].next = bit_cast::<4, 1>(self.pad_bits_0.val().any().into());
        self.pad_bit[1].next = bit_cast::<4, 1>(self.pad_bits_1.val().any().into());
        self.pad_bit[2].next = bit_cast::<4, 1>(self.pad_bits_2.val().any().into());
        self.pad_bit[3].next = bit_cast::<4, 1>(self.pad_bits_3.val().any().into());
        self.c_pad.d.next = self.pad_bit[0].val()
            | (self.pad_bit[1].val() << 1)
            | (self.pad_bit[2].val() << 2)
            | (self.pad_bit[3].val() << 3);
        comment!("Bytes begin more than once: what is left without the first beginning.");
        self.rise_less_one.next = self.b_rise.q.val() - self.one_lane.val();
        self.c_again.d.next = self.b_rise.q.val() & self.rise_less_one.val();

        comment!("D: what the beat adds to the state, with the initial state when it is the first with bytes.");
        self.start.lead.next = self.c_lead.q.val();
        self.initial_part.next = 0.into();
        if !self.in_packet.q.val() {
            self.initial_part.next = self.start.word.val();
        }
        self.parts.next =
            self.c_part[0].q.val() ^ self.c_part[1].q.val() ^ self.c_part[2].q.val() ^ self.c_part[3].q.val();
        self.d_sum.d.next = self.parts.val() ^ self.initial_part.val();
        self.d_valid.d.next = self.c_valid.q.val();
        self.d_last.d.next = self.c_last.q.val();
        self.d_first.d.next = !self.in_packet.q.val();
        self.empty.next = self.c_lead.q.val().get_bit(4);
        self.d_empty.d.next = self.empty.val();
        self.d_late.d.next = self.c_lead.q.val().any() & !self.empty.val();
        self.d_hole.d.next = self.c_again.q.val().any();
        self.d_pad.d.next = self.c_pad.q.val();
        self.pad_wide.next = bit_cast::<5, 4>(self.c_pad.q.val());
        self.bytes_from_lead.next = self.sixteen.val() - self.c_lead.q.val();
        self.d_count.d.next = self.bytes_from_lead.val() - self.pad_wide.val();
        if self.c_valid.q.val() {
            self.in_packet.d.next = !self.c_last.q.val() & (self.in_packet.q.val() | !self.empty.val());
        }

        comment!("E: the state, the lanes after its last byte, the length. A beat without bytes changes nothing.");
        self.advance_state.state.next = self.e_state.q.val();
        self.load.next = self.d_valid.q.val() & (self.d_first.q.val() | !self.d_empty.q.val());
        self.next_state.next = self.d_sum.q.val();
        if !self.d_first.q.val() {
            self.next_state.next = self.advance_state.moved.val() ^ self.d_sum.q.val();
        }
        if self.load.val() {
            self.e_state.d.next = self.next_state.val();
            self.e_pad.d.next = self.d_pad.q.val();
        }
        self.count_wide.next = bit_cast::<31, 5>(self.d_count.q.val());
        self.length_before.next = 0.into();
        if !self.d_first.q.val() {
            self.length_before.next = self.e_length.q.val();
        }
        comment!("Bytes do not go on where the last ones ended.");
        self.gap.next = !self.d_empty.q.val() & (self.d_late.q.val() | self.e_pad.q.val().any());
        self.was_broken.next = !self.d_first.q.val() & (self.e_broken.q.val() | self.gap.val());
        if self.d_valid.q.val() {
            self.e_length.d.next = self.length_before.val() + self.count_wide.val();
            self.e_broken.d.next = self.d_hole.q.val() | self.was_broken.val();
        }
        self.e_done.d.next = self.d_valid.q.val() & self.d_last.q.val();

        comment!("F: the lanes after the last byte are taken back, eight, four, two and one.");
        self.retreat_8.moved.next = self.e_state.q.val();
        self.retreated_0.next = self.e_state.q.val();
        if self.e_pad.q.val().get_bit(3) {
            self.retreated_0.next = self.retreat_8.state.val();
        }
        self.f0_state.d.next = self.retreated_0.val();
        self.f0_done.d.next = self.e_done.q.val();
        self.f0_length.d.next = self.e_length.q.val();
        self.f0_broken.d.next = self.e_broken.q.val();
        self.f0_pad.d.next = self.e_pad.q.val();
        self.retreat_4.moved.next = self.f0_state.q.val();
        self.retreated_1.next = self.f0_state.q.val();
        if self.f0_pad.q.val().get_bit(2) {
            self.retreated_1.next = self.retreat_4.state.val();
        }
        self.f1_state.d.next = self.retreated_1.val();
        self.f1_done.d.next = self.f0_done.q.val();
        self.f1_length.d.next = self.f0_length.q.val();
        self.f1_broken.d.next = self.f0_broken.q.val();
        self.f1_pad.d.next = self.f0_pad.q.val();
        self.retreat_2.moved.next = self.f1_state.q.val();
        self.retreated_2.next = self.f1_state.q.val();
        if self.f1_pad.q.val().get_bit(1) {
            self.retreated_2.next = self.retreat_2.state.val();
        }
        self.f2_state.d.next = self.retreated_2.val();
        self.f2_done.d.next = self.f1_done.q.val();
        self.f2_length.d.next = self.f1_length.q.val();
        self.f2_broken.d.next = self.f1_broken.q.val();
        self.f2_pad.d.next = self.f1_pad.q.val();
        self.retreat_1.moved.next = self.f2_state.q.val();
        self.retreated_3.next = self.f2_state.q.val();
        if self.f2_pad.q.val().get_bit(0) {
            self.retreated_3.next = self.retreat_1.state.val();
        }
        self.f3_state.d.next = self.retreated_3.val();
        self.f3_done.d.next = self.f2_done.q.val();
        self.f3_length.d.next = self.f2_length.q.val();
        self.f3_broken.d.next = self.f2_broken.q.val();

        comment!("The result.");
        self.crc_bits.next = !self.f3_state.q.val();
        self.crc.next = bit_cast::<64, 32>(self.crc_bits.val());
        self.length_wide.next = bit_cast::<64, 31>(self.f3_length.q.val());
        self.length_placed.next = self.length_wide.val() << 32;
        self.result.next = self.crc.val() | self.length_placed.val();
        if self.f3_broken.q.val() {
            self.result.next = self.no_fingerprint.val();
        }
        self.queue.write.next = self.f3_done.q.val();
        self.queue.write_data.next = self.result.val();

        comment!("Of the pipeline only what says that a beat or a packet is there needs a reset.");
        if !self.aresetn.val() {
            self.a_valid.d.next = false;
            self.b_valid.d.next = false;
            self.c_valid.d.next = false;
            self.d_valid.d.next = false;
            self.e_done.d.next = false;
            self.f0_done.d.next = false;
            self.f1_done.d.next = false;
            self.f2_done.d.next = false;
            self.f3_done.d.next = false;
            self.in_packet.d.next = false;
        }
        self.m_axis_tvalid.next = self.queue.valid.val();
        self.m_axis_tdata.next = self.queue.data.val();
        self.m_axis_tkeep.next = self.all_bytes.val();
        self.m_axis_tlast.next = true;
        self.queue.ready.next = self.m_axis_tready.val();
    }
}
