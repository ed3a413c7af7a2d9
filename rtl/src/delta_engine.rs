//! The delta engine: records in, replies out, one record every clock.

use crate::comment;
use crate::context_table::ContextTable;
use crate::engine_control::EngineControl;
use crate::engine_counters::EngineCounters;
use crate::group_counters::GroupCounters;
use crate::journal::Journal;
use crate::record_decoder::RecordDecoder;
use crate::reply_credit::ReplyCredit;
use crate::reply_fifo::ReplyFifo;
use crate::reply_packets::ReplyPackets;
use crate::reply_writer::ReplyWriter;
use crate::reset_copy::ResetCopy;
use crate::slot_pipeline::SlotPipeline;
use crate::snapshot_reader::SnapshotReader;
use crate::words::{EventRecord, LatchedCounters, op_code};
use deltascope_abi::record::Op;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// The engine between two 128-bit streams.
///
/// The pipeline never stalls: a record is taken only when the reply queue has room for its replies.
/// A slot of the pipeline is a record, an end-of-batch beat that follows a record with a reply, or the
/// read of one counter row. S0 holds the decoded record and presents its context to the context table,
/// S3 has the table's answer, presents the row to the group counters and forms the reply, which enters
/// the queue one clock later; a row follows after three clocks and takes two beats.
#[derive(LogicBlock, SmartDefault)]
pub struct DeltaEngine<
    const CONTEXT_BITS: usize,
    const GROUP_BITS: usize,
    const ROW_BITS: usize,
    const QUEUE_BITS: usize,
    const CREDIT_BITS: usize,
    const REPLY_PACKET: usize,
    const DEPTH_BITS: usize,
    const LANES: usize,
    const BANKS: usize,
    const BANK_LANES: usize,
> {
    /// Clock.
    #[default(checked! {
        ROW_BITS == GROUP_BITS + 2 => "DeltaEngine: ROW_BITS must be GROUP_BITS + 2, a group has 4 classes"
    })]
    pub clock: Signal<In, Clock>,
    /// Hard reset: forgets everything, replies in the queue included.
    pub resetn: Signal<In, Bit>,
    /// Record.
    pub s_tdata: Signal<In, EventRecord>,
    /// A record is there.
    pub s_tvalid: Signal<In, Bit>,
    /// The record is taken.
    pub s_tready: Signal<Out, Bit>,
    /// The record is the last one of a batch.
    pub s_tlast: Signal<In, Bit>,
    /// Reply.
    pub m_tdata: Signal<Out, Bits<128>>,
    /// A reply is there.
    pub m_tvalid: Signal<Out, Bit>,
    /// The reply is taken.
    pub m_tready: Signal<In, Bit>,
    /// The reply is the last one of a packet.
    pub m_tlast: Signal<Out, Bit>,
    /// What the reply ends: bit 0 a snapshot, bit 1 a batch.
    pub m_mark: Signal<Out, Bits<2>>,
    /// Pulse: drain, then clear tables and counters.
    pub soft_reset: Signal<In, Bit>,
    /// Pulse: copy the counters.
    pub latch: Signal<In, Bit>,
    /// What is behind the engine holds no reply; a soft reset waits for it.
    pub sink_idle: Signal<In, Bit>,
    /// Tables are being cleared.
    pub clearing: Signal<Out, Bit>,
    /// A soft reset is waiting for its replies to be taken.
    pub draining: Signal<Out, Bit>,
    /// A SNAPSHOT or a QUERY holds the input.
    pub answering: Signal<Out, Bit>,
    /// Pulse: a record was rejected.
    pub record_rejected: Signal<Out, Bit>,
    /// The latched counters.
    pub latched: Signal<Out, LatchedCounters>,

    decoder: RecordDecoder<CONTEXT_BITS, GROUP_BITS>,
    contexts: ContextTable<CONTEXT_BITS>,
    slots: SlotPipeline,
    groups: GroupCounters<ROW_BITS>,
    reader: SnapshotReader,
    journal: Journal<CONTEXT_BITS, DEPTH_BITS, LANES, BANKS, BANK_LANES>,
    credit: ReplyCredit<QUEUE_BITS, CREDIT_BITS>,
    queue: ReplyFifo<QUEUE_BITS, CREDIT_BITS, 130>,
    packets: ReplyPackets<REPLY_PACKET>,
    writer: ReplyWriter,
    control: EngineControl,
    counters: EngineCounters,
    contexts_reset: ResetCopy,
    groups_reset: ResetCopy,
    journal_reset: ResetCopy,
    counters_reset: ResetCopy,

    s0_taken: DFF<Bit>,
    s0_rejected: DFF<Bit>,
    s0_journals: DFF<Bit>,
    s0_touches_context: DFF<Bit>,
    s0_adds: DFF<Bit>,
    s0_pair_redundant: DFF<Bit>,
    s0_judged: DFF<Bit>,
    s0_replies: DFF<Bit>,
    s0_ends_batch: DFF<Bit>,
    s0_starts_snapshot: DFF<Bit>,
    s0_starts_query: DFF<Bit>,
    s0_snapshot_ends_batch: DFF<Bit>,
    s0_batch_end_follows: DFF<Bit>,
    s0_reads_row: DFF<Bit>,
    s0_last_row: DFF<Bit>,
    s0_op: DFF<Bits<4>>,
    s0_rebase: DFF<Bit>,
    s0_class: DFF<Bits<2>>,
    s0_group: DFF<Bits<16>>,
    s0_context: DFF<Bits<16>>,
    s0_length: DFF<Bits<24>>,
    s0_operand: DFF<Bits<64>>,
    query_ends_batch: DFF<Bit>,
    query_class: DFF<Bits<2>>,
    query_group: DFF<Bits<16>>,
    query_context: DFF<Bits<16>>,

    tables_resetn: Signal<Local, Bit>,
    ready: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    last_taken: Signal<Local, Bit>,
    holds_input: Signal<Local, Bit>,
    answers_later: Signal<Local, Bit>,
    query_leaves: Signal<Local, Bit>,
    takes_reply: Signal<Local, Bit>,
    group_low: Signal<Local, Bits<GROUP_BITS>>,
    group_wide: Signal<Local, Bits<ROW_BITS>>,
    group_row: Signal<Local, Bits<ROW_BITS>>,
    class_wide: Signal<Local, Bits<ROW_BITS>>,
    redundant_send: Signal<Local, Bit>,
    reply_leaves: Signal<Local, Bit>,
    replies_gone: Signal<Local, Bit>,
    held_by_replies: Signal<Local, Bit>,
    held_by_reset: Signal<Local, Bit>,
    #[default(op_code(Op::Query))]
    op_query: Constant<Bits<4>>,
}

