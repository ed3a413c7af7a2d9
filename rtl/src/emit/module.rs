//! Writes one module.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rust_hdl::core::ast::Verilog;
use rust_hdl::core::atom::AtomKind;

use super::collect::Node;
use super::draft::{Draft, ports, resolve};
use super::error::EmitError;
use super::expr::{Scope, select};
use super::flow::{self, Item};
use super::function::{self, write_comments};
use super::leaf::leaf;
use super::lower::{self, Expr, Net, Role};
use super::names;
use crate::power_up::SET;

/// Around functions, whose arguments and results are hidden by no mistake.
const HIDDEN_ON: &str = "    // In a function, arguments and results have the names of the nets that they are.\n    \
                         // verilator lint_off VARHIDDEN\n\n";
const HIDDEN_OFF: &str = "\n    // verilator lint_on VARHIDDEN\n";

/// Whether a node is a D flip-flop, rust-hdl's or that of `power_up`, which becomes a register of its parent.
pub(super) fn is_register(node: &Node) -> bool {
    matches!(&node.code, Verilog::Custom(text) if text.contains("q <= d;"))
        && node.atoms.iter().map(|a| a.name.as_str()).eq(["d", "q", "clock"])
}

/// Whether a register is set when the logic is configured.
fn is_set_at_power_up(node: &Node) -> bool {
    matches!(&node.code, Verilog::Custom(text) if text.contains(SET))
}

/// Writes `node`; `kinds` are the module names of its children that are not registers, in order.
pub(super) fn draft(node: &Node, kinds: &[String]) -> Result<Draft, EmitError> {
    let nets = lower::nets(node)?;
    match &node.code {
        Verilog::Combinatorial(code) => {
            let lowered = lower::lower(node, &nets, code)?;
            let items = flow::sort(&node.path, &nets, lowered.stmts)?;
            let name = lowered.name.map(|n| resolve(node, &nets, &n)).transpose()?;
            let body = Writer::new(node, &nets, items)?.module(kinds)?;
            Ok(Draft { name, head: lowered.head, body })
        }
        Verilog::Custom(text) => leaf(node, &nets, text),
        Verilog::Wrapper(wrapper) if wrapper.cores.trim().is_empty() => leaf(node, &nets, &wrapper.code),
        _ => Err(EmitError::Construct {
            module: node.path.clone(),
            found: "a block without Verilog of its own".into(),
            fix: "use #[hdl_gen], Verilog::Custom, or Verilog::Wrapper with empty cores",
        }),
    }
}

struct Writer<'a> {
    node: &'a Node,
    nets: &'a BTreeMap<String, Net>,
    names: BTreeMap<String, String>,
    /// Nets with one assignment outside any condition, in source order with their comments.
    plain: BTreeMap<String, Expr>,
    items: Vec<Item>,
    /// Plain nets that need no `assign`: they went into a port connection or a clocked block.
    placed: BTreeSet<String>,
    /// How often each name is read.
    reads: BTreeMap<String, usize>,
    /// Child outputs that drive an output port directly.
    through: BTreeMap<String, String>,
}

impl<'a> Writer<'a> {
    fn new(node: &'a Node, nets: &'a BTreeMap<String, Net>, items: Vec<Item>) -> Result<Self, EmitError> {
        let mut writer = Writer {
            node,
            nets,
            names: BTreeMap::new(),
            plain: BTreeMap::new(),
            items: Vec::new(),
            placed: BTreeSet::new(),
            reads: BTreeMap::new(),
            through: BTreeMap::new(),
        };
        writer.name_nets(&items)?;
        for item in &items {
            let mut reads = Vec::new();
            match item {
                Item::Assign { net, part, value, .. } => {
                    flow::visit_expr(value, &mut |n| reads.push(n.to_string()));
                    if part.is_none() {
                        writer.plain.insert(net.clone(), value.clone());
                    }
                }
                Item::Block(stmts) => {
                    stmts.iter().for_each(|stmt| flow::visit_reads(stmt, &mut |n| reads.push(n.to_string())));
                }
            }
            reads.into_iter().for_each(|n| *writer.reads.entry(n).or_insert(0) += 1);
        }
        writer.items = items;
        Ok(writer)
    }

