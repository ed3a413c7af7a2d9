//! A recording as a source.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};

use deltascope_abi::loss::Losses;
use deltascope_protocol::frame::Cursor;

use super::{Progress, Round, Source, SourceError, cursor, position};
use crate::event::{Event, OwnerId, OwnerKind};
use crate::recording::{Cut, Item, Reader, RecordingError};
use crate::report::{Details, ScanJson};
use crate::sink::Sink;

/// Events of one round.
const ROUND_EVENTS: u64 = 16_384;

/// Gives the events of a recording, with the names, the captured events and the losses that it holds.
pub struct Replay<R: Read = BufReader<File>> {
    reader: Reader<R>,
    /// By the file's owner number: the owner, and its number in the sink.
    owners: Vec<OwnerId>,
    /// By the file's owner number: its name.
    names: Vec<String>,
    /// What is known of the containers, by name.
    details: HashMap<String, Details>,
    size: Option<u64>,
    /// Most events of one round.
    round_events: u64,
    /// Events read.
    given: u64,
    /// The recording's identity was given to the sink.
    is_named: bool,
    captured: u64,
    losses: Losses,
    /// Where the recording ended, if it was killed or its disk was full; known after the last round.
    cut: Option<Cut>,
    /// What the recorded scan reported.
    scan: Option<ScanJson>,
}

impl Replay {
    /// Opens a recording.
    pub fn open(path: &std::path::Path) -> Result<Replay, RecordingError> {
        let size = std::fs::metadata(path).ok().map(|file| file.len()).filter(|&bytes| bytes > 0);
        Ok(Replay { size, ..Replay::new(Reader::open(path)?) })
    }
}

impl<R: Read> Replay<R> {
    /// A source at the first event of a recording.
    pub fn new(reader: Reader<R>) -> Replay<R> {
        Replay {
            reader,
            owners: Vec::new(),
            names: Vec::new(),
            details: HashMap::new(),
            size: None,
            round_events: ROUND_EVENTS,
            given: 0,
            is_named: false,
            captured: 0,
            losses: Losses::default(),
            cut: None,
            scan: None,
        }
    }

    /// Returns the number of events that were given, or passed over by a restart.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// Makes each round from now on end after this many events at most, and after 16,384 in any case.
    pub fn limit_rounds(&mut self, events: u64) {
        self.round_events = events.min(ROUND_EVENTS);
    }

    /// The event in numbers of the sink.
    fn take(&mut self, event: Event) -> Event {
        self.captured += 1;
        self.given += 1;
        // The reader has refused owners that were not numbered before.
        let owner = self.owners.get(event.owner.0 as usize).copied().unwrap_or(event.owner);
        Event { owner, ..event }
    }

    fn cursor(unit: u32, position: u64) -> Cursor {
        Cursor { source: cursor::REPLAY, unit, position }
    }

    fn identity(&self) -> u64 {
        self.reader.first_events_crc().map_or(0, u64::from)
    }

    fn other(what: &'static str, expected: u64, found: u64) -> SourceError {
        let (expected, found) = (expected.to_string(), found.to_string());
        SourceError::Resume { source_name: "replay", what, expected, found }
    }

    fn add_owner(&mut self, sink: &mut dyn Sink, kind: OwnerKind, name: &str) -> Result<(), SourceError> {
        self.owners.push(sink.owner(kind, name)?);
        self.names.push(name.to_owned());
        Ok(())
    }

    fn describe(&mut self, sink: &mut dyn Sink, owner: OwnerId, details: Details) -> Result<(), SourceError> {
        // The reader has refused owners that were not numbered before.
        let owner = owner.0 as usize;
        if let (Some(&in_sink), Some(name)) = (self.owners.get(owner), self.names.get(owner)) {
            sink.describe(in_sink, &details)?;
            self.details.insert(name.clone(), details);
        }
        Ok(())
    }
}

impl<R: Read> Source for Replay<R> {
    fn name(&self) -> &'static str {
        "replay"
    }

    fn is_state(&self) -> bool {
        false
    }

    fn round(&mut self, sink: &mut dyn Sink, progress: &mut dyn FnMut(Progress)) -> Result<Round, SourceError> {
        let mut given = 0;
        let mut round = Round::More;
        while given < self.round_events {
            match self.reader.next_item()? {
                Some(Item::Owner(kind, name)) => self.add_owner(sink, kind, &name)?,
                Some(Item::Container(owner, details)) => self.describe(sink, owner, *details)?,
                Some(Item::Event(event)) => {
                    let event = self.take(event);
                    given += 1;
                    if !self.is_named {
                        sink.cursor(Self::cursor(1, self.identity()));
                        self.is_named = true;
                    }
                    sink.event_at(event, Self::cursor(0, self.given))?;
                }
                Some(Item::Scan(scan)) => {
                    sink.scan(&scan)?;
                    self.scan = Some(*scan);
                }
                Some(Item::End(end)) => {
                    self.captured += end.losses.total();
                    self.losses = end.losses;
                }
                Some(Item::Cut(cut)) => self.cut = Some(cut),
                None => {
                    round = Round::End;
                    break;
                }
            }
        }
        progress(Progress { done: self.reader.position(), total: self.size });
        Ok(round)
    }

    fn can_resume(&self) -> bool {
        true
    }

    fn resume(&mut self, cursors: &[Cursor], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let next = position(cursors, cursor::REPLAY, 0).unwrap_or(0);
        while self.given < next {
            match self.reader.next_item()? {
                Some(Item::Owner(kind, name)) => self.add_owner(sink, kind, &name)?,
                Some(Item::Container(owner, details)) => self.describe(sink, owner, *details)?,
                Some(Item::Event(event)) => {
                    let event = self.take(event);
                    sink.skip(event)?;
                }
                Some(Item::Scan(scan)) => self.scan = Some(*scan),
                Some(Item::End(_) | Item::Cut(_)) | None => {
                    return Err(Self::other("events in the recording", next, self.given));
                }
            }
        }
        let identity = position(cursors, cursor::REPLAY, 1).filter(|_| next > 0);
        if let Some(identity) = identity.filter(|&identity| identity != self.identity()) {
            return Err(Self::other("checksum of its first events", identity, self.identity()));
        }
        Ok(())
    }

    fn is_lower_bound(&self) -> bool {
        self.scan.as_ref().is_some_and(|scan| scan.copies.at_most != Some(scan.copies.at_least))
    }

    /// Of a recording that is cut before its first event nothing is known.
    fn nothing_seen(&self) -> bool {
        self.scan.as_ref().is_some_and(ScanJson::nothing_seen) || self.cut.is_some_and(|cut| cut.events == 0)
    }

    fn scan_report(&self) -> Option<ScanJson> {
        self.scan.clone()
    }

    fn details(&self, name: &str) -> Option<Details> {
        self.details.get(name).cloned()
    }

    fn captured(&self) -> u64 {
        self.captured
    }

    fn losses(&self) -> Losses {
        self.losses
    }

    fn notice(&self) -> Option<String> {
        let Cut { events, at, torn_bytes } = self.cut?;
        Some(format!(
            "the recording is cut short at offset {at}, behind {events} events: it was killed, its disk was full or the power failed; {torn_bytes} bytes behind that are part of a chunk, and what was captured later is not in these numbers"
        ))
    }

    fn status(&self) -> Vec<(&'static str, u64)> {
        self.cut.map_or(Vec::new(), |cut| vec![("cut_at_bytes", cut.at), ("cut_torn_bytes", cut.torn_bytes)])
    }
}
