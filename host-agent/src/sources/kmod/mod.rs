//! The capture module as a source: every copied page and every send of this machine, as they happen.

mod captures;
pub(super) mod content;
mod counters;
pub(super) mod events;
mod liveness;
mod map;
mod own_work;
mod resume;
mod sampler;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::time::Duration;

use deltascope_abi::loss::Losses;
use deltascope_abi::ring::{RingHeader, RingKind, flag};
use deltascope_protocol::frame::{Cursor, MAX_CURSORS};

use self::captures::Captures;
use self::content::{ContentBytes, SendContent};
use self::counters::{ModuleCounters, ReaderCounters};
use self::events::OwnerTable;
use self::liveness::Liveness;
use self::map::{Rings, monotonic_ns};
use self::sampler::Sampler;
use super::{Progress, Round, Source, SourceError};
use crate::capture::PayloadBytes;
use crate::event::OwnerId;
use crate::report::Details;
use crate::sampling::Estimates;
use crate::sink::Sink;

/// The module's device.
pub const DEVICE: &str = "/dev/deltascope";
/// The module's settings.
const SETTINGS: &str = "/sys/class/misc/deltascope";
/// Its k of p = 2^-k.
const SAMPLING_SHIFT: &str = "sampling_shift";
/// Records of each ring that a round takes at most, on average.
const BATCH: u64 = 1_024;
/// Age from which a send has no earlier one that is still on its way into a ring.
const SETTLED: Duration = Duration::from_millis(1);
/// Longest wait for the high-water mark while there is little to read.
const WAIT: Duration = Duration::from_millis(20);

/// Why the rings cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KmodError {
    /// The device cannot be opened, mapped or waited for.
    #[error(
        "{path}: {source}; load deltascope.ko, be root or in the group of the device, and let only one agent read it"
    )]
    Open {
        /// The device.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// The captures cannot be switched.
    #[error("{path}: {source}; only root may switch the captures of the module")]
    Switch {
        /// The setting.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// The module cannot be told to capture sends by content, or not to.
    #[error(
        "{path}: {source}; be root or in the group that may write it (kmod/packaging/udev.rules), or use --sends-by socket"
    )]
    Content {
        /// The setting.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// The rings are not those of this agent's version.
    #[error("{path}: {what}: expected {expected}, found {found}; module and agent must be of one version")]
    Layout {
        /// The device.
        path: PathBuf,
        /// The field.
        what: &'static str,
        /// What this agent knows.
        expected: u64,
        /// What the ring states.
        found: u64,
    },
    /// A ring's counters did not hold still.
    #[error(
        "ring {ring}: expected its counters to hold still, found them changing all the time; is its page being written by something else than the module?"
    )]
    Unsteady {
        /// Number of the ring.
        ring: u32,
    },
    /// A record has another number than its place.
    #[error("ring {ring}: expected record {expected}, found {found}; the ring was written over")]
    Sequence {
        /// Number of the ring.
        ring: u32,
        /// Number by its place.
        expected: u64,
        /// Number in the record.
        found: u64,
    },
}

/// What can be chosen for the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KmodOptions {
    /// Leaves out units when the agent cannot keep up, by the module's setting; without, events are lost to full rings then.
    pub sampling: bool,
    /// Captures sends by content, not by socket.
    pub by_content: bool,
}

/// State that the module reports beside its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KmodStatus {
    /// Random number of this load of the module.
    pub load_id: u64,
    /// T in milliseconds.
    pub judge_after_ms: u32,
    /// Events that a hook missed: with the captured ones the events seen.
    pub blind: u64,
    /// Times that the kill switch has stopped the captures.
    pub kills: u64,
    /// What is captured: bit 0 pages, bit 1 sends.
    pub capturing: u64,
    /// Seconds until what the kill switch stopped resumes; 0 when nothing is stopped.
    pub stopped_s: u64,
    /// Steps that the kill switch has added to k.
    pub throttle: u64,
    /// Pages judged later than they should have been.
    pub late: u64,
    /// Pages that were unmapped before their judgement.
    pub discarded: u64,
}

