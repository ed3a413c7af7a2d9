//! A recording as a source.

use std::fs::File;
use std::io::{BufReader, Read};

use deltascope_abi::loss::Losses;

use super::{Progress, Round, Source, SourceError};
use crate::event::{Event, OwnerId, OwnerKind, Sink};
use crate::recording::{Item, Reader, RecordingError};

/// Events of one round.
const ROUND_EVENTS: u64 = 16_384;

/// Gives the events of a recording, with the names, the captured events and the losses that it holds.
pub struct Replay<R: Read = BufReader<File>> {
    reader: Reader<R>,
    /// By the file's owner number: the owner, and its number in the sink.
    owners: Vec<OwnerId>,
    size: Option<u64>,
    captured: u64,
    losses: Losses,
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
        Replay { reader, owners: Vec::new(), size: None, captured: 0, losses: Losses::default() }
    }

    /// Whatever was recorded, its replay counts: a scanned container of a recording is a container here.
    fn add_owner(&mut self, sink: &mut dyn Sink, kind: OwnerKind, name: &str) -> Result<(), SourceError> {
        let kind = match kind {
            OwnerKind::Container | OwnerKind::Scanned => OwnerKind::Container,
            OwnerKind::Region => OwnerKind::Region,
        };
        self.owners.push(sink.owner(kind, name)?);
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
        while given < ROUND_EVENTS {
            match self.reader.next_item()? {
                Some(Item::Owner(kind, name)) => self.add_owner(sink, kind, &name)?,
                Some(Item::Event(event)) => {
                    // The reader has refused owners that were not numbered before.
                    let owner = self.owners.get(event.owner.0 as usize).copied().unwrap_or(event.owner);
                    self.captured += 1;
                    given += 1;
                    sink.event(Event { owner, ..event })?;
                }
                Some(Item::End(end)) => {
                    self.captured += end.losses.total();
                    self.losses = end.losses;
                }
                None => {
                    round = Round::End;
                    break;
                }
            }
        }
        progress(Progress { done: self.reader.position(), total: self.size });
        Ok(round)
    }

    fn captured(&self) -> u64 {
        self.captured
    }

    fn losses(&self) -> Losses {
        self.losses
    }
}
