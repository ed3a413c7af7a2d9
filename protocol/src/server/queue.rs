//! Records of one session on their way into the engine, with the server's own between them.

use super::rules::{Grant, Violation};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;
use deltascope_abi::record::{Op, RECORD_BYTES, Record};

/// Why a record of a queue answers, and who waits for the answer. A request names the connection that it came over
/// (`round`, see `Session`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A record of the agent.
    Reply { sequence: u64, op: Op },
    /// The server's SNAPSHOT at a grant.
    Baseline,
    /// The server's SNAPSHOT of a run of groups that more belongs to.
    Rows,
    /// The server's SYNC when a grant is inherited.
    Inherited,
    /// The server's SYNC when a grant has grown.
    Grown,
    /// The server's SNAPSHOT for a request; `first` and `last` as the session numbers them.
    Snapshot { round: u32, token: u64, sequence: u64, first: u16, last: u16 },
    /// The server's QUERY for a request; its READ follows.
    Query,
    /// The server's READ for a request, right behind its QUERY.
    State { round: u32, token: u64, mark: u64, sequence: u64, context: u16 },
    /// The server's SYNC for a request whose mark cannot be answered.
    TooOld { round: u32, token: u64, mark: u64, sequence: u64, context: u16 },
}

impl Cause {
    /// Whether the records behind it belong to the same question.
    fn is_part(&self) -> bool {
        matches!(self, Cause::Rows | Cause::Query)
    }

    /// Whether it is the last record of a request, which dies with its connection.
    fn is_request(&self) -> bool {
        matches!(self, Cause::Snapshot { .. } | Cause::State { .. } | Cause::TooOld { .. })
    }
}

/// Records that are checked before they are queued.
const CHECKED_AT_ONCE: usize = 64;

/// Records that wait, in the order in which they enter the engine.
#[derive(Debug, Default)]
pub(super) struct Queue {
    records: VecDeque<Record>,
    /// Records taken since the queue was made: the index of the first that waits.
    taken: u64,
    /// The server's own records that answer, by index.
    marks: VecDeque<(u64, Cause)>,
    /// Indices of the server's own records that answer nothing.
    silent: VecDeque<Range<u64>>,
    /// Records of the agent that wait, and the number of the first of them.
    agents: u64,
    first: u64,
    /// Records up to this index hold some of the agent that answer.
    answering: u64,
    /// No session waits for the answers of records before this index.
    orphans: u64,
    /// The last mark that was taken begins a request of several records, whose others wait.
    is_begun: bool,
}

impl Queue {
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Records of the agent that wait.
    pub fn agents(&self) -> u64 {
        self.agents
    }

    fn end(&self) -> u64 {
        self.taken + self.len() as u64
    }

    /// Bytes that the queue has of the allocator.
    pub fn bytes(&self) -> usize {
        let marks = self.marks.capacity() * size_of::<(u64, Cause)>();
        self.records.capacity() * RECORD_BYTES + marks + self.silent.capacity() * size_of::<Range<u64>>()
    }

    /// The first records that wait and stand together, at most `count`.
    pub fn front(&self, count: usize) -> &[Record] {
        let (front, _) = self.records.as_slices();
        &front[..front.len().min(count)]
    }

    /// Checks records of the agent, the first with number `sequence`, and queues them all or none.
    pub fn push_records(
        &mut self,
        records: &[[u8; RECORD_BYTES]],
        sequence: u64,
        grant: &Grant,
    ) -> Result<(), Violation> {
        let start = self.records.len();
        reserve(&mut self.records, records.len());
        let mut passed = [Record::nop(); CHECKED_AT_ONCE];
        let mut may_answer = false;
        for (part, records) in records.chunks(CHECKED_AT_ONCE).enumerate() {
            let passed = &mut passed[..records.len()];
            let found = grant.pass(records, passed);
            if found.room < 0 {
                self.records.truncate(start);
                let mut records = (part * CHECKED_AT_ONCE..).zip(records);
                let first = records.find_map(|(index, bytes)| grant.violation(index, &Record::from_bytes(bytes)));
                return first.map_or(Ok(()), Err);
            }
            may_answer |= found.may_answer();
            self.records.extend(&*passed);
        }
        if let Some(map) = &grant.map {
            self.records.range_mut(start..).for_each(|record| map.translate(record));
        }
        if self.agents == 0 {
            self.first = sequence;
        }
        self.agents += records.len() as u64;
        if may_answer {
            self.answering = self.end();
        }
        Ok(())
    }

