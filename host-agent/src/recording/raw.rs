//! Writes bare records, 16 bytes each, for `replay --raw`.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{Output, RecordingError, write_error};
use crate::accounting::ContextTable;
use crate::accounting::{GroupTable, OTHER};
use crate::event::{Event, OwnerId, OwnerKind, Owners, What};
use crate::sink::{Sink, SinkError};

/// Writes the records that an engine with the given sizes would be sent.
///
/// A file cannot ask for a snapshot, so nothing is folded: owners that come when every group is taken go to
/// group 0, `other`.
pub struct RawWriter<W: Write = BufWriter<Output>> {
    path: PathBuf,
    out: W,
    owners: Owners,
    groups: GroupTable,
    contexts: ContextTable,
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
            contexts: ContextTable::new(contexts),
            written: 0,
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
        let group = self.groups.group(event.owner).unwrap_or(OTHER);
        let context = match event.what {
            What::Send { socket, .. } => self.contexts.context(socket),
            What::Page { .. } => 0,
        };
        let bytes = event.record(group, context).to_bytes();
        self.out.write_all(&bytes).map_err(|source| write_error(&self.path, source))?;
        self.written += 1;
        Ok(())
    }
}
