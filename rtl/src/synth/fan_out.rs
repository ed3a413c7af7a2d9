//! How many pins each net drives.

use std::collections::{HashMap, HashSet};

use super::netlist::{Bit, Cell, Netlist};

/// Nets listed in a report.
const LISTED: usize = 5;

/// A net and the pins that it drives.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FanOut {
    /// Its shortest name.
    pub net: String,
    /// Input pins of cells. A RAM32M has the same address at three of its ports.
    pub pins: usize,
    /// Cells with such a pin.
    pub cells: usize,
}

/// The nets that drive the most pins.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Widest {
    /// The reset, with what inverters make of it; a tool for the part puts it on a tree of its own.
    pub reset: usize,
    /// The most cells that one net of the journal drives.
    pub journal_cells: usize,
    /// The largest of the others, clocks left out.
    pub nets: Vec<FanOut>,
}

/// Counts the pins of each net of a flattened module.
pub fn widest(netlist: &Netlist, module: &str, reset: &str) -> Widest {
    let mut loads: HashMap<u64, (usize, usize)> = HashMap::new();
    let resets = netlist.ports(module, "input").into_iter().filter(|(name, _)| name == reset);
    let mut resets: HashSet<u64> = resets.map(|(_, net)| net).collect();
    let inverters = netlist.module_cells(module).filter(|(_, cell)| cell.kind == "INV");
    let net = |bits: Option<&Vec<Bit>>| bits.and_then(|bits| bits.first()).and_then(Bit::net);
    for (_, cell) in inverters {
        if let (Some(input), Some(output)) = (net(cell.connections.get("I")), net(cell.connections.get("O")))
            && resets.contains(&input)
        {
            resets.insert(output);
        }
    }
    for (_, cell) in netlist.module_cells(module) {
        let mut nets: Vec<u64> =
            cell.nets("input").filter(|(pin, _)| !pin.contains("CLK") && *pin != "C").map(|(_, net)| net).collect();
        nets.sort_unstable();
        for (at, net) in nets.iter().enumerate() {
            let (pins, cells) = loads.entry(*net).or_default();
            *pins += 1;
            *cells += usize::from(at == 0 || nets[at - 1] != *net);
        }
    }
    let reset = resets.iter().filter_map(|net| loads.remove(net)).map(|(pins, _)| pins).sum();
    let mut names: HashMap<u64, String> = HashMap::new();
    for (name, at, net) in netlist.names(module) {
        let name = format!("{name}[{at}]");
        match names.get(&net) {
            Some(known) if (known.len(), known) <= (name.len(), &name) => {}
            _ => drop(names.insert(net, name)),
        }
    }
    let drivers = drivers(netlist, module);
    let name = |net: u64| {
        let driver = || drivers.get(&net).map(|cell| of_driver(cell, &names));
        names.get(&net).cloned().or_else(driver).unwrap_or_default()
    };
    let mut nets: Vec<_> =
        loads.into_iter().map(|(net, (pins, cells))| FanOut { net: name(net), pins, cells }).collect();
    let most_cells = |prefix: &str| {
        let inside = nets.iter().filter(|net| net.net.starts_with(prefix));
        inside.map(|net| net.cells).max().unwrap_or(0)
    };
    let journal_cells = most_cells("engine.journal.");
    nets.sort_by(|a, b| (b.pins, &a.net).cmp(&(a.pins, &b.net)));
    nets.truncate(LISTED);
    Widest { reset, journal_cells, nets }
}

/// The cell behind each net.
fn drivers<'a>(netlist: &'a Netlist, module: &str) -> HashMap<u64, &'a Cell> {
    let cells = netlist.module_cells(module).map(|(_, cell)| cell);
    cells.flat_map(|cell| cell.nets("output").map(move |(_, net)| (net, cell))).collect()
}

/// A net without a name by the cell that drives it and what that one hears.
fn of_driver(cell: &Cell, names: &HashMap<u64, String>) -> String {
    let inputs: Vec<_> = cell.nets("input").filter_map(|(_, net)| names.get(&net).cloned()).collect();
    format!("{} of {}", cell.kind, inputs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_left_out_and_the_reset_stands_apart() {
        let netlist = Netlist::from_text(
            r#"{"modules": {"top": {
                "ports": {"resetn": {"direction": "input", "bits": [3]}},
                "cells": {
                    "i": {"type": "INV", "port_directions": {"I": "input", "O": "output"}, "connections": {"I": [3], "O": [4]}},
                    "f": {"type": "FDRE", "port_directions": {"C": "input", "D": "input", "R": "input", "CE": "input"},
                          "connections": {"C": [2], "D": [5], "R": [4], "CE": [5]}}},
                "netnames": {"wire": {"bits": [5]}}}}}"#,
        );
        let found = widest(&netlist, "top", "resetn");
        assert_eq!(found.reset, 2);
        assert_eq!(found.nets, [FanOut { net: "wire[0]".into(), pins: 2, cells: 1 }]);
    }
}
