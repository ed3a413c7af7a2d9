//! What this process has used.

use std::time::Duration;

use super::{ProcFs, holds, sys};

/// What the agent's process has used since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnCost {
    /// Time of processors, in the kernel and outside.
    pub cpu: Duration,
    /// Memory that is resident now, in bytes; `None` where `/proc` does not show it.
    pub resident_bytes: Option<u64>,
    /// The most that was resident, in bytes; `None` like the other.
    pub peak_bytes: Option<u64>,
    /// The longest that a process may have waited for a read of its memory.
    pub longest_hold: Duration,
}

impl OwnCost {
    /// Reads it now.
    pub fn now() -> OwnCost {
        let (resident_bytes, peak_bytes) = OwnCost::memory();
        OwnCost { cpu: sys::cpu_time(), resident_bytes, peak_bytes, longest_hold: holds::longest() }
    }

    /// Reads the memory alone: what is resident now and the most that was, in bytes.
    pub fn memory() -> (Option<u64>, Option<u64>) {
        // Not `ru_maxrss` of getrusage(2): exec hands it down, so it may be what the parent has used.
        let status = ProcFs::default().own_status().unwrap_or_default();
        (status.resident, status.peak_resident)
    }
}

#[cfg(test)]
mod tests {
    use super::OwnCost;

    #[test]
    fn own_cost_holds_what_was_just_used() {
        let before = OwnCost::now();
        let used = vec![7u8; 64 << 20];
        let sum: u64 = used.iter().map(|&byte| u64::from(byte)).sum();
        let after = OwnCost::now();
        assert_eq!(sum, 7 * (64 << 20));
        assert!(after.cpu > before.cpu, "{before:?} {after:?}");
        assert!(after.peak_bytes.is_some_and(|bytes| bytes >= 64 << 20), "{after:?}");
        assert!(after.resident_bytes.is_some_and(|bytes| bytes >= 64 << 20), "{after:?}");
        drop(used);
    }
}
