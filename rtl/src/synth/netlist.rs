//! A netlist that yosys wrote with `write_json`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::Value;

use crate::lint::{LintError, ToolError};

/// Number of cells by type.
pub type Cells = BTreeMap<String, usize>;

/// The longest chain of LUTs between registers, memories and ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Levels {
    /// LUTs on it, reads of LUTRAM among them.
    pub luts: usize,
    /// The register behind it with the pin, or the net at its end.
    pub ends_at: String,
}

/// Modules of a mapped design.
pub struct Netlist {
    /// Name and version of the tool.
    pub creator: String,
    modules: BTreeMap<String, Value>,
}

impl Netlist {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is no netlist.
    pub fn read(path: &Path) -> Result<Netlist, LintError> {
        let text = std::fs::read_to_string(path).map_err(LintError::io(path))?;
        let broken = |found: String| ToolError::Failed { tool: "yosys", found };
        let json: Value = serde_json::from_str(&text).map_err(|e| broken(format!("its netlist: {e}")))?;
        let modules = json["modules"].as_object().ok_or_else(|| broken("its netlist has no modules".into()))?;
        Ok(Netlist {
            creator: json["creator"].as_str().unwrap_or("yosys").to_string(),
            modules: modules.iter().map(|(name, module)| (name.clone(), module.clone())).collect(),
        })
    }

    fn module_cells(&self, module: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.modules.get(module).and_then(|m| m["cells"].as_object()).into_iter().flatten()
    }

    /// Whether a cell type is a module of the design and no cell of the library.
    fn is_module(&self, kind: &str) -> bool {
        self.modules.get(kind).is_some_and(|m| m["attributes"].get("blackbox").is_none() && !is_library(m))
    }

    /// Library cells in `module` and below.
    pub fn cells(&self, module: &str) -> Cells {
        let mut cells = Cells::new();
        for (_, cell) in self.module_cells(module) {
            let kind = cell["type"].as_str().unwrap_or_default();
            if self.is_module(kind) {
                self.cells(kind).into_iter().for_each(|(name, n)| *cells.entry(name).or_insert(0) += n);
            } else {
                *cells.entry(kind.to_string()).or_insert(0) += 1;
            }
        }
        cells
    }

    /// Adds one for `module` and for every instance below it.
    pub fn count_instances(&self, module: &str, counts: &mut BTreeMap<String, usize>) {
        *counts.entry(module.to_string()).or_insert(0) += 1;
        for (_, cell) in self.module_cells(module) {
            let kind = cell["type"].as_str().unwrap_or_default();
            if self.is_module(kind) {
                self.count_instances(kind, counts);
            }
        }
    }

    /// The longest chain of LUTs in `module` itself; instances in it count as registers.
    pub fn levels(&self, module: &str) -> Levels {
        let mut drivers: HashMap<u64, usize> = HashMap::new();
        let mut nodes = Vec::new();
        for (_, cell) in self.module_cells(module) {
            let Some((weight, through)) = combinational(cell["type"].as_str().unwrap_or_default()) else { continue };
            let mut inputs = Vec::new();
            for (pin, direction) in cell["port_directions"].as_object().into_iter().flatten() {
                let bits = cell["connections"][pin].as_array().into_iter().flatten().filter_map(Value::as_u64);
                if direction == "output" {
                    bits.for_each(|bit| {
                        drivers.insert(bit, nodes.len());
                    });
                } else if through(pin) {
                    inputs.extend(bits);
                }
            }
            nodes.push(Node { weight, inputs, depth: None });
        }
        let bits: Vec<u64> = drivers.keys().copied().collect();
        let deepest = bits.into_iter().map(|bit| (depth(&mut nodes, &drivers, drivers[&bit]), bit));
        let Some((luts, bit)) = deepest.max_by_key(|(depth, bit)| (*depth, std::cmp::Reverse(*bit))) else {
            return Levels::default();
        };
        Levels { luts, ends_at: self.end_of(module, bit) }
    }

