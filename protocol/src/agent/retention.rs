//! Frames that no snapshot covers yet, as they go over the wire.
//!
//! One fixed ring holds whole frames one after the other. A record is copied into the frame that is open; a closed
//! frame is sent from where it is, as often as it takes. A frame never wraps: what is left at the end of the
//! ring stays unused for that round.

use crate::frame::records::{RecordsHead, records_offset, records_overhead, seal_records};
use crate::frame::{self, Cursor, FrameError, MAX_CURSORS, Message};
use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Op, RECORD_BYTES, Record};

/// A closed frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub offset: usize,
    pub length: usize,
    pub first: u64,
    pub count: usize,
    /// Offset of its first record in the ring.
    records: usize,
    sums: Sums,
}

/// What records count, redundant or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub events: u64,
    pub bytes: u64,
}

impl Frame {
    /// Number of the first record after the frame.
    pub fn end(&self) -> u64 {
        self.first + self.count as u64
    }
}

/// The frame that takes records.
#[derive(Clone, Copy, Debug)]
struct Open {
    offset: usize,
    /// Cursors that its head has room for.
    cursors: usize,
    count: usize,
    committed: usize,
    sums: Sums,
    /// Records that fit.
    room: usize,
}

impl Open {
    fn records(&self) -> usize {
        self.offset + records_offset(self.cursors)
    }
}

/// What is known at a commit about everything admitted before it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mark {
    pub losses: Losses,
    pub cursors: Vec<Cursor>,
    pub replies_below: u64,
}

/// The ring of frames.
#[derive(Debug)]
pub(crate) struct Retention {
    ring: Vec<u8>,
    frames: VecDeque<Frame>,
    open: Option<Open>,
    /// Where the next frame begins.
    tail: usize,
    frame_records: usize,
    /// Number of the next record.
    next: u64,
    /// Records admitted that count an event.
    pub events: u64,
    /// One more than the number of the last record that answers.
    pub replies_end: u64,
}

/// All ones where an op counts, by its code.
const COUNTS: [u64; 16] = {
    let (mut table, mut n) = ([0; 16], 0);
    while n < Op::ALL.len() {
        table[Op::ALL[n] as usize] = if Op::ALL[n].counts() { u64::MAX } else { 0 };
        n += 1;
    }
    table
};
/// Whether an op that a session may send answers, by its code and the REPLY bit above it.
const REPLIES: [[u8; 16]; 2] = [replies(false), replies(true)];

const fn replies(asked: bool) -> [u8; 16] {
    let (mut table, mut n) = ([0; 16], 0);
    while n < Op::ALL.len() {
        let op = Op::ALL[n];
        table[op as usize] = (op.is_of_sessions() && op.replies(asked)) as u8;
        n += 1;
    }
    table
}

impl Retention {
    pub fn new(bytes: usize, frame_records: usize) -> Retention {
        Retention {
            ring: vec![0; bytes],
            frames: VecDeque::new(),
            open: None,
            tail: 0,
            frame_records,
            next: 0,
            events: 0,
            replies_end: 0,
        }
    }

    /// Begins to number at `next`; only while nothing was admitted.
    pub fn begin(&mut self, next: u64) {
        self.next = next;
    }

    /// Number of the next record to be admitted.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Number of the first record that no closed frame holds.
    pub fn closed(&self) -> u64 {
        self.next - self.open.map_or(0, |open| open.count as u64)
    }

    pub fn frames(&self) -> &VecDeque<Frame> {
        &self.frames
    }

    /// Records that wait in the open frame and may be sent.
    pub fn has_committed(&self) -> bool {
        self.open.is_some_and(|open| open.committed > 0 && open.committed == open.count)
    }

    /// Bytes between the oldest frame and the place of the next, unused ones among them.
    pub fn used(&self) -> usize {
        let end = self.open.map_or(self.tail, |open| open.records() + open.count * RECORD_BYTES);
        match self.frames.front() {
            None => self.open.map_or(0, |open| end - open.offset),
            Some(front) if end > front.offset => end - front.offset,
            Some(front) => self.ring.len() - front.offset + end,
        }
    }

    pub fn size(&self) -> usize {
        self.ring.len()
    }

    /// Copies a prefix of `records` in and gives its length. It is shorter when the ring is full, or when the open
    /// frame is full and holds records that were not committed.
    pub fn admit(&mut self, records: &[Record], mark: &Mark) -> usize {
        let mut admitted = 0;
        while admitted < records.len() {
            let Some(open) = self.open.or_else(|| self.open_frame(mark.cursors.len())) else { break };
            let count = (open.room - open.count).min(records.len() - admitted);
            if count == 0 {
                if open.committed < open.count || self.close(mark).is_err() {
                    break;
                }
                continue;
            }
            let from = &records[admitted..admitted + count];
            let at = open.records() + open.count * RECORD_BYTES;
            let to = &mut self.ring[at..at + count * RECORD_BYTES];
            let (mut events, mut bytes, mut replies) = (0u64, 0u64, 0u8);
            for (to, record) in to.as_chunks_mut::<RECORD_BYTES>().0.iter_mut().zip(from) {
                *to = record.to_bytes();
                let op = record.op_code() as usize;
                let counts = COUNTS[op & 15];
                // A frame's sums are far from 64 bits.
                events = events.wrapping_add(counts & 1);
                bytes = bytes.wrapping_add(counts & u64::from(record.length()));
                replies |= REPLIES[usize::from(record.reply())][op & 15];
            }
            self.events += events;
            if replies != 0 {
                let answers = |record: &Record| REPLIES[usize::from(record.reply())][record.op_code() as usize] != 0;
                let last = from.iter().rposition(answers).unwrap_or(0);
                self.replies_end = self.next + last as u64 + 1;
            }
            let sums = Sums { events: open.sums.events + events, bytes: open.sums.bytes + bytes };
            self.open = Some(Open { count: open.count + count, sums, ..open });
            self.next += count as u64;
            admitted += count;
        }
        admitted
    }

