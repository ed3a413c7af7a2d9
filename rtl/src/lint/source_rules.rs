//! The rules for update functions.
//!
//! The emission writes every one of these forms so that the Verilog means what the Rust means, or refuses
//! it (`rtl/tests/faithful.rs` runs them). They are rejected all the same: Rust and Verilog rank `==` and
//! `&` differently and size operands differently, so that a reader of either text takes them for something
//! else. One kind of operation for each signal, parentheses between different ones.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, UnOp};

use super::Finding;

/// Walks one update function.
pub(super) struct Rules<'a> {
    file: &'a str,
    widths: &'a BTreeMap<String, usize>,
    pub findings: Vec<Finding>,
}

impl<'a> Rules<'a> {
    pub fn new(file: &'a str, widths: &'a BTreeMap<String, usize>) -> Self {
        Rules { file, widths, findings: Vec::new() }
    }

    fn reject(&mut self, e: &impl ToTokens, rule: &str, fix: &str) {
        let line = e.to_token_stream().span().start().line;
        let text = e.to_token_stream().to_string().replace(" . ", ".").replace(" :: ", "::").replace(" ()", "()");
        let finding = Finding {
            check: "source",
            rule: rule.to_string(),
            place: format!("{}:{line}", self.file),
            found: format!("`{text}`: {fix}"),
        };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn binary(&mut self, e: &syn::ExprBinary) {
        for (child, right) in [(&*e.left, false), (&*e.right, true)] {
            let Expr::Binary(inner) = child else { continue };
            let chain = same(&inner.op, &e.op) && associative(&e.op) && !right;
            if !chain {
                self.reject(e, "precedence", "put parentheses around the inner operation");
            }
        }
        let compares = compares(&e.op);
        if compares && (has_literal(&e.left) || has_literal(&e.right)) {
            let sized_by_context = [&e.left, &e.right].into_iter().any(|x| widens(strip(x)));
            if sized_by_context {
                self.reject(e, "literal-compare", "assign the arithmetic or negation to a Local, then compare that");
            }
        }
        if matches!(e.op, BinOp::Shl(_) | BinOp::Shr(_)) && widens(strip(&e.left)) && has_literal(&e.left) {
            self.reject(e, "literal-shift", "assign the arithmetic to a Local, then shift that");
        }
    }

    fn get_bits(&mut self, call: &syn::ExprMethodCall) {
        let receiver = strip(&call.receiver);
        if !is_signal(receiver) {
            self.reject(call, "slice-of-expression", "assign the expression to a Local, then take its bits");
            return;
        }
        let width = match call.method.to_string().as_str() {
            "get_bits" => call.turbofish.as_ref().and_then(|t| match t.args.first() {
                Some(syn::GenericArgument::Const(e)) => number(e),
                _ => None,
            }),
            _ => Some(1),
        };
        let offset = call.args.first().and_then(number);
        let total = field(receiver).and_then(|f| self.widths.get(&f).copied());
        if let (Some(width), Some(offset), Some(total)) = (width, offset, total)
            && offset + width > total
        {
            self.reject(
                call,
                "slice-past-end",
                &format!("the signal has {total} bits, Verilog answers X past the end"),
            );
        }
    }
}

impl<'ast> Visit<'ast> for Rules<'_> {
    /// An index is evaluated when the Verilog is written, with the precedence of Rust.
    fn visit_expr_index(&mut self, e: &'ast syn::ExprIndex) {
        self.visit_expr(&e.expr);
    }

    fn visit_expr_binary(&mut self, e: &'ast syn::ExprBinary) {
        self.binary(e);
        visit::visit_expr_binary(self, e);
    }

