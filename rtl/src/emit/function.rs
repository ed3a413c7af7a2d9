//! Writes a block of conditional assignments as a function and the continuous assignment that calls it.
//!
//! Inside, every argument and every result has the name of the net that it is: the statements read as they would
//! in an `always @(*)`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::error::EmitError;
use super::expr::{Scope, select};
use super::flow;
use super::lower::{Action, Expr, Label, Role, Stmt};
use super::names;

/// Returns the name of the function that evaluates `stmts`: after the first net that they assign.
pub(super) fn name(stmts: &[Stmt], names: &BTreeMap<String, String>) -> String {
    let first = written(stmts).into_iter().next().unwrap_or_default();
    format!("choose_{}", names.get(&first).cloned().unwrap_or_else(|| names::identifier(&first)))
}

/// Returns the nets that `stmts` assign, in the order of their first assignments.
pub(super) fn written(stmts: &[Stmt]) -> Vec<String> {
    let mut nets = Vec::new();
    for stmt in stmts {
        flow::visit_writes(stmt, &mut |net| {
            if !nets.iter().any(|known| known == net) {
                nets.push(net.to_string());
            }
        });
    }
    nets
}

/// Writes `stmts`, which are not empty, as a function and its call.
pub(super) fn write(out: &mut String, scope: &Scope, stmts: &[Stmt]) -> Result<(), EmitError> {
    let function = name(stmts, scope.names);
    let results = written(stmts);
    let mut reads = BTreeSet::new();
    stmts.iter().for_each(|stmt| flow::visit_reads(stmt, &mut |net| reads.extend([net.to_string()])));
    // A localparam is seen inside, and a result that is read is the variable.
    let is_argument = |net: &String| {
        !results.contains(net) && !matches!(scope.nets.get(net).map(|n| n.role), Some(Role::Constant(_)))
    };
    let arguments: Vec<String> = reads.into_iter().filter(is_argument).collect();
    if arguments.is_empty() {
        return Err(scope.construct("conditions on constants only", "write the values that they select"));
    }
    let declared = |net: &String| Ok::<_, EmitError>((scope.net(net)?.width, scope.name(net)?));
    let width = results.iter().map(|net| Ok(scope.net(net)?.width)).sum::<Result<usize, EmitError>>()?;
    let list = |nets: &[String]| {
        Ok::<_, EmitError>(nets.iter().map(|n| scope.name(n)).collect::<Result<Vec<_>, _>>()?.join(", "))
    };
    let packed = match &results[..] {
        [one] => scope.name(one)?,
        _ => format!("{{{}}}", list(&results)?),
    };

    let _ = writeln!(out, "    function automatic {}{function}(", names::range(width));
    for (i, argument) in arguments.iter().enumerate() {
        let (width, name) = declared(argument)?;
        let end = if i + 1 < arguments.len() { "," } else { "" };
        let _ = writeln!(out, "        input {:<8}{name}{end}", names::range(width));
    }
    out.push_str("    );\n");
    for result in &results {
        let (width, name) = declared(result)?;
        let _ = writeln!(out, "        reg {:<8}{name};", names::range(width));
    }
    out.push_str("        begin\n");
    for (i, stmt) in stmts.iter().enumerate() {
        // The comment above the first statement stands above the function.
        if i > 0 {
            write_comments(out, &stmt.comments, 3);
        }
        action(out, scope, &stmt.action, 3)?;
    }
    let _ = writeln!(out, "            {function} = {packed};\n        end\n    endfunction");
    let _ = writeln!(out, "    assign {packed} = {function}({});", list(&arguments)?);
    Ok(())
}

/// Writes comments, one a line.
pub(super) fn write_comments(out: &mut String, comments: &[String], depth: usize) {
    for comment in comments {
        let _ = writeln!(out, "{}// {comment}", "    ".repeat(depth));
    }
}

fn statements(out: &mut String, scope: &Scope, stmts: &[Stmt], depth: usize) -> Result<(), EmitError> {
    stmts.iter().try_for_each(|stmt| {
        write_comments(out, &stmt.comments, depth);
        action(out, scope, &stmt.action, depth)
    })
}

fn action(out: &mut String, scope: &Scope, action: &Action, depth: usize) -> Result<(), EmitError> {
    let pad = "    ".repeat(depth);
    match action {
        Action::Assign { net, part, value } => {
            let full = scope.net(net)?.width;
            let (range, width) = match part {
                Some((offset, width)) if *width != full => (select(*width, *offset), *width),
                _ => (String::new(), full),
            };
            let text = scope.value(value, width)?;
            let _ = writeln!(out, "{pad}{}{range} = {text};", scope.name(net)?);
        }
        Action::If { test, then, otherwise } => {
            let _ = writeln!(out, "{pad}if ({}) begin", scope.condition(test)?);
            statements(out, scope, then, depth + 1)?;
            let mut otherwise = otherwise;
            while let [Stmt { comments, action: Action::If { test, then, otherwise: next } }] = otherwise.as_slice()
                && comments.is_empty()
            {
                let _ = writeln!(out, "{pad}end else if ({}) begin", scope.condition(test)?);
                statements(out, scope, then, depth + 1)?;
                otherwise = next;
            }
            if !otherwise.is_empty() {
                let _ = writeln!(out, "{pad}end else begin");
                statements(out, scope, otherwise, depth + 1)?;
            }
            let _ = writeln!(out, "{pad}end");
        }
        Action::Case { test, arms } => case(out, scope, test, arms, depth)?,
    }
    Ok(())
}

fn case(
    out: &mut String,
    scope: &Scope,
    test: &Expr,
    arms: &[(Label, Vec<Stmt>)],
    depth: usize,
) -> Result<(), EmitError> {
    let pad = "    ".repeat(depth);
    let literal = || scope.construct("a match on a literal", "match on a signal");
    let width = scope.width(test)?.ok_or_else(literal)?;
    let _ = writeln!(out, "{pad}case ({})", scope.value(test, width)?);
    let has_default = arms.iter().any(|a| matches!(a.0, Label::Default));
    for (i, (label, stmts)) in arms.iter().enumerate() {
        let text = match label {
            Label::Default => "default".to_string(),
            Label::Value(value) => scope.value(&Expr::Literal { value: *value, bits: width.max(2) }, width)?,
            // Rust has seen that the arms are complete: the last one also takes the codes that no state has.
            Label::Variant(name) if !has_default && i + 1 == arms.len() => {
                format!("/* {} */ default", scope.name(name)?)
            }
            Label::Variant(name) => scope.name(name)?,
        };
        let _ = writeln!(out, "{pad}    {text}: begin");
        statements(out, scope, stmts, depth + 2)?;
        let _ = writeln!(out, "{pad}    end");
    }
    let _ = writeln!(out, "{pad}endcase");
    Ok(())
}
