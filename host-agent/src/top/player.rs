//! A recording that is played and sought in.
//!
//! A recording has no times: its clock is the number of the event. Going back begins again in another session, because what an
//! engine has counted it has counted.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::accounting::{Accounting, AccountingError};
use crate::recording::{Item, Reader, RecordingError};
use crate::report::round::{Round, Rounds};
use crate::sources::{Replay, Round as Given, Source, SourceError};
use crate::tuning::Tuning;

/// Why a recording cannot be played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlayerError {
    /// It cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// Its events cannot be given to the engine.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The session failed.
    #[error(transparent)]
    Accounting(#[from] AccountingError),
}

/// Where a recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Events that were played.
    pub event: u64,
    /// Events of the recording.
    pub events: u64,
}

impl Position {
    /// The event at a number of thousandths of the recording.
    pub fn at(self, thousandth: u32) -> u64 {
        let event = u128::from(self.events) * u128::from(thousandth.min(1_000)) / 1_000;
        u64::try_from(event).unwrap_or(self.events)
    }

    /// The event that lies a number of thousandths of the recording from here, at least one event away.
    pub fn moved(self, thousandths: i32) -> u64 {
        let by = self.at(thousandths.unsigned_abs()).max(1);
        if thousandths < 0 { self.event.saturating_sub(by) } else { self.event.saturating_add(by).min(self.events) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = if self.events == 0 { 100.0 } else { self.event as f64 / self.events as f64 * 100.0 };
        write!(f, "event {} of {} ({percent:.1} %)", self.event, self.events)
    }
}

/// A recording on its way through an engine.
pub struct Player {
    path: PathBuf,
    events: u64,
    source: Replay,
    accounting: Accounting,
    rounds: Rounds,
}

impl Player {
    /// Opens a recording at its first event. It is read once for the number of its events.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(path: &Path, accounting: Accounting) -> Result<Player, PlayerError> {
        let mut reader = Reader::open(path)?;
        let mut events = 0;
        while let Some(item) = reader.next_item()? {
            if let Item::Event(_) = item {
                events += 1;
            }
        }
        Player::at_start(path, events, accounting)
    }

    fn at_start(path: &Path, events: u64, accounting: Accounting) -> Result<Player, PlayerError> {
        let (source, rounds) = (Replay::open(path)?, Rounds::new(Tuning::once()));
        Ok(Player { path: path.to_owned(), events, source, accounting, rounds })
    }

    /// Where it is.
    pub fn position(&self) -> Position {
        Position { event: self.source.given(), events: self.events }
    }

    /// Begins again in another session, after the present one has ended in order.
    ///
    /// # Errors
    /// The present session failed, or the recording is not there any more.
    pub fn restart<E: From<PlayerError>>(self, connect: impl FnOnce() -> Result<Accounting, E>) -> Result<Player, E> {
        self.accounting.finish().map_err(PlayerError::from)?;
        Ok(Player::at_start(&self.path, self.events, connect()?)?)
    }

    /// Plays up to an event that was not played yet, and returns what was counted up to there. At the last one all that the
    /// recording has behind it, a scan's report and losses, is played too.
    ///
    /// # Errors
    /// The recording is damaged, or the session failed.
    pub fn advance(&mut self, event: u64) -> Result<Arc<Round>, PlayerError> {
        let begun = Instant::now();
        loop {
            let left = event.saturating_sub(self.source.given());
            if left == 0 && event < self.events {
                break;
            }
            self.source.limit_rounds(left.max(1));
            if self.source.round(&mut self.accounting, &mut |_| ())? == Given::End {
                break;
            }
        }
        let read = self.accounting.read(&self.source)?;
        let took = begun.elapsed();
        let mut round = self.rounds.next(&self.accounting, &self.source, read, took, |_| 0);
        // The time between two rounds is that of a key, and not of the recording.
        round.report.lines.iter_mut().for_each(|line| line.recent = None);
        Ok(Arc::new(round))
    }

    /// Ends the session in order.
    ///
    /// # Errors
    /// It failed.
    pub fn finish(self) -> Result<(), PlayerError> {
        Ok(self.accounting.finish()?)
    }
}
