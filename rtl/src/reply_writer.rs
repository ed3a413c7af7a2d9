//! Forms the beats that enter the reply queue: replies, end-of-batch beats and counter rows.

use crate::comment;
use crate::words::{GroupRow, QueuedReply, ReplyBeat, RowBeat, op_code};
use deltascope_abi::record::Op;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Writes a reply one clock after its slot stood in S3, and a row in two clocks from the one in which
/// the group counters answer (S6).
///
/// A reply and a row never meet: nothing that replies enters the engine while rows are read.
#[derive(LogicBlock, SmartDefault)]
pub struct ReplyWriter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Low: forget the beats in flight.
    pub resetn: Signal<In, Bit>,
    /// S3: the slot writes a reply.
    pub replies: Signal<In, Bit>,
    /// S3: the slot writes an end-of-batch beat.
    pub ends_batch: Signal<In, Bit>,
    /// S3: op of the record.
    pub op: Signal<In, Bits<4>>,
    /// S3: class of the reply.
    pub class_id: Signal<In, Bits<2>>,
    /// S3: group of the reply.
    pub group_id: Signal<In, Bits<16>>,
    /// S3: context of the reply.
    pub context_id: Signal<In, Bits<16>>,
    /// S3: the record touched a context.
    pub touched_context: Signal<In, Bit>,
    /// S3: A of that context was zero before the record.
    pub accumulator_zero: Signal<In, Bit>,
    /// S3: its state before the record.
    pub state_before: Signal<In, Bits<64>>,
    /// S3: operand of the record.
    pub operand: Signal<In, Bits<64>>,
    /// S3: what the journal answers to a QUERY.
    pub journal_answer: Signal<In, Bits<64>>,
    /// S3: the journal does not reach the mark of the QUERY.
    pub journal_too_old: Signal<In, Bit>,
    /// S3: records accepted, this one included.
    pub accepted_after: Signal<In, Bits<64>>,
    /// S3: journal position after this record.
    pub position_after: Signal<In, Bits<64>>,
    /// S3: the row that is read ends a snapshot.
    pub last_row: Signal<In, Bit>,
    /// S6: a row is there; not in two clocks in a row.
    pub row_valid: Signal<In, Bit>,
    /// S6: the row.
    pub row: Signal<In, GroupRow>,
    /// A beat is written.
    pub write: Signal<Out, Bit>,
    /// The beat.
    pub queued: Signal<Out, QueuedReply>,

    reply_valid: DFF<Bit>,
    reply_ends_batch: DFF<Bit>,
    reply: DFF<ReplyBeat>,
    s4_last_row: DFF<Bit>,
    s5_last_row: DFF<Bit>,
    s6_last_row: DFF<Bit>,
    second_half_valid: DFF<Bit>,
    second_half_ends_snapshot: DFF<Bit>,
    second_half: DFF<RowBeat>,
    answers_operand: Signal<Local, Bit>,
    answers_accepted: Signal<Local, Bit>,
    answers_journal: Signal<Local, Bit>,
    position_low: Signal<Local, Bits<24>>,
    first_half: Signal<Local, RowBeat>,
    #[default(op_code(Op::Sync))]
    op_sync: Constant<Bits<4>>,
    #[default(op_code(Op::Snapshot))]
    op_snapshot: Constant<Bits<4>>,
    #[default(op_code(Op::Query))]
    op_query: Constant<Bits<4>>,
}

impl Logic for ReplyWriter {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module reply_writer");
        dff_setup!(self, clock, reply_valid, reply_ends_batch, reply, s4_last_row, s5_last_row, s6_last_row);
        dff_setup!(self, clock, second_half_valid, second_half_ends_snapshot, second_half);

        comment!("S3: an end-of-batch beat says only where the journal is and how many records were taken.");
        self.answers_operand.next = self.op.val() == self.op_sync.val();
        self.answers_accepted.next = self.ends_batch.val() | (self.op.val() == self.op_snapshot.val());
        self.answers_journal.next = self.op.val() == self.op_query.val();
        self.position_low.next = self.position_after.val().get_bits::<24>(0);
        self.reply_valid.d.next = self.replies.val() | self.ends_batch.val();
        self.reply_ends_batch.d.next = self.ends_batch.val();
        self.reply.d.next.op = self.op.val();
        self.reply.d.next.zero = self.touched_context.val() & self.accumulator_zero.val();
        self.reply.d.next.too_old = self.answers_journal.val() & self.journal_too_old.val();
        self.reply.d.next.class_id = self.class_id.val();
        self.reply.d.next.group_id = self.group_id.val();
        self.reply.d.next.context_id = self.context_id.val();
        self.reply.d.next.position = self.position_low.val();
        self.reply.d.next.value = self.state_before.val();
        if self.answers_operand.val() {
            self.reply.d.next.value = self.operand.val();
        }
        if self.answers_journal.val() {
            self.reply.d.next.value = self.journal_answer.val();
        }
        if self.answers_accepted.val() {
            self.reply.d.next.value = self.accepted_after.val();
        }
        if self.ends_batch.val() {
            self.reply.d.next.op = 0.into();
            self.reply.d.next.zero = false;
            self.reply.d.next.too_old = false;
            self.reply.d.next.class_id = 0.into();
            self.reply.d.next.group_id = 0.into();
            self.reply.d.next.context_id = 0.into();
        }

        comment!("S6: a row, in two beats.");
        self.s4_last_row.d.next = self.last_row.val();
        self.s5_last_row.d.next = self.s4_last_row.q.val();
        self.s6_last_row.d.next = self.s5_last_row.q.val();
        self.first_half.next.events = self.row.val().events;
        self.first_half.next.zeros = 0.into();
        self.first_half.next.bytes = self.row.val().bytes;
        self.second_half_valid.d.next = self.row_valid.val();
        self.second_half_ends_snapshot.d.next = self.s6_last_row.q.val();
        self.second_half.d.next.events = self.row.val().redundant_events;
        self.second_half.d.next.zeros = 0.into();
        self.second_half.d.next.bytes = self.row.val().redundant_bytes;

        comment!("What is written.");
        self.write.next = self.reply_valid.q.val() | self.row_valid.val() | self.second_half_valid.q.val();
        self.queued.next.beat = self.reply.q.val().into();
        self.queued.next.ends_batch = self.reply_ends_batch.q.val();
        self.queued.next.ends_snapshot = false;
        if self.row_valid.val() {
            self.queued.next.beat = self.first_half.val().into();
            self.queued.next.ends_batch = false;
        }
        if self.second_half_valid.q.val() {
            self.queued.next.beat = self.second_half.q.val().into();
            self.queued.next.ends_batch = false;
            self.queued.next.ends_snapshot = self.second_half_ends_snapshot.q.val();
        }
        if !self.resetn.val() {
            self.reply_valid.d.next = false;
            self.second_half_valid.d.next = false;
        }
    }
}
