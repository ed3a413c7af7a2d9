//! A request to end, as SIGINT and SIGTERM make it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Time that work under way has after the request, before it is left as it is.
pub const GRACE: Duration = Duration::from_millis(1_500);

#[derive(Debug, Default)]
struct Shared {
    asked: Arc<AtomicBool>,
    /// When the request was first seen: a signal handler can set a flag and no time.
    seen: OnceLock<Instant>,
}

/// A request to end that is made once and seen by every clone.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Shared>);

impl Stop {
    /// Returns the flag that makes the request, for a signal handler.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.0.asked.clone()
    }

    /// Makes the request.
    pub fn ask(&self) {
        self.0.asked.store(true, Ordering::Relaxed);
    }

    /// Whether the request was made.
    pub fn is_asked(&self) -> bool {
        self.since().is_some()
    }

    /// Returns when the request was first seen.
    pub fn since(&self) -> Option<Instant> {
        self.0.asked.load(Ordering::Relaxed).then(|| *self.0.seen.get_or_init(Instant::now))
    }

    /// Whether the request was made and work under way has had its [`GRACE`].
    pub fn is_over(&self) -> bool {
        self.since().is_some_and(|since| since.elapsed() >= GRACE)
    }
}
