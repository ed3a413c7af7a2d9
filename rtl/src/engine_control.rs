//! What the engine does with its input: clear, run, answer a SNAPSHOT or a QUERY, drain.

use crate::comment;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// The states of the engine.
#[derive(Clone, Copy, Debug, PartialEq, LogicState)]
pub enum EngineState {
    /// The tables are being cleared.
    Clearing,
    /// Records are taken whenever there is room for their replies.
    Running,
    /// A SNAPSHOT reads its rows.
    Reading,
    /// The last row of a SNAPSHOT is on its way to the reply queue.
    Settling,
    /// A QUERY walks the journal.
    Querying,
    /// A soft reset waits until every reply has been taken and the packet is closed.
    Draining,
}

/// Decides when records may enter and when the tables are cleared.
#[derive(LogicBlock, SmartDefault)]
pub struct EngineControl {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Low: hard reset.
    pub resetn: Signal<In, Bit>,
    /// Pulse: drain, then clear.
    pub soft_reset: Signal<In, Bit>,
    /// A table is being cleared.
    pub tables_clearing: Signal<In, Bit>,
    /// S0 holds a SNAPSHOT.
    pub snapshot_starts: Signal<In, Bit>,
    /// That SNAPSHOT ends a batch.
    pub snapshot_ends_batch: Signal<In, Bit>,
    /// The last row of the snapshot is read now.
    pub last_row_read: Signal<In, Bit>,
    /// S0 holds a QUERY.
    pub query_starts: Signal<In, Bit>,
    /// Pulse: a slot that enters now meets the answer of the journal.
    pub answer_near: Signal<In, Bit>,
    /// There is room in the reply queue.
    pub room: Signal<In, Bit>,
    /// No reply is in the queue or behind it.
    pub replies_gone: Signal<In, Bit>,
    /// A beat has left since the last TLAST.
    pub packet_open: Signal<In, Bit>,
    /// Records may enter.
    pub accepts: Signal<Out, Bit>,
    /// The next slot is an end-of-batch beat of its own.
    pub sends_batch_end: Signal<Out, Bit>,
    /// The next slot is the reply of a QUERY.
    pub sends_answer: Signal<Out, Bit>,
    /// Pulse: clear tables and counters.
    pub restart: Signal<Out, Bit>,
    /// The tables are being cleared.
    pub clearing: Signal<Out, Bit>,
    /// A soft reset is on its way, or waits for its replies to be taken.
    pub draining: Signal<Out, Bit>,
    /// A SNAPSHOT or a QUERY holds the input.
    pub answering: Signal<Out, Bit>,

    state: DFF<EngineState>,
    reset_pending: DFF<Bit>,
    batch_end_due: DFF<Bit>,
    answer_due: DFF<Bit>,
    waited: DFF<Bits<4>>,
    #[default(Constant::new(1_u64.into()))]
    one: Constant<Bits<4>>,
    #[default(Constant::new(CLOCKS_TO_SETTLE.into()))]
    clocks_to_settle: Constant<Bits<4>>,
}

/// Clocks from the slot of the last row in S0 to the first slot whose reply cannot overtake the row,
/// less one: the row's second beat is written seven clocks after S0, a reply four clocks after it.
const CLOCKS_TO_SETTLE: u64 = 3;

impl Logic for EngineControl {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module engine_control");
        dff_setup!(self, clock, state, reset_pending, batch_end_due, answer_due, waited);
        self.accepts.next = false;
        self.sends_batch_end.next = false;
        self.sends_answer.next = false;
        self.restart.next = false;
        self.clearing.next = false;
        self.draining.next = self.reset_pending.q.val();
        self.answering.next = false;
        if self.soft_reset.val() {
            self.reset_pending.d.next = true;
        }
        match self.state.q.val() {
            EngineState::Clearing => {
                self.clearing.next = true;
                if !self.tables_clearing.val() {
                    self.state.d.next = EngineState::Running;
                }
            }
            EngineState::Running => {
                self.accepts.next = !self.reset_pending.q.val();
                self.waited.d.next = 0.into();
                if self.snapshot_starts.val() {
                    self.batch_end_due.d.next = self.snapshot_ends_batch.val();
                    self.state.d.next = EngineState::Reading;
                } else if self.query_starts.val() {
                    self.state.d.next = EngineState::Querying;
                } else if self.reset_pending.q.val() {
                    self.state.d.next = EngineState::Draining;
                }
            }
            EngineState::Reading => {
                self.answering.next = true;
                if self.last_row_read.val() {
                    self.state.d.next = EngineState::Settling;
                }
            }
            EngineState::Settling => {
                self.answering.next = true;
                if self.waited.q.val() != self.clocks_to_settle.val() {
                    self.waited.d.next = self.waited.q.val() + self.one.val();
                } else if !self.batch_end_due.q.val() {
                    self.state.d.next = EngineState::Running;
                } else if self.room.val() {
                    self.sends_batch_end.next = true;
                    self.batch_end_due.d.next = false;
                    self.state.d.next = EngineState::Running;
                }
            }
            EngineState::Querying => {
                self.answering.next = true;
                if self.answer_near.val() {
                    self.answer_due.d.next = true;
                }
                if (self.answer_near.val() | self.answer_due.q.val()) & self.room.val() {
                    self.sends_answer.next = true;
                    self.answer_due.d.next = false;
                    self.state.d.next = EngineState::Running;
                }
            }
            EngineState::Draining => {
                comment!("The slots in flight need fewer clocks than this to reach the queue.");
                if !self.waited.q.val().all() {
                    self.waited.d.next = self.waited.q.val() + self.one.val();
                } else if self.replies_gone.val() {
                    if self.packet_open.val() {
                        self.sends_batch_end.next = true;
                        self.waited.d.next = 0.into();
                    } else {
                        self.restart.next = true;
                        self.reset_pending.d.next = self.soft_reset.val();
                        self.state.d.next = EngineState::Clearing;
                    }
                }
            }
        }
        if !self.resetn.val() {
            self.state.d.next = EngineState::Clearing;
            self.reset_pending.d.next = false;
            self.batch_end_due.d.next = false;
            self.answer_due.d.next = false;
            self.waited.d.next = 0.into();
        }
    }
}
