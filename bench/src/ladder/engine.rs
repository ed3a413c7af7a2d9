//! The golden engine.

use super::memory::beside_a_copy;
use super::peer::{self, Vectors};
use super::step::{Step, Unit};
use crate::compare::{Effort, in_turn, rate};
use crate::workload;
use anyhow::{Result, ensure};
use deltascope_abi::record::{Op, RECORD_BYTES, Record};
use deltascope_model::{Engine, GoldenEngine};
use std::hint::black_box;
use std::path::Path;

/// Records of one `submit`, as the board server does it.
const BATCH: usize = 4096;

/// Puts `records` through the engine and returns the XOR of the values of its replies, without those that end a batch.
pub(crate) fn pass(engine: &mut GoldenEngine, records: &[Record]) -> Result<u64> {
    let mut sum = 0;
    for mut batch in records.chunks(BATCH) {
        while !batch.is_empty() {
            let taken = engine.submit(batch)?;
            batch = &batch[taken..];
            engine.poll(&mut |reply| {
                if reply.op() != Some(Op::Nop) {
                    sum ^= reply.value;
                }
            })?;
        }
    }
    Ok(sum)
}

/// PAIR and SEND beside a copy of the same records.
pub fn golden(effort: Effort) -> Result<Step> {
    let records = workload::records();
    let mut engine = GoldenEngine::default();
    let own = |time| rate(time, records.len(), || pass(&mut engine, &records).map(|sum| _ = black_box(sum)));
    let pair = beside_a_copy(effort, RECORD_BYTES, own)?;
    let what = "golden engine, PAIR and SEND over 4,096 contexts and 256 groups";
    Ok(Step::new("golden_engine", what, "memcpy into 64 MiB, 16 bytes a record", Unit::Events, pair, None))
}

/// LOAD, ACCUM, READ and SWAP beside `AtomikTable` of `atomik-core`.
pub fn against_peer(effort: Effort, python: &Path) -> Result<Step> {
    let vectors = &Vectors::make();
    let records: Vec<Record> = vectors.operations.iter().map(peer::Operation::record).collect();
    let mut engine = GoldenEngine::default();
    let (expected, found) = (peer::table(python, vectors)?.sum, pass(&mut engine, &records)?);
    ensure!(expected == found, "atomik-core read {expected:#x}, the golden engine {found:#x}");
    let own = |time| rate(time, records.len(), || pass(&mut engine, &records).map(|sum| _ = black_box(sum)));
    let pair = in_turn(effort, own, |_| Ok(peer::table(python, vectors)?.rate))?;
    let what = "golden engine, LOAD, ACCUM, READ, SWAP over 256 contexts, replies read";
    let rival = "AtomikTable of atomik-core 0.4.0 (Python)";
    Ok(Step::new("engine_and_atomik_core", what, rival, Unit::Operations, pair, Some(20.0)))
}
