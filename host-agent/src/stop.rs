//! A request to end, as SIGINT and SIGTERM make it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Time that work under way has after the request, before it is left as it is.
pub const GRACE: Duration = Duration::from_millis(1_500);

#[derive(Debug, Default)]
struct Shared {
    asked: Arc<AtomicBool>,
    /// Whether a person asked the program for it, and no signal did.
    by_program: AtomicBool,
    /// When the request was first seen: a signal handler can set a flag and no time.
    seen: OnceLock<Instant>,
}

/// A request to end that is made once and seen by every clone.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    shared: Arc<Shared>,
    /// When the work of this clone is due without a request, once that is known.
    until: Arc<OnceLock<Instant>>,
}

impl Stop {
    /// Returns the flag that makes the request, for a signal handler.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.shared.asked.clone()
    }

    /// Makes the request as the end of a program that has done what it was asked for.
    pub fn ask(&self) {
        if !self.is_asked() {
            self.shared.by_program.store(true, Ordering::Relaxed);
        }
        self.shared.asked.store(true, Ordering::Relaxed);
    }

    /// Returns a clone whose work is due at a time that [`Stop::end_at`] sets; the request itself is not made then.
    #[must_use]
    pub fn with_end(&self) -> Stop {
        Stop { until: Arc::default(), ..self.clone() }
    }

    /// Sets when the work of this clone, and of the clones of it, is due; once.
    pub fn end_at(&self, end: Instant) {
        let _ = self.until.set(end);
    }

    /// Whether the request was made by [`Stop::ask`].
    pub fn is_by_program(&self) -> bool {
        self.shared.by_program.load(Ordering::Relaxed)
    }

    /// Whether the request was made.
    pub fn is_asked(&self) -> bool {
        self.since().is_some()
    }

    /// Whether the request was made, or the time of this clone is over: what is under way may not pause any more.
    pub fn is_due(&self) -> bool {
        self.is_asked() || self.until.get().is_some_and(|end| Instant::now() >= *end)
    }

    /// Returns when the request was first seen.
    pub fn since(&self) -> Option<Instant> {
        self.shared.asked.load(Ordering::Relaxed).then(|| *self.shared.seen.get_or_init(Instant::now))
    }

    /// Whether the request was made and work under way has had its [`GRACE`].
    pub fn is_over(&self) -> bool {
        self.since().is_some_and(|since| since.elapsed() >= GRACE)
    }
}
