//! Where a source's events go: a session, or a file.

use deltascope_protocol::frame::Cursor;

use crate::accounting::AccountingError;
use crate::event::{Event, OwnerId, OwnerKind};
use crate::recording::RecordingError;
use crate::report::{Details, ScanJson};

/// Where a source's events go: a session, or a file.
pub trait Sink {
    /// The number of an owner, to be used in [`Event::owner`].
    fn owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, SinkError>;

    /// Takes what is known of the container of an owner; may be given more than once.
    fn describe(&mut self, _owner: OwnerId, _details: &Details) -> Result<(), SinkError> {
        Ok(())
    }

    /// Takes one event. Blocks while the session's retention is full: these sources can wait.
    fn event(&mut self, event: Event) -> Result<(), SinkError>;

    /// Takes one event of a source that can resume behind it after a restart of the agent; `cursor` reports where.
    fn event_at(&mut self, event: Event, _cursor: Cursor) -> Result<(), SinkError> {
        self.event(event)
    }

    /// A cursor that belongs to no event: it holds for whatever was taken so far.
    fn cursor(&mut self, _cursor: Cursor) {}

    /// An event that the agent before this one has given already. It is not counted again; what it leaves behind,
    /// the last fingerprint of its socket, is what the next send is compared with.
    fn skip(&mut self, _event: Event) -> Result<(), SinkError> {
        Ok(())
    }

    /// Does what is due while a source is at work and has no event yet.
    fn idle(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Takes what a scan reported beside the events that it has given.
    fn scan(&mut self, _scan: &ScanJson) -> Result<(), SinkError> {
        Ok(())
    }

    /// What was given so far is counted apart from what comes: a snapshot comes between the two.
    fn boundary(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Events, from the first one taken, that this sink will never ask for again; `None` when that is all of them.
    fn settled(&self) -> Option<u64> {
        None
    }
}

/// Why a sink takes no more events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The session failed.
    #[error(transparent)]
    Accounting(#[from] AccountingError),
    /// The file failed.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// An event names an owner that was never numbered.
    #[error("event names owner {found}: expected a number below {expected}; this is a fault of the source")]
    Owner {
        /// Owners numbered so far.
        expected: usize,
        /// As found in the event.
        found: u32,
    },
    /// An event and its owner are of different kinds.
    #[error(
        "event of {owner}, an owner of the kind {kind:?}: expected the kind Sends for sends by content, and another one for all others; this is a fault of the source"
    )]
    Kind {
        /// Name of the owner.
        owner: String,
        /// Its kind.
        kind: OwnerKind,
    },
}
