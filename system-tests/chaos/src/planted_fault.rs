//! Planted faults, which the run must find.

use clap::ValueEnum;
use deltascope_testkit::frame_faults::{self, FrameFault};
use deltascope_testkit::relay::Filter;

/// What is planted in every frame with records: a frame that is sent again after a kill would undo a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlantedFault {
    /// A record takes the place of the one behind it: one event is counted twice and another one never. The sums are
    /// right; only the reference of each container shows it.
    Repeat,
    /// A record becomes a NOP: an event has vanished.
    Lose,
}

impl PlantedFault {
    /// Returns the filter of one connection.
    pub fn filter(self) -> Filter {
        frame_faults::filter(match self {
            PlantedFault::Repeat => FrameFault::RepeatEvents,
            PlantedFault::Lose => FrameFault::LoseEvents,
        })
    }
}
