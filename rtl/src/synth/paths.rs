//! The longest ways between registers of a flattened netlist.

mod margin;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::delays;
use super::hierarchy::{Hierarchy, Owner};
use super::netlist::{Cell, Netlist};

/// A way from a register, a memory or a port to the next one.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Way {
    /// LUTs on it, reads of LUTs used as memory among them, and carry chains, each as one.
    pub levels: usize,
    /// LUTs on it.
    pub luts: usize,
    /// Carry chains on it.
    pub carry_chains: usize,
    /// CARRY4 of the longest carry chain on it.
    pub carry4: usize,
    /// MUXF7 and MUXF8 on it; they sit beside the LUTs in the slice and count no level.
    pub muxes: usize,
    /// Sum of the delays of its cells with clock-to-output and set-up, without wires, in nanoseconds.
    pub cells_ns: f64,
    /// What its wires are allowed, by their fan-out, in nanoseconds.
    pub wires_ns: f64,
    /// Cells, wires, and what skew and uncertainty of the clock take, in nanoseconds: to be held against the period.
    pub total_ns: f64,
    /// Where it ends: the register with its pin, the memory or the port.
    pub ends_at: String,
}

/// The longest ways that end in one block.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Longest {
    /// With the most levels.
    pub by_levels: Way,
    /// With the longest delay, cells and wires.
    pub by_delay: Way,
}

/// How a cell passes signals on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Lut,
    Inverter,
    Mux(usize),
    Carry,
    /// Reads at once, writes at the clock.
    LutMemory,
    ShiftRegister,
    FlipFlop,
    BlockRam,
    Other,
}

impl Kind {
    fn of(cell: &Cell) -> Kind {
        match cell.kind.as_str() {
            "LUT1" | "LUT2" | "LUT3" | "LUT4" | "LUT5" | "LUT6" => Kind::Lut,
            "INV" => Kind::Inverter,
            "MUXF7" => Kind::Mux(0),
            "MUXF8" => Kind::Mux(1),
            "CARRY4" => Kind::Carry,
            name if name.starts_with("RAMB") => Kind::BlockRam,
            name if name.starts_with("RAM") => Kind::LutMemory,
            name if name.starts_with("SRL") => Kind::ShiftRegister,
            name if name.starts_with("FD") => Kind::FlipFlop,
            _ => Kind::Other,
        }
    }

    /// Whether a signal at `pin` reaches the outputs in the same clock.
    fn passes(self, pin: &str) -> bool {
        match self {
            Kind::Lut | Kind::Inverter | Kind::Mux(_) | Kind::Carry => true,
            // RAM32M and RAM64M: port D is the write address. RAM32X1D and its like: A writes, DPRA reads.
            Kind::LutMemory => pin.starts_with("ADDR") && pin != "ADDRD" || pin.starts_with("DPRA"),
            Kind::ShiftRegister => pin.starts_with('A'),
            Kind::FlipFlop | Kind::BlockRam | Kind::Other => false,
        }
    }

    /// Clock to output.
    fn starts_after(self) -> u32 {
        match self {
            Kind::FlipFlop => delays::FLIP_FLOP,
            Kind::BlockRam => delays::BLOCK_RAM,
            Kind::ShiftRegister => delays::SHIFT_REGISTER,
            _ => 0,
        }
    }

    /// Set-up of an input that a clock samples; `None` for a clock and for what is not sampled.
    fn samples(self, pin: &str) -> Option<u32> {
        if pin.contains("CLK") || pin == "C" {
            return None;
        }
        match self {
            Kind::FlipFlop => Some(match pin {
                "CE" => delays::SET_UP_FLIP_FLOP[0],
                "R" | "S" => delays::SET_UP_FLIP_FLOP[1],
                _ => 0,
            }),
            Kind::BlockRam => Some(delays::SET_UP_BLOCK_RAM),
            Kind::LutMemory | Kind::ShiftRegister if !self.passes(pin) => Some(delays::SET_UP_LUT),
            _ => None,
        }
    }
}

/// A signal's way so far.
#[derive(Clone, Copy, Debug, Default)]
struct Arrival {
    levels: usize,
    luts: usize,
    carry_chains: usize,
    /// CARRY4 of the chain that the signal is in; 0: in none.
    in_chain: usize,
    carry4: usize,
    muxes: usize,
    /// Picoseconds of cells.
    cells: u32,
    /// Picoseconds of wires.
    wires: u32,
}

