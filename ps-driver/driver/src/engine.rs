//! The engine driver: registers and streams of any delta engine in programmable logic, behind [`Engine`].
//!
//! A host brings [`Registers`] and [`RecordStreams`]: a simulation drives them by itself, a board through AXI DMA.
//! The driver checks what it talks to, keeps room for every reply that it can cause, and resets.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use deltascope_abi::ABI_VERSION;
use deltascope_abi::record::{Record, Tables};
use deltascope_abi::registers::{
    CAP_DEPTH, CAP_LANES, CONTROL_LATCH, CONTROL_SOFT_RESET, Counter, Field, IDENTITY_VALUE, STATUS_CLEARING,
    STATUS_DRAINING, offset,
};
use deltascope_abi::reply::{Answer, Reply, ReplyError, ReplyParser, reply_beats};
use deltascope_model::{Capabilities, Engine, EngineError, EngineKind, Latched};

use crate::seams::{BusError, RecordStreams, Registers, StreamError};

/// Reply beats that may be due or wait to be polled, unless one SNAPSHOT of every group needs more.
const REPLY_BEATS: usize = 1 << 16;
/// Looks at `STATUS` within which tables are cleared and a soft reset is over. Clearing takes as many clocks as the
/// larger table has rows, a look several clocks.
const STATUS_LOOKS: u32 = 1_000_000;
/// Times that the streams are served in one poll while a batch is under way.
const SERVICES: u32 = 256;

/// A delta engine in programmable logic. Memory is bounded: when the records have no room in front of the engine, or
/// the replies that they can cause none behind it, `submit` takes fewer records or none.
#[derive(Debug)]
pub struct EngineDriver<H> {
    host: H,
    info: Capabilities,
    inbox: Inbox,
    reply_room: usize,
    /// The streams failed and have to be restarted before anything else.
    broken: bool,
}

/// Replies, and what is still to come.
#[derive(Debug, Default)]
struct Inbox {
    /// Replies that were not polled yet.
    replies: VecDeque<Reply>,
    parser: ReplyParser,
    /// Batches that have not ended.
    batches: VecDeque<Batch>,
    /// Sum of the beats of `batches`.
    promised: usize,
    /// Records that the engine has counted at the end of the last batch that ended.
    accepted: u64,
    /// Reply beats since then.
    arrived: usize,
    fault: Option<InboxError>,
}

/// A batch under way.
#[derive(Clone, Copy, Debug)]
struct Batch {
    records: usize,
    /// Reply beats that it causes, the one that ends it included.
    beats: usize,
}

/// Why a reply beat cannot be right.
#[derive(Clone, Copy, Debug)]
enum InboxError {
    Reply(ReplyError),
    /// The engine counted other records than were sent.
    Accepted {
        expected: u64,
        found: u64,
    },
    /// A batch caused other replies than its records do.
    Beats {
        expected: usize,
        found: usize,
    },
    /// A batch ended that was not sent.
    NoBatch {
        accepted: u64,
    },
}

impl Inbox {
    fn promise(&mut self, batch: Batch) {
        self.batches.push_back(batch);
        self.promised += batch.beats;
    }

    /// Takes a reply beat. The beat that ends a batch frees the room that the batch had reserved, and reports how many
    /// records the engine has counted: exactly those that were sent. Every record causes a known number of beats, so
    /// a beat that is lost or comes twice shows there too.
    #[inline]
    fn take(&mut self, reply: Reply) {
        self.replies.push_back(reply);
        self.arrived += 1;
        match self.parser.push(reply) {
            Ok(Some(Answer::EndOfBatch { accepted })) => self.end(accepted),
            Ok(_) => {}
            Err(error) => self.fault = self.fault.or(Some(InboxError::Reply(error))),
        }
    }

    fn end(&mut self, accepted: u64) {
        let Some(batch) = self.batches.pop_front() else {
            self.fault = self.fault.or(Some(InboxError::NoBatch { accepted }));
            return;
        };
        self.promised -= batch.beats;
        self.accepted += batch.records as u64;
        let (expected, found) = (batch.beats, core::mem::take(&mut self.arrived));
        if self.accepted != accepted {
            self.fault = self.fault.or(Some(InboxError::Accepted { expected: self.accepted, found: accepted }));
        } else if expected != found {
            self.fault = self.fault.or(Some(InboxError::Beats { expected, found }));
        }
    }
}

