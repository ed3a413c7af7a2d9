//! Writes recordings.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use deltascope_abi::crc::crc32c;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::Class;

use super::*;
use crate::event::{Event, OwnerId, OwnerKind, Owners, UNJUDGED_SEND, What};
use crate::report::{Details, ScanJson};
use crate::sink::{Sink, SinkError};

/// Events that are gathered before they become a chunk.
const EVENTS_PER_CHUNK: usize = 4096;
/// Longest time that an event waits for its chunk: a kill loses no more than that.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Events between two looks at the clock, a power of two.
const EVENTS_PER_LOOK: u64 = 256;

/// Writes one recording, chunk by chunk. Without [`Writer::finish`] it has no END: a reader gives what is in whole chunks
/// and reports that the rest is missing.
pub struct Writer<W: Write = Output> {
    path: PathBuf,
    out: W,
    owners: Owners,
    /// By owner: what is known of it has been written.
    described: Vec<bool>,
    events: Vec<u8>,
    /// Events given.
    given: u64,
    /// Of them, those in chunks that were written.
    written: u64,
    /// When the last chunk with events was written.
    flushed: Instant,
}

impl Writer {
    /// Starts a recording in a file, see [`Output::open`].
    pub fn create(path: &Path, replace: bool, sources: &[&Path]) -> Result<Writer, RecordingError> {
        let output = Output::open(path, replace, sources)?;
        let at = output.at().to_path_buf();
        Writer::new(&at, output)
    }

    /// Returns the file that holds what was written so far.
    pub fn at(&self) -> &Path {
        self.out.at()
    }
}

impl<W: Write> Writer<W> {
    /// Starts a recording in `out`; `path` is named in errors.
    pub fn new(path: &Path, mut out: W) -> Result<Writer<W>, RecordingError> {
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend(MAGIC);
        header.extend(VERSION.to_le_bytes());
        header.extend((EVENT_BYTES as u32).to_le_bytes());
        header.extend(0u32.to_le_bytes());
        header.extend(crc32c(&header).to_le_bytes());
        out.write_all(&header).map_err(|source| write_error(path, source))?;
        let events = Vec::with_capacity(EVENTS_PER_CHUNK * EVENT_BYTES);
        let (path, owners, flushed) = (path.to_path_buf(), Owners::default(), Instant::now());
        Ok(Writer { path, out, owners, described: Vec::new(), events, given: 0, written: 0, flushed })
    }

    /// Events given so far.
    pub fn events(&self) -> u64 {
        self.given
    }

    /// Events in chunks that were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes what is left and END, and returns the output. `captured` and `losses` are those of the source.
    pub fn finish(mut self, captured: u64, losses: &Losses) -> Result<W, RecordingError> {
        self.end(captured, losses)?;
        Ok(self.out)
    }

    /// Writes what is left and END, behind which nothing may come. `captured` and `losses` are those of the source.
    pub fn end(&mut self, captured: u64, losses: &Losses) -> Result<(), RecordingError> {
        self.flush_events()?;
        let mut body = Vec::with_capacity(END_BYTES);
        body.extend(captured.to_le_bytes());
        body.extend(self.given.to_le_bytes());
        body.extend(losses.0.iter().flat_map(|count| count.to_le_bytes()));
        self.chunk(CHUNK_END, &body)?;
        self.out.flush().map_err(|source| write_error(&self.path, source))
    }

    /// Returns the output.
    pub fn into_output(self) -> W {
        self.out
    }

    fn chunk(&mut self, kind: u32, body: &[u8]) -> Result<(), RecordingError> {
        let mut bytes = Vec::with_capacity(CHUNK_HEAD_BYTES + body.len() + 4);
        bytes.extend(kind.to_le_bytes());
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend(body);
        bytes.extend(crc32c(&bytes).to_le_bytes());
        self.out.write_all(&bytes).map_err(|source| write_error(&self.path, source))
    }

    fn flush_events(&mut self) -> Result<(), RecordingError> {
        self.flushed = Instant::now();
        if self.events.is_empty() {
            return Ok(());
        }
        let mut body = std::mem::take(&mut self.events);
        self.chunk(CHUNK_EVENTS, &body)?;
        self.written = self.given;
        body.clear();
        self.events = body;
        Ok(())
    }