/// Records that were read together: they are given back when all events up to `events` are acknowledged.
#[derive(Clone, Copy, Debug)]
struct Span {
    ring: u32,
    end: u64,
    events: u64,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Kmod {
    rings: Rings,
    /// None of a ring in a file.
    captures: Option<Captures>,
    /// None of a ring in a file.
    content: Option<SendContent>,
    content_bytes: ContentBytes,
    /// Next record to read, of every ring.
    read: Vec<u64>,
    unacknowledged: VecDeque<Span>,
    owners: OwnerTable,
    sampler: Sampler,
    liveness: Liveness,
    reader: ReaderCounters,
    /// As of the end of the last round.
    counters: ModuleCounters,
    given: u64,
    /// Events in the rings that the agent before this one had given.
    skipped: u64,
    /// Sends given that begin with a TLS record header.
    encrypted: u64,
}

impl Kmod {
    /// Opens the module's device.
    ///
    /// # Errors
    /// There is no module, another process reads it, it is of another version, or its settings cannot be written.
    pub fn open(options: &KmodOptions) -> Result<Kmod, KmodError> {
        let settings = Path::new(SETTINGS);
        let sampling = options.sampling.then(|| settings.join(SAMPLING_SHIFT));
        let mut kmod = Kmod::open_with(Path::new(DEVICE), sampling, options.by_content)?;
        kmod.content = Some(SendContent::set(settings, options.by_content)?);
        kmod.captures = Some(Captures::of(settings));
        Ok(kmod)
    }

    /// Opens a ring in a file, laid out as the module does it, without sampling.
    ///
    /// # Errors
    /// The file holds something else.
    pub fn open_ring(path: &Path) -> Result<Kmod, KmodError> {
        Kmod::open_at(path, None)
    }

    fn open_at(path: &Path, setting: Option<PathBuf>) -> Result<Kmod, KmodError> {
        Kmod::open_with(path, setting, false)
    }

    fn open_with(path: &Path, setting: Option<PathBuf>, by_content: bool) -> Result<Kmod, KmodError> {
        let rings = Rings::open(path)?;
        let mut counters = ModuleCounters::default();
        let (mut read, mut unread, mut unread_bytes) = (Vec::new(), 0, 0);
        for ring in 0..rings.count() {
            let own = rings.counters_of(ring)?;
            let tail = rings.tail(ring);
            // What an earlier reader left is read; a tail that it left in a wrong place is put right.
            let possible = own.head.saturating_sub(rings.records())..=own.head;
            let from = if possible.contains(&tail) { tail } else { own.head };
            rings.set_tail(ring, from);
            for record in (from..own.head).map(|number| rings.record(ring, number)) {
                unread += u64::from(is_event(record.kind));
                unread_bytes += content::bytes_of(&record);
            }
            read.push(from);
            counters.add(&own);
        }
        let shift = (0..rings.count()).map(|ring| rings.sampling_shift(ring)).max().unwrap_or(0);
        let sampler = Sampler::new(setting, by_content, shift, rings.count(), &counters);
        Ok(Kmod {
            sampler,
            liveness: Liveness::default(),
            rings,
            captures: None,
            content: None,
            content_bytes: ContentBytes::new(&counters, unread_bytes),
            read,
            unacknowledged: VecDeque::new(),
            owners: OwnerTable::new(),
            reader: ReaderCounters::new(&counters, unread),
            counters,
            given: 0,
            skipped: 0,
            encrypted: 0,
        })
    }

    /// Returns the state that the module reports beside its events.
    pub fn status(&self) -> KmodStatus {
        KmodStatus {
            load_id: self.rings.global(offset_of!(RingHeader, load_id)),
            judge_after_ms: self.rings.judge_after_ms(),
            blind: self.rings.global(offset_of!(RingHeader, blind)),
            kills: self.rings.global(offset_of!(RingHeader, kills)),
            capturing: self.rings.global(offset_of!(RingHeader, capturing)),
            stopped_s: self.rings.global(offset_of!(RingHeader, stopped_s)),
            throttle: self.rings.global(offset_of!(RingHeader, throttle)),
            late: self.rings.sum(offset_of!(RingHeader, late)),
            discarded: self.rings.sum(offset_of!(RingHeader, discarded)),
        }
    }

    /// Reads all rings together and reports how many records that were.
    fn read_rings(&mut self, sink: &mut dyn Sink) -> Result<u64, SourceError> {
        // What is later may have an earlier one on its way into another ring.
        let settled = monotonic_ns().saturating_sub(SETTLED.as_nanos() as u64);
        let heads: Vec<u64> = (0..self.rings.count()).map(|ring| self.rings.head(ring)).collect();
        let begin = self.read.clone();
        // After the heads, so that whatever is given now was reported as captured before.
        self.counters = self.rings.counters()?;
        self.save_position(sink);
        let outcome = self.merge(&heads, settled, sink, Kmod::read_record);
        for (ring, begin) in (0u32..).zip(begin) {
            let end = self.read[ring as usize];
            if end > begin {
                self.unacknowledged.push_back(Span { ring, end, events: self.given });
            }
        }
        outcome
    }

