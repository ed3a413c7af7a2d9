//! The conservation law: `captured == counted + in_flight + sum(lost by reason)`.
//!
//! The four are found independently of each other: `captured` by the source, before admission; `counted` by
//! the engine, from a snapshot; `in_flight` from record numbers; `lost` by the part that lost. None is a remainder.

use deltascope_abi::loss::Losses;

/// The four sides of the law at one time, read in the order counted, lost, in_flight, captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conservation {
    /// Events in the session's group counters.
    pub counted: u64,
    /// Events lost, by reason.
    pub lost: Losses,
    /// Events admitted to the session that the snapshot does not cover yet.
    pub in_flight: u64,
    /// Events that passed the source's filter.
    pub captured: u64,
}

impl Conservation {
    /// The right side of the law.
    pub fn explained(&self) -> u64 {
        self.counted.wrapping_add(self.in_flight).wrapping_add(self.lost.total())
    }

    /// Whether the law holds.
    pub fn holds(&self) -> bool {
        self.captured == self.explained()
    }
}

#[cfg(test)]
mod tests {
    use super::Conservation;
    use deltascope_abi::loss::{LossReason, Losses};

    #[test]
    fn the_law_counts_every_side() {
        let mut lost = Losses::default();
        lost.add(LossReason::Ring, 2);
        lost.add(LossReason::RetainFull, 3);
        let sides = Conservation { counted: 10, lost, in_flight: 4, captured: 19 };
        assert!(sides.holds());
        assert!(!Conservation { captured: 20, ..sides }.holds());
        assert!(!Conservation { counted: 9, ..sides }.holds());
    }
}