    fn visit_expr_unary(&mut self, e: &'ast syn::ExprUnary) {
        if let (UnOp::Not(_) | UnOp::Neg(_), Expr::Binary(_)) = (&e.op, &*e.expr) {
            self.reject(e, "precedence", "put parentheses around the operation");
        }
        visit::visit_expr_unary(self, e);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let name = match &*call.func {
            Expr::Path(p) => p.path.segments.last().map(|s| s.ident.to_string()),
            _ => None,
        };
        match name.as_deref() {
            Some("signed_cast" | "unsigned_cast" | "signed_bit_cast") => {
                self.reject(call, "signed", "rust-hdl's Signed is unreliable: use Bits");
            }
            Some("bit_cast") => {
                let argument = call.args.first().map(strip);
                let plain = argument.is_some_and(|a| is_signal(a) || is_bits_of_signal(a) || number(a).is_some());
                if !plain {
                    self.reject(call, "cast-of-expression", "assign the expression to a Local, then widen that");
                }
            }
            _ => {}
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        match call.method.to_string().as_str() {
            "get_bits" | "get_bit" | "replace_bit" => self.get_bits(call),
            "to_signed_bits" => self.reject(call, "signed", "rust-hdl's Signed is unreliable: use Bits"),
            _ => {}
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// Without parentheses and `.into()`, `.to_bits()`, `.index()`, which the emission drops.
fn strip(e: &Expr) -> &Expr {
    match e {
        Expr::Paren(p) => strip(&p.expr),
        Expr::MethodCall(m) if ["into", "to_bits", "index"].iter().any(|n| m.method == n) => strip(&m.receiver),
        _ => e,
    }
}

/// `self.x.val()`, `self.x.q.val()`, or a field of that.
fn is_signal(e: &Expr) -> bool {
    match e {
        Expr::MethodCall(m) => m.method == "val",
        Expr::Field(f) => is_signal(strip(&f.base)),
        _ => false,
    }
}

/// `get_bits`, `get_bit` or a reduction of a signal: it has its own width wherever it is used.
fn is_bits_of_signal(e: &Expr) -> bool {
    match e {
        Expr::MethodCall(m) => {
            ["get_bits", "get_bit", "any", "all", "xor"].iter().any(|n| m.method == n) && is_signal(strip(&m.receiver))
        }
        _ => false,
    }
}

/// Name of the field of `self` under a signal; `None` for a field inside a word.
fn field(e: &Expr) -> Option<String> {
    let Expr::MethodCall(call) = e else { return None };
    let mut at = &*call.receiver;
    while let Expr::Field(f) = at {
        if let (Expr::Path(base), syn::Member::Named(name)) = (&*f.base, &f.member)
            && base.path.is_ident("self")
        {
            return Some(name.to_string());
        }
        at = &f.base;
    }
    None
}

/// Whether Verilog would compute this at the width of its surroundings, beyond its own.
fn widens(e: &Expr) -> bool {
    match e {
        Expr::Binary(b) => {
            matches!(b.op, BinOp::Add(_) | BinOp::Sub(_) | BinOp::Mul(_) | BinOp::Shl(_))
                || (!compares(&b.op) && (widens(strip(&b.left)) || widens(strip(&b.right))))
        }
        Expr::Unary(u) => matches!(u.op, UnOp::Not(_) | UnOp::Neg(_)),
        _ => false,
    }
}

/// A number that is an operand: not a shift distance, not an argument.
fn has_literal(e: &Expr) -> bool {
    match strip(e) {
        Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(_), .. }) => true,
        Expr::Binary(b) if matches!(b.op, BinOp::Shl(_) | BinOp::Shr(_)) => has_literal(&b.left),
        Expr::Binary(b) => has_literal(&b.left) || has_literal(&b.right),
        Expr::Unary(u) => has_literal(&u.expr),
        _ => false,
    }
}

fn compares(op: &BinOp) -> bool {
    matches!(op, BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_))
}

fn associative(op: &BinOp) -> bool {
    matches!(op, BinOp::Add(_) | BinOp::BitAnd(_) | BinOp::BitOr(_) | BinOp::BitXor(_) | BinOp::And(_) | BinOp::Or(_))
}

fn same(a: &BinOp, b: &BinOp) -> bool {
    a.to_token_stream().to_string() == b.to_token_stream().to_string()
}

/// The value of an integer literal.
pub(super) fn number(e: &syn::Expr) -> Option<usize> {
    match e {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(n), .. }) => n.base10_parse().ok(),
        syn::Expr::Paren(p) => number(&p.expr),
        _ => None,
    }
}