impl Arrival {
    /// Over a wire of `wire` picoseconds and through a cell that was entered at a carry input (`chained`) or elsewhere.
    fn through(mut self, kind: Kind, chained: bool, wire: u32) -> Arrival {
        if self.in_chain > 0 && !chained {
            self.cells += delays::CARRY[2];
            self.in_chain = 0;
        }
        self.wires += wire;
        match kind {
            Kind::Lut | Kind::LutMemory | Kind::ShiftRegister => {
                self.levels += 1;
                self.luts += 1;
                self.cells += delays::LUT;
            }
            Kind::Mux(which) => {
                self.muxes += 1;
                self.cells += delays::MUX[which];
            }
            Kind::Carry => {
                if self.in_chain == 0 {
                    self.levels += 1;
                    self.carry_chains += 1;
                }
                self.cells += delays::CARRY[usize::from(self.in_chain > 0)];
                self.in_chain += 1;
                self.carry4 = self.carry4.max(self.in_chain);
            }
            Kind::Inverter | Kind::FlipFlop | Kind::BlockRam | Kind::Other => {}
        }
        self
    }

    /// Whether it is longer than `other`, by levels or by delay.
    fn is_worse(&self, other: &Arrival, by_delay: bool) -> bool {
        let delay = |a: &Arrival| (a.cells + a.wires) as usize;
        let key = |a: &Arrival| if by_delay { (delay(a), a.levels) } else { (a.levels, delay(a)) };
        key(self) > key(other)
    }
}

struct Node<'a> {
    name: &'a str,
    cell: &'a Cell,
    kind: Kind,
}

/// A flattened module, ready to be walked.
pub struct Walk<'a> {
    nodes: Vec<Node<'a>>,
    /// For each net the cell that drives it.
    drivers: HashMap<u64, usize>,
    /// Cells that pass signals on, each behind all that feed it.
    order: Vec<usize>,
    outputs: Vec<(String, u64)>,
    /// Cells that each net drives.
    loads: HashMap<u64, usize>,
    /// What every wire takes of its allowance, in thousandths.
    permille: u32,
}

