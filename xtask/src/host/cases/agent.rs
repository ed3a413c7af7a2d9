//! Cases of how the agent survives its node.

use super::case::Case;

/// The cases of this area.
pub const CASES: &[Case] = &[];
