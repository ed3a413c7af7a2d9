//! The AXI4-Lite register file: the protocol, and the registers that software writes.
//!
//! Every offset and bit comes from `deltascope_abi::registers`; reads go through [`RegisterRead`].

use crate::comment;
use crate::register_decode::RegisterDecode;
use crate::register_read::RegisterRead;
use crate::words::LatchedCounters;
use deltascope_abi::registers::{
    BUILD_DIRTY, CAP_AXIS_BITS, CAP_DEPTH, CAP_LANES, CAP_REPLY_PACKET, CONTROL_LATCH, CONTROL_SOFT_RESET, Field,
    IDENTITY_VALUE, IRQ_BATCH_END, IRQ_ERROR, IRQ_SNAPSHOT, STATUS_ANSWERING, STATUS_BLOCKED, STATUS_CLEARING,
    STATUS_DRAINING, WINDOW_BYTES,
};
use deltascope_abi::{ABI_VERSION, DEFAULT_AXIS_BITS};
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

// The words below and the kernel place bits by number; the description must agree.
const fn is_bit(field: Field, shift: u32) -> bool {
    field.shift == shift && field.bits == 1
}
const _: () = {
    assert!(WINDOW_BYTES == 1 << 12);
    assert!(is_bit(BUILD_DIRTY, 0) && is_bit(CONTROL_SOFT_RESET, 0) && is_bit(CONTROL_LATCH, 1));
    assert!(is_bit(STATUS_CLEARING, 0) && is_bit(STATUS_DRAINING, 1));
    assert!(is_bit(STATUS_ANSWERING, 2) && is_bit(STATUS_BLOCKED, 3));
    assert!(is_bit(IRQ_SNAPSHOT, 0) && is_bit(IRQ_BATCH_END, 1) && is_bit(IRQ_ERROR, 2));
};

/// A word of four bytes, bits 7:0 first.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
struct Bytes {
    byte_0: Bits<8>,
    byte_1: Bits<8>,
    byte_2: Bits<8>,
    byte_3: Bits<8>,
}

/// `IRQ_STATUS` and `IRQ_MASK`.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
struct IrqWord {
    snapshot: Bit,
    batch_end: Bit,
    error: Bit,
    reserved: Bits<29>,
}

/// `STATUS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
struct StatusWord {
    clearing: Bit,
    draining: Bit,
    answering: Bit,
    blocked: Bit,
    reserved: Bits<28>,
}

/// A word that software reads and nothing changes.
fn word(value: u32) -> Constant<Bits<32>> {
    Constant::new(u64::from(value).into())
}

/// `value` in its place in a word.
fn placed(field: Field, value: usize) -> u32 {
    (value as u32) << field.shift
}

/// Registers for `2^CONTEXT_BITS` contexts, `2^GROUP_BITS` groups, a journal of `LANES` x `2^DEPTH_BITS` and reply
/// packets of `PACKET` beats.
///
/// Address and data of a write may come in any order; one write and one read are under way at a time.
/// Undefined and unaligned offsets answer SLVERR and do nothing. Write strobes count byte by byte.
#[derive(LogicBlock, SmartDefault)]
pub struct AxiLiteRegisters<
    const CONTEXT_BITS: usize,
    const GROUP_BITS: usize,
    const LANES: usize,
    const DEPTH_BITS: usize,
    const PACKET: usize,