    /// Takes records of all rings up to `ends`, sends in the order of their times up to `settled`. A process may send
    /// on one socket from one CPU after the other, and what it sent first must come first, or repetitions would be
    /// found that were none.
    fn merge(
        &mut self,
        ends: &[u64],
        settled: u64,
        sink: &mut dyn Sink,
        mut take: impl FnMut(&mut Kmod, u32, &mut dyn Sink) -> Result<bool, SourceError>,
    ) -> Result<u64, SourceError> {
        let mut next: BinaryHeap<_> = (0..self.rings.count()).filter_map(|ring| self.next(ring, ends)).collect();
        let (mut records, most) = (0, BATCH * u64::from(self.rings.count()));
        while let Some(Reverse((time, ring))) = next.pop() {
            if records == most || time > settled {
                break;
            }
            while take(self, ring, sink)? {
                records += 1;
                match self.next(ring, ends) {
                    // What is no send has its turn at once.
                    Some(Reverse((0, _))) if records < most => {}
                    following => {
                        next.extend(following);
                        break;
                    }
                }
            }
        }
        Ok(records)
    }

    /// When a ring's next record has its turn: a send by its time, anything else at once.
    fn next(&self, ring: u32, ends: &[u64]) -> Option<Reverse<(u64, u32)>> {
        let number = self.read[ring as usize];
        (number < ends[ring as usize]).then(|| {
            let (kind, time) = self.rings.kind_and_time(ring, number);
            Reverse((if kind == RingKind::Send as u16 { time } else { 0 }, ring))
        })
    }

    /// Reads the next record of a ring, unless the ring has to wait there.
    fn read_record(&mut self, ring: u32, sink: &mut dyn Sink) -> Result<bool, SourceError> {
        let number = self.read[ring as usize];
        let record = self.rings.record(ring, number);
        if record.sequence != number {
            return Err(KmodError::Sequence { ring, expected: number, found: record.sequence }.into());
        }
        if record.kind == RingKind::Sampling as u16 && self.sampler.announced(ring, &record) {
            return Ok(false);
        }
        if is_event(record.kind) {
            let owner = self.owners.owner(&record, sink)?;
            if let Some(event) = events::event(&record, owner) {
                sink.event_at(event, resume::of_ring(ring, number + 1))?;
                self.given += 1;
                self.encrypted += u64::from(record.flags & flag::ENCRYPTED != 0);
                self.content_bytes.given(&record);
                self.sampler.given(&record, &event);
            }
        }
        self.read[ring as usize] = number + 1;
        Ok(true)
    }

    /// Passes by a record that the agent before this one has given.
    fn skip_record(&mut self, ring: u32, sink: &mut dyn Sink) -> Result<bool, SourceError> {
        let number = self.read[ring as usize];
        let record = self.rings.record(ring, number);
        // No owner is charged, so none has to be found. Without one the contexts of a body are not known: they stay empty.
        if let Some(event) = events::event(&record, OwnerId(0)) {
            if !event.is_by_content() {
                sink.skip(event)?;
            }
            self.skipped += 1;
        }
        self.read[ring as usize] = number + 1;
        Ok(true)
    }

    /// Gives the sink the position of this reader, beside the records.
    fn save_position(&self, sink: &mut dyn Sink) {
        resume::save(self.rings.global(offset_of!(RingHeader, load_id)), &self.reader, &self.counters, sink);
    }

    /// Moves the tails over everything that is acknowledged.
    fn give_back(&mut self, sink: &dyn Sink) {
        let settled = sink.settled().unwrap_or(self.given);
        while let Some(span) = self.unacknowledged.front().copied().filter(|span| span.events <= settled) {
            self.rings.set_tail(span.ring, span.end);
            self.unacknowledged.pop_front();
        }
    }
}

fn is_event(kind: u16) -> bool {
    RingKind::from_code(kind).is_some_and(RingKind::is_event)
}

impl Source for Kmod {
    fn name(&self) -> &'static str {
        "kmod"
    }

    fn is_state(&self) -> bool {
        false
    }

