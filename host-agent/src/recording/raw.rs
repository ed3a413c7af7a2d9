//! Writes bare records, 16 bytes each, for `replay --raw`.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Output, RecordingError, write_error};
use crate::accounting::{EngineContexts, GroupTable, OTHER, container_hash};
use crate::event::{Event, OwnerId, OwnerKind, Owners};
use crate::report::OTHER_NAME;
use crate::sink::{Sink, SinkError};

/// Bytes of records that are written at a time.
const BUFFER_BYTES: usize = 8 << 10;

/// Writes the records that an engine with the given sizes would be sent.
///
/// A file cannot ask for a snapshot, so nothing is folded: owners that come when every group is taken go to
/// group 0, `other`, and those of sends by content to a group that the first of these events takes for them all.
pub struct RawWriter<W: Write = Output> {
    path: PathBuf,
    out: W,
    owners: Owners,
    groups: GroupTable,
    contexts: EngineContexts,
    /// The group of sends by content whose owner has none.
    other_sends: Option<u16>,
    /// Records that wait for their write.
    buffer: Vec<u8>,
    /// Where the records of each event end in the buffer.
    ends: Vec<usize>,
    /// Events given.
    given: u64,
    /// Of them, those whose records were written.
    written: u64,
}

impl RawWriter {
    /// Starts a raw file, see [`Output::open`].
    pub fn create(
        path: &Path,
        replace: bool,
        sources: &[&Path],
        groups: u32,
        contexts: u32,
    ) -> Result<RawWriter, RecordingError> {
        let output = Output::open(path, replace, sources)?;
        let at = output.at().to_path_buf();
        Ok(RawWriter::new(&at, output, groups, contexts))
    }

    /// Returns the file that holds what was written so far.
    pub fn at(&self) -> &Path {
        self.out.at()
    }
}

impl<W: Write> RawWriter<W> {
    /// Starts raw records in `out`; `path` is named in errors.
    pub fn new(path: &Path, out: W, groups: u32, contexts: u32) -> RawWriter<W> {
        RawWriter {
            path: path.to_path_buf(),
            out,
            owners: Owners::default(),
            groups: GroupTable::new(groups),
            contexts: EngineContexts::new(contexts),
            other_sends: None,
            buffer: Vec::with_capacity(BUFFER_BYTES),
            ends: Vec::new(),
            given: 0,
            written: 0,
        }
    }

    fn other_sends(&mut self) -> Result<u16, RecordingError> {
        if let Some(group) = self.other_sends {
            return Ok(group);
        }
        let owner = self.owners.intern(OwnerKind::Sends, OTHER_NAME).0;
        match self.groups.group(owner) {
            Some(group) if group != OTHER => Ok(*self.other_sends.insert(group)),
            _ => Err(RecordingError::NoGroupForSends { path: self.path.clone() }),
        }
    }

    /// Events given so far.
    pub fn events(&self) -> u64 {
        self.given
    }

    /// Events whose records were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes what is left.
    pub fn end(&mut self) -> Result<(), RecordingError> {
        self.write()?;
        self.out.flush().map_err(|source| write_error(&self.path, source))
    }

    /// Returns the output.
    pub fn into_output(self) -> W {
        self.out
    }

    fn write(&mut self) -> Result<(), RecordingError> {
        let mut at = 0;
        let result = loop {
            match self.out.write(&self.buffer[at..]) {
                Ok(count) if at + count == self.buffer.len() => {
                    at += count;
                    break Ok(());
                }
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(count) => at += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.written += self.ends.iter().filter(|&&end| end <= at).count() as u64;
        self.ends.clear();
        self.buffer.clear();
        result.map_err(|source| write_error(&self.path, source))
    }
}

impl<W: Write> Sink for RawWriter<W> {
    fn owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, SinkError> {
        Ok(self.owners.intern(kind, name).0)
    }

    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        let Some(owner) = self.owners.get(event.owner) else {
            return Err(SinkError::Owner { expected: self.owners.len(), found: event.owner.0 });
        };
        if event.is_by_content() != (owner.kind == OwnerKind::Sends) {
            return Err(SinkError::Kind { owner: owner.name.to_string(), kind: owner.kind });
        }
        let container = container_hash(&owner.name);
        let other = if event.is_by_content() { self.other_sends()? } else { OTHER };
        let group = self.groups.group(event.owner).unwrap_or(other);
        for record in self.contexts.records(&event, group, container).as_slice() {
            self.buffer.extend(record.to_bytes());
        }
        self.given += 1;
        self.ends.push(self.buffer.len());
        if self.buffer.len() >= BUFFER_BYTES {
            self.write()?;
        }
        Ok(())
    }
}
