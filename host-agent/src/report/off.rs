//! A source that is switched off, in one line.

use crate::tuning::Off;

/// Returns why nothing is collected, and how that ends.
pub fn off_line(off: &Off) -> String {
    format!("SWITCHED OFF, nothing is collected: {}; change that and send SIGHUP, or restart", off.reason)
}
