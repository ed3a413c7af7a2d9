//! Durations as the microseconds that both ends count in.

use core::time::Duration;

/// Returns the microseconds of `duration`, bounded so that no sum of a time and a few of them overflows.
pub(crate) fn micros(duration: Duration) -> u64 {
    duration.as_micros().min(1 << 61) as u64
}
