//! Named cover points: what a lockstep run must have met to count as evidence. `docs/verification.md` uses
//! the same names.

use std::fmt;

macro_rules! points {
    ($($name:ident = $text:literal: $about:literal,)*) => {
        /// Something that a lockstep run must meet.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Point {
            $(#[doc = $about] $name,)*
        }

        impl Point {
            /// Every point.
            pub const ALL: &'static [Point] = &[$(Point::$name,)*];

            /// Name in reports and documents.
            pub const fn name(self) -> &'static str {
                match self { $(Point::$name => $text,)* }
            }

            /// What it means.
            pub const fn about(self) -> &'static str {
                match self { $(Point::$name => $about,)* }
            }
        }
    };
}

points! {
    ContextForward1 = "context_forward_1": "a record meets the one before it on the same context, one clock apart",
    ContextForward2 = "context_forward_2": "two records on the same context, two clocks apart, none between",
    ContextForward3 = "context_forward_3": "two records on the same context, three clocks apart, none between: a read meets a write in the memory",
    ContextPast = "context_past": "two records on the same context, four clocks apart, none between: the first that needs no forward",
    CounterForward1 = "counter_forward_1": "two adds to the same row, one clock apart",
    CounterForward2 = "counter_forward_2": "two adds to the same row, two clocks apart, none between",
    CounterForward3 = "counter_forward_3": "two adds to the same row, three clocks apart, none between: a read meets a write in the memory",
    CounterSendPair = "counter_send_pair": "a SEND and a PAIR add to the same row in clocks that follow each other",
    SnapshotAfterAdd = "snapshot_after_add": "a SNAPSHOT reads a row that the record before it added to",
    SnapshotWhole = "snapshot_whole": "a SNAPSHOT of every group",
    SnapshotLast = "snapshot_last": "a SNAPSHOT of the last group only",
    SnapshotTlast = "snapshot_tlast": "a SNAPSHOT with TLAST: its end-of-batch beat follows the last row",
    SnapshotStalled = "snapshot_stalled": "the sink stalls while rows are being delivered",
    SnapshotTwice = "snapshot_twice": "two SNAPSHOTs in consecutive beats",
    QueryNow = "query_now": "a QUERY whose mark is the position: nothing to undo",
    QueryWindow = "query_window": "a QUERY that finds a delta that is not zero",
    QueryHorizon = "query_horizon": "a QUERY whose mark is exactly as far back as the journal reaches, its ring full",
    QueryTooOld = "query_too_old": "a QUERY whose mark is one entry further back than the journal reaches",
    QueryAhead = "query_ahead": "a QUERY whose mark lies ahead of the position",
    QueryEmpty = "query_empty": "a QUERY before anything was noted",
    QueryAfterNote = "query_after_note": "a QUERY in the clock after a record that the journal notes, of the same context",
    QueryTwice = "query_twice": "two QUERYs in consecutive records",
    QueryTlast = "query_tlast": "a QUERY with TLAST: its end-of-batch beat follows its reply",
    QueryStalled = "query_stalled": "the sink stalls while a QUERY is being answered",
    SoftResetQuery = "soft_reset_query": "a soft reset while a QUERY is being answered",
    TlastNoReply = "tlast_no_reply": "TLAST on a record that answers nothing",
    TlastReply = "tlast_reply": "TLAST on a record that answers: two beats from one record",
    TlastRejected = "tlast_rejected": "TLAST on a rejected record",
    TlastTwice = "tlast_twice": "TLAST on two answering records in consecutive clocks of acceptance",
    PacketFull = "packet_full": "a packet is closed by its number of beats, inside a batch",
    PacketFullSnapshot = "packet_full_snapshot": "a packet is closed by its number of beats inside a SNAPSHOT",
    PacketFullAtEnd = "packet_full_at_end": "the end-of-batch beat is also the beat that fills the packet",
    QueueFull = "queue_full": "records are there and credit is exhausted: the input waits for replies to be taken",
    QueueEmptied = "queue_emptied": "credit returns after it was exhausted",
    RejectedOp = "rejected_op": "an op code that names no op",
    RejectedContext = "rejected_context": "a context beyond the table",
    RejectedGroup = "rejected_group": "a group beyond the table",
    RejectedSnapshotEmpty = "rejected_snapshot_empty": "a SNAPSHOT whose first group is above its last",
    RejectedSnapshotHigh = "rejected_snapshot_high": "a SNAPSHOT whose last group is beyond the table",
    Fragment = "fragment": "half a record with TLAST: it is rejected and closes its batch",
    IgnoredBits = "ignored_bits": "a record with random bits in every field its op does not use",
    SendRedundant = "send_redundant": "a SEND that returns its operand",
    SendUnjudged = "send_unjudged": "a SEND of class 3 that returns its operand and is not redundant",
    PairRedundant = "pair_redundant": "a PAIR of equal fingerprints",
    PairUnjudged = "pair_unjudged": "a PAIR of class 3 with equal fingerprints that is not redundant",
    Rebase = "rebase": "SWAP with REBASE on a context whose accumulator is not zero",
    RebaseIgnored = "rebase_ignored": "REBASE on an op other than SWAP",
    ZeroCancelled = "zero_cancelled": "an accumulator that is zero because its deltas cancelled",
    LatchMoving = "latch_moving": "the counters are latched while records move",
    SoftResetIdle = "soft_reset_idle": "a soft reset of an engine that holds no record and no reply",
    SoftResetReplies = "soft_reset_replies": "a soft reset while replies are due",
    SoftResetStalled = "soft_reset_stalled": "a soft reset while the sink refuses a reply",
    SoftResetSnapshot = "soft_reset_snapshot": "a soft reset while a SNAPSHOT is being answered",
    SoftResetPacketOpen = "soft_reset_packet_open": "a soft reset closes a packet that was open",
    SoftResetPacketClosed = "soft_reset_packet_closed": "a soft reset finds every packet closed and adds no beat",
    SoftResetOffered = "soft_reset_offered": "a record is offered all through a soft reset",
    SoftResetTwice = "soft_reset_twice": "a second soft reset is asked for during the first",
    HardReset = "hard_reset": "a hard reset while replies are due",
    ResetDirty = "reset_dirty": "a reset with non-zero state in the first and the last context and counter row",
}

