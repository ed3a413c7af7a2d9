//! A netlist that yosys wrote with `write_json`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Deserialize;

use crate::lint::{LintError, ToolError};

/// Number of cells by type.
pub type Cells = BTreeMap<String, usize>;

/// A bit of a port: a net by number, or a constant.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Bit {
    /// The net's number, unique in its module.
    Net(u64),
    /// `0`, `1` or `x`.
    Constant(#[allow(dead_code, reason = "only that it is none of the nets matters")] String),
}

impl Bit {
    /// The net, unless it is a constant.
    pub fn net(&self) -> Option<u64> {
        match self {
            Bit::Net(net) => Some(*net),
            Bit::Constant(_) => None,
        }
    }
}

/// A cell of the library, or an instance of a module.
#[derive(Clone, Debug, Deserialize)]
pub struct Cell {
    /// Library cell or module.
    #[serde(rename = "type")]
    pub kind: String,
    /// `input`, `output` or `inout` of each pin.
    #[serde(default)]
    pub port_directions: BTreeMap<String, String>,
    /// What each pin is connected to.
    pub connections: BTreeMap<String, Vec<Bit>>,
}

impl Cell {
    /// Nets at the pins of one direction, each with its pin.
    pub fn nets<'a>(&'a self, direction: &'a str) -> impl Iterator<Item = (&'a str, u64)> {
        let wanted = self
            .connections
            .iter()
            .filter(move |(pin, _)| self.port_directions.get(pin.as_str()).is_some_and(|found| found == direction));
        wanted.flat_map(|(pin, bits)| bits.iter().filter_map(move |bit| Some((pin.as_str(), bit.net()?))))
    }
}

#[derive(Clone, Debug, Deserialize)]
struct Port {
    direction: String,
    bits: Vec<Bit>,
}

#[derive(Clone, Debug, Deserialize)]
struct Net {
    bits: Vec<Bit>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Module {
    #[serde(default)]
    attributes: HashMap<String, serde_json::Value>,
    #[serde(default)]
    ports: BTreeMap<String, Port>,
    #[serde(default)]
    cells: BTreeMap<String, Cell>,
    #[serde(default)]
    netnames: BTreeMap<String, Net>,
}

impl Module {
    fn is_library(&self) -> bool {
        ["blackbox", "whitebox", "abc9_box"].iter().any(|name| self.attributes.contains_key(*name))
    }
}

/// Modules of a design.
#[derive(Debug, Deserialize)]
pub struct Netlist {
    /// Name and version of the tool.
    #[serde(default)]
    pub creator: String,
    modules: BTreeMap<String, Module>,
}

impl Netlist {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is no netlist.
    pub fn read(path: &Path) -> Result<Netlist, LintError> {
        let text = std::fs::read_to_string(path).map_err(LintError::io(path))?;
        let broken = |e: serde_json::Error| ToolError::Failed { tool: "yosys", found: format!("its netlist: {e}") };
        Ok(serde_json::from_str(&text).map_err(broken)?)
    }

    /// Cells of a module by name; none for a module that is not there.
    pub fn module_cells<'a>(&'a self, module: &str) -> impl Iterator<Item = (&'a String, &'a Cell)> + use<'a> {
        self.modules.get(module).into_iter().flat_map(|m| &m.cells)
    }

    /// Nets at the module's own ports of one direction, each with the name of its port and bit.
    pub fn ports(&self, module: &str, direction: &str) -> Vec<(String, u64)> {
        let ports = self.modules.get(module).into_iter().flat_map(|m| &m.ports);
        let wanted = ports.filter(|(_, port)| port.direction == direction);
        wanted.flat_map(|(name, port)| numbered(name, &port.bits)).collect()
    }

    /// Every name of every net of a module that a person gave, with the bit.
    pub fn names<'a>(&'a self, module: &str) -> impl Iterator<Item = (&'a str, usize, u64)> + use<'a> {
        let nets = self.modules.get(module).into_iter().flat_map(|m| &m.netnames);
        let given = nets.filter(|(name, _)| !name.contains('$'));
        given.flat_map(|(name, net)| {
            net.bits.iter().enumerate().filter_map(move |(at, bit)| Some((name.as_str(), at, bit.net()?)))
        })
    }

    /// Whether a cell type is a module of the design and no cell of the library.
    pub fn is_module(&self, kind: &str) -> bool {
        self.modules.get(kind).is_some_and(|module| !module.is_library())
    }

    /// Library cells in `module` and below.
    pub fn cells(&self, module: &str) -> Cells {
        let mut cells = Cells::new();
        for (_, cell) in self.module_cells(module) {
            if self.is_module(&cell.kind) {
                self.cells(&cell.kind).into_iter().for_each(|(name, n)| *cells.entry(name).or_insert(0) += n);
            } else {
                *cells.entry(cell.kind.clone()).or_insert(0) += 1;
            }
        }
        cells
    }

    /// Adds one for `module` and for every instance below it.
    pub fn count_instances(&self, module: &str, counts: &mut BTreeMap<String, usize>) {
        *counts.entry(module.to_string()).or_insert(0) += 1;
        for (_, cell) in self.module_cells(module).filter(|(_, cell)| self.is_module(&cell.kind)) {
            self.count_instances(&cell.kind, counts);
        }
    }

    #[cfg(test)]
    pub(super) fn from_text(text: &str) -> Netlist {
        serde_json::from_str(text).unwrap()
    }
}

fn numbered<'a>(name: &'a str, bits: &'a [Bit]) -> impl Iterator<Item = (String, u64)> + 'a {
    let one = bits.len() == 1;
    bits.iter()
        .enumerate()
        .filter_map(move |(at, bit)| Some((if one { name.to_string() } else { format!("{name}[{at}]") }, bit.net()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_and_instances_are_counted_through_the_hierarchy() {
        let netlist = Netlist::from_text(
            r#"{"modules": {
                "LUT2": {"attributes": {"blackbox": 1}},
                "inner": {"cells": {"a": {"type": "LUT2", "connections": {}}}},
                "top": {"cells": {
                    "x": {"type": "inner", "connections": {}},
                    "y": {"type": "inner", "connections": {}},
                    "z": {"type": "LUT2", "connections": {}}}}}}"#,
        );
        assert_eq!(netlist.cells("top")["LUT2"], 3);
        let mut counts = BTreeMap::new();
        netlist.count_instances("top", &mut counts);
        assert_eq!((counts["inner"], counts["top"], counts.len()), (2, 1, 2));
    }
}