    fn round(&mut self, sink: &mut dyn Sink, progress: &mut dyn FnMut(Progress)) -> Result<Round, SourceError> {
        let Kmod { liveness, rings, captures, .. } = self;
        let capturing = rings.global(offset_of!(RingHeader, capturing));
        if let Some(captures) = captures {
            captures.note(capturing, rings.global(offset_of!(RingHeader, stopped_s)));
        }
        liveness.pass(
            capturing,
            || rings.sum(offset_of!(RingHeader, reader_copies)),
            || rings.sum(offset_of!(RingHeader, reader_sends)),
        );
        let fill = self.rings.fill();
        self.sampler.look(&self.counters, fill);
        let records = self.read_rings(sink)?;
        self.give_back(sink);
        if records < BATCH {
            // Little to read: gather more, so that a batch is worth its frame.
            sink.idle()?;
            self.rings.wait(WAIT)?;
        }
        self.counters = self.rings.counters()?;
        self.save_position(sink);
        let Kmod { sampler, rings, read, counters, .. } = self;
        sampler.pass(counters, |ring| rings.head(ring) == read[ring as usize], sink)?;
        progress(Progress { done: self.given, total: None });
        Ok(Round::More)
    }

    fn can_resume(&self) -> bool {
        // One is that of the state folder.
        self.rings.count() as usize + resume::MORE_CURSORS < MAX_CURSORS
    }

    fn resume(&mut self, cursors: &[Cursor], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let Some((load_id, left)) = resume::saved(cursors) else { return Ok(()) };
        let same_load = load_id == self.rings.global(offset_of!(RingHeader, load_id));
        if same_load {
            let mut ends = self.read.clone();
            for ring in 0..self.rings.count() {
                let (next, head) = (resume::next_of(cursors, ring).unwrap_or(0), self.rings.head(ring));
                if next > head {
                    let (expected, found) = (format!("{next} or more"), head.to_string());
                    return Err(SourceError::Resume {
                        source_name: "kmod",
                        what: "records of a ring",
                        expected,
                        found,
                    });
                }
                // Another reader may have taken more than the agent before: that is lost.
                ends[ring as usize] = next.max(self.read[ring as usize]);
            }
            while self.merge(&ends, u64::MAX, sink, Kmod::skip_record)? > 0 {}
            (0u32..).zip(&self.read).for_each(|(ring, &next)| self.rings.set_tail(ring, next));
        }
        self.reader = self.reader.after(&left, same_load, self.skipped);
        self.content_bytes.resumed();
        self.save_position(sink);
        Ok(())
    }

    fn can_switch(&self) -> bool {
        self.captures.is_some()
    }

    fn switch(&mut self, on: bool) -> Result<(), SourceError> {
        if let Some(captures) = &mut self.captures {
            captures.switch(on)?;
        }
        Ok(())
    }

    fn details(&self, name: &str) -> Option<Details> {
        self.owners.details(name)
    }

    fn captured(&self) -> u64 {
        self.reader.captured(&self.counters)
    }

    fn losses(&self) -> Losses {
        self.reader.losses(&self.counters)
    }

    fn in_flight(&self) -> u64 {
        self.reader.in_flight(&self.counters, self.given)
    }

    fn payload(&self) -> Option<PayloadBytes> {
        self.content_bytes.payload(&self.counters)
    }

    fn status(&self) -> Vec<(&'static str, u64)> {
        let status = Kmod::status(self);
        let mut all = vec![
            ("load_id", status.load_id),
            ("judge_after_ms", status.judge_after_ms.into()),
            ("seen", self.counters.captured.wrapping_add(status.blind)),
            ("blind", status.blind),
            ("capturing_pages", status.capturing & 1),
            ("capturing_sends", (status.capturing >> 1) & 1),
            ("kills", status.kills),
            ("stopped_s", status.stopped_s),
            ("throttle", status.throttle),
            ("late", status.late),
            ("discarded", status.discarded),
            ("copies_unseen", self.liveness.copies.unseen),
            ("sends_unseen", self.liveness.sends.unseen),
        ];
        // Without an answer there is no figure, because 0 and 1 are answers.
        all.extend(self.liveness.copies.last.map(|seen| ("copies_alive", seen.into())));
        all.extend(self.liveness.sends.last.map(|seen| ("sends_alive", seen.into())));
        all.push(("attribution_none", self.owners.without()));
        all.push(("encrypted_sends", self.encrypted));
        all.extend(self.content.as_ref().map(|content| ("sends_by_content", content.is_on().into())));
        all.extend(self.sampler.status());
        all
    }

    fn estimates(&self) -> Option<Estimates> {
        self.sampler.estimates(&self.counters)
    }
}
