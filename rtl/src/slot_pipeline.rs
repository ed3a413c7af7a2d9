//! What the engine carries beside the context table from S0 to S3.

use crate::comment;
use rust_hdl::prelude::*;

/// Three registers deep, one for each of S1, S2 and S3, so that a slot meets the result of its record.
#[derive(LogicBlock, Default)]
pub struct SlotPipeline {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Low: the slots in flight become empty.
    pub resetn: Signal<In, Bit>,
    /// S0: a record came with this slot.
    pub taken: Signal<In, Bit>,
    /// S0: that record is rejected.
    pub rejected: Signal<In, Bit>,
    /// S0: it moves the journal position.
    pub journals: Signal<In, Bit>,
    /// S0: it adds to the row of (`group_id`, `class_id`).
    pub adds: Signal<In, Bit>,
    /// S0: it is a redundant PAIR.
    pub pair_redundant: Signal<In, Bit>,
    /// S0: its class is judged.
    pub judged: Signal<In, Bit>,
    /// S0: the slot writes a reply.
    pub replies: Signal<In, Bit>,
    /// S0: the slot writes an end-of-batch beat.
    pub ends_batch: Signal<In, Bit>,
    /// S0: the slot reads the row of (`group_id`, `class_id`), two beats.
    pub reads_row: Signal<In, Bit>,
    /// S0: that row ends a snapshot.
    pub last_row: Signal<In, Bit>,
    /// S0: the op.
    pub op: Signal<In, Bits<4>>,
    /// S0: class.
    pub class_id: Signal<In, Bits<2>>,
    /// S0: group.
    pub group_id: Signal<In, Bits<16>>,
    /// S0: context.
    pub context_id: Signal<In, Bits<16>>,
    /// S0: length in bytes.
    pub length: Signal<In, Bits<24>>,
    /// S1: a record came with this slot.
    pub near_taken: Signal<Out, Bit>,
    /// S1: it moves the journal position.
    pub near_journals: Signal<Out, Bit>,
    /// S3: a record came with this slot.
    pub result_taken: Signal<Out, Bit>,
    /// S3: that record is rejected.
    pub result_rejected: Signal<Out, Bit>,
    /// S3: it moves the journal position.
    pub result_journals: Signal<Out, Bit>,
    /// S3: it adds to the row of (`group_id`, `class_id`).
    pub result_adds: Signal<Out, Bit>,
    /// S3: it is a redundant PAIR.
    pub result_pair_redundant: Signal<Out, Bit>,
    /// S3: its class is judged.
    pub result_judged: Signal<Out, Bit>,
    /// S3: the slot writes a reply.
    pub result_replies: Signal<Out, Bit>,
    /// S3: the slot writes an end-of-batch beat.
    pub result_ends_batch: Signal<Out, Bit>,
    /// S3: the slot reads the row of (`group_id`, `class_id`), two beats.
    pub result_reads_row: Signal<Out, Bit>,
    /// S3: that row ends a snapshot.
    pub result_last_row: Signal<Out, Bit>,
    /// S3: the op.
    pub result_op: Signal<Out, Bits<4>>,
    /// S3: class.
    pub result_class_id: Signal<Out, Bits<2>>,
    /// S3: group.
    pub result_group_id: Signal<Out, Bits<16>>,
    /// S3: context.
    pub result_context_id: Signal<Out, Bits<16>>,
    /// S3: length in bytes.
    pub result_length: Signal<Out, Bits<24>>,

    s1_taken: DFF<Bit>,
    s1_rejected: DFF<Bit>,
    s1_journals: DFF<Bit>,
    s1_adds: DFF<Bit>,
    s1_pair_redundant: DFF<Bit>,
    s1_judged: DFF<Bit>,
    s1_replies: DFF<Bit>,
    s1_ends_batch: DFF<Bit>,
    s1_reads_row: DFF<Bit>,
    s1_last_row: DFF<Bit>,
    s1_op: DFF<Bits<4>>,
    s1_class_id: DFF<Bits<2>>,
    s1_group_id: DFF<Bits<16>>,
    s1_context_id: DFF<Bits<16>>,
    s1_length: DFF<Bits<24>>,
    s2_taken: DFF<Bit>,
    s2_rejected: DFF<Bit>,
    s2_journals: DFF<Bit>,
    s2_adds: DFF<Bit>,
    s2_pair_redundant: DFF<Bit>,
    s2_judged: DFF<Bit>,
    s2_replies: DFF<Bit>,
    s2_ends_batch: DFF<Bit>,
    s2_reads_row: DFF<Bit>,
    s2_last_row: DFF<Bit>,
    s2_op: DFF<Bits<4>>,
    s2_class_id: DFF<Bits<2>>,
    s2_group_id: DFF<Bits<16>>,
    s2_context_id: DFF<Bits<16>>,
    s2_length: DFF<Bits<24>>,
    s3_taken: DFF<Bit>,
    s3_rejected: DFF<Bit>,
    s3_journals: DFF<Bit>,
    s3_adds: DFF<Bit>,
    s3_pair_redundant: DFF<Bit>,
    s3_judged: DFF<Bit>,
    s3_replies: DFF<Bit>,
    s3_ends_batch: DFF<Bit>,
    s3_reads_row: DFF<Bit>,
    s3_last_row: DFF<Bit>,
    s3_op: DFF<Bits<4>>,
    s3_class_id: DFF<Bits<2>>,
    s3_group_id: DFF<Bits<16>>,
    s3_context_id: DFF<Bits<16>>,
    s3_length: DFF<Bits<24>>,
}

