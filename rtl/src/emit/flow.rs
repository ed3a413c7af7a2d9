//! Sorts update code into plain wiring and blocks of conditional assignments.
//!
//! In Rust `x.val()` is the settled value of `x`, whatever the order of the statements. A net that is
//! assigned once, outside any condition, becomes `assign` and is order-free in Verilog too. The rest
//! becomes `always @(*)` blocks, one per group of nets that share a condition; there a net must not be read
//! before its last assignment, because Verilog would answer the value of that moment.

use std::collections::{BTreeMap, BTreeSet};

use super::error::EmitError;
use super::lower::{Action, Expr, Stmt};

/// A piece of the module's logic, in source order.
pub(super) enum Item {
    /// The only assignment of a net.
    Assign { comments: Vec<String>, net: String, value: Expr },
    /// Statements that belong into one `always @(*)`.
    Block(Vec<Stmt>),
}

/// Sorts `stmts`; `module` is named in errors.
pub(super) fn sort(module: &str, stmts: Vec<Stmt>) -> Result<Vec<Item>, EmitError> {
    let stmts = drop_overwritten(stmts);
    let mut writes = BTreeMap::new();
    for stmt in &stmts {
        visit_writes(stmt, &mut |net| *writes.entry(net.to_string()).or_insert(0usize) += 1);
    }
    let single = |stmt: &Stmt| matches!(&stmt.action, Action::Assign { net, part: None, .. } if writes[net] == 1);
    let mut groups = Groups::default();
    for stmt in stmts.iter().filter(|s| !single(s)) {
        let mut nets = Vec::new();
        visit_writes(stmt, &mut |net| nets.push(net.to_string()));
        groups.join(&nets);
    }
    let mut items = Vec::new();
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    for stmt in stmts {
        if single(&stmt) {
            if let Action::Assign { net, value, .. } = stmt.action {
                items.push(Item::Assign { comments: stmt.comments, net, value });
            }
            continue;
        }
        let mut first = None;
        visit_writes(&stmt, &mut |net| {
            first.get_or_insert_with(|| net.to_string());
        });
        let Some(first) = first else { continue };
        let group = groups.of(&first);
        match places.get(&group).and_then(|i| items.get_mut(*i)) {
            Some(Item::Block(block)) => block.push(stmt),
            _ => {
                places.insert(group, items.len());
                items.push(Item::Block(vec![stmt]));
            }
        }
    }
    for item in &items {
        if let Item::Block(block) = item {
            check_order(module, block)?;
        }
    }
    Ok(items)
}

/// Removes whole assignments that a later one, outside any condition, replaces: the hold that `dff_setup!`
/// gives to a register that then gets a new value every clock.
fn drop_overwritten(stmts: Vec<Stmt>) -> Vec<Stmt> {
    let mut last = BTreeMap::new();
    for (i, stmt) in stmts.iter().enumerate() {
        if let Action::Assign { net, part: None, .. } = &stmt.action {
            last.insert(net.clone(), i);
        }
    }
    let mut kept: Vec<Stmt> = Vec::new();
    let mut comments = Vec::new();
    for (i, mut stmt) in stmts.into_iter().enumerate() {
        let dead = matches!(&stmt.action, Action::Assign { net, part: None, .. } if last[net] > i);
        comments.append(&mut stmt.comments);
        if !dead {
            stmt.comments = std::mem::take(&mut comments);
            kept.push(stmt);
        }
    }
    kept
}

/// Calls `found` for every net that `stmt` writes.
pub(super) fn visit_writes(stmt: &Stmt, found: &mut dyn FnMut(&str)) {
    match &stmt.action {
        Action::Assign { net, .. } => found(net),
        Action::If { then, otherwise, .. } => then.iter().chain(otherwise).for_each(|s| visit_writes(s, found)),
        Action::Case { arms, .. } => arms.iter().flat_map(|a| &a.1).for_each(|s| visit_writes(s, found)),
    }
}

/// Calls `found` for every name that `e` reads.
pub(super) fn visit_expr(e: &Expr, found: &mut dyn FnMut(&str)) {
    match e {
        Expr::Net(n) => found(n),
        Expr::Literal { .. } => {}
        Expr::Cast(x, _) | Expr::Unary(_, x) => visit_expr(x, found),
        Expr::Binary(l, _, r) | Expr::Index(l, r) | Expr::Slice(l, _, r) => {
            visit_expr(l, found);
            visit_expr(r, found);
        }
        Expr::Replace(x, i, v) => {
            visit_expr(x, found);
            visit_expr(i, found);
            visit_expr(v, found);
        }
    }
}

/// Calls `found` for every name that `stmt` reads, case labels among them.
pub(super) fn visit_reads(stmt: &Stmt, found: &mut dyn FnMut(&str)) {
    match &stmt.action {
        Action::Assign { value, .. } => visit_expr(value, found),
        Action::If { test, then, otherwise } => {
            visit_expr(test, found);
            then.iter().chain(otherwise).for_each(|s| visit_reads(s, found));
        }
        Action::Case { test, arms } => {
            visit_expr(test, found);
            for (label, stmts) in arms {
                if let super::lower::Label::Variant(name) = label {
                    found(name);
                }
                stmts.iter().for_each(|s| visit_reads(s, found));
            }
        }
    }
}

fn check_order(module: &str, block: &[Stmt]) -> Result<(), EmitError> {
    let mut events = Vec::new();
    block.iter().for_each(|s| timeline(s, &mut events));
    let mut written_later = BTreeSet::new();
    for (net, write) in events.iter().rev() {
        if *write {
            written_later.insert(net.as_str());
        } else if written_later.contains(net.as_str()) {
            return Err(EmitError::Construct {
                module: module.to_string(),
                found: format!("`{}` is read before its last assignment", super::names::identifier(net)),
                fix: "move the reading below it, or give the default a Local of its own",
            });
        }
    }
    Ok(())
}

/// Reads and writes in the order in which Verilog does them.
fn timeline(stmt: &Stmt, events: &mut Vec<(String, bool)>) {
    match &stmt.action {
        Action::Assign { net, value, .. } => {
            visit_expr(value, &mut |n| events.push((n.to_string(), false)));
            events.push((net.clone(), true));
        }
        Action::If { test, then, otherwise } => {
            visit_expr(test, &mut |n| events.push((n.to_string(), false)));
            then.iter().chain(otherwise).for_each(|s| timeline(s, events));
        }
        Action::Case { test, arms } => {
            visit_expr(test, &mut |n| events.push((n.to_string(), false)));
            arms.iter().flat_map(|a| &a.1).for_each(|s| timeline(s, events));
        }
    }
}

/// Nets that share a statement.
#[derive(Default)]
struct Groups {
    number: BTreeMap<String, usize>,
    parent: Vec<usize>,
}

impl Groups {
    fn root(&self, mut i: usize) -> usize {
        while self.parent[i] != i {
            i = self.parent[i];
        }
        i
    }

    fn join(&mut self, nets: &[String]) {
        let mut root = None;
        for net in nets {
            let fresh = self.parent.len();
            let number = *self.number.entry(net.clone()).or_insert(fresh);
            if number == fresh {
                self.parent.push(fresh);
            }
            let this = self.root(number);
            match root {
                None => root = Some(this),
                Some(other) => self.parent[this] = other,
            }
        }
    }

    fn of(&self, net: &str) -> usize {
        self.number.get(net).map_or(0, |n| self.root(*n))
    }
}
