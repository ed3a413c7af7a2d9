//! Demands that a block assigns every bit of its nets on every path.
//!
//! What a path leaves out would keep its old value: a latch in hardware, and in a function of Verilog whatever
//! the simulator makes of it.

use std::collections::BTreeMap;

use super::error::EmitError;
use super::lower::{Action, Label, Stmt};

type Bits = BTreeMap<String, Vec<bool>>;

/// Checks `block`, whose nets have `width` bits; `module` is named in errors.
pub(super) fn check(module: &str, block: &[Stmt], width: &dyn Fn(&str) -> usize) -> Result<(), EmitError> {
    let mut touched = Vec::new();
    block.iter().for_each(|stmt| super::flow::visit_writes(stmt, &mut |net| touched.push(net.to_string())));
    let assigned = assigned(block, width);
    let whole = |net: &String| assigned.get(net).is_some_and(|bits| bits.iter().all(|bit| *bit));
    match touched.iter().find(|net| !whole(net)) {
        None => Ok(()),
        Some(net) => Err(EmitError::Construct {
            module: module.to_string(),
            found: format!("`{}`, which some path leaves without a value", super::names::identifier(net)),
            fix: "assign a default before the condition",
        }),
    }
}

/// The bits that `stmts` assign on every path.
fn assigned(stmts: &[Stmt], width: &dyn Fn(&str) -> usize) -> Bits {
    let mut sum = Bits::new();
    for stmt in stmts {
        let found = match &stmt.action {
            Action::Assign { net, part, .. } => {
                let (offset, count) = part.unwrap_or((0, width(net)));
                let bits = (0..width(net)).map(|bit| (offset..offset + count).contains(&bit));
                Bits::from([(net.clone(), bits.collect())])
            }
            Action::If { then, otherwise, .. } => both(assigned(then, width), &assigned(otherwise, width)),
            Action::Case { arms, .. } => {
                let takes_the_rest = |label: &Label| matches!(label, Label::Default | Label::Variant(_));
                let mut arms_assign = arms.iter().map(|(_, stmts)| assigned(stmts, width));
                match arms.last() {
                    Some((last, _)) if takes_the_rest(last) => {
                        let first = arms_assign.next().unwrap_or_default();
                        arms_assign.fold(first, |all, arm| both(all, &arm))
                    }
                    _ => Bits::new(),
                }
            }
        };
        for (net, bits) in found {
            let known = sum.entry(net).or_insert_with(|| vec![false; bits.len()]);
            known.iter_mut().zip(bits).for_each(|(known, bit)| *known |= bit);
        }
    }
    sum
}

fn both(mut left: Bits, right: &Bits) -> Bits {
    left.retain(|net, _| right.contains_key(net));
    for (net, bits) in &mut left {
        bits.iter_mut().zip(&right[net]).for_each(|(bit, other)| *bit &= other);
    }
    left
}