    /// Queues records of the server that answer nothing.
    pub fn push_silent(&mut self, records: impl ExactSizeIterator<Item = Record>) {
        let start = self.end();
        reserve(&mut self.records, records.len());
        self.records.extend(records);
        self.silent.push_back(start..self.end());
    }

    /// Queues a record of the server that answers.
    pub fn push_marked(&mut self, record: Record, cause: Cause) {
        self.marks.push_back((self.end(), cause));
        reserve(&mut self.records, 1);
        self.records.push_back(record);
    }

    /// No session waits for the answers of the records that wait now.
    pub fn orphan(&mut self) {
        self.orphans = self.end();
    }

    /// The engine took the first `count` records. What answers goes to `sink` in order, each with whether somebody waits
    /// for the answer; gives how many of the records were the agent's.
    pub fn take(&mut self, count: usize, mut sink: impl FnMut(Cause, bool)) -> u64 {
        let end = self.taken + count as u64;
        let mut agents = 0;
        let mut at = self.taken;
        while at < end {
            let mark = self.marks.front().map(|(index, _)| *index);
            let silent = self.silent.front().cloned();
            if mark == Some(at) {
                if let Some((_, cause)) = self.marks.pop_front() {
                    self.is_begun = cause.is_part();
                    sink(cause, at >= self.orphans);
                }
                at += 1;
            } else if let Some(run) = silent.clone().filter(|run| run.contains(&at)) {
                at = run.end.min(end);
                if at == run.end {
                    self.silent.pop_front();
                }
            } else {
                // Records of the agent, up to the next one of the server.
                let next = mark.into_iter().chain(silent.map(|run| run.start)).fold(end, u64::min);
                if at < self.answering {
                    self.answers(at..next.min(self.answering), agents, &mut sink);
                }
                agents += next - at;
                at = next;
            }
        }
        self.records.drain(..count);
        self.taken = end;
        self.agents -= agents;
        self.first += agents;
        agents
    }

    /// The records of the agent among `range` that answer; `before`: as many of its records come before them.
    fn answers(&self, range: Range<u64>, before: u64, sink: &mut impl FnMut(Cause, bool)) {
        let records = self.records.range((range.start - self.taken) as usize..(range.end - self.taken) as usize);
        for (offset, record) in (0..).zip(records) {
            if let Some(op) = record.op().filter(|op| op.always_replies() || record.reply() && op.replies(true)) {
                let sequence = self.first + before + offset;
                sink(Cause::Reply { sequence, op }, range.start + offset >= self.orphans);
            }
        }
    }

    /// Takes the requests that wait out of the queue: the connection that they came over is gone. One that the engine has a part
    /// of remains.
    pub fn drop_requests(&mut self) {
        let (mut gone, mut parts) = (Vec::new(), Vec::new());
        let mut remains = self.is_begun;
        for (index, cause) in &self.marks {
            parts.push(*index);
            if cause.is_part() {
                continue;
            }
            match cause.is_request() && !remains {
                true => gone.append(&mut parts),
                false => parts.clear(),
            }
            remains = false;
        }
        if gone.is_empty() {
            return;
        }
        let moved = |index: u64| index - gone.partition_point(|gone| *gone < index) as u64;
        let mut index = self.taken;
        self.records.retain(|_| {
            index += 1;
            gone.binary_search(&(index - 1)).is_err()
        });
        self.marks.retain(|(index, _)| gone.binary_search(index).is_err());
        self.marks.iter_mut().for_each(|(index, _)| *index = moved(*index));
        self.silent.iter_mut().for_each(|run| *run = moved(run.start)..moved(run.end));
        (self.answering, self.orphans) = (moved(self.answering), moved(self.orphans));
    }

    /// Forgets every record that waits.
    pub fn clear(&mut self) {
        self.records.clear();
        (self.agents, self.answering, self.orphans, self.is_begun) = (0, 0, 0, false);
        self.marks.clear();
        self.silent.clear();
    }

    /// Gives back what the queue has of the allocator beyond `records`.
    pub fn shrink(&mut self, records: usize) {
        self.records.shrink_to(records);
    }
}

/// Makes room for `more` items: by doubling, but to no more than the next multiple of a frame's records, so that the room
/// is what the credit allows and not twice of it.
pub(super) fn reserve<T>(items: &mut VecDeque<T>, more: usize) {
    let needed = items.len() + more;
    if needed > items.capacity() {
        let room = needed.max((2 * items.capacity()).min(needed.next_multiple_of(ROOM_STEP)));
        items.reserve_exact(room - items.len());
    }
}

/// Items by which a queue that is long grows.
pub(super) const ROOM_STEP: usize = 2_048;