    /// Copies all `records` into one frame, or none of them: false when the ring is full, or when they do not fit into
    /// the open frame and that one holds records that were not committed.
    pub fn admit_together(&mut self, records: &[Record], mark: &Mark) -> bool {
        loop {
            let Some(open) = self.open.or_else(|| self.open_frame(mark.cursors.len())) else { return false };
            if open.room - open.count >= records.len() {
                return self.admit(records, mark) == records.len();
            }
            if open.count == 0 {
                // Too short a gap before the oldest frame; it is longer when that one has gone.
                self.open = None;
                return false;
            }
            if open.committed < open.count || self.close(mark).is_err() {
                return false;
            }
        }
    }

    /// Everything admitted belongs with `mark` now. A full frame is closed.
    pub fn commit(&mut self, mark: &Mark) -> Result<(), FrameError> {
        let Some(mut open) = self.open else { return Ok(()) };
        if open.cursors != mark.cursors.len() {
            // Sources came or went: the records move to make room, or close the gap, behind the cursors.
            let from = open.records();
            open.cursors = mark.cursors.len().min(MAX_CURSORS);
            self.ring.copy_within(from..from + open.count * RECORD_BYTES, open.records());
        }
        open.committed = open.count;
        self.open = Some(open);
        if open.count == open.room { self.close(mark) } else { Ok(()) }
    }

    /// Closes the open frame, whose records are all committed.
    pub fn close(&mut self, mark: &Mark) -> Result<(), FrameError> {
        let Some(open) = self.open.filter(|open| open.count > 0) else { return Ok(()) };
        let first = self.next - open.count as u64;
        let head = RecordsHead {
            first_sequence: first,
            replies_below: mark.replies_below,
            losses: &mark.losses,
            cursors: &mark.cursors[..open.cursors],
        };
        let length = seal_records(&mut self.ring[open.offset..], &head, open.count)?;
        let (count, records, sums) = (open.count, open.records(), open.sums);
        let frame = Frame { offset: open.offset, length, first, count, records, sums };
        self.frames.push_back(frame);
        self.tail = open.offset + length;
        self.open = None;
        Ok(())
    }

    /// Opens a frame where a whole one fits, at the end of the ring or at its beginning.
    fn open_frame(&mut self, cursors: usize) -> Option<Open> {
        let overhead = records_overhead(MAX_CURSORS);
        let whole = overhead + self.frame_records * RECORD_BYTES;
        let head = self.frames.front().map(|frame| frame.offset);
        let (offset, end) = match head {
            None => (0, self.ring.len()),
            Some(head) if self.tail <= head => (self.tail, head),
            Some(_) if self.ring.len() - self.tail >= whole => (self.tail, self.ring.len()),
            Some(head) => (0, head),
        };
        let room = (end - offset).checked_sub(overhead)? / RECORD_BYTES;
        let room = room.min(self.frame_records);
        if room == 0 {
            return None;
        }
        let cursors = cursors.min(MAX_CURSORS);
        let open = Open { offset, cursors, count: 0, committed: 0, sums: Sums::default(), room };
        self.open = Some(open);
        Some(open)
    }

    /// Losses and cursors in the head of the first frame.
    pub fn first_mark(&self) -> Result<Mark, FrameError> {
        let Some(frame) = self.frames.front() else { return Ok(Mark::default()) };
        match frame::decode(&self.ring[frame.offset..frame.offset + frame.length])? {
            Message::Records(frame) => Ok(Mark {
                losses: frame.losses,
                cursors: frame.cursors.iter().collect(),
                replies_below: frame.replies_below,
            }),
            _ => Ok(Mark::default()),
        }
    }

    /// Returns what the frames that end at or before record `number` count.
    pub fn sums_below(&self, number: u64) -> Sums {
        let frames = self.frames.iter().take_while(|frame| frame.end() <= number);
        frames.fold(Sums::default(), |sums, frame| Sums {
            events: sums.events + frame.sums.events,
            bytes: sums.bytes + frame.sums.bytes,
        })
    }

    /// Lets go of the first frame; its records go to `cover`.
    pub fn release(&mut self, mut cover: impl FnMut(&[[u8; RECORD_BYTES]])) {
        if let Some(frame) = self.frames.pop_front() {
            let records = &self.ring[frame.records..frame.records + frame.count * RECORD_BYTES];
            cover(records.as_chunks::<RECORD_BYTES>().0);
        }
    }

    /// The bytes of the closed frames from number `index` on that are contiguous, without the first `skip` bytes and
    /// up to the first frame that ends beyond `credit`; and the index of the frame behind them.
    pub fn sendable(&self, index: usize, skip: usize, credit: u64, most: usize) -> (&[u8], usize) {
        let mut frames = self.frames.range(index.min(self.frames.len())..).take_while(|frame| frame.end() <= credit);
        let Some(first) = frames.next() else { return (&[], index) };
        let (mut end, mut next) = (first.offset + first.length, index + 1);
        for frame in frames {
            if frame.offset != end || end - first.offset >= most {
                break;
            }
            end += frame.length;
            next += 1;
        }
        (&self.ring[first.offset + skip..end], next)
    }
}