impl<'a> Walk<'a> {
    /// Prepares `module`.
    pub fn new(netlist: &'a Netlist, module: &str) -> Walk<'a> {
        let nodes: Vec<_> =
            netlist.module_cells(module).map(|(name, cell)| Node { name, cell, kind: Kind::of(cell) }).collect();
        let outputs =
            nodes.iter().enumerate().flat_map(|(at, node)| node.cell.nets("output").map(move |(_, net)| (net, at)));
        let drivers = outputs.collect();
        let mut loads = HashMap::new();
        for node in &nodes {
            let nets: HashSet<u64> = node.cell.nets("input").map(|(_, net)| net).collect();
            nets.into_iter().for_each(|net| *loads.entry(net).or_insert(0) += 1);
        }
        let mut walk = Walk {
            nodes,
            drivers,
            order: Vec::new(),
            outputs: netlist.ports(module, "output"),
            loads,
            permille: 1_000,
        };
        walk.sort();
        walk
    }

    /// Signals that pass through a cell: its input pins with the cells that drive them.
    fn feeders(&self, at: usize) -> impl Iterator<Item = (&'a str, u64, Option<usize>)> {
        let Node { cell, kind, .. } = self.nodes[at];
        let inputs = cell.nets("input").filter(move |(pin, _)| kind.passes(pin));
        inputs.map(|(pin, net)| (pin, net, self.drivers.get(&net).copied()))
    }

    /// What the wire of `net` to the pin `pin` of a cell of kind `to` is allowed, in picoseconds. Inside a slice there is
    /// none: along a carry chain, and from the only LUT that has its way to a carry chain, a multiplexer or a register.
    fn wire(&self, net: u64, to: Kind, pin: &str) -> u32 {
        let driver = self.drivers.get(&net).map(|driver| self.nodes[*driver].kind);
        let alone = self.loads.get(&net).is_none_or(|cells| *cells == 1);
        let inside = match (driver, to) {
            (Some(Kind::Carry), Kind::Carry) if pin == "CI" => true,
            (Some(Kind::Lut), Kind::Carry) => alone,
            (Some(Kind::Lut | Kind::Mux(_)), Kind::Mux(_)) => alone && pin != "S",
            (Some(Kind::Lut | Kind::Mux(_) | Kind::Carry | Kind::LutMemory), Kind::FlipFlop) => alone && pin == "D",
            // An inverter is a setting of the pins behind it.
            (_, Kind::Inverter) => true,
            _ => false,
        };
        if inside { 0 } else { delays::wire(self.loads.get(&net).copied().unwrap_or(1)) * self.permille / 1_000 }
    }

    /// Arrival at the cells that `net` drives, without its wire. What comes from a port comes from a register.
    fn source(&self, net: u64, arrivals: &[Arrival]) -> Arrival {
        let port = || Arrival { cells: delays::FLIP_FLOP, ..Arrival::default() };
        self.drivers.get(&net).map_or_else(port, |driver| arrivals[*driver])
    }

    /// Orders the cells without recursion: carry chains are long.
    fn sort(&mut self) {
        let passing = |node: &Node| !matches!(node.kind, Kind::FlipFlop | Kind::BlockRam | Kind::Other);
        // 0: not seen, 1: open, 2: done.
        let mut state = vec![0_u8; self.nodes.len()];
        let mut order = Vec::new();
        let mut stack = Vec::new();
        for start in 0..self.nodes.len() {
            stack.push(start);
            while let Some(&at) = stack.last() {
                if state[at] == 2 || !passing(&self.nodes[at]) {
                    stack.pop();
                    continue;
                }
                if state[at] == 1 {
                    state[at] = 2;
                    order.push(at);
                    stack.pop();
                    continue;
                }
                state[at] = 1;
                let open = self.feeders(at).filter_map(|(.., driver)| driver).filter(|driver| state[*driver] == 0);
                stack.extend(open.collect::<Vec<_>>());
            }
        }
        self.order = order;
    }

    /// Arrival at the outputs of every cell.
    fn arrivals(&self, by_delay: bool) -> Vec<Arrival> {
        let start = |node: &Node| Arrival { cells: node.kind.starts_after(), ..Arrival::default() };
        let mut found: Vec<Arrival> = self.nodes.iter().map(start).collect();
        for &at in &self.order {
            let kind = self.nodes[at].kind;
            let mut worst = found[at];
            for (pin, net, _) in self.feeders(at) {
                let before = self.source(net, &found);
                let chained = kind == Kind::Carry && pin == "CI" && before.in_chain > 0;
                let through = before.through(kind, chained, self.wire(net, kind, pin));
                if through.is_worse(&worst, by_delay) {
                    worst = through;
                }
            }
            found[at] = worst;
        }
        found
    }

    /// The longest ways by block.
    pub fn longest(&self, netlist: &Netlist, module: &str, hierarchy: &Hierarchy) -> BTreeMap<String, Longest> {
        let mut names: HashMap<u64, Vec<String>> = HashMap::new();
        for (name, at, net) in netlist.names(module) {
            names.entry(net).or_default().push(format!("{name}[{at}]"));
        }
        let owners = self.owners(&names, hierarchy);
        let mut blocks: BTreeMap<String, Longest> = BTreeMap::new();
        for by_delay in [false, true] {
            let arrivals = self.arrivals(by_delay);
            let mut worst: BTreeMap<String, (Arrival, String)> = BTreeMap::new();
            let mut note = |owner: &Owner, kind: Kind, pin: &str, net: u64, set_up: u32| {
                let mut arrival = self.source(net, &arrivals).through(Kind::Other, false, self.wire(net, kind, pin));
                arrival.cells += set_up;
                let ends_at = || format!("{} {pin}", owner.name).trim_end().to_string();
                match worst.get_mut(&owner.block) {
                    None => {
                        worst.insert(owner.block.clone(), (arrival, ends_at()));
                    }
                    Some((known, text)) if arrival.is_worse(known, by_delay) => (*known, *text) = (arrival, ends_at()),
                    Some(_) => {}
                }
            };
            for (node, owner) in self.nodes.iter().zip(&owners) {
                let Some(owner) = owner else { continue };
                for (pin, net) in node.cell.nets("input") {
                    if let Some(set_up) = node.kind.samples(pin) {
                        note(owner, node.kind, pin, net, set_up);
                    }
                }
            }
            for (port, net) in &self.outputs {
                note(&Owner { name: port.clone(), block: module.to_string() }, Kind::Other, "", *net, 0);
            }
            for (block, (arrival, ends_at)) in worst {
                let longest = blocks.entry(block).or_default();
                let place = if by_delay { &mut longest.by_delay } else { &mut longest.by_levels };
                *place = arrival.way(ends_at);
            }
        }
        blocks
    }

    /// The owner of every cell that samples.
    fn owners(&self, names: &HashMap<u64, Vec<String>>, hierarchy: &Hierarchy) -> Vec<Option<Owner>> {
        let owner = |node: &Node| match node.kind {
            Kind::FlipFlop | Kind::ShiftRegister => {
                let output = node.cell.nets("output").next().and_then(|(_, net)| names.get(&net));
                Some(hierarchy.of_register(output.map_or(&[], Vec::as_slice)))
            }
            Kind::LutMemory | Kind::BlockRam => Some(hierarchy.of_cell(node.name)),
            _ => None,
        };
        self.nodes.iter().map(owner).collect()
    }
}

impl Arrival {
    fn way(self, ends_at: String) -> Way {
        let Arrival { levels, luts, carry_chains, carry4, muxes, cells, wires, .. } = self;
        let [cells_ns, wires_ns, total_ns] =
            [cells, wires, cells + wires + delays::CLOCK].map(|ps| f64::from(ps) / 1000.0);
        Way { levels, luts, carry_chains, carry4, muxes, cells_ns, wires_ns, total_ns, ends_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A register, a LUT3, a carry chain of two, a LUT6, a register; the second register's reset comes through an
    /// inverter and a LUT2.
    const NETLIST: &str = r#"{"modules": {"top": {"cells": {
        "a": {"type": "FDRE", "port_directions": {"C": "input", "D": "input", "Q": "output"},
              "connections": {"C": [2], "D": [3], "Q": [4]}},
        "b": {"type": "LUT3", "port_directions": {"I0": "input", "O": "output"},
              "connections": {"I0": [4], "O": [5]}},
        "c": {"type": "CARRY4", "port_directions": {"CI": "input", "S": "input", "CO": "output", "O": "output"},
              "connections": {"CI": ["0"], "S": [5, "0", "0", "0"], "CO": [6, 7, 8, 9], "O": [10, 11, 12, 13]}},
        "d": {"type": "CARRY4", "port_directions": {"CI": "input", "S": "input", "CO": "output", "O": "output"},
              "connections": {"CI": [9], "S": ["0", "0", "0", "0"], "CO": [14, 15, 16, 17], "O": [18, 19, 20, 21]}},
        "e": {"type": "LUT6", "port_directions": {"I5": "input", "O": "output"},
              "connections": {"I5": [21], "O": [22]}},
        "f": {"type": "INV", "port_directions": {"I": "input", "O": "output"}, "connections": {"I": [4], "O": [23]}},
        "g": {"type": "LUT2", "port_directions": {"I0": "input", "O": "output"},
              "connections": {"I0": [23], "O": [24]}},
        "h": {"type": "FDRE",
              "port_directions": {"C": "input", "D": "input", "R": "input", "Q": "output"},
              "connections": {"C": [2], "D": [22], "R": [24], "Q": [25]}}},
        "netnames": {"first": {"bits": [4]}, "last": {"bits": [25]}}}}}"#;

    #[test]
    fn a_carry_chain_is_one_level_with_its_length() {
        let netlist = Netlist::from_text(NETLIST);
        let hierarchy = Hierarchy::new(&netlist, "top");
        let found = Walk::new(&netlist, "top").longest(&netlist, "top", &hierarchy);
        // 518 clock to output, 154 LUT3, 592 into the chain, 117 along it, 334 out of it, 154 LUT6. Wires: the register
        // drives two cells, 772; from the chain to the LUT, 624; the others are inside a slice. 145 of the clock.
        let way = Way {
            levels: 3,
            luts: 2,
            carry_chains: 1,
            carry4: 2,
            muxes: 0,
            cells_ns: 1.869,
            wires_ns: 1.396,
            total_ns: 3.41,
            ends_at: "last[0] D".into(),
        };
        assert_eq!(found["top"].by_levels, way);
        assert_eq!(found["top"].by_delay, way);
    }

    #[test]
    fn wires_may_take_what_the_cells_and_the_clock_leave() {
        let netlist = Netlist::from_text(NETLIST);
        let mut walk = Walk::new(&netlist, "top");
        // (period - 145 - 1869) / (772 + 624), in thousandths. The way to the pin R has less of both: (4410 - 145 - 1100) /
        // (624 + 624) is more.
        assert_eq!([2_014, 3_410, 4_410].map(|period| walk.wires_that_fit(period)), [0, 1_000, 1_716]);
        assert_eq!(walk.wires_that_fit(2_013), 0);
    }
}