impl Logic for SlotPipeline {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module slot_pipeline");
        clock!(
            self,
            clock,
            s1_taken,
            s1_rejected,
            s1_journals,
            s1_adds,
            s1_pair_redundant,
            s1_judged,
            s1_replies,
            s1_ends_batch,
            s1_reads_row,
            s1_last_row,
            s1_op,
            s1_class_id,
            s1_group_id,
            s1_context_id,
            s1_length
        );
        clock!(
            self,
            clock,
            s2_taken,
            s2_rejected,
            s2_journals,
            s2_adds,
            s2_pair_redundant,
            s2_judged,
            s2_replies,
            s2_ends_batch,
            s2_reads_row,
            s2_last_row,
            s2_op,
            s2_class_id,
            s2_group_id,
            s2_context_id,
            s2_length
        );
        clock!(
            self,
            clock,
            s3_taken,
            s3_rejected,
            s3_journals,
            s3_adds,
            s3_pair_redundant,
            s3_judged,
            s3_replies,
            s3_ends_batch,
            s3_reads_row,
            s3_last_row,
            s3_op,
            s3_class_id,
            s3_group_id,
            s3_context_id,
            s3_length
        );
        self.s1_taken.d.next = self.taken.val();
        self.s1_rejected.d.next = self.rejected.val();
        self.s1_journals.d.next = self.journals.val();
        self.s1_adds.d.next = self.adds.val();
        self.s1_pair_redundant.d.next = self.pair_redundant.val();
        self.s1_judged.d.next = self.judged.val();
        self.s1_replies.d.next = self.replies.val();
        self.s1_ends_batch.d.next = self.ends_batch.val();
        self.s1_reads_row.d.next = self.reads_row.val();
        self.s1_last_row.d.next = self.last_row.val();
        self.s1_op.d.next = self.op.val();
        self.s1_class_id.d.next = self.class_id.val();
        self.s1_group_id.d.next = self.group_id.val();
        self.s1_context_id.d.next = self.context_id.val();
        self.s1_length.d.next = self.length.val();
        self.s2_taken.d.next = self.s1_taken.q.val();
        self.s2_rejected.d.next = self.s1_rejected.q.val();
        self.s2_journals.d.next = self.s1_journals.q.val();
        self.s2_adds.d.next = self.s1_adds.q.val();
        self.s2_pair_redundant.d.next = self.s1_pair_redundant.q.val();
        self.s2_judged.d.next = self.s1_judged.q.val();
        self.s2_replies.d.next = self.s1_replies.q.val();
        self.s2_ends_batch.d.next = self.s1_ends_batch.q.val();
        self.s2_reads_row.d.next = self.s1_reads_row.q.val();
        self.s2_last_row.d.next = self.s1_last_row.q.val();
        self.s2_op.d.next = self.s1_op.q.val();
        self.s2_class_id.d.next = self.s1_class_id.q.val();
        self.s2_group_id.d.next = self.s1_group_id.q.val();
        self.s2_context_id.d.next = self.s1_context_id.q.val();
        self.s2_length.d.next = self.s1_length.q.val();
        self.s3_taken.d.next = self.s2_taken.q.val();
        self.s3_rejected.d.next = self.s2_rejected.q.val();
        self.s3_journals.d.next = self.s2_journals.q.val();
        self.s3_adds.d.next = self.s2_adds.q.val();
        self.s3_pair_redundant.d.next = self.s2_pair_redundant.q.val();
        self.s3_judged.d.next = self.s2_judged.q.val();
        self.s3_replies.d.next = self.s2_replies.q.val();
        self.s3_ends_batch.d.next = self.s2_ends_batch.q.val();
        self.s3_reads_row.d.next = self.s2_reads_row.q.val();
        self.s3_last_row.d.next = self.s2_last_row.q.val();
        self.s3_op.d.next = self.s2_op.q.val();
        self.s3_class_id.d.next = self.s2_class_id.q.val();
        self.s3_group_id.d.next = self.s2_group_id.q.val();
        self.s3_context_id.d.next = self.s2_context_id.q.val();
        self.s3_length.d.next = self.s2_length.q.val();
        self.near_taken.next = self.s1_taken.q.val();
        self.near_journals.next = self.s1_journals.q.val();
        self.result_taken.next = self.s3_taken.q.val();
        self.result_rejected.next = self.s3_rejected.q.val();
        self.result_journals.next = self.s3_journals.q.val();
        self.result_adds.next = self.s3_adds.q.val();
        self.result_pair_redundant.next = self.s3_pair_redundant.q.val();
        self.result_judged.next = self.s3_judged.q.val();
        self.result_replies.next = self.s3_replies.q.val();
        self.result_ends_batch.next = self.s3_ends_batch.q.val();
        self.result_reads_row.next = self.s3_reads_row.q.val();
        self.result_last_row.next = self.s3_last_row.q.val();
        self.result_op.next = self.s3_op.q.val();
        self.result_class_id.next = self.s3_class_id.q.val();
        self.result_group_id.next = self.s3_group_id.q.val();
        self.result_context_id.next = self.s3_context_id.q.val();
        self.result_length.next = self.s3_length.q.val();
        if !self.resetn.val() {
            self.s1_taken.d.next = false;
            self.s1_journals.d.next = false;
            self.s1_adds.d.next = false;
            self.s1_replies.d.next = false;
            self.s1_ends_batch.d.next = false;
            self.s1_reads_row.d.next = false;
            self.s2_taken.d.next = false;
            self.s2_journals.d.next = false;
            self.s2_adds.d.next = false;
            self.s2_replies.d.next = false;
            self.s2_ends_batch.d.next = false;
            self.s2_reads_row.d.next = false;
            self.s3_taken.d.next = false;
            self.s3_journals.d.next = false;
            self.s3_adds.d.next = false;
            self.s3_replies.d.next = false;
            self.s3_ends_batch.d.next = false;
            self.s3_reads_row.d.next = false;
        }
    }
}
