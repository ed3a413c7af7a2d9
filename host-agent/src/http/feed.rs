//! The last round, as the run publishes it and every reader takes it.

use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::watch;

use crate::report::round::Round;

/// One round and the texts that are made from it once.
#[derive(Debug)]
pub struct Shown {
    /// The round.
    pub round: Arc<Round>,
    /// The metrics.
    pub metrics: Bytes,
    /// The round as JSON, in one line.
    pub json: Bytes,
    /// The JSON of the last rounds, this one last, as far as they are kept.
    pub history: Vec<Bytes>,
}

/// Rounds that are kept for pages that are opened later, and the most bytes of them.
const KEPT: usize = 300;
const KEPT_BYTES: usize = 4 << 20;

/// Gives rounds to readers.
#[derive(Debug)]
pub struct Publisher(watch::Sender<Option<Arc<Shown>>>);

/// Holds the last round and is woken by the next.
pub type Feed = watch::Receiver<Option<Arc<Shown>>>;

impl Publisher {
    /// A publisher that has no round yet, and its first reader.
    pub fn new() -> (Publisher, Feed) {
        let (sender, feed) = watch::channel(None);
        (Publisher(sender), feed)
    }

    /// Publishes a round with the texts that were made from it.
    pub fn publish(&self, round: Arc<Round>, metrics: String, json: Vec<u8>) {
        let json = Bytes::from(json);
        let mut history = self.0.borrow().as_ref().map(|last| last.history.clone()).unwrap_or_default();
        history.push(json.clone());
        let mut bytes = 0;
        let fits = |json: &&Bytes| {
            bytes += json.len();
            bytes <= KEPT_BYTES
        };
        // The last one is always kept.
        let kept = history.iter().rev().take(KEPT).take_while(fits).count().max(1);
        history.drain(..history.len() - kept);
        self.0.send_replace(Some(Arc::new(Shown { round, metrics: metrics.into(), json, history })));
    }
}
