//! Which block a register of a flattened netlist belongs to.

use std::collections::{HashMap, HashSet};

use super::netlist::Netlist;

/// Instances and registers of a design before it was flattened.
pub struct Hierarchy {
    /// Module of each instance path; the top is the empty path.
    modules: HashMap<String, String>,
    /// Module and local name of each register.
    registers: HashSet<(String, String)>,
}

/// A name of the flattened netlist and the block that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Name with its path.
    pub name: String,
    /// Module.
    pub block: String,
}

impl Hierarchy {
    /// Reads a netlist with its borders, in which registers are still yosys' own cells (`proc; write_json`).
    pub fn new(netlist: &Netlist, top: &str) -> Hierarchy {
        let mut hierarchy = Hierarchy { modules: HashMap::new(), registers: HashSet::new() };
        let mut open = vec![(String::new(), top.to_string())];
        while let Some((path, module)) = open.pop() {
            for (name, cell) in netlist.module_cells(&module).filter(|(_, cell)| netlist.is_module(&cell.kind)) {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                open.push((inner, cell.kind.clone()));
            }
            if !hierarchy.modules.values().any(|known| *known == module) {
                hierarchy.note_registers(netlist, &module);
            }
            hierarchy.modules.insert(path, module);
        }
        hierarchy
    }

    fn note_registers(&mut self, netlist: &Netlist, module: &str) {
        let cells = netlist.module_cells(module).filter(|(_, cell)| cell.kind.contains("dff"));
        let outputs: HashSet<u64> = cells.flat_map(|(_, cell)| cell.nets("output").map(|(_, net)| net)).collect();
        for (name, _, net) in netlist.names(module) {
            if outputs.contains(&net) {
                self.registers.insert((module.to_string(), name.to_string()));
            }
        }
    }

    /// Splits a name at its last instance path.
    fn split<'a>(&self, name: &'a str) -> (&str, &'a str) {
        let mut dots = name.match_indices('.').map(|(at, _)| at);
        let at = dots.rfind(|at| self.modules.contains_key(&name[..*at]));
        let (path, local) = at.map_or(("", name), |at| (&name[..at], &name[at + 1..]));
        (self.modules.get(path).map_or("", String::as_str), local)
    }

    /// The owner of a cell with a path in its name, such as a memory.
    pub fn of_cell(&self, name: &str) -> Owner {
        Owner { name: name.to_string(), block: self.split(name).0.to_string() }
    }

    /// The owner of a register from all the names of its output: the one that is a register where it is declared.
    pub fn of_register(&self, names: &[String]) -> Owner {
        let is_register = |name: &&String| {
            let (module, local) = self.split(name);
            let local = local.rsplit_once('[').map_or(local, |(name, _)| name);
            self.registers.contains(&(module.to_string(), local.to_string()))
        };
        let shortest = |names: &mut dyn Iterator<Item = &String>| names.min_by_key(|name| (name.len(), *name)).cloned();
        let found = shortest(&mut names.iter().filter(is_register)).or_else(|| shortest(&mut names.iter()));
        let name = found.unwrap_or_default();
        Owner { block: self.split(&name).0.to_string(), name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_belongs_where_it_is_declared() {
        let netlist = Netlist::from_text(
            r#"{"modules": {
                "leaf": {
                    "cells": {"f": {"type": "$dff", "port_directions": {"Q": "output"}, "connections": {"Q": [2]}}},
                    "netnames": {"held": {"bits": [2]}, "out": {"bits": [2]}, "in": {"bits": [3]}}},
                "top": {"cells": {"a.b": {"type": "leaf", "connections": {}}, "c": {"type": "leaf", "connections": {}}},
                    "netnames": {"wire": {"bits": [4]}}}}}"#,
        );
        let hierarchy = Hierarchy::new(&netlist, "top");
        let names = ["wire[0]", "c.in[0]", "a.b.held[0]", "a.b.out[0]"].map(String::from);
        let owner = hierarchy.of_register(&names);
        assert_eq!(owner, Owner { name: "a.b.out[0]".into(), block: "leaf".into() });
        assert_eq!(hierarchy.of_register(&names[..1]).block, "top");
        assert_eq!(hierarchy.of_cell("c.memory.0").block, "leaf");
    }
}