> {
    /// Clock.
    #[default(checked! {
        CONTEXT_BITS <= 16 && GROUP_BITS <= 14 => "AxiLiteRegisters: the record has 16 bits for each";
        LANES < 1 << 16 && DEPTH_BITS < 16 => "AxiLiteRegisters: CAP_JOURNAL has 16 bits for each";
        PACKET >= 1 && PACKET < 1 << 16 => "AxiLiteRegisters: CAP_STREAM has 16 bits for a packet"
    })]
    pub clock: Signal<In, Clock>,
    /// Hard reset; a soft reset never reaches this block.
    pub resetn: Signal<In, Bit>,
    /// Write address.
    pub awaddr: Signal<In, Bits<12>>,
    /// The write address is there.
    pub awvalid: Signal<In, Bit>,
    /// The write address is taken at the next edge.
    pub awready: Signal<Out, Bit>,
    /// Write data.
    pub wdata: Signal<In, Bits<32>>,
    /// Bytes of `wdata` that count.
    pub wstrb: Signal<In, Bits<4>>,
    /// The write data is there.
    pub wvalid: Signal<In, Bit>,
    /// The write data is taken at the next edge.
    pub wready: Signal<Out, Bit>,
    /// 0 OKAY, 2 SLVERR.
    pub bresp: Signal<Out, Bits<2>>,
    /// The write is done; stays until taken.
    pub bvalid: Signal<Out, Bit>,
    /// The master takes the answer at the next edge.
    pub bready: Signal<In, Bit>,
    /// Read address.
    pub araddr: Signal<In, Bits<12>>,
    /// The read address is there.
    pub arvalid: Signal<In, Bit>,
    /// The read address is taken at the next edge.
    pub arready: Signal<Out, Bit>,
    /// Read data; 0 with SLVERR.
    pub rdata: Signal<Out, Bits<32>>,
    /// 0 OKAY, 2 SLVERR.
    pub rresp: Signal<Out, Bits<2>>,
    /// The read data is there; stays until taken.
    pub rvalid: Signal<Out, Bit>,
    /// The master takes the data at the next edge.
    pub rready: Signal<In, Bit>,

    /// `BUILD_ID`, tied by the wrapper.
    pub build_id: Signal<In, Bits<32>>,
    /// `BUILD_FLAGS.DIRTY`, tied by the wrapper.
    pub build_dirty: Signal<In, Bit>,
    /// `STATUS.CLEARING`.
    pub clearing: Signal<In, Bit>,
    /// `STATUS.DRAINING`.
    pub draining: Signal<In, Bit>,
    /// `STATUS.ANSWERING`.
    pub answering: Signal<In, Bit>,
    /// `STATUS.BLOCKED`.
    pub blocked: Signal<In, Bit>,
    /// High for a clock: the last beat of a snapshot was taken.
    pub snapshot_event: Signal<In, Bit>,
    /// High for a clock: an end-of-batch beat was taken.
    pub batch_end_event: Signal<In, Bit>,
    /// High for a clock: a record was rejected.
    pub error_event: Signal<In, Bit>,
    /// The latched counters.
    pub counters: Signal<In, LatchedCounters>,
    /// High for a clock: copy the counters.
    pub latch: Signal<Out, Bit>,
    /// High for a clock: begin a soft reset.
    pub soft_reset: Signal<Out, Bit>,
    /// Interrupt, level: an unmasked event is pending.
    pub irq: Signal<Out, Bit>,

    reader: RegisterRead,
    decode: RegisterDecode,
    address_held: DFF<Bit>,
    write_address: DFF<Bits<12>>,
    data_held: DFF<Bit>,
    write_data: DFF<Bits<32>>,
    write_strobe: DFF<Bits<4>>,
    write_decoded: DFF<Bit>,
    write_done: DFF<Bit>,
    write_error: DFF<Bit>,
    scratch: DFF<Bytes>,
    irq_status: DFF<IrqWord>,
    irq_mask: DFF<IrqWord>,
    irq_level: DFF<Bit>,
    latch_pulse: DFF<Bit>,
    soft_reset_pulse: DFF<Bit>,
    read_address: DFF<Bits<12>>,
    read_decode: DFF<Bit>,
    read_select: DFF<Bit>,
    read_done: DFF<Bit>,

    do_write: Signal<Local, Bit>,
    read_idle: Signal<Local, Bit>,
    in_byte_0: Signal<Local, Bit>,
    snapshot_irq: Signal<Local, Bit>,
    batch_end_irq: Signal<Local, Bit>,
    error_irq: Signal<Local, Bit>,
    status: Signal<Local, StatusWord>,
    flags: Signal<Local, Bits<32>>,

    #[default(Constant::new(0_u64.into()))]
    okay: Constant<Bits<2>>,
    #[default(Constant::new(2_u64.into()))]
    slverr: Constant<Bits<2>>,
    #[default(word(IDENTITY_VALUE))]
    identity: Constant<Bits<32>>,
    #[default(word(ABI_VERSION))]
    abi_version: Constant<Bits<32>>,
    #[default(word(1 << CONTEXT_BITS))]
    contexts: Constant<Bits<32>>,
    #[default(word(1 << GROUP_BITS))]
    groups: Constant<Bits<32>>,
    #[default(word(placed(CAP_LANES, LANES) | placed(CAP_DEPTH, 1 << DEPTH_BITS)))]
    journal: Constant<Bits<32>>,
    #[default(word(placed(CAP_REPLY_PACKET, PACKET) | (DEFAULT_AXIS_BITS << CAP_AXIS_BITS.shift)))]
    stream: Constant<Bits<32>>,
}

