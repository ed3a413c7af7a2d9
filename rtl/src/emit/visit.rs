//! The nets that a statement writes and reads.

use super::lower::{Action, Expr, Stmt};

/// Calls `found` for every net that `stmt` writes.
pub(super) fn writes(stmt: &Stmt, found: &mut dyn FnMut(&str)) {
    match &stmt.action {
        Action::Assign { net, .. } => found(net),
        Action::If { then, otherwise, .. } => then.iter().chain(otherwise).for_each(|s| writes(s, found)),
        Action::Case { arms, .. } => arms.iter().flat_map(|a| &a.1).for_each(|s| writes(s, found)),
    }
}

/// Calls `found` for every name that `e` reads.
pub(super) fn expr(e: &Expr, found: &mut dyn FnMut(&str)) {
    match e {
        Expr::Net(n) => found(n),
        Expr::Literal { .. } => {}
        Expr::Cast(x, _) | Expr::Unary(_, x) => expr(x, found),
        Expr::Binary(l, _, r) | Expr::Index(l, r) | Expr::Slice(l, _, r) => {
            expr(l, found);
            expr(r, found);
        }
        Expr::Replace(x, i, v) => {
            expr(x, found);
            expr(i, found);
            expr(v, found);
        }
    }
}

/// Calls `found` for every name that `stmt` reads, case labels among them.
pub(super) fn reads(stmt: &Stmt, found: &mut dyn FnMut(&str)) {
    match &stmt.action {
        Action::Assign { value, .. } => expr(value, found),
        Action::If { test, then, otherwise } => {
            expr(test, found);
            then.iter().chain(otherwise).for_each(|s| reads(s, found));
        }
        Action::Case { test, arms } => {
            expr(test, found);
            for (label, stmts) in arms {
                if let super::lower::Label::Variant(name) = label {
                    found(name);
                }
                stmts.iter().for_each(|s| reads(s, found));
            }
        }
    }
}
