//! `replay --raw`: a bare sequence of records through any engine, and what came of it.
//!
//! The report depends on the records and on the sizes of the engine only, so two engines of the same sizes
//! are equal exactly when their reports are equal byte by byte.

mod json;

use crate::engine::{Engine, EngineError};
use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::{CLASSES, Class, RECORD_BYTES, Record, split_records};
use deltascope_abi::reply::{Answer, Reply, ReplyError, ReplyParser};
use std::io::{self, Read};
use std::time::{Duration, Instant};
use std::vec::Vec;

/// How long an engine may neither take a record nor answer before [`replay_raw`] gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Records read and submitted at once.
const CHUNK_RECORDS: usize = 4096;
/// Groups of one SNAPSHOT of the read-back, so that any engine has room for its 513 reply beats.
const SNAPSHOT_GROUPS: u32 = 64;

/// What a sequence of records did to an engine that was reset before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawReport {
    /// ABI version of the engine.
    pub abi: u32,
    /// Records taken, rejected ones included.
    pub accepted: u64,
    /// Records rejected.
    pub rejected: u64,
    /// Rows that are not all zero after the last record, by group and class.
    pub counters: Vec<(u16, Class, CounterRow)>,
    /// Replies of LOAD, ACCUM, READ, SWAP, SEND, SYNC and QUERY, in order.
    pub replies: Vec<Reply>,
}

/// Why a sequence could not be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RawError {
    /// The source of the records failed.
    #[error("records at offset {at}: {source}")]
    Read {
        /// Bytes read before it.
        at: u64,
        /// The cause.
        source: io::Error,
    },
    /// The sequence ends inside a record.
    #[error(
        "record at offset {at}: expected {RECORD_BYTES} bytes, found {found}; the file is cut short or holds no bare records"
    )]
    Fragment {
        /// Offset of the fragment.
        at: u64,
        /// Bytes of it.
        found: usize,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine's replies make no sense.
    #[error("engine replies: {0}")]
    Reply(#[from] ReplyError),
    /// The engine's count is not the number of records given to it.
    #[error("engine's accepted counter: expected {expected}, found {found}; it lost or repeated records")]
    Accepted {
        /// Records given.
        expected: u64,
        /// Records counted.
        found: u64,
    },
    /// The engine left counters out when asked for all of them.
    #[error("counters of the engine: expected {expected} rows, found {found}; its sizes are not what it reports")]
    Rows {
        /// Rows asked for.
        expected: usize,
        /// Rows answered.
        found: usize,
    },
    /// The engine neither takes records nor answers.
    #[error(
        "the engine made no progress after {taken} records: expected a batch to end within {seconds} s, found none after record {ended}; reset the engine"
    )]
    Stalled {
        /// Records taken so far.
        taken: u64,
        /// Records that the last end of a batch counted.
        ended: u64,
        /// How long nothing happened.
        seconds: f64,
    },
}

/// Resets `engine`, gives it every record of `source` in order and reads everything back.
///
/// The counters come from SNAPSHOTs after the last record. They are part of neither `accepted` nor the replies.
pub fn replay_raw(source: &mut dyn Read, engine: &mut dyn Engine) -> Result<RawReport, RawError> {
    replay_raw_within(source, engine, PATIENCE)
}

/// [`replay_raw`] with another patience.
pub fn replay_raw_within(
    source: &mut dyn Read,
    engine: &mut dyn Engine,
    patience: Duration,
) -> Result<RawReport, RawError> {
    engine.reset()?;
    let mut feed = Feed::new(engine, patience);
    feed.give_all(source)?;
    feed.drain()?;
    let latched = feed.engine.counters()?;
    if latched.accepted != feed.given {
        return Err(RawError::Accepted { expected: feed.given, found: latched.accepted });
    }
    let info = feed.engine.info();
    feed.read_back(info.groups)?;
    Ok(RawReport {
        abi: info.abi_version,
        accepted: latched.accepted,
        rejected: latched.rejected,
        counters: feed.read_back.unwrap_or_default(),
        replies: feed.replies,
    })
}