/// How often each point was met.
#[derive(Clone, Debug)]
pub struct Cover {
    hits: Vec<u64>,
}

impl Default for Cover {
    fn default() -> Cover {
        Cover { hits: vec![0; Point::ALL.len()] }
    }
}

impl Cover {
    /// Counts one meeting.
    #[inline]
    pub fn hit(&mut self, point: Point) {
        self.hits[point as usize] += 1;
    }

    /// Counts one meeting if `condition`.
    #[inline]
    pub fn hit_if(&mut self, condition: bool, point: Point) {
        self.hits[point as usize] += u64::from(condition);
    }

    /// How often a point was met.
    pub fn count(&self, point: Point) -> u64 {
        self.hits[point as usize]
    }

    /// Adds another run's meetings.
    pub fn add(&mut self, other: &Cover) {
        for (mine, theirs) in self.hits.iter_mut().zip(&other.hits) {
            *mine += theirs;
        }
    }

    /// Points that were never met.
    pub fn uncovered(&self) -> Vec<Point> {
        Point::ALL.iter().copied().filter(|p| self.count(*p) == 0).collect()
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_in_order() {
        for (i, point) in Point::ALL.iter().enumerate() {
            assert_eq!(*point as usize, i);
            assert_eq!(Point::ALL.iter().filter(|p| p.name() == point.name()).count(), 1, "{point}");
        }
    }

    #[test]
    fn what_was_not_met_is_listed() {
        let mut cover = Cover::default();
        Point::ALL.iter().skip(1).for_each(|p| cover.hit(*p));
        cover.hit_if(false, Point::ALL[0]);
        assert_eq!(cover.uncovered(), [Point::ALL[0]]);
        let mut sum = Cover::default();
        sum.hit(Point::ALL[0]);
        sum.add(&cover);
        assert!(sum.uncovered().is_empty());
    }
}
