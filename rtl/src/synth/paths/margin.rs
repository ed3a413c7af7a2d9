//! How far the wires may exceed their allowance.

use super::super::delays;
use super::{Arrival, Kind, Walk};

/// Where the search for the margin begins, thousandths of the allowance.
const FAR: u32 = 10_000;

impl Walk<'_> {
    /// Returns how many times its allowance every wire may take, in thousandths rounded down, until the longest way takes
    /// more than `period` picoseconds; [`FAR`] when it may take that much. 0: the cells alone take longer.
    pub fn wires_that_fit(&mut self, period: u32) -> u32 {
        self.permille = FAR;
        loop {
            // The longest way at this share gives the share it would fit with: no way fits with more.
            let Arrival { cells, wires, .. } = self.slowest();
            let room = period.saturating_sub(delays::CLOCK + cells);
            if wires <= room || self.permille == 0 {
                return std::mem::replace(&mut self.permille, 1_000);
            }
            let fits = u64::from(self.permille) * u64::from(room) / u64::from(wires);
            self.permille = u32::try_from(fits).unwrap_or(0).min(self.permille - 1);
        }
    }

    /// The longest way to a register, a memory or an output.
    fn slowest(&self) -> Arrival {
        let arrivals = self.arrivals(true);
        let sampled = self.nodes.iter().flat_map(|node| {
            let pins = node.cell.nets("input");
            pins.filter_map(|(pin, net)| node.kind.samples(pin).map(|set_up| (node.kind, pin, net, set_up)))
        });
        let outputs = self.outputs.iter().map(|(_, net)| (Kind::Other, "", *net, 0));
        let end = |(kind, pin, net, set_up)| {
            let mut arrival = self.source(net, &arrivals).through(Kind::Other, false, self.wire(net, kind, pin));
            arrival.cells += set_up;
            arrival
        };
        sampled.chain(outputs).map(end).max_by_key(|arrival| arrival.cells + arrival.wires).unwrap_or_default()
    }
}