impl<
    const CONTEXT_BITS: usize,
    const GROUP_BITS: usize,
    const ROW_BITS: usize,
    const QUEUE_BITS: usize,
    const CREDIT_BITS: usize,
    const REPLY_PACKET: usize,
    const DEPTH_BITS: usize,
    const LANES: usize,
    const BANKS: usize,
    const BANK_LANES: usize,
> Logic
    for DeltaEngine<
        CONTEXT_BITS,
        GROUP_BITS,
        ROW_BITS,
        QUEUE_BITS,
        CREDIT_BITS,
        REPLY_PACKET,
        DEPTH_BITS,
        LANES,
        BANKS,
        BANK_LANES,
    >
{
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module delta_engine");
        comment!("Stages: S0 decoded record, S1 to S3 context table, S3 to S6 group counters, the reply leaves in S4.");
        clock!(
            self, clock, contexts, slots, groups, reader, journal, credit, writer, queue, packets, control, counters
        );
        clock!(self, clock, contexts_reset, groups_reset, journal_reset, counters_reset);
        dff_setup!(self, clock, s0_taken, s0_rejected, s0_journals, s0_touches_context, s0_adds, s0_pair_redundant);
        dff_setup!(self, clock, s0_judged, s0_replies, s0_ends_batch, s0_starts_snapshot, s0_starts_query);
        dff_setup!(self, clock, s0_snapshot_ends_batch, query_ends_batch, query_class, query_group, query_context);
        dff_setup!(self, clock, s0_batch_end_follows, s0_reads_row, s0_last_row, s0_op, s0_rebase, s0_class);
        dff_setup!(self, clock, s0_group, s0_context, s0_length, s0_operand);
        comment!("The reset of what a restart clears too is made by logic and drives most: a register for each block.");
        comment!("A hard reset reaches them a clock after the slots, so that nothing enters them in between.");
        self.tables_resetn.next = self.resetn.val() & !self.control.restart.val();
        self.contexts_reset.resetn.next = self.tables_resetn.val();
        self.groups_reset.resetn.next = self.tables_resetn.val();
        self.journal_reset.resetn.next = self.tables_resetn.val();
        self.counters_reset.resetn.next = self.tables_resetn.val();
        self.contexts.resetn.next = self.contexts_reset.copied.val();
        self.groups.resetn.next = self.groups_reset.copied.val();
        self.journal.resetn.next = self.journal_reset.copied.val();
        self.counters.resetn.next = self.counters_reset.copied.val();
        self.slots.resetn.next = self.resetn.val();
        self.reader.resetn.next = self.resetn.val();
        self.credit.resetn.next = self.resetn.val();
        self.writer.resetn.next = self.resetn.val();
        self.queue.resetn.next = self.resetn.val();
        self.packets.resetn.next = self.resetn.val();
        self.control.resetn.next = self.resetn.val();

        comment!("Input: take a record when its replies have room and S0 holds nothing that needs the next slot.");
        self.decoder.record.next = self.s_tdata.val();
        self.holds_input.next =
            self.s0_starts_snapshot.q.val() | self.s0_starts_query.q.val() | self.s0_batch_end_follows.q.val();
        self.ready.next = self.control.accepts.val() & self.credit.available.val() & !self.holds_input.val();
        self.s_tready.next = self.ready.val();
        self.takes.next = self.s_tvalid.val() & self.ready.val();
        self.last_taken.next = self.takes.val() & self.s_tlast.val();
        self.takes_reply.next = self.takes.val() & self.decoder.replies.val();

        comment!("S0: the slot. A batch ends in the slot of a record without reply, else in a slot of its own.");
        self.s0_taken.d.next = self.takes.val();
        self.s0_rejected.d.next = self.decoder.rejected.val();
        self.s0_journals.d.next = self.takes.val() & self.decoder.journals.val();
        self.s0_touches_context.d.next = self.takes.val() & self.decoder.touches_context.val();
        self.s0_adds.d.next = self.takes.val() & self.decoder.adds.val();
        self.s0_pair_redundant.d.next = self.decoder.pair_redundant.val();
        self.s0_judged.d.next = self.decoder.judged.val();
        self.s0_replies.d.next = self.takes_reply.val();
        self.s0_starts_snapshot.d.next = self.takes.val() & self.decoder.starts_snapshot.val();
        self.s0_starts_query.d.next = self.takes.val() & self.decoder.starts_query.val();
        self.s0_snapshot_ends_batch.d.next = self.s_tlast.val();
        self.s0_batch_end_follows.d.next =
            self.last_taken.val() & self.decoder.replies.val() & !self.decoder.starts_snapshot.val();
        self.answers_later.next = self.decoder.replies.val() | self.decoder.starts_query.val();
        self.s0_ends_batch.d.next = (self.last_taken.val() & !self.answers_later.val())
            | self.s0_batch_end_follows.q.val()
            | self.control.sends_batch_end.val();
        self.s0_op.d.next = self.s_tdata.val().op;
        self.s0_rebase.d.next = self.s_tdata.val().rebase;
        self.s0_length.d.next = self.s_tdata.val().length;
        self.s0_operand.d.next = self.s_tdata.val().operand;
        self.s0_class.d.next = self.decoder.label_class.val();
        self.s0_group.d.next = self.decoder.label_group.val();
        self.s0_context.d.next = self.decoder.label_context.val();
        self.s0_reads_row.d.next = self.reader.read.val();
        self.s0_last_row.d.next = self.reader.last_row.val();
        if self.reader.read.val() {
            self.s0_class.d.next = self.reader.class_id.val();
            self.s0_group.d.next = self.reader.group_id.val();
        }
        if self.control.sends_answer.val() {
            self.s0_replies.d.next = true;
            self.s0_batch_end_follows.d.next = self.query_ends_batch.q.val();
            self.s0_op.d.next = self.op_query.val();
            self.s0_class.d.next = self.query_class.q.val();
            self.s0_group.d.next = self.query_group.q.val();
            self.s0_context.d.next = self.query_context.q.val();
        }
        self.credit.promise_one.next = self.s0_replies.q.val() | self.s0_ends_batch.q.val();
        self.credit.promise_two.next = self.s0_reads_row.q.val();

        comment!("A SNAPSHOT: its own beat goes the way of every reply, its rows follow.");
        self.reader.start.next = self.s0_starts_snapshot.q.val();
        self.reader.first_group.next = self.s0_group.q.val();
        self.reader.last_group.next = self.s0_context.q.val();
        self.reader.may_read.next = self.credit.available.val();
        self.control.snapshot_starts.next = self.s0_starts_snapshot.q.val();
        self.control.snapshot_ends_batch.next = self.s0_snapshot_ends_batch.q.val();
        self.control.last_row_read.next = self.reader.read.val() & self.reader.last_row.val();
        self.control.room.next = self.credit.available.val();

        comment!("A QUERY: its reply is a slot of its own, when the journal has walked its rows.");
        if self.s0_starts_query.q.val() {
            self.query_ends_batch.d.next = self.s0_snapshot_ends_batch.q.val();
            self.query_class.d.next = self.s0_class.q.val();
            self.query_group.d.next = self.s0_group.q.val();
            self.query_context.d.next = self.s0_context.q.val();
        }
        self.control.query_starts.next = self.s0_starts_query.q.val();
        self.control.answer_near.next = self.journal.answer_near.val();
        self.control.soft_reset.next = self.soft_reset.val();
        self.control.tables_clearing.next =
            self.contexts.clearing.val() | self.groups.clearing.val() | !self.contexts_reset.copied.val();

        comment!("S0 to S3: the context table, and the slot beside it.");
        self.contexts.valid.next = self.s0_touches_context.q.val();
        self.contexts.op.next = self.s0_op.q.val();
        self.contexts.rebase.next = self.s0_rebase.q.val();
        self.contexts.context_id.next = self.s0_context.q.val().get_bits::<CONTEXT_BITS>(0);
        self.contexts.operand.next = self.s0_operand.q.val();
        self.slots.taken.next = self.s0_taken.q.val();
        self.slots.rejected.next = self.s0_rejected.q.val();
        self.slots.journals.next = self.s0_journals.q.val();
        self.slots.adds.next = self.s0_adds.q.val();
        self.slots.pair_redundant.next = self.s0_pair_redundant.q.val();
        self.slots.judged.next = self.s0_judged.q.val();
        self.slots.replies.next = self.s0_replies.q.val();
        self.slots.ends_batch.next = self.s0_ends_batch.q.val();
        self.slots.reads_row.next = self.s0_reads_row.q.val();
        self.slots.last_row.next = self.s0_last_row.q.val();
        self.slots.op.next = self.s0_op.q.val();
        self.slots.class_id.next = self.s0_class.q.val();
        self.slots.group_id.next = self.s0_group.q.val();
        self.slots.context_id.next = self.s0_context.q.val();
        self.slots.length.next = self.s0_length.q.val();

        comment!("S3: the group counters, now that the context table has judged a SEND.");
        self.group_low.next = self.slots.result_group_id.val().get_bits::<GROUP_BITS>(0);
        self.group_wide.next = bit_cast::<ROW_BITS, GROUP_BITS>(self.group_low.val());
        self.group_row.next = self.group_wide.val() << 2;
        self.class_wide.next = bit_cast::<ROW_BITS, 2>(self.slots.result_class_id.val());
        self.redundant_send.next = self.contexts.redundant.val() & self.slots.result_judged.val();
        self.groups.add.next = self.slots.result_adds.val();
        self.groups.read.next = self.slots.result_reads_row.val();
        self.groups.row_id.next = self.group_row.val() | self.class_wide.val();
        self.groups.redundant.next = self.slots.result_pair_redundant.val() | self.redundant_send.val();
        self.groups.length.next = self.slots.result_length.val();

        comment!("S3: the journal. A QUERY is here once as a record and once more as its reply.");
        self.query_leaves.next = self.slots.result_op.val() == self.op_query.val();
        self.journal.note.next = self.slots.result_journals.val();
        self.journal.query.next =
            self.query_leaves.val() & self.slots.result_taken.val() & !self.slots.result_rejected.val();
        self.journal.context_id.next = self.slots.result_context_id.val().get_bits::<CONTEXT_BITS>(0);
        self.journal.delta.next = self.contexts.delta.val();
        self.journal.mark.next = self.contexts.result_operand.val();
        self.journal.position.next = self.counters.position_after.val();

        comment!("S3: the counters of the engine.");
        self.counters.taken.next = self.slots.result_taken.val();
        self.counters.rejected.next = self.slots.result_rejected.val();
        self.counters.op.next = self.slots.result_op.val();
        self.counters.journals.next = self.slots.result_journals.val();
        self.counters.near_taken.next = self.slots.near_taken.val();
        self.counters.near_journals.next = self.slots.near_journals.val();
        self.counters.latch.next = self.latch.val();
        self.latched.next = self.counters.latched.val();
        self.record_rejected.next = self.slots.result_taken.val() & self.slots.result_rejected.val();

        comment!("S3 to the reply queue. Credit keeps it from overflowing, so its ready is not looked at.");
        self.writer.replies.next = self.slots.result_replies.val();
        self.writer.ends_batch.next = self.slots.result_ends_batch.val();
        self.writer.op.next = self.slots.result_op.val();
        self.writer.class_id.next = self.slots.result_class_id.val();
        self.writer.group_id.next = self.slots.result_group_id.val();
        self.writer.context_id.next = self.slots.result_context_id.val();
        self.writer.touched_context.next = self.contexts.result_valid.val();
        self.writer.accumulator_zero.next = self.contexts.accumulator_zero.val();
        self.writer.state_before.next = self.contexts.state_before.val();
        self.writer.operand.next = self.contexts.result_operand.val();
        self.writer.journal_answer.next = self.journal.answer.val();
        self.writer.journal_too_old.next = self.journal.too_old.val();
        self.writer.accepted_after.next = self.counters.accepted_after.val();
        self.writer.position_after.next = self.counters.position_after.val();
        self.writer.last_row.next = self.slots.result_last_row.val();
        comment!("A row that a hard reset has met at the end of its way is forgotten with the slots.");
        self.writer.row_valid.next = self.groups.result_valid.val() & self.groups_reset.copied.val();
        self.writer.row.next = self.groups.result.val();
        self.queue.write.next = self.writer.write.val();
        self.queue.write_data.next = self.writer.queued.val().into();

        comment!("From the queue to packets, and out.");
        self.packets.s_tdata.next = self.queue.data.val().get_bits::<128>(0);
        self.packets.s_tvalid.next = self.queue.valid.val();
        self.packets.s_batch_end.next = self.queue.data.val().get_bit(128);
        self.packets.s_snapshot_end.next = self.queue.data.val().get_bit(129);
        self.queue.ready.next = self.packets.s_tready.val();
        self.m_tdata.next = self.packets.m_tdata.val();
        self.m_tvalid.next = self.packets.m_tvalid.val();
        self.m_tlast.next = self.packets.m_tlast.val();
        self.m_mark.next = self.packets.m_mark.val();
        self.packets.m_tready.next = self.m_tready.val();
        self.reply_leaves.next = self.queue.valid.val() & self.packets.s_tready.val();
        self.credit.beat_leaves.next = self.reply_leaves.val();
        self.replies_gone.next = self.sink_idle.val() & !self.queue.valid.val();
        self.control.replies_gone.next = self.replies_gone.val();
        self.control.packet_open.next = self.packets.packet_open.val();

        comment!("Status, and the class of this clock.");
        self.clearing.next = self.control.clearing.val();
        self.draining.next = self.control.draining.val();
        self.answering.next = self.control.answering.val();
        self.held_by_reset.next = self.control.clearing.val() | self.control.draining.val();
        self.held_by_replies.next =
            !self.credit.available.val() | (self.control.draining.val() & !self.replies_gone.val());
        self.counters.reply_beat.next = self.reply_leaves.val();
        self.counters.clock_moving.next = self.takes.val();
        self.counters.clock_starved.next = self.ready.val() & !self.s_tvalid.val();
        self.counters.clock_blocked.next = !self.ready.val() & self.held_by_replies.val();
        self.counters.clock_clearing.next = !self.ready.val() & !self.held_by_replies.val() & self.held_by_reset.val();
        self.counters.clock_answering.next =
            !self.ready.val() & !self.held_by_replies.val() & !self.held_by_reset.val();

        if !self.resetn.val() {
            self.s0_taken.d.next = false;
            self.s0_journals.d.next = false;
            self.s0_touches_context.d.next = false;
            self.s0_adds.d.next = false;
            self.s0_replies.d.next = false;
            self.s0_ends_batch.d.next = false;
            self.s0_starts_snapshot.d.next = false;
            self.s0_starts_query.d.next = false;
            self.s0_batch_end_follows.d.next = false;
            self.s0_reads_row.d.next = false;
        }
    }
}
