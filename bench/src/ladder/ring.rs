//! The reader of the capture module's ring, on a ring in a file.

use super::memory::beside_a_copy;
use super::step::{Step, Unit};
use crate::compare::Effort;
use crate::daemon::Daemon;
use anyhow::{Context, Result, ensure};
use deltascope_abi::ring::{RING_HEADER_BYTES, RING_MAGIC, RING_RECORD_BYTES, RING_VERSION};
use deltascope_abi::ring::{RingHeader, RingKind, RingRecord, flag};
use deltascope_agent::accounting::{Accounting, Options};
use deltascope_agent::event::{Event, OwnerId, OwnerKind, Owners};
use deltascope_agent::sink::{Sink, SinkError};
use deltascope_agent::sources::{Kmod, Source};
use deltascope_protocol::frame::Cursor;
use std::hint::black_box;
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Records of the ring: 16 MiB.
const RECORDS: usize = 1 << 18;

/// A ring as the module leaves it: full but for one record, of one CPU.
fn full_ring() -> Vec<u8> {
    let bytes = RING_HEADER_BYTES + RECORDS * RING_RECORD_BYTES;
    let mut ring = vec![0; bytes];
    let mut put = |offset: usize, value: &[u8]| ring[offset..offset + value.len()].copy_from_slice(value);
    let events = FullRing::EVENTS;
    put(offset_of!(RingHeader, magic), &RING_MAGIC.to_le_bytes());
    put(offset_of!(RingHeader, version), &RING_VERSION.to_le_bytes());
    put(offset_of!(RingHeader, record_bytes), &(RING_RECORD_BYTES as u32).to_le_bytes());
    put(offset_of!(RingHeader, records), &(RECORDS as u32).to_le_bytes());
    put(offset_of!(RingHeader, rings), &1u32.to_le_bytes());
    put(offset_of!(RingHeader, stride), &(bytes as u32).to_le_bytes());
    put(offset_of!(RingHeader, head), &events.to_le_bytes());
    put(offset_of!(RingHeader, captured), &events.to_le_bytes());
    for number in 0..events {
        let record = RingRecord {
            sequence: number,
            time_ns: number + 1,
            kind: RingKind::Page as u16,
            flags: flag::AFTER_T,
            // Sixteen containers in turn, none of which lives.
            cgroup: 1 + number % 16,
            length: 4096,
            before: number as u32,
            after: number as u32 & !7,
            ..RingRecord::default()
        };
        let at = RING_HEADER_BYTES + number as usize * RING_RECORD_BYTES;
        for (word, value) in record.to_words().into_iter().enumerate() {
            put(at + 8 * word, &value.to_le_bytes());
        }
    }
    ring
}

/// Counts events and forgets them.
#[derive(Default)]
struct Counting {
    owners: Owners,
    events: u64,
}

impl Sink for Counting {
    fn owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, SinkError> {
        Ok(self.owners.intern(kind, name).0)
    }

    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        black_box(&event);
        self.events += 1;
        Ok(())
    }
}

/// A full ring in a file.
#[derive(Debug)]
pub struct FullRing {
    bytes: Vec<u8>,
    path: PathBuf,
    _folder: TempDir,
}

impl FullRing {
    /// Events in it.
    pub const EVENTS: u64 = RECORDS as u64 - 1;

    /// Makes one.
    ///
    /// # Errors
    /// There is no folder for it.
    pub fn new() -> Result<FullRing> {
        let folder = tempfile::tempdir().context("making a folder for the ring")?;
        Ok(FullRing { bytes: full_ring(), path: folder.path().join("ring"), _folder: folder })
    }

    /// Fills the ring, reads it and returns how many events came in which time, without the first round: it finds the
    /// owners.
    ///
    /// # Errors
    /// The ring cannot be written or read.
    pub fn read(&self) -> Result<(u64, Duration)> {
        std::fs::write(&self.path, &self.bytes).context("writing the ring")?;
        let mut source = Kmod::open_ring(&self.path)?;
        let mut sink = Counting::default();
        source.round(&mut sink, &mut |_| ())?;
        let (begun, first) = (Instant::now(), sink.events);
        while sink.events < FullRing::EVENTS {
            let before = sink.events;
            source.round(&mut sink, &mut |_| ())?;
            ensure!(sink.events > before, "the ring has {} events, {before} were read", FullRing::EVENTS);
        }
        Ok((sink.events - first, begun.elapsed()))
    }
}

/// Counts events on their way into a session.
struct Admitting<'a> {
    accounting: &'a mut Accounting,
    events: u64,
}

impl Sink for Admitting<'_> {
    fn owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, SinkError> {
        self.accounting.owner(kind, name)
    }

    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        self.events += 1;
        self.accounting.event(event)
    }

    fn event_at(&mut self, event: Event, cursor: Cursor) -> Result<(), SinkError> {
        self.events += 1;
        self.accounting.event_at(event, cursor)
    }

    fn cursor(&mut self, cursor: Cursor) {
        self.accounting.cursor(cursor);
    }
}

/// The whole agent: out of a full ring into the daemon's engine over the loopback interface, to a snapshot that holds all.
pub fn to_engine(effort: Effort, boardd: &Path) -> Result<Step> {
    let (ring, daemon) = (FullRing::new()?, Daemon::start(boardd, &[])?);
    let once = || {
        std::fs::write(&ring.path, &ring.bytes).context("writing the ring")?;
        let mut accounting = Accounting::connect(daemon.address, Options::default())?;
        let mut source = Kmod::open_ring(&ring.path)?;
        let (begun, mut sink) = (Instant::now(), Admitting { accounting: &mut accounting, events: 0 });
        while sink.events < FullRing::EVENTS {
            source.round(&mut sink, &mut |_| ())?;
        }
        let (_, law) = accounting.read(&source)?;
        let taken = begun.elapsed();
        ensure!(law.holds(), "expected captured = counted + lost, found {law:?}");
        accounting.finish()?;
        Ok::<_, anyhow::Error>(taken)
    };
    let own = |time: Duration| {
        let (mut taken, mut events) = (Duration::ZERO, 0);
        while taken < time {
            (taken, events) = (taken + once()?, events + FullRing::EVENTS);
        }
        Ok(events as f64 / taken.as_secs_f64())
    };
    let pair = beside_a_copy(effort, RING_RECORD_BYTES, own)?;
    let what = "the whole agent: ring, events, records, loopback, daemon, golden engine, to a snapshot that holds all";
    Ok(Step::new("ring_to_engine", what, "memcpy into 64 MiB, 64 bytes a record", Unit::Events, pair, None))
}

/// Records read, checked, attributed and made events, beside a copy of the ring.
pub fn reader(effort: Effort) -> Result<Step> {
    let ring = FullRing::new()?;
    let own = |time: Duration| {
        let (mut taken, mut events) = (Duration::ZERO, 0);
        while taken < time {
            let (more, spent) = ring.read()?;
            (taken, events) = (taken + spent, events + more);
        }
        Ok(events as f64 / taken.as_secs_f64())
    };
    let pair = beside_a_copy(effort, RING_RECORD_BYTES, own)?;
    let what = "ring reader: records of 64 bytes checked, attributed and made events, one thread";
    Ok(Step::new("ring_reader", what, "memcpy into 64 MiB, 64 bytes a record", Unit::Events, pair, Some(0.5)))
}
