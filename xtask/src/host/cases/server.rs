//! Cases of the board server under strangers and neighbours.

use super::case::Case;

/// The cases of this area.
pub const CASES: &[Case] = &[];