    /// What a net leads to: the output of the register behind it, else the net itself.
    fn end_of(&self, module: &str, bit: u64) -> String {
        let has = |cell: &Value, pin: &str| {
            cell["connections"][pin].as_array().into_iter().flatten().any(|b| b.as_u64() == Some(bit))
        };
        let registers =
            self.module_cells(module).filter(|(_, c)| c["type"].as_str().is_some_and(|t| t.starts_with("FD")));
        let mut behind = registers.filter_map(|(_, cell)| {
            let pin = ["D", "CE", "R", "S"].into_iter().find(|pin| has(cell, pin))?;
            let output = cell["connections"]["Q"][0].as_u64()?;
            Some(format!("{} ({pin})", self.net_name(module, output)))
        });
        behind.next().unwrap_or_else(|| self.net_name(module, bit))
    }

    fn net_name(&self, module: &str, bit: u64) -> String {
        let nets = self.modules.get(module).and_then(|m| m["netnames"].as_object()).into_iter().flatten();
        let mut names = nets.filter_map(|(name, net)| {
            let bits = net["bits"].as_array()?;
            let at = bits.iter().position(|b| b.as_u64() == Some(bit))?;
            Some((name.contains('$'), name.len(), format!("{name}[{at}]")))
        });
        let first = names.next();
        names.chain(first).min().map_or_else(String::new, |n| n.2)
    }
}

fn is_library(module: &Value) -> bool {
    module["attributes"].get("whitebox").is_some() || module["attributes"].get("abc9_box").is_some()
}

struct Node {
    weight: usize,
    inputs: Vec<u64>,
    depth: Option<usize>,
}

/// Depth of the chain up to a node, without recursion: chains of carries are long.
fn depth(nodes: &mut [Node], drivers: &HashMap<u64, usize>, start: usize) -> usize {
    let mut stack = vec![start];
    while let Some(&at) = stack.last() {
        if nodes[at].depth.is_some() {
            stack.pop();
            continue;
        }
        let feeders: Vec<usize> = nodes[at].inputs.iter().filter_map(|bit| drivers.get(bit).copied()).collect();
        let open: Vec<usize> =
            feeders.iter().copied().filter(|f| nodes[*f].depth.is_none() && !stack.contains(f)).collect();
        if open.is_empty() {
            let below = feeders.iter().filter_map(|f| nodes[*f].depth).max().unwrap_or(0);
            nodes[at].depth = Some(below + nodes[at].weight);
            stack.pop();
        } else {
            stack.extend(open);
        }
    }
    nodes[start].depth.unwrap_or(0)
}

/// Whether an input pin reaches the outputs in the same clock.
type PinTest = fn(&str) -> bool;

/// LUTs that a cell counts for and the inputs that reach its outputs in the same clock; `None` for the rest.
/// Inverters are absorbed by LUTs, carries and wide multiplexers sit beside them in the slice.
fn combinational(kind: &str) -> Option<(usize, PinTest)> {
    match kind {
        "LUT1" | "LUT2" | "LUT3" | "LUT4" | "LUT5" | "LUT6" => Some((1, |_| true)),
        "INV" | "MUXF7" | "MUXF8" | "CARRY4" => Some((0, |_| true)),
        _ if kind.starts_with("RAM32") || kind.starts_with("RAM64") || kind.starts_with("RAM128") => {
            Some((1, |pin| pin.starts_with("ADDR") || pin.starts_with('A') || pin.starts_with("DPRA")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_end_at_registers() {
        let cell = |kind: &str, i: &[u64], o: u64| {
            serde_json::json!({
                "type": kind,
                "port_directions": { "I": "input", "O": "output" },
                "connections": { "I": i, "O": [o] },
            })
        };
        let module = serde_json::json!({
            "attributes": {},
            "cells": {
                "a": cell("LUT2", &[2, 3], 4),
                "b": cell("INV", &[4], 5),
                "c": cell("LUT6", &[5], 6),
                "d": cell("FDRE", &[6], 7),
                "e": cell("LUT1", &[7], 8),
            },
            "netnames": { "end": { "bits": [6] } },
        });
        let netlist = Netlist { creator: String::new(), modules: [("m".to_string(), module)].into() };
        assert_eq!(netlist.levels("m"), Levels { luts: 2, ends_at: "end[0]".into() });
        assert_eq!(netlist.cells("m")["FDRE"], 1);
    }
}