impl<H: Registers + RecordStreams> EngineDriver<H> {
    /// Takes over an engine whose tables are cleared or being cleared.
    ///
    /// # Errors
    /// What answers is no delta engine, or speaks another ABI, or does not come up.
    pub fn open(mut host: H, kind: EngineKind) -> Result<EngineDriver<H>, EngineError> {
        let identity = read(&mut host, kind, offset::IDENTITY)?;
        if identity != IDENTITY_VALUE {
            return Err(device(
                kind,
                format!(
                    "IDENTITY: expected {IDENTITY_VALUE:#010x}, found {identity:#010x}; this is no delta engine, load or build deltascope_top"
                ),
            ));
        }
        let abi_version = read(&mut host, kind, offset::ABI_VERSION)?;
        if abi_version >> 16 != ABI_VERSION >> 16 {
            return Err(device(
                kind,
                format!(
                    "ABI_VERSION: expected major {}, found {}; build the logic and this program from the same sources",
                    ABI_VERSION >> 16,
                    abi_version >> 16
                ),
            ));
        }
        let journal = read(&mut host, kind, offset::CAP_JOURNAL)?;
        let info = Capabilities {
            kind,
            abi_version,
            build_id: read(&mut host, kind, offset::BUILD_ID)?,
            contexts: size(&mut host, kind, "CAP_CONTEXTS", offset::CAP_CONTEXTS)?,
            groups: size(&mut host, kind, "CAP_GROUPS", offset::CAP_GROUPS)?,
            journal_lanes: CAP_LANES.get(journal),
            journal_depth: CAP_DEPTH.get(journal),
        };
        let whole_snapshot = reply_beats(&Record::snapshot(0, (info.groups - 1) as u16), info.groups);
        let reply_room = REPLY_BEATS.max(whole_snapshot + 1);
        let mut driver = EngineDriver { host, info, inbox: Inbox::default(), reply_room, broken: false };
        driver.wait_until_running()?;
        driver.inbox.accepted = driver.counters()?.accepted;
        Ok(driver)
    }

    /// The host, for what only it knows.
    pub fn host(&self) -> &H {
        &self.host
    }

    /// The host, for what only it can do.
    pub fn host_mut(&mut self) -> &mut H {
        &mut self.host
    }

    fn read(&mut self, offset: u32) -> Result<u32, EngineError> {
        read(&mut self.host, self.info.kind, offset)
    }

    fn control(&mut self, command: Field) -> Result<(), EngineError> {
        let written = self.host.write32(offset::CONTROL, command.mask());
        written.map_err(|error| on_bus(self.info.kind, error))
    }

    fn wait_until_running(&mut self) -> Result<(), EngineError> {
        let mut status = 0;
        for _ in 0..STATUS_LOOKS {
            status = self.read(offset::STATUS)?;
            if status & (STATUS_CLEARING.mask() | STATUS_DRAINING.mask()) == 0 {
                return Ok(());
            }
        }
        let text = format!(
            "STATUS: expected CLEARING and DRAINING to end within {STATUS_LOOKS} looks, found {status:#x}; are the replies taken? Reset logic and DMA together"
        );
        Err(device(self.info.kind, text))
    }

    /// Serves the streams until every batch has ended and nothing is under way, or for that many times.
    fn serve(&mut self) -> Result<(), EngineError> {
        let EngineDriver { host, inbox, info, broken, .. } = self;
        for _ in 0..SERVICES {
            let under_way = inbox.batches.len();
            if under_way == 0 && !host.busy() {
                break;
            }
            let served = host.service(&mut |reply| inbox.take(reply));
            *broken |= served.is_err() || inbox.fault.is_some();
            host.end_batches(under_way - inbox.batches.len());
            served.map_err(|error| on_stream(info.kind, error))?;
        }
        self.refuse_faulty()
    }

