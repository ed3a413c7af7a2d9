//! Where events come from.
//!
//! | source | what | exported as |
//! |---|---|---|
//! | [`bpf`] | BPF programs: every copy and every send, as they happen | counters |
//! | [`Kmod`] | the capture module: the same | counters |
//! | [`Capture`] | the packets that this machine sends: every send by content | counters |
//! | [`Pcap`] | the sends in a file of packets | counters |
//! | [`Scan`] | the private pages of the machine, once a round | gauges: a round is a state |
//! | [`Replay`] | a recording | counters |
//! | [`Synth`] | made up from a seed | counters |

pub mod auto;
pub mod bpf;
mod capture;
mod kmod;
mod pcap;
mod replay;
mod scan;
mod synth;
#[cfg(test)]
mod tests;

pub use bpf::{BpfError, BpfOptions};
pub use capture::{Capture, CaptureError, CaptureOptions};
pub use kmod::{DEVICE, Kmod, KmodError, KmodOptions, KmodStatus};
pub use pcap::{Pcap, PcapFileError};
pub use replay::Replay;
pub use scan::Scan;
pub use synth::{Synth, SynthConfig};

use deltascope_abi::loss::Losses;
use deltascope_protocol::frame::Cursor;

use crate::capture::PayloadBytes;
use crate::recording::RecordingError;
use crate::report::{Details, ScanJson};
use crate::sampling::Estimates;
use crate::sink::{Sink, SinkError};

/// Whether a source has more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Another round may give more events.
    More,
    /// Nothing comes any more.
    End,
}

/// How far a round is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units of the round, where known.
    pub total: Option<u64>,
}

/// A source of events.
///
/// At every return `captured` equals the events given to sinks plus those in flight in the source plus all losses,
/// so that a fault of the sink cannot hide an event: it was captured before it was given.
pub trait Source {
    /// Name as on the command line.
    fn name(&self) -> &'static str;

    /// Whether each round is a state of its own, whose events must not be added to those of other rounds.
    fn is_state(&self) -> bool;

    /// Whether the last round found fewer copies than there are, because frame numbers were not visible.
    fn is_lower_bound(&self) -> bool {
        false
    }

    /// Whether nothing was looked at so far, so that no events does not mean that there were none.
    fn nothing_seen(&self) -> bool {
        self.scan_report().is_some_and(|scan| scan.nothing_seen())
    }

    /// Gives the events of one round to `sink` and calls `progress` now and then.
    fn round(&mut self, sink: &mut dyn Sink, progress: &mut dyn FnMut(Progress)) -> Result<Round, SourceError>;

    /// Whether [`Source::resume`] can continue where the source of an agent before this one stopped.
    fn can_resume(&self) -> bool {
        false
    }

    /// Resumes behind the events that an agent before this one has given, up to `cursors`, which are those of
    /// [`Sink::event_at`] and [`Sink::cursor`]. Called before the first round and once; without cursors that agent
    /// has given nothing.
    ///
    /// Afterwards `captured`, `losses` and `in_flight` are numbers since that agent's source was made: `captured`
    /// holds what it gave, what can no longer be given, and what is still to come as far as it is in `in_flight`.
    /// From these the host of the source computes what the restart has lost ([`agent_restart`]).
    ///
    /// # Errors
    /// The cursors are not those of this source.
    fn resume(&mut self, _cursors: &[Cursor], _sink: &mut dyn Sink) -> Result<(), SourceError> {
        Ok(())
    }

    /// Stops capturing, so that rounds give the rest of what is in flight. Returns whether this source can.
    fn stop(&mut self) -> bool {
        false
    }

    /// Whether this source can be switched off and on again.
    fn can_switch(&self) -> bool {
        false
    }

    /// Switches capturing off or on. Rounds still give what is in flight, and every number stays.
    ///
    /// # Errors
    /// The kernel refuses; it captures as before.
    fn switch(&mut self, _on: bool) -> Result<(), SourceError> {
        Ok(())
    }

    /// Events captured since the source was made, lost ones included.
    fn captured(&self) -> u64;

