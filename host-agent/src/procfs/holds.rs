//! How long this process may have kept others waiting.
//!
//! The kernel holds the lock of a process's memory while it answers a read of `smaps`, `pagemap` or `mem`. A process that
//! maps or unmaps memory meanwhile waits, but never longer than that one call takes.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The longest call of this process so far, in nanoseconds.
static LONGEST: AtomicU64 = AtomicU64::new(0);

/// Makes a call that may hold the lock of a process's memory.
pub(super) fn held<T>(call: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = call();
    let nanoseconds = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    LONGEST.fetch_max(nanoseconds, Ordering::Relaxed);
    result
}

/// Returns the longest time of a call that may have held the lock of another process's memory, since this process began.
pub(super) fn longest() -> Duration {
    Duration::from_nanos(LONGEST.load(Ordering::Relaxed))
}

/// A file whose reads may hold the lock of a process's memory.
#[derive(Debug)]
pub(super) struct HeldFile(pub File);

impl Read for HeldFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        held(|| self.0.read(buffer))
    }
}

#[cfg(test)]
mod tests {
    use super::{held, longest};
    use std::time::Duration;

    #[test]
    fn longest_call_is_kept() {
        let time = Duration::from_millis(30);
        assert_eq!(held(|| std::thread::sleep(time)), ());
        let kept = longest();
        held(|| ());
        assert!(kept >= time && longest() >= kept, "{kept:?}");
    }
}
