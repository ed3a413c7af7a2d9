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
    /// The most that was resident, in bytes.
    pub peak_bytes: u64,
    /// The longest that a process may have waited for a read of its memory.
    pub longest_hold: Duration,
}

impl OwnCost {
    /// Reads it now.
    pub fn now() -> OwnCost {
        // proc(5): the second field of statm is the number of resident pages.
        let statm = ProcFs::default().own_text("statm").ok();
        let pages = statm.and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
        let resident_bytes = pages.map(|pages| pages.saturating_mul(sys::page_size()));
        // The kernel brings the peak up to date later than what is resident.
        let peak_bytes = sys::peak_memory().max(resident_bytes.unwrap_or(0));
        OwnCost { cpu: sys::cpu_time(), resident_bytes, peak_bytes, longest_hold: holds::longest() }
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
        assert!(after.peak_bytes >= 64 << 20, "{after:?}");
        assert!(after.resident_bytes.is_some_and(|bytes| bytes >= 64 << 20), "{after:?}");
        drop(used);
    }
}
