//! How long this process may keep others waiting.
//!
//! The kernel holds the lock of a process's memory while it answers a read of `smaps`, `pagemap` or `mem`. A process that
//! maps or unmaps memory meanwhile waits. So calls are short, and from time to time there is a while without: a reader that
//! comes back at once overtakes a thread that waits for the lock to write, and one that is at work all the time may lose its
//! processor to others while it holds the lock.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The longest time so far in which this process may have held the lock with no gap, in nanoseconds.
static LONGEST: AtomicU64 = AtomicU64::new(0);

/// Time from which on a call counts as a hold of the lock. That of a list of mappings may have waited for it: where many
/// change, a list that takes long is torn.
const HOLD: Duration = Duration::from_micros(10);
const HOLD_OF_LIST: Duration = Duration::from_micros(200);
/// Time without the lock that lets a writer in.
const GAP: Duration = Duration::from_micros(100);
/// Longest time of holds with no gap between them, unless one call takes longer.
const BURST: Duration = Duration::from_micros(250);

thread_local! {
    /// Where this thread counts its calls.
    static CALLS: RefCell<Option<Arc<AtomicU64>>> = const { RefCell::new(None) };
    /// The time of this thread's holds since the last gap, and when the last one ended.
    static BEHIND: Cell<Option<(Duration, Instant)>> = const { Cell::new(None) };
}

/// Counts the calls of this thread, so that one that waits for a process differs from one that leaves it a gap.
pub(crate) fn count_calls(calls: Arc<AtomicU64>) {
    CALLS.set(Some(calls));
}

/// Makes a call that looks at pages and holds the lock of a process's memory meanwhile, and leaves a gap when the calls since
/// the last one have taken long.
pub(super) fn held<T>(call: impl FnOnce() -> T) -> T {
    held_for(HOLD, call)
}

fn held_for<T>(hold: Duration, call: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = call();
    let time = begun.elapsed();
    let before = BEHIND.get().filter(|(_, ended)| begun.saturating_duration_since(*ended) < GAP);
    let burst = time + before.map_or(Duration::ZERO, |(burst, _)| burst);
    LONGEST.fetch_max(u64::try_from(burst.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    CALLS.with_borrow(|calls| {
        if let Some(calls) = calls {
            calls.fetch_add(1, Ordering::Relaxed);
        }
    });
    if time > hold {
        let behind = match burst >= BURST {
            true => {
                std::thread::sleep(GAP);
                None
            }
            false => Some((burst, Instant::now())),
        };
        BEHIND.set(behind);
    }
    result
}

/// Returns the longest time of calls that may have held the lock of another process's memory with no gap between them, since
/// this process began.
pub(super) fn longest() -> Duration {
    Duration::from_nanos(LONGEST.load(Ordering::Relaxed))
}

/// A file whose reads may hold the lock of a process's memory.
#[derive(Debug)]
pub(super) struct HeldFile(pub File);

impl Read for HeldFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        held_for(HOLD_OF_LIST, || self.0.read(buffer))
    }
}

#[cfg(test)]
mod tests {
    use super::{BEHIND, BURST, held, longest};
    use std::time::{Duration, Instant};

    #[test]
    fn longest_call_is_kept() {
        let time = Duration::from_millis(30);
        assert_eq!(held(|| std::thread::sleep(time)), ());
        let kept = longest();
        held(|| ());
        assert!(kept >= time && longest() >= kept, "{kept:?}");
    }

    #[test]
    fn gap_ends_a_burst_of_calls() {
        let mut has_grown = false;
        for _ in 0..100 {
            held(|| {
                let begun = Instant::now();
                while begun.elapsed() < BURST / 5 {}
            });
            let burst = BEHIND.get().map(|(burst, _)| burst);
            has_grown |= burst.is_some_and(|burst| burst > BURST / 3);
            assert!(burst.is_none_or(|burst| burst < BURST), "{burst:?}");
        }
        assert!(has_grown, "several calls are one burst");
    }
}
