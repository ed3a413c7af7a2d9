//! Cases of what the scan of /proc reports.

use super::case::Case;

/// The cases of this area.
pub const CASES: &[Case] = &[];
