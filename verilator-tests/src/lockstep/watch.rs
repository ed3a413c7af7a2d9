//! Recognises cover points in what was accepted.

use deltascope_abi::record::{CLASSES, Class, Op, Record, Rejection, Tables};
use deltascope_model::GoldenEngine;

use super::Sizes;
use crate::cover::{Cover, Point};

/// What happened last, where it matters for the next record. Clocks are those of acceptance, one slot of the
/// pipeline each.
pub(super) struct Watch {
    pub cover: Cover,
    sizes: Sizes,
    /// Clock of the last record on each context, plus one; 0: none.
    contexts: Vec<u64>,
    /// Whether a delta that is not zero came since the last LOAD or SWAP.
    deltas: Vec<bool>,
    /// Clock of the last add to each row plus one, and its op.
    rows: Vec<(u64, Op)>,
    /// Clock of the previous record plus one, the record, and whether it was valid.
    previous: Option<(u64, Record, bool)>,
    previous_last_replied: bool,
}

/// The op of a record, or why it is rejected.
fn judge(record: &Record, sizes: &Sizes) -> Result<Op, Point> {
    let config = &sizes.config;
    let tables = Tables { contexts: config.contexts, groups: config.groups, journal: config.horizon() > 0 };
    record.judge(&tables).map_err(|why| match why {
        Rejection::Op => Point::RejectedOp,
        Rejection::Context => Point::RejectedContext,
        Rejection::Group => Point::RejectedGroup,
        Rejection::EmptySnapshot => Point::RejectedSnapshotEmpty,
        Rejection::SnapshotGroup => Point::RejectedSnapshotHigh,
    })
}

impl Watch {
    pub fn new(sizes: Sizes) -> Watch {
        Watch {
            cover: Cover::default(),
            contexts: vec![0; sizes.config.contexts as usize],
            deltas: vec![false; sizes.config.contexts as usize],
            rows: vec![(0, Op::Nop); sizes.config.groups as usize * CLASSES],
            previous: None,
            previous_last_replied: false,
            sizes,
        }
    }

    pub fn reset(&mut self) {
        self.contexts.fill(0);
        self.deltas.fill(false);
        self.rows.fill((0, Op::Nop));
        self.previous = None;
        self.previous_last_replied = false;
    }

    /// A record is accepted in `clock`; `model` is in the state before it. Gives its op, `None` when it is rejected.
    pub fn accept(&mut self, clock: u64, record: &Record, last: bool, model: &GoldenEngine) -> Option<Op> {
        let now = clock + 1;
        let judged = judge(record, &self.sizes);
        match judged {
            Err(point) => {
                self.cover.hit(point);
                self.cover.hit_if(last, Point::TlastRejected);
            }
            Ok(op) => self.valid(now, record, op, last, model),
        }
        self.previous = Some((now, *record, judged.is_ok()));
        judged.ok()
    }

    fn valid(&mut self, now: u64, record: &Record, op: Op, last: bool, model: &GoldenEngine) {
        let replies = op.always_replies() || op.journals() && record.reply();
        let next_clock = self.previous.is_some_and(|(then, ..)| then + 1 == now);
        let cover = &mut self.cover;
        cover.hit_if(last && !replies, Point::TlastNoReply);
        cover.hit_if(last && replies, Point::TlastReply);
        cover.hit_if(last && replies && self.previous_last_replied, Point::TlastTwice);
        self.previous_last_replied = last && replies;
        cover.hit_if(record.rebase() && op != Op::Swap, Point::RebaseIgnored);
        let unused = !op.uses_context() && record.context() != 0 && !op.counts() && record.group() != 0;
        cover.hit_if(unused, Point::IgnoredBits);
        match op {
            Op::Pair if record.operand as u32 == (record.operand >> 32) as u32 => match record.class() {
                Class::PageUnjudged => cover.hit(Point::PairUnjudged),
                _ => cover.hit(Point::PairRedundant),
            },
            Op::Snapshot => {
                let (first, end) = record.snapshot_range();
                let top = self.sizes.groups() as u16 - 1;
                cover.hit_if((first, end) == (0, top), Point::SnapshotWhole);
                cover.hit_if((first, end) == (top, top), Point::SnapshotLast);
                cover.hit_if(last, Point::SnapshotTlast);
                if let Some((_, before, true)) = self.previous {
                    cover.hit_if(before.op() == Some(Op::Snapshot), Point::SnapshotTwice);
                    let added = before.op().is_some_and(Op::counts);
                    let inside = (first..=end).contains(&before.group());
                    cover.hit_if(next_clock && added && inside, Point::SnapshotAfterAdd);
                }
            }
            Op::Query => self.query(next_clock, record, last, model),
            _ => {}
        }
        if op.uses_context() && op != Op::Query {
            self.context(now, record, op, model);
        }
        if op.counts() {
            self.row(now, record, op);
        }
    }

    fn query(&mut self, next_clock: bool, record: &Record, last: bool, model: &GoldenEngine) {
        let (position, horizon) = (model.position(), self.sizes.config.horizon());
        let back = position.wrapping_sub(record.operand);
        let cover = &mut self.cover;
        cover.hit_if(back == 0, Point::QueryNow);
        cover.hit_if(back == horizon && position > horizon, Point::QueryHorizon);
        cover.hit_if(back == horizon + 1 && position > horizon, Point::QueryTooOld);
        cover.hit_if(back >> 63 == 1, Point::QueryAhead);
        cover.hit_if(position == 0, Point::QueryEmpty);
        cover.hit_if(last, Point::QueryTlast);
        if let Some((_, before, true)) = self.previous {
            cover.hit_if(before.op() == Some(Op::Query), Point::QueryTwice);
            let noted = before.op().is_some_and(Op::journals) && before.context() == record.context();
            cover.hit_if(next_clock && noted, Point::QueryAfterNote);
        }
    }

    fn context(&mut self, now: u64, record: &Record, op: Op, model: &GoldenEngine) {
        let index = usize::from(record.context());
        let held = model.context(record.context()).unwrap_or_default();
        let cover = &mut self.cover;
        let then = std::mem::replace(&mut self.contexts[index], now);
        match now - then {
            _ if then == 0 => {}
            1 => cover.hit(Point::ContextForward1),
            2 => cover.hit(Point::ContextForward2),
            3 => cover.hit(Point::ContextForward3),
            4 => cover.hit(Point::ContextPast),
            _ => {}
        }
        cover.hit_if(self.deltas[index] && held.is_zero(), Point::ZeroCancelled);
        match op {
            Op::Accum => self.deltas[index] |= record.operand != 0,
            Op::Load | Op::Swap | Op::Send => self.deltas[index] = false,
            _ => {}
        }
        cover.hit_if(op == Op::Swap && record.rebase() && !held.is_zero(), Point::Rebase);
        if op == Op::Send && held.read() == record.operand {
            let unjudged = record.class() == Class::PageUnjudged;
            cover.hit(if unjudged { Point::SendUnjudged } else { Point::SendRedundant });
        }
    }

    fn row(&mut self, now: u64, record: &Record, op: Op) {
        let index = usize::from(record.group()) * CLASSES + record.class() as usize;
        let (then, other) = std::mem::replace(&mut self.rows[index], (now, op));
        match now - then {
            _ if then == 0 => {}
            1 => {
                self.cover.hit(Point::CounterForward1);
                self.cover.hit_if(op != other, Point::CounterSendPair);
            }
            2 => self.cover.hit(Point::CounterForward2),
            3 => self.cover.hit(Point::CounterForward3),
            _ => {}
        }
    }
}