/// An engine, and how far it is.
struct Feed<'a> {
    engine: &'a mut dyn Engine,
    patience: Duration,
    parser: ReplyParser,
    /// Records given.
    given: u64,
    /// Records that the last end of a batch counted.
    ended: u64,
    replies: Vec<Reply>,
    /// Rows of the read-back, once it has begun; those of SNAPSHOTs inside the sequence go nowhere.
    read_back: Option<Vec<(u16, Class, CounterRow)>>,
    /// Rows that passed in the read-back.
    rows: usize,
    /// Since when nothing has happened.
    idle: Option<Instant>,
}

impl<'a> Feed<'a> {
    fn new(engine: &'a mut dyn Engine, patience: Duration) -> Feed<'a> {
        Feed {
            engine,
            patience,
            parser: ReplyParser::new(),
            given: 0,
            ended: 0,
            replies: Vec::new(),
            read_back: None,
            rows: 0,
            idle: None,
        }
    }

    /// Reads the source to its end and gives every record to the engine.
    fn give_all(&mut self, source: &mut dyn Read) -> Result<(), RawError> {
        let mut buffer = std::vec![0u8; CHUNK_RECORDS * RECORD_BYTES];
        let mut records = Vec::with_capacity(CHUNK_RECORDS);
        let mut held = 0;
        let mut offset = 0u64;
        loop {
            match source.read(&mut buffer[held..]) {
                Ok(0) if held == 0 => return Ok(()),
                Ok(0) => return Err(RawError::Fragment { at: offset, found: held }),
                Ok(count) => held += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(RawError::Read { at: offset + held as u64, source }),
            }
            let (whole, rest) = split_records(&buffer[..held]);
            records.clear();
            records.extend(whole);
            let taken = held - rest.len();
            buffer.copy_within(taken..held, 0);
            offset += taken as u64;
            held -= taken;
            self.give(&records)?;
        }
    }

    /// Gives every one of `records` to the engine.
    fn give(&mut self, mut records: &[Record]) -> Result<(), RawError> {
        while !records.is_empty() {
            let taken = self.engine.submit(records)?;
            self.given += taken as u64;
            records = records.get(taken..).unwrap_or_default();
            let beats = self.poll()?;
            self.watch(taken > 0 || beats > 0)?;
        }
        Ok(())
    }

    /// Waits for the end of the last batch.
    fn drain(&mut self) -> Result<(), RawError> {
        while self.ended < self.given {
            let beats = self.poll()?;
            self.watch(beats > 0)?;
        }
        if self.ended > self.given {
            return Err(RawError::Accepted { expected: self.given, found: self.ended });
        }
        Ok(())
    }

    /// Reads the counters of every group.
    fn read_back(&mut self, groups: u32) -> Result<(), RawError> {
        self.read_back = Some(Vec::new());
        for first in (0..groups).step_by(SNAPSHOT_GROUPS as usize) {
            let last = (first + SNAPSHOT_GROUPS).min(groups) - 1;
            self.give(&[Record::snapshot(first as u16, last as u16)])?;
            self.drain()?;
        }
        match groups as usize * CLASSES {
            expected if expected == self.rows => Ok(()),
            expected => Err(RawError::Rows { expected, found: self.rows }),
        }
    }

    /// Takes every reply beat that is there.
    fn poll(&mut self) -> Result<usize, RawError> {
        let Feed { engine, parser, ended, replies, read_back, rows, .. } = self;
        let mut failed = None;
        let beats = engine.poll(&mut |beat| match parser.push(beat) {
            Ok(Some(Answer::Reply(reply))) => replies.push(reply),
            Ok(Some(Answer::EndOfBatch { accepted })) => *ended = accepted,
            Ok(Some(Answer::SnapshotRow { group, class, row, .. })) => {
                if let Some(kept) = read_back {
                    *rows += 1;
                    if !row.is_zero() {
                        kept.push((group, class, row));
                    }
                }
            }
            Ok(Some(Answer::SnapshotHeader { .. }) | None) => {}
            Err(error) => failed = failed.or(Some(error)),
        })?;
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(beats),
        }
    }

    /// Gives up on an engine that has stood still for too long.
    fn watch(&mut self, moved: bool) -> Result<(), RawError> {
        if moved {
            self.idle = None;
            return Ok(());
        }
        let idle = self.idle.get_or_insert_with(Instant::now).elapsed();
        if idle > self.patience {
            return Err(RawError::Stalled { taken: self.given, ended: self.ended, seconds: idle.as_secs_f64() });
        }
        std::thread::yield_now();
        Ok(())
    }
}
