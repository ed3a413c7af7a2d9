//! From lanes and clocks to journal entries a second.

/// FCLK0 of the board design, MHz.
const FCLK0_MHZ: f64 = deltascope_abi::board::FCLK_HZ as f64 / 1e6;
/// Entries a second of the published engine that this one is compared with: a clock times a number of banks.
const COMPARED: f64 = 69.7e9;
/// Clocks for which a QUERY holds the input beyond one for each row of a lane (`delta_engine`; `lockstep` measures it).
const QUERY_BEYOND_DEPTH: usize = 15;

/// What the journal searches. All of it is arithmetic on sizes and clocks; nothing of it was measured on hardware.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Rates {
    /// Entries compared in each clock of a walk: the lanes.
    pub entries_a_clock: usize,
    /// Clock of the board design, MHz.
    pub fclk0_mhz: f64,
    /// Entries a second during a walk at that clock.
    pub at_fclk0: f64,
    /// Entries a second over back-to-back QUERYs at that clock: fill and drain of the pipeline counted.
    pub sustained_at_fclk0: f64,
    /// Rate compared with, entries a second.
    pub compared_with: f64,
    /// Clock at which a walk would reach it, MHz.
    pub clock_for_it_mhz: f64,
}

impl Rates {
    /// For a number of lanes and of entries in each.
    pub fn new(lanes: usize, depth: usize) -> Rates {
        let at_fclk0 = lanes as f64 * FCLK0_MHZ * 1e6;
        let busy = depth as f64 / (depth + QUERY_BEYOND_DEPTH) as f64;
        let clock = COMPARED / lanes as f64 / 1e6;
        Rates {
            entries_a_clock: lanes,
            fclk0_mhz: FCLK0_MHZ,
            at_fclk0,
            sustained_at_fclk0: (at_fclk0 * busy).round(),
            compared_with: COMPARED,
            clock_for_it_mhz: (clock * 10.0).round() / 10.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arithmetic_of_256_lanes() {
        let rates = Rates::new(256, 32);
        assert_eq!((rates.at_fclk0, rates.clock_for_it_mhz), (38.4e9, 272.3));
        assert!((rates.sustained_at_fclk0 - 38.4e9 * 32.0 / 47.0).abs() < 1.0);
    }
}
