//! From rust-hdl's syntax tree to statements with loops unrolled and names resolved.

use std::collections::{BTreeMap, BTreeSet};

use rust_hdl::core::ast::{
    VerilogBlock, VerilogBlockOrConditional, VerilogConditional, VerilogExpression, VerilogLiteral, VerilogOp,
    VerilogOpUnary, VerilogStatement,
};
use rust_hdl::core::atom::AtomKind;

use super::collect::Node;
use super::error::EmitError;
use super::names;

/// What a name means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Input,
    Output,
    Local,
    /// A constant or a state of an enumeration.
    Constant(u128),
    /// An input of a child instance, driven here.
    ChildInput,
    /// An output of a child instance, read here.
    ChildOutput,
}

/// A name and its width.
#[derive(Clone, Copy)]
pub(super) struct Net {
    pub width: usize,
    pub role: Role,
}

/// An expression with rust-hdl's names.
#[derive(Clone)]
pub(super) enum Expr {
    Net(String),
    /// A literal: `bits` is 1 for a bool and the size of the Rust type otherwise.
    Literal {
        value: u128,
        bits: usize,
    },
    Cast(Box<Expr>, usize),
    Binary(Box<Expr>, VerilogOp, Box<Expr>),
    Unary(VerilogOpUnary, Box<Expr>),
    Index(Box<Expr>, Box<Expr>),
    Slice(Box<Expr>, usize, Box<Expr>),
    Replace(Box<Expr>, Box<Expr>, Box<Expr>),
}

/// When a case arm is taken.
pub(super) enum Label {
    Default,
    Value(u128),
    Variant(String),
}

/// What a statement does.
pub(super) enum Action {
    /// `net = value`, or the (offset, width) part of it.
    Assign {
        net: String,
        part: Option<(usize, usize)>,
        value: Expr,
    },
    If {
        test: Expr,
        then: Vec<Stmt>,
        otherwise: Vec<Stmt>,
    },
    Case {
        test: Expr,
        arms: Vec<(Label, Vec<Stmt>)>,
    },
}

/// A statement and the comments above it.
pub(super) struct Stmt {
    pub comments: Vec<String>,
    pub action: Action,
}

/// The update code of one block.
pub(super) struct Lowered {
    /// Comments before the first statement, without the `@module` line.
    pub head: Vec<String>,
    /// What `@module` said.
    pub name: Option<String>,
    pub stmts: Vec<Stmt>,
}

/// The names that the update code of `node` can use.
pub(super) fn nets(node: &Node) -> Result<BTreeMap<String, Net>, EmitError> {
    let mut nets = BTreeMap::new();
    let mut add = |name: String, net: Net| {
        if nets.insert(name.clone(), net).is_some() {
            return Err(EmitError::Name { module: node.path.clone(), name, found: "is declared twice" });
        }
        Ok(())
    };
    let construct = |found: String, fix| EmitError::Construct { module: node.path.clone(), found, fix };
    for atom in &node.atoms {
        if atom.signed {
            return Err(construct(format!("`{}` is signed", atom.name), "rust-hdl's Signed is unreliable: use Bits"));
        }
        let role = match atom.kind {
            AtomKind::InputParameter => Role::Input,
            AtomKind::OutputParameter => Role::Output,
            AtomKind::LocalSignal => Role::Local,
            AtomKind::Constant => Role::Constant(names::parse_literal(&atom.literal).ok_or_else(|| {
                construct(format!("constant `{}` is {}", atom.name, atom.literal), "use a value of at most 128 bits")
            })?),
            _ => {
                return Err(construct(
                    format!("`{}` is {:?}", atom.name, atom.kind),
                    "only In, Out, Local and Constant are written",
                ));
            }
        };
        add(atom.name.clone(), Net { width: atom.width, role })?;
    }
    for variant in &node.variants {
        let net = Net { width: variant.width, role: Role::Constant(variant.value as u128) };
        add(variant.name.replace("::", "$"), net)?;
    }
    for child in &node.children {
        for atom in &child.atoms {
            let role = match atom.kind {
                AtomKind::InputParameter => Role::ChildInput,
                AtomKind::OutputParameter => Role::ChildOutput,
                _ => continue,
            };
            add(format!("{}${}", child.name, atom.name), Net { width: atom.width, role })?;
        }
    }
    Ok(nets)
}

