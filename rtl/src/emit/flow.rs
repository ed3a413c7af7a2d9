//! Sorts update code into plain wiring and blocks of conditional assignments.
//!
//! In Rust `x.val()` is the settled value of `x`, whatever the order of the statements. A net, or a part of
//! one, that is assigned once, outside any condition, becomes `assign` and is order-free in Verilog too. The
//! rest becomes blocks, one per group of nets that share a condition, which the module writes as functions;
//! there a net must not be read before its last assignment, because Verilog would answer the value of that
//! moment, and every bit must be assigned on every path (`complete.rs`).

use std::collections::{BTreeMap, BTreeSet};

use super::complete;
use super::error::EmitError;
use super::lower::{Action, Expr, Net, Stmt};

/// A piece of the module's logic, in source order.
pub(super) enum Item {
    /// The only assignment of a net, or of an (offset, width) part of it.
    Assign { comments: Vec<String>, net: String, part: Option<(usize, usize)>, value: Expr },
    /// Statements that are evaluated together.
    Block(Vec<Stmt>),
}

/// Sorts `stmts`, which assign to `nets`; `module` is named in errors.
pub(super) fn sort(module: &str, nets: &BTreeMap<String, Net>, stmts: Vec<Stmt>) -> Result<Vec<Item>, EmitError> {
    let width = |net: &str| nets.get(net).map_or(0, |n| n.width);
    let stmts = drop_overwritten(stmts, &width);
    let mut writes = BTreeMap::new();
    for stmt in &stmts {
        visit_writes(stmt, &mut |net| *writes.entry(net.to_string()).or_insert(0usize) += 1);
    }
    let parted = parted(&stmts, &writes, &width);
    let single = |stmt: &Stmt| match &stmt.action {
        Action::Assign { net, part: None, .. } => writes[net] == 1,
        Action::Assign { net, .. } => parted.contains(net),
        _ => false,
    };
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
            if let Action::Assign { net, part, value } = stmt.action {
                items.push(Item::Assign { comments: stmt.comments, net, part, value });
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
            complete::check(module, block, &width)?;
        }
    }
    Ok(items)
}

/// Returns the nets whose parts are all assigned, each bit once and outside any condition.
fn parted(stmts: &[Stmt], writes: &BTreeMap<String, usize>, width: &dyn Fn(&str) -> usize) -> BTreeSet<String> {
    let mut parts: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
    for stmt in stmts {
        if let Action::Assign { net, part: Some(part), .. } = &stmt.action {
            parts.entry(net).or_default().push(*part);
        }
    }
    let tiles = |net: &str, mut parts: Vec<(usize, usize)>| {
        parts.sort_unstable();
        let end = parts.into_iter().try_fold(0, |end, (offset, bits)| (offset == end).then_some(offset + bits));
        end == Some(width(net))
    };
    let whole = parts.into_iter().filter(|(net, parts)| parts.len() == writes[*net] && tiles(net, parts.clone()));
    whole.map(|(net, _)| net.to_string()).collect()
}

/// Removes assignments of which later ones, outside any condition, replace every bit: the hold that `dff_setup!`
/// gives to a register that then gets a new value every clock.
fn drop_overwritten(stmts: Vec<Stmt>, width: &dyn Fn(&str) -> usize) -> Vec<Stmt> {
    let mut replaced: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    let mut dead = BTreeSet::new();
    for (i, stmt) in stmts.iter().enumerate().rev() {
        let Action::Assign { net, part, .. } = &stmt.action else { continue };
        let bits = replaced.entry(net.clone()).or_insert_with(|| vec![false; width(net)]);
        let (offset, count) = part.unwrap_or((0, bits.len()));
        let of_this = bits.iter_mut().skip(offset).take(count);
        // Every bit is looked at, because each is replaced for what comes before.
        let kept = of_this.filter_map(|bit| (!std::mem::replace(bit, true)).then_some(())).count();
        if kept == 0 {
            dead.insert(i);
        }
    }
    let mut kept: Vec<Stmt> = Vec::new();
    let mut comments = Vec::new();
    for (i, mut stmt) in stmts.into_iter().enumerate() {
        comments.append(&mut stmt.comments);
        if !dead.contains(&i) {
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
