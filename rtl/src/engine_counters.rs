//! The engine's counters: records by outcome and op, the journal position, clocks by class.

use crate::comment;
use crate::latched_counter::LatchedCounter;
use crate::split_counter::SplitCounter;
use crate::words::{LatchedCounters, op_code};
use deltascope_abi::record::Op;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Counts what leaves stage S3 and what the ports do.
///
/// Every counter of a record moves in the same clock, so that in every latched set
/// `accepted = rejected + sum by op`; the clock classes exclude each other, so that their sum is the
/// number of clocks since the reset. A count has an event three clocks after it.
///
/// A reply needs the number of records and the journal position with its own record, in S3: these two are counted once
/// more, from S1 on.
#[derive(LogicBlock, SmartDefault)]
pub struct EngineCounters {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Low, from a register: every count is 0 two clocks later, every copy three.
    pub resetn: Signal<In, Bit>,
    /// Copies every counter: the copies have the events up to two clocks before, and are there two clocks later.
    pub latch: Signal<In, Bit>,
    /// S1: a record; it is in S3 two clocks later.
    pub near_taken: Signal<In, Bit>,
    /// S1: it moves the journal position.
    pub near_journals: Signal<In, Bit>,
    /// S3: a record.
    pub taken: Signal<In, Bit>,
    /// S3: it was rejected.
    pub rejected: Signal<In, Bit>,
    /// S3: its op.
    pub op: Signal<In, Bits<4>>,
    /// S3: it moves the journal position.
    pub journals: Signal<In, Bit>,
    /// A reply beat leaves the engine.
    pub reply_beat: Signal<In, Bit>,
    /// The clock is one in which a record moves.
    pub clock_moving: Signal<In, Bit>,
    /// The clock is one in which the input is ready and empty.
    pub clock_starved: Signal<In, Bit>,
    /// The clock is one in which replies not taken hold the input.
    pub clock_blocked: Signal<In, Bit>,
    /// The clock is one in which a reset holds the input.
    pub clock_clearing: Signal<In, Bit>,
    /// The clock is one in which an answer of several beats holds the input.
    pub clock_answering: Signal<In, Bit>,
    /// Records accepted, the one in S3 included.
    pub accepted_after: Signal<Out, Bits<64>>,
    /// Journal position after the record in S3.
    pub position_after: Signal<Out, Bits<64>>,
    /// The copies.
    pub latched: Signal<Out, LatchedCounters>,

    accepted_counter: LatchedCounter,
    rejected_counter: LatchedCounter,
    position_counter: LatchedCounter,
    reply_beats_counter: LatchedCounter,
    op_nop_counter: LatchedCounter,
    op_load_counter: LatchedCounter,
    op_accum_counter: LatchedCounter,
    op_read_counter: LatchedCounter,
    op_swap_counter: LatchedCounter,
    op_pair_counter: LatchedCounter,
    op_send_counter: LatchedCounter,
    op_snapshot_counter: LatchedCounter,
    op_sync_counter: LatchedCounter,
    op_query_counter: LatchedCounter,
    moving_counter: LatchedCounter,
    starved_counter: LatchedCounter,
    blocked_counter: LatchedCounter,
    clearing_counter: LatchedCounter,
    answering_counter: LatchedCounter,
    records: SplitCounter,
    position: SplitCounter,
    take: DFF<Bit>,
    cleared: DFF<Bit>,
    effective: Signal<Local, Bit>,
    #[default(op_code(Op::Nop))]
    code_nop: Constant<Bits<4>>,
    #[default(op_code(Op::Load))]
    code_load: Constant<Bits<4>>,
    #[default(op_code(Op::Accum))]
    code_accum: Constant<Bits<4>>,
    #[default(op_code(Op::Read))]
    code_read: Constant<Bits<4>>,
    #[default(op_code(Op::Swap))]
    code_swap: Constant<Bits<4>>,
    #[default(op_code(Op::Pair))]
    code_pair: Constant<Bits<4>>,
    #[default(op_code(Op::Send))]
    code_send: Constant<Bits<4>>,
    #[default(op_code(Op::Snapshot))]
    code_snapshot: Constant<Bits<4>>,
    #[default(op_code(Op::Sync))]
    code_sync: Constant<Bits<4>>,
    #[default(op_code(Op::Query))]
    code_query: Constant<Bits<4>>,
}