/// Lowers the update code of `node`.
pub(super) fn lower(node: &Node, code: &VerilogBlock) -> Result<Lowered, EmitError> {
    let signals = node.atoms.iter().map(|atom| atom.name.as_str()).collect();
    let mut lowering = Lowering { module: &node.path, signals, variables: Vec::new() };
    let mut pending = Vec::new();
    let mut stmts = lowering.block(code, &mut pending)?;
    let mut first = stmts.first_mut().map(|s| std::mem::take(&mut s.comments)).unwrap_or(pending);
    let name = first
        .iter()
        .position(|c| c.starts_with("@module"))
        .map(|i| first.remove(i).trim_start_matches("@module").trim().to_string());
    Ok(Lowered { head: first, name, stmts })
}

struct Lowering<'a> {
    module: &'a str,
    /// Names of ports, locals and constants, which rust-hdl's tree does not tell from loop variables.
    signals: BTreeSet<&'a str>,
    variables: Vec<(String, usize)>,
}

impl Lowering<'_> {
    fn construct(&self, found: impl Into<String>, fix: &'static str) -> EmitError {
        EmitError::Construct { module: self.module.to_string(), found: found.into(), fix }
    }

    fn block(&mut self, code: &VerilogBlock, pending: &mut Vec<String>) -> Result<Vec<Stmt>, EmitError> {
        let mut out = Vec::new();
        for statement in code {
            self.statement(statement, pending, &mut out)?;
        }
        Ok(out)
    }

    fn inner(&mut self, code: &VerilogBlock) -> Result<Vec<Stmt>, EmitError> {
        self.block(code, &mut Vec::new())
    }

    fn statement(
        &mut self,
        statement: &VerilogStatement,
        pending: &mut Vec<String>,
        out: &mut Vec<Stmt>,
    ) -> Result<(), EmitError> {
        let action = match statement {
            VerilogStatement::Comment(text) => {
                pending.push(comment_text(text));
                return Ok(());
            }
            VerilogStatement::Macro(block) => {
                out.extend(self.block(block, pending)?);
                return Ok(());
            }
            VerilogStatement::Loop(l) => {
                if self.signals.contains(l.index.as_str()) {
                    let found = format!("the loop variable `{}`, which is also a signal", l.index);
                    return Err(self.construct(found, "give the loop variable another name"));
                }
                for i in l.from.as_usize()..l.to.as_usize() {
                    self.variables.push((l.index.clone(), i));
                    let unrolled = self.block(&l.block, pending);
                    self.variables.pop();
                    out.extend(unrolled?);
                }
                return Ok(());
            }
            VerilogStatement::Link(_) => {
                return Err(self.construct("`link` or `join`", "connect each signal of the interface"));
            }
            VerilogStatement::Assignment(target, value) => {
                let VerilogExpression::Signal(target) = target else {
                    return Err(self.construct("an assignment to an expression", "assign to `signal.next`"));
                };
                Action::Assign { net: self.name(target)?, part: None, value: self.expr(value)? }
            }
            VerilogStatement::SliceAssignment { base, width, offset, replacement } => {
                let (VerilogExpression::Signal(base), Some(offset)) = (base, self.constant(offset)) else {
                    return Err(self.construct("a partial assignment", "assign a field of a signal, or the whole"));
                };
                let part = Some((offset, *width));
                Action::Assign { net: self.name(base)?, part, value: self.expr(replacement)? }
            }
            VerilogStatement::If(c) => self.conditional(c)?,
            VerilogStatement::Match(m) => {
                let test = self.expr(&m.test)?;
                let mut arms = Vec::new();
                for case in &m.cases {
                    arms.push((self.label(&case.condition)?, self.inner(&case.block)?));
                }
                Action::Case { test, arms }
            }
        };
        out.push(Stmt { comments: std::mem::take(pending), action });
        Ok(())
    }

    fn conditional(&mut self, c: &VerilogConditional) -> Result<Action, EmitError> {
        let otherwise = match &c.otherwise {
            VerilogBlockOrConditional::Block(b) => self.inner(b)?,
            VerilogBlockOrConditional::Conditional(s) => self.inner(&vec![(**s).clone()])?,
            VerilogBlockOrConditional::None => Vec::new(),
        };
        Ok(Action::If { test: self.expr(&c.test)?, then: self.inner(&c.then)?, otherwise })
    }

    fn label(&self, condition: &str) -> Result<Label, EmitError> {
        if condition == "default" {
            return Ok(Label::Default);
        }
        if condition.contains('$') || condition.contains("::") {
            return Ok(Label::Variant(condition.replace("::", "$")));
        }
        let digits = condition.replace('_', "");
        let value = match digits.strip_prefix("0x") {
            Some(hex) => u128::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        value.map(Label::Value).map_err(|_| {
            self.construct(format!("the match arm `{condition}`"), "use Enum::State, a plain number or `_`")
        })
    }

    /// A rust-hdl name with its indices evaluated: `bank[2*i].data.next` is `bank$6$data`.
    fn name(&self, raw: &str) -> Result<String, EmitError> {
        let flat = raw.trim_start_matches('.').replace('.', "$").replace("::", "$");
        let mut rest = flat.strip_suffix("$next").unwrap_or(&flat);
        let mut name = String::new();
        while let Some((before, after)) = rest.split_once('[') {
            let Some((index, tail)) = after.split_once(']') else {
                return Err(self.construct(format!("the name `{raw}`"), "close the index"));
            };
            let value = names::evaluate(index, &self.variables).ok_or_else(|| {
                self.construct(
                    format!("the index `{index}`"),
                    "use numbers and loop variables only; `for n in N..(N + 1)` makes a const generic one",
                )
            })?;
            name.push_str(before);
            name.push_str(&format!("${value}"));
            rest = tail;
        }
        name.push_str(rest);
        Ok(name)
    }

    fn literal(&self, literal: &VerilogLiteral) -> Result<Expr, EmitError> {
        let (value, bits) = names::literal_value(literal)
            .ok_or_else(|| self.construct(format!("the literal {literal}"), "use a value of 0 to 2^128 - 1"))?;
        Ok(Expr::Literal { value, bits })
    }

    fn constant(&self, e: &VerilogExpression) -> Option<usize> {
        match self.expr(e).ok()? {
            Expr::Literal { value, .. } => usize::try_from(value).ok(),
            _ => None,
        }
    }

    fn boxed(&self, e: &VerilogExpression) -> Result<Box<Expr>, EmitError> {
        Ok(Box::new(self.expr(e)?))
    }

    fn expr(&self, e: &VerilogExpression) -> Result<Expr, EmitError> {
        Ok(match e {
            VerilogExpression::Signal(s) => match self.variables.iter().rev().find(|(name, _)| name == s) {
                Some((_, value)) => Expr::Literal { value: *value as u128, bits: 64 },
                None => Expr::Net(self.name(s)?),
            },
            VerilogExpression::Literal(l) => self.literal(l)?,
            // The writer sets its own parentheses from the tree.
            VerilogExpression::Paren(x) => self.expr(x)?,
            VerilogExpression::Cast(x, bits) => Expr::Cast(self.boxed(x)?, *bits),
            VerilogExpression::Binary(_, VerilogOp::Mul, _) => {
                return Err(
                    self.construct("a multiplication", "rust-hdl has it for 16 by 16 bits only: use a leaf cell")
                );
            }
            VerilogExpression::Binary(l, op, r) => Expr::Binary(self.boxed(l)?, op.clone(), self.boxed(r)?),
            VerilogExpression::Unary(op, x) => Expr::Unary(op.clone(), self.boxed(x)?),
            VerilogExpression::Index(x, i) => Expr::Index(self.boxed(x)?, self.boxed(i)?),
            VerilogExpression::Slice(x, width, offset) => Expr::Slice(self.boxed(x)?, *width, self.boxed(offset)?),
            VerilogExpression::IndexReplace(x, i, v) => Expr::Replace(self.boxed(x)?, self.boxed(i)?, self.boxed(v)?),
            VerilogExpression::Signed(_) | VerilogExpression::Unsigned(_) => {
                return Err(self.construct("a signed cast", "rust-hdl's Signed is unreliable: use Bits"));
            }
        })
    }
}

/// The text inside `comment!("...")`; rust-hdl leaves the macro call around it.
fn comment_text(raw: &str) -> String {
    let text = raw.trim().trim_start_matches("comment").trim_start().trim_start_matches('!').trim_start();
    text.trim_start_matches('(').trim().trim_start_matches('"').trim_end_matches(')').trim_end_matches('"').to_string()
}
