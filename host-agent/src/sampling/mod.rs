//! Sampling: what is left out when the reader falls behind, and what can be said about it.
//!
//! A unit (an mm for pages, a socket for sends) is kept when its hash is below p = 2^-k, so that the units kept at
//! k + 1 are among those kept at k, and a unit is kept whole: the sends of a socket stay comparable with each other.
//! The source counts what it leaves out, so the numbers of events and bytes stay exact. What the left-out events would
//! have shown is estimated from the units that were kept, and is given in values of its own; counters hold what was
//! counted and nothing else.
//!
//! | part | what |
//! |---|---|
//! | [`Control`] | when to raise and lower k, from the fill of the rings |
//! | [`Sample`] | the events of each unit, in periods of one p |
//! | [`ratio`] | the share of a total that is redundant, and how far it may be off |

mod control;
mod estimate;
mod sample;
#[cfg(test)]
mod tests;

pub use control::{Control, Look, MAX_SHIFT};
pub use estimate::{CONFIDENCE, LEAST_UNITS, Part, Ratio, ratio, t_quantile};
pub use sample::{Estimate, Estimates, LeftOut, OwnerShares, Sample, Seen};

/// Whether the unit with this hash is kept at p = 2^-`shift`.
pub fn is_kept(unit: u64, shift: u32) -> bool {
    shift == 0 || unit.checked_shr(64 - shift.min(64)).unwrap_or(unit) == 0
}