impl Logic for EngineCounters {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module engine_counters");
        clock!(self, clock, accepted_counter);
        clock!(self, clock, rejected_counter);
        clock!(self, clock, position_counter);
        clock!(self, clock, reply_beats_counter);
        clock!(self, clock, op_nop_counter);
        clock!(self, clock, op_load_counter);
        clock!(self, clock, op_accum_counter);
        clock!(self, clock, op_read_counter);
        clock!(self, clock, op_swap_counter);
        clock!(self, clock, op_pair_counter);
        clock!(self, clock, op_send_counter);
        clock!(self, clock, op_snapshot_counter);
        clock!(self, clock, op_sync_counter);
        clock!(self, clock, op_query_counter);
        clock!(self, clock, moving_counter);
        clock!(self, clock, starved_counter);
        clock!(self, clock, blocked_counter);
        clock!(self, clock, clearing_counter);
        clock!(self, clock, answering_counter);
        clock!(self, clock, records, position);
        dff_setup!(self, clock, take, cleared);
        comment!("After a reset the copies are taken twice more: the second time of counts that are 0.");
        self.cleared.d.next = !self.resetn.val();
        self.take.d.next = self.latch.val() | !self.resetn.val() | self.cleared.q.val();
        self.records.resetn.next = self.resetn.val();
        self.records.increment.next = self.near_taken.val();
        self.position.resetn.next = self.resetn.val();
        self.position.increment.next = self.near_journals.val();
        self.accepted_counter.resetn.next = self.resetn.val();
        self.accepted_counter.take.next = self.take.q.val();
        self.rejected_counter.resetn.next = self.resetn.val();
        self.rejected_counter.take.next = self.take.q.val();
        self.position_counter.resetn.next = self.resetn.val();
        self.position_counter.take.next = self.take.q.val();
        self.reply_beats_counter.resetn.next = self.resetn.val();
        self.reply_beats_counter.take.next = self.take.q.val();
        self.op_nop_counter.resetn.next = self.resetn.val();
        self.op_nop_counter.take.next = self.take.q.val();
        self.op_load_counter.resetn.next = self.resetn.val();
        self.op_load_counter.take.next = self.take.q.val();
        self.op_accum_counter.resetn.next = self.resetn.val();
        self.op_accum_counter.take.next = self.take.q.val();
        self.op_read_counter.resetn.next = self.resetn.val();
        self.op_read_counter.take.next = self.take.q.val();
        self.op_swap_counter.resetn.next = self.resetn.val();
        self.op_swap_counter.take.next = self.take.q.val();
        self.op_pair_counter.resetn.next = self.resetn.val();
        self.op_pair_counter.take.next = self.take.q.val();
        self.op_send_counter.resetn.next = self.resetn.val();
        self.op_send_counter.take.next = self.take.q.val();
        self.op_snapshot_counter.resetn.next = self.resetn.val();
        self.op_snapshot_counter.take.next = self.take.q.val();
        self.op_sync_counter.resetn.next = self.resetn.val();
        self.op_sync_counter.take.next = self.take.q.val();
        self.op_query_counter.resetn.next = self.resetn.val();
        self.op_query_counter.take.next = self.take.q.val();
        self.moving_counter.resetn.next = self.resetn.val();
        self.moving_counter.take.next = self.take.q.val();
        self.starved_counter.resetn.next = self.resetn.val();
        self.starved_counter.take.next = self.take.q.val();
        self.blocked_counter.resetn.next = self.resetn.val();
        self.blocked_counter.take.next = self.take.q.val();
        self.clearing_counter.resetn.next = self.resetn.val();
        self.clearing_counter.take.next = self.take.q.val();
        self.answering_counter.resetn.next = self.resetn.val();
        self.answering_counter.take.next = self.take.q.val();

        comment!("What counts.");
        self.effective.next = self.taken.val() & !self.rejected.val();
        self.accepted_counter.happens.next = self.taken.val();
        self.rejected_counter.happens.next = self.taken.val() & self.rejected.val();
        self.position_counter.happens.next = self.journals.val();
        self.reply_beats_counter.happens.next = self.reply_beat.val();
        self.op_nop_counter.happens.next = self.effective.val() & (self.op.val() == self.code_nop.val());
        self.op_load_counter.happens.next = self.effective.val() & (self.op.val() == self.code_load.val());
        self.op_accum_counter.happens.next = self.effective.val() & (self.op.val() == self.code_accum.val());
        self.op_read_counter.happens.next = self.effective.val() & (self.op.val() == self.code_read.val());
        self.op_swap_counter.happens.next = self.effective.val() & (self.op.val() == self.code_swap.val());
        self.op_pair_counter.happens.next = self.effective.val() & (self.op.val() == self.code_pair.val());
        self.op_send_counter.happens.next = self.effective.val() & (self.op.val() == self.code_send.val());
        self.op_snapshot_counter.happens.next = self.effective.val() & (self.op.val() == self.code_snapshot.val());
        self.op_sync_counter.happens.next = self.effective.val() & (self.op.val() == self.code_sync.val());
        self.op_query_counter.happens.next = self.effective.val() & (self.op.val() == self.code_query.val());
        self.moving_counter.happens.next = self.clock_moving.val();
        self.starved_counter.happens.next = self.clock_starved.val();
        self.blocked_counter.happens.next = self.clock_blocked.val();
        self.clearing_counter.happens.next = self.clock_clearing.val();
        self.answering_counter.happens.next = self.clock_answering.val();

        comment!("What is seen.");
        self.accepted_after.next = self.records.count.val();
        self.position_after.next = self.position.count.val();
        self.latched.next.accepted = self.accepted_counter.latched.val();
        self.latched.next.rejected = self.rejected_counter.latched.val();
        self.latched.next.journal_position = self.position_counter.latched.val();
        self.latched.next.reply_beats = self.reply_beats_counter.latched.val();
        self.latched.next.op_nop = self.op_nop_counter.latched.val();
        self.latched.next.op_load = self.op_load_counter.latched.val();
        self.latched.next.op_accum = self.op_accum_counter.latched.val();
        self.latched.next.op_read = self.op_read_counter.latched.val();
        self.latched.next.op_swap = self.op_swap_counter.latched.val();
        self.latched.next.op_pair = self.op_pair_counter.latched.val();
        self.latched.next.op_send = self.op_send_counter.latched.val();
        self.latched.next.op_snapshot = self.op_snapshot_counter.latched.val();
        self.latched.next.op_sync = self.op_sync_counter.latched.val();
        self.latched.next.op_query = self.op_query_counter.latched.val();
        self.latched.next.clocks_moving = self.moving_counter.latched.val();
        self.latched.next.clocks_starved = self.starved_counter.latched.val();
        self.latched.next.clocks_blocked = self.blocked_counter.latched.val();
        self.latched.next.clocks_clearing = self.clearing_counter.latched.val();
        self.latched.next.clocks_answering = self.answering_counter.latched.val();
    }
}
