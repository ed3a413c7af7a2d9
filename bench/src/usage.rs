//! What the kernel charges to a process.

use anyhow::{Context, Result};
use std::fs::read_to_string;

/// Processor time of the main thread of a process.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// On a processor, in nanoseconds.
    pub nanoseconds: f64,
    /// Part of it in the kernel, 0 to 1, out of ticks of a hundredth of a second.
    pub system_share: f64,
    user_ticks: f64,
    system_ticks: f64,
}

impl Usage {
    /// Of this process.
    pub fn of_self() -> Result<Usage> {
        Usage::of("self")
    }

    /// Of a process by its id.
    pub fn of(process: &str) -> Result<Usage> {
        let path = format!("/proc/{process}/schedstat");
        let text = read_to_string(&path).with_context(|| path.clone())?;
        let nanoseconds = text.split_whitespace().next().and_then(|word| word.parse().ok());
        let nanoseconds = nanoseconds.with_context(|| format!("{path}: expected nanoseconds, found {text:?}"))?;
        let path = format!("/proc/{process}/stat");
        let text = read_to_string(&path).with_context(|| path.clone())?;
        // The name in parentheses may hold anything; utime and stime are fields 14 and 15 (proc(5)).
        let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
        let tick = |at| rest.split_whitespace().nth(at).and_then(|word| word.parse().ok());
        let ticks = tick(11).zip(tick(12));
        let (user_ticks, system_ticks) = ticks.with_context(|| format!("{path}: expected times, found {text:?}"))?;
        Ok(Usage { nanoseconds, system_share: 0.0, user_ticks, system_ticks })
    }

    /// What was used since.
    pub fn since(&self, before: &Usage) -> Usage {
        let (user_ticks, system_ticks) = (self.user_ticks - before.user_ticks, self.system_ticks - before.system_ticks);
        let system_share = system_ticks / (user_ticks + system_ticks).max(1.0);
        Usage { nanoseconds: self.nanoseconds - before.nanoseconds, system_share, user_ticks, system_ticks }
    }
}

/// Load of the machine over the last minute.
pub fn load_average() -> Result<f64> {
    let text = read_to_string("/proc/loadavg").context("/proc/loadavg")?;
    text.split_whitespace().next().and_then(|word| word.parse().ok()).context("/proc/loadavg: expected a number")
}