    /// Fails when a reply beat cannot have been right.
    fn refuse_faulty(&self) -> Result<(), EngineError> {
        let text = match self.inbox.fault {
            None => return Ok(()),
            Some(InboxError::Reply(fault)) => return Err(fault.into()),
            Some(InboxError::Accepted { expected, found }) => format!(
                "end of a batch: expected {expected} records counted, found {found}; records were lost or repeated on the way, reset the engine"
            ),
            Some(InboxError::Beats { expected, found }) => format!(
                "end of a batch: expected {expected} reply beats, found {found}; replies were lost or repeated on the way, reset the engine"
            ),
            Some(InboxError::NoBatch { accepted }) => format!(
                "end of a batch at {accepted} records: expected none, as no batch is under way; reset the engine"
            ),
        };
        Err(device(self.info.kind, text))
    }
}

impl<H: Registers + RecordStreams> Engine for EngineDriver<H> {
    fn info(&self) -> Capabilities {
        self.info
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        self.refuse_faulty()?;
        let free = self.reply_room.saturating_sub(self.inbox.replies.len() + self.inbox.promised);
        let posted = self.host.reply_room();
        // A record that alone causes more replies than the host ever has room for goes when nothing else is there.
        let alone = self.inbox.batches.is_empty();
        let mut beats = 1;
        let mut taken = 0;
        for record in records.iter().take(self.host.room()) {
            let more = beats + beats_of(record, &self.info);
            if more > free || (more > posted && !(alone && taken == 0)) {
                break;
            }
            beats = more;
            taken += 1;
        }
        if taken > 0 {
            let sent = self.host.send(&records[..taken], beats);
            self.broken |= sent.is_err();
            sent.map_err(|error| on_stream(self.info.kind, error))?;
            self.inbox.promise(Batch { records: taken, beats });
        }
        Ok(taken)
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        self.serve()?;
        let count = self.inbox.replies.len();
        self.inbox.replies.drain(..).for_each(sink);
        Ok(count)
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        self.control(CONTROL_LATCH)?;
        let mut values = [0; Counter::ALL.len()];
        for (counter, value) in Counter::ALL.into_iter().zip(&mut values) {
            let low = self.read(counter.offset())?;
            let high = self.read(counter.offset() + 4)?;
            *value = u64::from(low) | u64::from(high) << 32;
        }
        Ok(Latched::from_counters(&values))
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        // A soft reset keeps what is in front of the engine, so what was submitted goes through first.
        while !self.broken && !self.inbox.batches.is_empty() {
            self.broken |= self.serve().is_err();
        }
        if self.broken {
            self.host.restart().map_err(|error| on_stream(self.info.kind, error))?;
            self.broken = false;
        }
        self.control(CONTROL_SOFT_RESET)?;
        self.wait_until_running()?;
        self.inbox = Inbox::default();
        Ok(())
    }
}

/// Reply beats that a record causes: none when the engine rejects it.
#[inline]
fn beats_of(record: &Record, info: &Capabilities) -> usize {
    let beats = reply_beats(record, info.groups);
    let tables = Tables { contexts: info.contexts, groups: info.groups, journal: info.horizon() > 0 };
    if beats > 0 && record.judge(&tables).is_ok() { beats } else { 0 }
}

fn device(kind: EngineKind, text: String) -> EngineError {
    EngineError::Device { engine: kind.name(), text }
}

fn on_bus(kind: EngineKind, error: BusError) -> EngineError {
    EngineError::host(kind, error)
}

fn on_stream(kind: EngineKind, error: StreamError) -> EngineError {
    EngineError::host(kind, error)
}

fn read(host: &mut impl Registers, kind: EngineKind, offset: u32) -> Result<u32, EngineError> {
    host.read32(offset).map_err(|error| on_bus(kind, error))
}

/// A number of contexts or groups, which records name in 16 bits.
fn size(host: &mut impl Registers, kind: EngineKind, name: &str, offset: u32) -> Result<u32, EngineError> {
    let found = read(host, kind, offset)?;
    if !(1..=1 << 16).contains(&found) {
        let text = format!("{name}: expected 1 to 65536, found {found}; the logic has another register map");
        return Err(device(kind, text));
    }
    Ok(found)
}