    /// Chooses the Verilog name of every net and refuses clashes, also with the functions of `items`.
    fn name_nets(&mut self, items: &[Item]) -> Result<(), EmitError> {
        let registers: BTreeSet<&str> =
            self.node.children.iter().filter(|c| is_register(c)).map(|c| c.name.as_str()).collect();
        for raw in self.nets.keys() {
            let name = match raw.rsplit_once('$') {
                Some((register, pin)) if registers.contains(register) => match pin {
                    "q" => names::identifier(register),
                    // A Local may have taken the natural name.
                    "d" if self.nets.contains_key(&format!("{register}_next")) => {
                        format!("{}_d", names::identifier(register))
                    }
                    "d" => format!("{}_next", names::identifier(register)),
                    _ => format!("{}_clock", names::identifier(register)),
                },
                _ => names::identifier(raw),
            };
            self.names.insert(raw.clone(), name);
        }
        let instances = self.node.children.iter().filter(|c| !is_register(c)).map(|c| names::identifier(&c.name));
        let functions = items.iter().filter_map(|item| match item {
            Item::Block(stmts) => Some(function::name(stmts, &self.names)),
            Item::Assign { .. } => None,
        });
        let mut seen = BTreeSet::new();
        for name in self.names.values().cloned().chain(instances).chain(functions) {
            let error = |found| EmitError::Name { module: self.node.path.clone(), name: name.clone(), found };
            if names::is_reserved(&name) {
                return Err(error("is a Verilog keyword"));
            }
            if !seen.insert(name.clone()) {
                return Err(error("means two things"));
            }
        }
        Ok(())
    }

