//! The algebra without an engine around it.

use super::peer::{self, Kind, Vectors};
use super::step::{Step, Unit};
use crate::compare::{Effort, in_turn, rate};
use anyhow::{Result, ensure};
use deltascope_model::Context;
use std::hint::black_box;
use std::path::Path;

fn pass(contexts: &mut [Context], vectors: &Vectors) -> u64 {
    let mut sum = 0;
    for operation in &vectors.operations {
        let context = &mut contexts[usize::from(operation.context)];
        match operation.kind {
            Kind::Load => context.load(operation.value),
            Kind::Accum => context.accum(operation.value),
            Kind::Read => sum ^= context.read(),
            Kind::Swap => sum ^= context.swap(operation.value),
        }
    }
    sum
}

/// The four operations on an array of contexts, beside `AtomikContext` of `atomik-core`.
pub fn against_peer(effort: Effort, python: &Path) -> Result<Step> {
    let vectors = &Vectors::make();
    let mut contexts = vec![Context::default(); peer::CONTEXTS];
    let (expected, found) = (peer::contexts(python, vectors)?.sum, pass(&mut contexts, vectors));
    ensure!(expected == found, "atomik-core read {expected:#x}, the algebra {found:#x}");
    let own = |time| {
        rate(time, vectors.operations.len(), || {
            black_box(pass(&mut contexts, black_box(vectors)));
            Ok(())
        })
    };
    let pair = in_turn(effort, own, |_| Ok(peer::contexts(python, vectors)?.rate))?;
    let what = "algebra, LOAD, ACCUM, READ, SWAP on 256 contexts";
    let rival = "AtomikContext of atomik-core 0.4.0 (Python)";
    Ok(Step::new("algebra_and_atomik_core", what, rival, Unit::Operations, pair, Some(100.0)))
}