impl<
    const CONTEXT_BITS: usize,
    const GROUP_BITS: usize,
    const LANES: usize,
    const DEPTH_BITS: usize,
    const PACKET: usize,
> Logic for AxiLiteRegisters<CONTEXT_BITS, GROUP_BITS, LANES, DEPTH_BITS, PACKET>
{
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module axi_lite_registers");
        comment!("AXI4-Lite slave with the registers that software writes. Undefined offsets answer SLVERR.");
        dff_setup!(self, clock, address_held, write_address, data_held, write_data, write_strobe);
        dff_setup!(self, clock, write_decoded, write_done, write_error, scratch, irq_status, irq_mask);
        dff_setup!(self, clock, irq_level, latch_pulse, soft_reset_pulse);
        dff_setup!(self, clock, read_address, read_decode, read_select, read_done);
        self.decode.clock.next = self.clock.val();
        self.reader.clock.next = self.clock.val();

        comment!("Write: hold address and data, whichever comes first; decode the address; act once.");
        self.awready.next = !self.address_held.q.val();
        self.wready.next = !self.data_held.q.val();
        self.decode.address.next = self.write_address.q.val();
        self.write_decoded.d.next = self.address_held.q.val();
        self.do_write.next =
            self.address_held.q.val() & self.write_decoded.q.val() & self.data_held.q.val() & !self.write_done.q.val();
        if self.awvalid.val() & !self.address_held.q.val() {
            self.address_held.d.next = true;
            self.write_address.d.next = self.awaddr.val();
        }
        if self.wvalid.val() & !self.data_held.q.val() {
            self.data_held.d.next = true;
            self.write_data.d.next = self.wdata.val();
            self.write_strobe.d.next = self.wstrb.val();
        }
        if self.write_done.q.val() & self.bready.val() {
            self.write_done.d.next = false;
        }
        if self.do_write.val() {
            self.address_held.d.next = false;
            self.write_decoded.d.next = false;
            self.data_held.d.next = false;
            self.write_done.d.next = true;
            self.write_error.d.next = !self.decode.defined.val();
        }
        self.bvalid.next = self.write_done.q.val();
        self.bresp.next = self.okay.val();
        if self.write_error.q.val() {
            self.bresp.next = self.slverr.val();
        }

        comment!("SCRATCH, byte by byte.");
        if self.do_write.val() & self.decode.hit.scratch.val() {
            if self.write_strobe.q.val().get_bit(0) {
                self.scratch.d.next.byte_0 = self.write_data.q.val().get_bits::<8>(0);
            }
            if self.write_strobe.q.val().get_bit(1) {
                self.scratch.d.next.byte_1 = self.write_data.q.val().get_bits::<8>(8);
            }
            if self.write_strobe.q.val().get_bit(2) {
                self.scratch.d.next.byte_2 = self.write_data.q.val().get_bits::<8>(16);
            }
            if self.write_strobe.q.val().get_bit(3) {
                self.scratch.d.next.byte_3 = self.write_data.q.val().get_bits::<8>(24);
            }
        }

        comment!("CONTROL: pulses of one clock.");
        self.in_byte_0.next = self.do_write.val() & self.write_strobe.q.val().get_bit(0);
        self.soft_reset_pulse.d.next =
            self.in_byte_0.val() & self.decode.hit.control.val() & self.write_data.q.val().get_bit(0);
        self.latch_pulse.d.next =
            self.in_byte_0.val() & self.decode.hit.control.val() & self.write_data.q.val().get_bit(1);
        self.soft_reset.next = self.soft_reset_pulse.q.val();
        self.latch.next = self.latch_pulse.q.val();

        comment!("IRQ_STATUS: a one clears its bit, an event in the same clock wins.");
        self.irq_status.d.next.reserved = 0.into();
        self.irq_mask.d.next.reserved = 0.into();
        if self.in_byte_0.val() & self.decode.hit.irq_status.val() {
            if self.write_data.q.val().get_bit(0) {
                self.irq_status.d.next.snapshot = false;
            }
            if self.write_data.q.val().get_bit(1) {
                self.irq_status.d.next.batch_end = false;
            }
            if self.write_data.q.val().get_bit(2) {
                self.irq_status.d.next.error = false;
            }
        }
        if self.snapshot_event.val() {
            self.irq_status.d.next.snapshot = true;
        }
        if self.batch_end_event.val() {
            self.irq_status.d.next.batch_end = true;
        }
        if self.error_event.val() {
            self.irq_status.d.next.error = true;
        }
        if self.in_byte_0.val() & self.decode.hit.irq_mask.val() {
            self.irq_mask.d.next.snapshot = self.write_data.q.val().get_bit(0);
            self.irq_mask.d.next.batch_end = self.write_data.q.val().get_bit(1);
            self.irq_mask.d.next.error = self.write_data.q.val().get_bit(2);
        }
        self.snapshot_irq.next = self.irq_status.q.val().snapshot & self.irq_mask.q.val().snapshot;
        self.batch_end_irq.next = self.irq_status.q.val().batch_end & self.irq_mask.q.val().batch_end;
        self.error_irq.next = self.irq_status.q.val().error & self.irq_mask.q.val().error;
        self.irq_level.d.next = self.snapshot_irq.val() | self.batch_end_irq.val() | self.error_irq.val();
        self.irq.next = self.irq_level.q.val();

        comment!("Read: hold the address, decode it, select, offer the word until it is taken.");
        self.read_idle.next = !(self.read_decode.q.val() | self.read_select.q.val() | self.read_done.q.val());
        self.arready.next = self.read_idle.val();
        self.read_decode.d.next = false;
        if self.arvalid.val() & self.read_idle.val() {
            self.read_address.d.next = self.araddr.val();
            self.read_decode.d.next = true;
        }
        self.read_select.d.next = self.read_decode.q.val();
        if self.read_done.q.val() & self.rready.val() {
            self.read_done.d.next = false;
        }
        if self.read_select.q.val() {
            self.read_done.d.next = true;
        }
        self.reader.address.next = self.read_address.q.val();
        self.reader.select.next = self.read_select.q.val();
        self.rvalid.next = self.read_done.q.val();
        self.rdata.next = self.reader.data.val();
        self.rresp.next = self.slverr.val();
        if self.reader.defined.val() {
            self.rresp.next = self.okay.val();
        }

        comment!("What can be read.");
        self.reader.words.identity.next = self.identity.val();
        self.reader.words.abi_version.next = self.abi_version.val();
        self.reader.words.build_id.next = self.build_id.val();
        self.flags.next = bit_cast::<32, 1>(self.build_dirty.val().into());
        self.reader.words.build_flags.next = self.flags.val();
        self.reader.words.scratch.next = self.scratch.q.val().into();
        self.reader.words.cap_contexts.next = self.contexts.val();
        self.reader.words.cap_groups.next = self.groups.val();
        self.reader.words.cap_journal.next = self.journal.val();
        self.reader.words.cap_stream.next = self.stream.val();
        self.reader.words.control.next = 0.into();
        self.status.next.clearing = self.clearing.val();
        self.status.next.draining = self.draining.val();
        self.status.next.answering = self.answering.val();
        self.status.next.blocked = self.blocked.val();
        self.status.next.reserved = 0.into();
        self.reader.words.status.next = self.status.val().into();
        self.reader.words.irq_status.next = self.irq_status.q.val().into();
        self.reader.words.irq_mask.next = self.irq_mask.q.val().into();
        self.reader.counters.next = self.counters.val();

        if !self.resetn.val() {
            self.address_held.d.next = false;
            self.data_held.d.next = false;
            self.write_done.d.next = false;
            self.scratch.d.next.byte_0 = 0.into();
            self.scratch.d.next.byte_1 = 0.into();
            self.scratch.d.next.byte_2 = 0.into();
            self.scratch.d.next.byte_3 = 0.into();
            self.irq_status.d.next.snapshot = false;
            self.irq_status.d.next.batch_end = false;
            self.irq_status.d.next.error = false;
            self.irq_mask.d.next.snapshot = false;
            self.irq_mask.d.next.batch_end = false;
            self.irq_mask.d.next.error = false;
            self.irq_level.d.next = false;
            self.latch_pulse.d.next = false;
            self.soft_reset_pulse.d.next = false;
            self.read_decode.d.next = false;
            self.read_select.d.next = false;
            self.read_done.d.next = false;
        }
    }
}