    fn scope(&self) -> Scope<'_> {
        Scope { module: &self.node.path, nets: self.nets, names: &self.names }
    }

    fn module(mut self, kinds: &[String]) -> Result<String, EmitError> {
        self.find_through();
        let instances = self.instances(kinds)?;
        let clocked = self.clocked()?;
        let mut logic = self.logic()?;
        if self.items.iter().any(|item| matches!(item, Item::Block(_))) {
            logic = format!("{HIDDEN_ON}{logic}{HIDDEN_OFF}");
        }
        let mut body = ports(self.node, &|_| false, &self.names);
        for part in [self.declarations(), instances, logic, clocked] {
            if !part.is_empty() {
                body.push('\n');
                body.push_str(&part);
            }
        }
        Ok(body)
    }

    /// Outputs that only pass a child's output on.
    fn find_through(&mut self) {
        for (net, value) in &self.plain {
            let Expr::Net(from) = value else { continue };
            let role = |n: &str| self.nets.get(n).map(|n| n.role);
            let register = self.node.children.iter().any(|c| is_register(c) && *from == format!("{}$q", c.name));
            if role(net) == Some(Role::Output)
                && role(from) == Some(Role::ChildOutput)
                && !register
                && self.reads.get(from) == Some(&1)
                && !self.reads.contains_key(net)
            {
                self.through.insert(from.clone(), net.clone());
                self.placed.insert(net.clone());
            }
        }
    }

    fn instances(&mut self, kinds: &[String]) -> Result<String, EmitError> {
        let mut out = String::new();
        let children = self.node.children.iter().filter(|c| !is_register(c));
        for (i, (child, kind)) in children.zip(kinds).enumerate() {
            let mut pins = Vec::new();
            for atom in child.atoms.iter().filter(|a| a.kind.is_parameter()) {
                let raw = format!("{}${}", child.name, atom.name);
                let wire = match (atom.kind, self.plain.get(&raw)) {
                    (AtomKind::InputParameter, Some(value @ (Expr::Net(_) | Expr::Literal { .. }))) => {
                        let text = self.scope().value(value, atom.width)?;
                        self.placed.insert(raw);
                        text
                    }
                    (AtomKind::OutputParameter, _) => match self.through.get(&raw) {
                        Some(port) => self.scope().name(port)?,
                        None if self.reads.contains_key(&raw) => self.scope().name(&raw)?,
                        None => String::new(),
                    },
                    _ => self.scope().name(&raw)?,
                };
                pins.push(format!("        .{}({wire})", names::identifier(&atom.name)));
            }
            let blank = if i == 0 { "" } else { "\n" };
            let _ =
                writeln!(out, "{blank}    {kind} {} (\n{}\n    );", names::identifier(&child.name), pins.join(",\n"));
        }
        Ok(out)
    }

    /// One `always @(posedge ...)` for each clock.
    fn clocked(&mut self) -> Result<String, EmitError> {
        let mut blocks: Vec<(String, String)> = Vec::new();
        for child in self.node.children.iter().filter(|c| is_register(c)) {
            let pin = |p: &str| format!("{}${p}", child.name);
            let clock = match self.plain.get(&pin("clock")) {
                Some(Expr::Net(clock)) => self.scope().name(clock)?,
                _ => {
                    return Err(EmitError::Construct {
                        module: self.node.path.clone(),
                        found: format!("register `{}` has no plain clock", child.name),
                        fix: "name it in dff_setup!",
                    });
                }
            };
            self.placed.insert(pin("clock"));
            let value = match self.plain.get(&pin("d")) {
                Some(value) => {
                    let text = self.scope().value(value, child.atoms[0].width)?;
                    self.placed.insert(pin("d"));
                    text
                }
                None => self.scope().name(&pin("d"))?,
            };
            let line = format!("        {} <= {value};\n", self.scope().name(&pin("q"))?);
            match blocks.iter_mut().find(|b| b.0 == clock) {
                Some((_, lines)) => lines.push_str(&line),
                None => blocks.push((clock, line)),
            }
        }
        let text = blocks.iter().map(|(clock, lines)| format!("    always @(posedge {clock}) begin\n{lines}    end\n"));
        let set = self.node.children.iter().filter(|c| is_register(c) && is_set_at_power_up(c));
        let set = set.map(|c| Ok(format!("    initial {} = 1'b1;\n", self.scope().name(&format!("{}$q", c.name))?)));
        let set = set.collect::<Result<String, EmitError>>()?;
        let parts = text.chain((!set.is_empty()).then_some(set));
        Ok(parts.collect::<Vec<_>>().join("\n"))
    }

    fn declarations(&self) -> String {
        let mut out = String::new();
        let name = |raw: &str| self.names.get(raw).cloned().unwrap_or_default();
        for (raw, net) in self.nets {
            if let Role::Constant(value) = net.role
                && self.reads.contains_key(raw)
            {
                let range = names::range(net.width);
                let _ = writeln!(out, "    localparam {range}{} = {};", name(raw), names::sized(value, net.width));
            }
        }
        for atom in self.node.atoms.iter().filter(|a| a.kind == AtomKind::LocalSignal) {
            let _ = writeln!(out, "    wire {:<8}{};", names::range(atom.width), name(&atom.name));
        }
        for child in &self.node.children {
            for atom in child.atoms.iter().filter(|a| a.kind.is_parameter()) {
                let raw = format!("{}${}", child.name, atom.name);
                let range = names::range(atom.width);
                let is_output = atom.kind == AtomKind::OutputParameter;
                if is_register(child) && is_output {
                    let _ = writeln!(out, "    reg  {range:<8}{};", name(&raw));
                } else if self.placed.contains(&raw)
                    || (is_output && (!self.reads.contains_key(&raw) || self.through.contains_key(&raw)))
                {
                    continue;
                } else {
                    let _ = writeln!(out, "    wire {range:<8}{};", name(&raw));
                }
            }
        }
        out
    }

    fn logic(&self) -> Result<String, EmitError> {
        let mut out = String::new();
        let mut after_block = false;
        let mut carried: Vec<String> = Vec::new();
        for item in &self.items {
            match item {
                Item::Assign { comments, net, part, value } => {
                    carried.extend(comments.iter().cloned());
                    if self.placed.contains(net) {
                        continue;
                    }
                    if after_block || (!carried.is_empty() && !out.is_empty()) {
                        out.push('\n');
                    }
                    write_comments(&mut out, &carried, 1);
                    carried.clear();
                    let (range, width) = match part {
                        Some((offset, width)) => (select(*width, *offset), *width),
                        None => (String::new(), self.scope().net(net)?.width),
                    };
                    let text = self.scope().value(value, width)?;
                    let _ = writeln!(out, "    assign {}{range} = {text};", self.scope().name(net)?);
                    after_block = false;
                }
                Item::Block(stmts) => {
                    if !out.is_empty() {
                        out.push('\n');
                    }
                    // The comment above the first statement is about the block.
                    carried.extend(stmts.iter().take(1).flat_map(|s| s.comments.iter().cloned()));
                    write_comments(&mut out, &carried, 1);
                    carried.clear();
                    function::write(&mut out, &self.scope(), stmts)?;
                    after_block = true;
                }
            }
        }
        Ok(out)
    }
}
