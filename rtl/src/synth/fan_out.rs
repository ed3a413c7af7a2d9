//! How many pins each net drives.

use std::collections::{HashMap, HashSet};

use super::netlist::{Bit, Netlist};

/// Nets listed in a report.
const LISTED: usize = 5;

/// A net and the pins that it drives.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FanOut {
    /// Its shortest name.
    pub net: String,
    /// Input pins of cells.
    pub pins: usize,
}

/// The nets that drive the most pins.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Widest {
    /// The reset, with what inverters make of it; a tool for the part puts it on a tree of its own.
    pub reset: usize,
    /// The largest of the others, clocks left out.
    pub nets: Vec<FanOut>,
}

/// Counts the pins of each net of a flattened module.
pub fn widest(netlist: &Netlist, module: &str, reset: &str) -> Widest {
    let mut pins: HashMap<u64, usize> = HashMap::new();
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
        for (_, net) in cell.nets("input").filter(|(pin, _)| !pin.contains("CLK") && *pin != "C") {
            *pins.entry(net).or_default() += 1;
        }
    }
    let reset = resets.iter().filter_map(|net| pins.remove(net)).sum();
    let mut names: HashMap<u64, String> = HashMap::new();
    for (name, at, net) in netlist.names(module) {
        let name = format!("{name}[{at}]");
        match names.get(&net) {
            Some(known) if (known.len(), known) <= (name.len(), &name) => {}
            _ => drop(names.insert(net, name)),
        }
    }
    let named = |(net, pins)| FanOut { net: names.get(&net).cloned().unwrap_or_else(|| "(no name)".into()), pins };
    let mut nets: Vec<_> = pins.into_iter().map(named).collect();
    nets.sort_by(|a, b| (b.pins, &a.net).cmp(&(a.pins, &b.net)));
    nets.truncate(LISTED);
    Widest { reset, nets }
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
        assert_eq!(found.nets, [FanOut { net: "wire[0]".into(), pins: 2 }]);
    }
}
