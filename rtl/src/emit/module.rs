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
use super::leaf::leaf;
use super::lower::{self, Action, Expr, Label, Net, Role, Stmt};
use super::names;

/// Whether a node is rust-hdl's D flip-flop, which becomes a register of its parent.
pub(super) fn is_register(node: &Node) -> bool {
    matches!(&node.code, Verilog::Custom(text) if text.contains("q <= d;"))
        && node.atoms.iter().map(|a| a.name.as_str()).eq(["d", "q", "clock"])
}

/// Writes `node`; `kinds` are the module names of its children that are not registers, in order.
pub(super) fn draft(node: &Node, kinds: &[String]) -> Result<Draft, EmitError> {
    let nets = lower::nets(node)?;
    match &node.code {
        Verilog::Combinatorial(code) => {
            let lowered = lower::lower(node, code)?;
            let items = flow::sort(&node.path, lowered.stmts)?;
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
    /// Nets assigned in `always @(*)`.
    in_block: BTreeSet<String>,
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
            in_block: BTreeSet::new(),
            reads: BTreeMap::new(),
            through: BTreeMap::new(),
        };
        writer.name_nets()?;
        for item in &items {
            let mut reads = Vec::new();
            match item {
                Item::Assign { net, value, .. } => {
                    flow::visit_expr(value, &mut |n| reads.push(n.to_string()));
                    writer.plain.insert(net.clone(), value.clone());
                }
                Item::Block(stmts) => {
                    for stmt in stmts {
                        flow::visit_reads(stmt, &mut |n| reads.push(n.to_string()));
                        flow::visit_writes(stmt, &mut |n| {
                            writer.in_block.insert(n.to_string());
                        });
                    }
                }
            }
            reads.into_iter().for_each(|n| *writer.reads.entry(n).or_insert(0) += 1);
        }
        writer.items = items;
        Ok(writer)
    }

    /// Chooses the Verilog name of every net and refuses clashes.
    fn name_nets(&mut self) -> Result<(), EmitError> {
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
        let mut seen = BTreeSet::new();
        for name in self.names.values().cloned().chain(instances) {
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
        let logic = self.logic()?;
        let mut body = ports(self.node, &|p| self.in_block.contains(p), &self.names);
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
        Ok(text.collect::<Vec<_>>().join("\n"))
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
        let reg = |raw: &str| if self.in_block.contains(raw) { "reg " } else { "wire" };
        for atom in self.node.atoms.iter().filter(|a| a.kind == AtomKind::LocalSignal) {
            let _ = writeln!(out, "    {} {:<8}{};", reg(&atom.name), names::range(atom.width), name(&atom.name));
        }
        for child in &self.node.children {
            for atom in child.atoms.iter().filter(|a| a.kind.is_parameter()) {
                let raw = format!("{}${}", child.name, atom.name);
                let range = names::range(atom.width);
                let is_output = atom.kind == AtomKind::OutputParameter;
                if is_register(child) && is_output {
                    let reset = names::sized(0, atom.width);
                    let _ = writeln!(out, "    reg  {range:<8}{} = {reset};", name(&raw));
                } else if self.placed.contains(&raw)
                    || (is_output && (!self.reads.contains_key(&raw) || self.through.contains_key(&raw)))
                {
                    continue;
                } else {
                    let _ = writeln!(out, "    {} {range:<8}{};", reg(&raw), name(&raw));
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
                Item::Assign { comments, net, value } => {
                    carried.extend(comments.iter().cloned());
                    if self.placed.contains(net) {
                        continue;
                    }
                    if after_block || (!carried.is_empty() && !out.is_empty()) {
                        out.push('\n');
                    }
                    write_comments(&mut out, &carried, 1);
                    carried.clear();
                    let width = self.scope().net(net)?.width;
                    let text = self.scope().value(value, width)?;
                    let _ = writeln!(out, "    assign {} = {text};", self.scope().name(net)?);
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
                    out.push_str("    always @(*) begin\n");
                    for (i, stmt) in stmts.iter().enumerate() {
                        if i > 0 {
                            write_comments(&mut out, &stmt.comments, 2);
                        }
                        self.action(&mut out, &stmt.action, 2)?;
                    }
                    out.push_str("    end\n");
                    after_block = true;
                }
            }
        }
        Ok(out)
    }

    fn statement(&self, out: &mut String, stmt: &Stmt, depth: usize) -> Result<(), EmitError> {
        write_comments(out, &stmt.comments, depth);
        self.action(out, &stmt.action, depth)
    }

    fn action(&self, out: &mut String, action: &Action, depth: usize) -> Result<(), EmitError> {
        let pad = "    ".repeat(depth);
        match action {
            Action::Assign { net, part, value } => {
                let full = self.scope().net(net)?.width;
                let (range, width) = match part {
                    Some((offset, width)) if *width != full => (select(*width, *offset), *width),
                    _ => (String::new(), full),
                };
                let text = self.scope().value(value, width)?;
                let _ = writeln!(out, "{pad}{}{range} = {text};", self.scope().name(net)?);
            }
            Action::If { test, then, otherwise } => {
                let _ = writeln!(out, "{pad}if ({}) begin", self.scope().condition(test)?);
                self.statements(out, then, depth + 1)?;
                let mut otherwise = otherwise;
                while let [Stmt { comments, action: Action::If { test, then, otherwise: next } }] = otherwise.as_slice()
                    && comments.is_empty()
                {
                    let _ = writeln!(out, "{pad}end else if ({}) begin", self.scope().condition(test)?);
                    self.statements(out, then, depth + 1)?;
                    otherwise = next;
                }
                if !otherwise.is_empty() {
                    let _ = writeln!(out, "{pad}end else begin");
                    self.statements(out, otherwise, depth + 1)?;
                }
                let _ = writeln!(out, "{pad}end");
            }
            Action::Case { test, arms } => self.case(out, test, arms, depth)?,
        }
        Ok(())
    }

    fn statements(&self, out: &mut String, stmts: &[Stmt], depth: usize) -> Result<(), EmitError> {
        stmts.iter().try_for_each(|s| self.statement(out, s, depth))
    }

    fn case(&self, out: &mut String, test: &Expr, arms: &[(Label, Vec<Stmt>)], depth: usize) -> Result<(), EmitError> {
        let pad = "    ".repeat(depth);
        let width = self.scope().width(test)?.ok_or_else(|| EmitError::Construct {
            module: self.node.path.clone(),
            found: "a match on a literal".into(),
            fix: "match on a signal",
        })?;
        let _ = writeln!(out, "{pad}case ({})", self.scope().value(test, width)?);
        let has_default = arms.iter().any(|a| matches!(a.0, Label::Default));
        for (i, (label, stmts)) in arms.iter().enumerate() {
            let text = match label {
                Label::Default => "default".to_string(),
                Label::Value(value) => {
                    self.scope().value(&Expr::Literal { value: *value, bits: width.max(2) }, width)?
                }
                // Rust has seen that the arms are complete: the last one also takes the codes that no state has.
                Label::Variant(name) if !has_default && i + 1 == arms.len() => {
                    format!("/* {} */ default", self.scope().name(name)?)
                }
                Label::Variant(name) => self.scope().name(name)?,
            };
            let _ = writeln!(out, "{pad}    {text}: begin");
            self.statements(out, stmts, depth + 2)?;
            let _ = writeln!(out, "{pad}    end");
        }
        let _ = writeln!(out, "{pad}endcase");
        Ok(())
    }
}

fn write_comments(out: &mut String, comments: &[String], depth: usize) {
    for comment in comments {
        let _ = writeln!(out, "{}// {comment}", "    ".repeat(depth));
    }
}
