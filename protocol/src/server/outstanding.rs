//! What is inside the engine: which session each batch and each awaited reply belongs to.

use super::queue::Cause;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::Op;
use deltascope_abi::reply::{Answer, POSITION_MODULUS, Reply, ReplyParser};

/// The owner of something in the engine. The epoch distinguishes a session's present from what it was before its grant
/// was renewed or inherited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub slot: usize,
    pub epoch: u32,
}

/// One submission.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    /// Slot, and how often its records were renumbered.
    pub owner: Owner,
    /// Records of the batch.
    pub count: usize,
    /// The session's records numbered below this are inside or have passed.
    pub sequence: u64,
    /// Records accepted since reset when the batch has passed.
    end: u64,
}

/// A question that the engine has answered whole.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answered {
    /// Records up to this number since reset have passed: see [`Outstanding::passed`].
    Accepted(u64),
    /// A reply to a record of the agent.
    Reply { owner: Owner, sequence: u64, reply: Reply },
    /// Every row of a snapshot is in [`Outstanding::rows`].
    Rows { owner: Owner, cause: Cause, position: u64 },
    /// The SYNC of an inherited grant.
    Inherited { owner: Owner },
    /// The SYNC of a grant that has grown.
    Grown { owner: Owner },
    /// The SYNC of a state that cannot be answered.
    TooOld { owner: Owner, cause: Cause, position: u64 },
    /// QUERY and READ of a state.
    State { owner: Owner, cause: Cause, query: Reply, read: Reply, position: u64 },
}

/// The order of everything submitted, against which the reply stream is read.
#[derive(Debug, Default)]
pub(super) struct Outstanding {
    parser: ReplyParser,
    expected: VecDeque<(Owner, Cause)>,
    batches: VecDeque<Batch>,
    submitted: u64,
    position: u64,
    /// Rows of the snapshot that is being read, by group and class.
    pub rows: Vec<CounterRow>,
    header_position: u64,
    /// Answers to QUERYs whose READ has not answered, by slot of the session, with their positions. Records of other
    /// sessions may have come between the two.
    queries: Vec<(usize, Reply, u64)>,
}

impl Outstanding {
    /// Whether anything is inside the engine.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Answers that are awaited.
    pub fn awaited(&self) -> usize {
        self.expected.len()
    }

    /// Journal position after the last beat.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The engine took a batch.
    pub fn submitted(&mut self, owner: Owner, count: usize, sequence: u64) {
        self.submitted += count as u64;
        self.batches.push_back(Batch { owner, count, sequence, end: self.submitted });
    }

    /// A record of the batch that answers.
    pub fn expect(&mut self, owner: Owner, cause: Cause) {
        self.expected.push_back((owner, cause));
    }

    /// The next batch that has passed when `accepted` records have.
    pub fn passed(&mut self, accepted: u64) -> Option<Batch> {
        self.batches.pop_front_if(|batch| batch.end <= accepted)
    }

    /// Takes the next beat of the reply stream. An error reports how the stream is out of step.
    #[inline]
    pub fn beat(&mut self, beat: Reply) -> Result<Option<Answered>, String> {
        let Some(answer) = self.parser.push(beat).map_err(|error| format!("{error}"))? else { return Ok(None) };
        match answer {
            Answer::SnapshotRow { row, last, .. } => {
                self.rows.push(row);
                Ok(if last { self.finish_snapshot() } else { None })
            }
            Answer::EndOfBatch { accepted } => {
                self.unwrap(beat);
                if accepted > self.submitted {
                    let submitted = self.submitted;
                    return Err(format!(
                        "end of batch: expected at most {submitted} accepted records, found {accepted}"
                    ));
                }
                Ok(Some(Answered::Accepted(accepted)))
            }
            Answer::SnapshotHeader { .. } => {
                self.unwrap(beat);
                self.header_position = self.position;
                self.rows.clear();
                match self.expected.front() {
                    Some((_, Cause::Baseline | Cause::Rows | Cause::Snapshot { .. })) => Ok(None),
                    other => Err(format!("reply stream: expected an answer to {other:?}, found a snapshot")),
                }
            }
            Answer::Reply(reply) => {
                self.unwrap(beat);
                self.reply(reply)
            }
        }
    }

    /// Beats carry the low 24 bits of the position; between two beats it moves by less, because a batch is shorter.
    fn unwrap(&mut self, beat: Reply) {
        let moved = u64::from(beat.position()).wrapping_sub(self.position) % POSITION_MODULUS;
        self.position += moved;
    }

    fn finish_snapshot(&mut self) -> Option<Answered> {
        let (owner, cause) = self.expected.pop_front()?;
        Some(Answered::Rows { owner, cause, position: self.header_position })
    }

    fn reply(&mut self, reply: Reply) -> Result<Option<Answered>, String> {
        let found = reply.op();
        let Some((owner, cause)) = self.expected.pop_front() else {
            return Err(format!("reply stream: expected no more replies, found {reply:?}"));
        };
        match (cause, found) {
            (Cause::Reply { sequence, op }, Some(found)) if op == found => {
                Ok(Some(Answered::Reply { owner, sequence, reply }))
            }
            (Cause::Inherited, Some(Op::Sync)) => Ok(Some(Answered::Inherited { owner })),
            (Cause::Grown, Some(Op::Sync)) => Ok(Some(Answered::Grown { owner })),
            (Cause::TooOld { .. }, Some(Op::Sync)) => {
                Ok(Some(Answered::TooOld { owner, cause, position: self.position }))
            }
            (Cause::Query, Some(Op::Query)) => {
                self.queries.retain(|(slot, ..)| *slot != owner.slot);
                self.queries.push((owner.slot, reply, self.position));
                Ok(None)
            }
            (Cause::State { .. }, Some(Op::Read)) => {
                let at = self.queries.iter().position(|(slot, ..)| *slot == owner.slot);
                let Some((_, query, position)) = at.map(|at| self.queries.swap_remove(at)) else {
                    return Err(format!("reply stream: expected a QUERY before its READ, found {reply:?}"));
                };
                Ok(Some(Answered::State { owner, cause, query, read: reply, position }))
            }
            _ => Err(format!("reply stream: expected an answer to {cause:?}, found {reply:?}")),
        }
    }
}
