//! Writes bare records, 16 bytes each, for `replay --raw`.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{Output, RecordingError, write_error};
use crate::accounting::{EngineContexts, GroupTable, OTHER, container_hash};
use crate::event::{Event, OwnerId, OwnerKind, Owners};
use crate::report::OTHER_NAME;
use crate::sink::{Sink, SinkError};

/// Writes the records that an engine with the given sizes would be sent.
///
/// A file cannot ask for a snapshot, so nothing is folded: owners that come when every group is taken go to
/// group 0, `other`, and those of sends by content to a group that the first of these events takes for them all.
pub struct RawWriter<W: Write = BufWriter<Output>> {
    path: PathBuf,
    out: W,
    owners: Owners,
    groups: GroupTable,
    contexts: EngineContexts,
    /// The group of sends by content whose owner has none.
    other_sends: Option<u16>,
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
        Ok(RawWriter::new(path, BufWriter::new(Output::open(path, replace, sources)?), groups, contexts))
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
        self.written
    }

    /// Writes what is left.
    pub fn finish(mut self) -> Result<W, RecordingError> {
        self.out.flush().map_err(|source| write_error(&self.path, source))?;
        Ok(self.out)
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
            self.out.write_all(&record.to_bytes()).map_err(|source| write_error(&self.path, source))?;
        }
        self.written += 1;
        Ok(())
    }
}