    /// Events lost in the source since it was made.
    fn losses(&self) -> Losses;

    /// Events captured that the source still holds.
    fn in_flight(&self) -> u64 {
        0
    }

    /// What the last round of a scan reported beside its events, also where that scan was recorded.
    fn scan_report(&self) -> Option<ScanJson> {
        None
    }

    /// What is known of the container behind the key of an owner.
    fn details(&self, _key: &str) -> Option<Details> {
        None
    }

    /// Bytes of the payloads that the source saw on a network; `None` of a source that sees none.
    fn payload(&self) -> Option<PayloadBytes> {
        None
    }

    /// Estimates of what was left out by sampling, if anything was.
    fn estimates(&self) -> Option<Estimates> {
        None
    }

    /// Returns what a person should know at the end: why the events are not all that there were.
    fn notice(&self) -> Option<String> {
        None
    }

    /// What the source reports beside its events, by name.
    fn status(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
}

/// Kinds of sources as their cursors name them.
pub mod cursor {
    /// The capture module; a unit is a ring.
    pub const KMOD: u32 = 1;
    /// A recording; unit 0 is the number of the next event, unit 1 distinguishes one recording from another.
    pub const REPLAY: u32 = 2;
    /// Events made up; units as of a recording.
    pub const SYNTH: u32 = 3;
    /// The agent's state folder: number of the last change that the records rest on.
    pub const STATE: u32 = 4;
    /// Events that the records are, in all, since the first of the agent's id; given once there were sends by content, of
    /// which one has several records.
    pub const EVENTS: u32 = 5;
    /// A file of packets; units as of a recording.
    pub const PCAP: u32 = 6;
}

/// Events lost by a restart of the agent: what the source captured up to where it resumes, without what the earlier
/// agent's session has counted or reported as lost.
///
/// `counted` are the events in the inherited counters, `restarts` those that earlier restarts have lost. `source` has
/// been resumed.
///
/// # Errors
/// More was counted than captured: this is another source than the one that the earlier agent read.
pub fn agent_restart(source: &dyn Source, counted: u64, restarts: u64) -> Result<u64, SourceError> {
    let passed = source.captured().saturating_sub(source.in_flight());
    let explained = counted + source.losses().total() + restarts;
    passed.checked_sub(explained).ok_or_else(|| SourceError::Resume {
        source_name: source.name(),
        what: "events captured so far",
        expected: format!("{explained} or more, as counted and lost before the restart"),
        found: passed.to_string(),
    })
}

/// The position of one unit among cursors.
pub(crate) fn position(cursors: &[Cursor], source: u32, unit: u32) -> Option<u64> {
    cursors.iter().find(|cursor| (cursor.source, cursor.unit) == (source, unit)).map(|cursor| cursor.position)
}

impl SourceError {
    /// Whether the process was asked to end and the server did not answer in time.
    pub fn is_stop(&self) -> bool {
        matches!(self, SourceError::Sink(SinkError::Accounting(error)) if error.is_stop())
    }
}

/// Why a source cannot continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It is not the source that the agent before this one read.
    #[error(
        "{source_name}: cannot continue where the agent before stopped: {what}: expected {expected}, found {found}; give it the same source, or a --state-dir of its own"
    )]
    Resume {
        /// Name of the source.
        source_name: &'static str,
        /// The number.
        what: &'static str,
        /// As the cursors or the counters have it.
        expected: String,
        /// As the source has it.
        found: String,
    },
    /// The sink takes no more.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The recording is damaged or cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The machine cannot be scanned.
    #[error(transparent)]
    Scan(#[from] crate::scan::ScanError),
    /// The BPF programs cannot run or be read.
    #[error(transparent)]
    Bpf(#[from] BpfError),
    /// Packets cannot be captured.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// A file of packets cannot be read.
    #[error(transparent)]
    Pcap(#[from] PcapFileError),
    /// The capture module's rings cannot be read.
    #[error(transparent)]
    Kmod(#[from] KmodError),
}