    /// Numbers an owner, and writes it when it is new.
    pub fn add_owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, RecordingError> {
        let name = &name[..name.floor_char_boundary(MAX_NAME_BYTES)];
        let (id, new) = self.owners.intern(kind, name);
        if new {
            // Events before it in the file must not overtake it; the other way round is harmless.
            self.flush_events()?;
            let mut body = Vec::with_capacity(8 + name.len());
            body.extend(id.0.to_le_bytes());
            body.extend((kind as u32).to_le_bytes());
            body.extend(name.as_bytes());
            self.chunk(CHUNK_OWNER, &body)?;
        }
        Ok(id)
    }

    /// Adds what is known of the container of an owner, once.
    pub fn add_details(&mut self, owner: OwnerId, details: &Details) -> Result<(), RecordingError> {
        let (number, owners) = (owner.0 as usize, self.owners.len());
        if number >= owners {
            return Err(RecordingError::Owner { expected: owners, found: owner.0 });
        }
        self.described.resize(owners.max(self.described.len()), false);
        if std::mem::replace(&mut self.described[number], true) {
            return Ok(());
        }
        let mut body = owner.0.to_le_bytes().to_vec();
        let json = serde_json::to_vec(details);
        body.extend(json.map_err(|source| RecordingError::Container { path: self.path.clone(), at: 0, source })?);
        self.chunk(CHUNK_CONTAINER, &body)
    }

    /// Adds what a scan reported beside the events that were given.
    pub fn add_scan(&mut self, scan: &ScanJson) -> Result<(), RecordingError> {
        self.flush_events()?;
        let body = serde_json::to_vec(scan).map_err(|source| RecordingError::Scan {
            path: self.path.clone(),
            at: 0,
            source,
        })?;
        self.chunk(CHUNK_SCAN, &body)
    }

    /// Adds one event.
    pub fn add_event(&mut self, event: Event) -> Result<(), RecordingError> {
        if self.owners.get(event.owner).is_none() {
            return Err(RecordingError::Owner { expected: self.owners.len(), found: event.owner.0 });
        }
        self.events.extend(encode(&event));
        self.given += 1;
        if self.events.len() >= EVENTS_PER_CHUNK * EVENT_BYTES {
            self.flush_events()?;
        } else if self.given.is_multiple_of(EVENTS_PER_LOOK) {
            self.flush_old()?;
        }
        Ok(())
    }

    fn flush_old(&mut self) -> Result<(), RecordingError> {
        if self.flushed.elapsed() >= LONGEST_WAIT { self.flush_events() } else { Ok(()) }
    }
}

impl<W: Write> Sink for Writer<W> {
    fn owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, SinkError> {
        Ok(self.add_owner(kind, name)?)
    }

    fn describe(&mut self, owner: OwnerId, details: &Details) -> Result<(), SinkError> {
        Ok(self.add_details(owner, details)?)
    }

    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        Ok(self.add_event(event)?)
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        Ok(self.flush_old()?)
    }

    fn scan(&mut self, scan: &ScanJson) -> Result<(), SinkError> {
        Ok(self.add_scan(scan)?)
    }
}

fn encode(event: &Event) -> [u8; EVENT_BYTES] {
    let (what, class, socket, operand) = match event.what {
        What::Page { class, before, after } => (WHAT_PAGE, class, 0, u64::from(before) | u64::from(after) << 32),
        What::Send { socket, fingerprint } => (WHAT_SEND, Class::NetworkSend, socket, fingerprint),
        What::Body { peer, fingerprint, .. } => (WHAT_BODY, Class::from_code(0), peer, fingerprint),
        What::Unjudged { why, .. } => (WHAT_UNJUDGED, UNJUDGED_SEND, 0, why as u64),
    };
    let mut bytes = [0; EVENT_BYTES];
    bytes[0] = what;
    bytes[1] = class as u8;
    bytes[4..8].copy_from_slice(&event.owner.0.to_le_bytes());
    bytes[8..16].copy_from_slice(&socket.to_le_bytes());
    bytes[16..20].copy_from_slice(&event.record_length().to_le_bytes());
    bytes[20..24].copy_from_slice(&event.head_bytes().to_le_bytes());
    bytes[24..32].copy_from_slice(&operand.to_le_bytes());
    bytes
}
