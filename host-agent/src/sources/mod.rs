//! Where events come from.
//!
//! | source | what | exported as |
//! |---|---|---|
//! | [`Kmod`] | the capture module: every copy and every send, as they happen | counters |
//! | [`Scan`] | the private pages of the machine, once a round | gauges: a round is a state |
//! | [`Replay`] | a recording | counters |
//! | [`Synth`] | made up from a seed | counters |

mod kmod;
mod replay;
mod scan;
mod synth;
#[cfg(test)]
mod tests;

pub use kmod::{DEVICE, Kmod, KmodError, KmodStatus};
pub use replay::Replay;
pub use scan::Scan;
pub use synth::{Synth, SynthConfig};

use deltascope_abi::loss::Losses;

use crate::event::{Sink, SinkError};
use crate::recording::RecordingError;

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

    /// Gives the events of one round to `sink` and tells `progress` now and then.
    fn round(&mut self, sink: &mut dyn Sink, progress: &mut dyn FnMut(Progress)) -> Result<Round, SourceError>;

    /// Events captured since the source was made, lost ones included.
    fn captured(&self) -> u64;

    /// Events lost in the source since it was made.
    fn losses(&self) -> Losses;

    /// Events captured that the source still holds.
    fn in_flight(&self) -> u64 {
        0
    }

    /// What the source tells beside its events, by name.
    fn status(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
}

/// Why a source cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The sink takes no more.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The recording is damaged or cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The machine cannot be scanned.
    #[error(transparent)]
    Scan(#[from] crate::scan::ScanError),
    /// The capture module's rings cannot be read.
    #[error(transparent)]
    Kmod(#[from] KmodError),
}
