//! Memory that is larger than the caches, and what the processor does to it without thinking.

use super::step::{Step, Unit};
use crate::compare::{Effort, Pair, in_turn, rate};
use anyhow::Result;
use std::hint::black_box;
use std::time::Duration;

/// Bytes read: more than any cache of this kind of machine holds.
pub const SOURCE: usize = 256 << 20;
/// Bytes of the target of a copy.
pub const TARGET: usize = 64 << 20;
/// Bytes of a page.
pub const PAGE: usize = 4096;

/// Bytes that are neither zero nor alike from page to page.
pub fn source() -> Vec<u8> {
    let mut value = 0x9E37_79B9_7F4A_7C15u64;
    let mut bytes = Vec::with_capacity(SOURCE);
    while bytes.len() < SOURCE {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes
}

/// Copies page by page from memory into a target of 64 MiB, on one thread.
struct Copy<'a> {
    source: &'a [u8],
    target: Vec<u8>,
    at: usize,
}

impl<'a> Copy<'a> {
    /// A copy out of `source`.
    fn new(source: &'a [u8]) -> Copy<'a> {
        Copy { source, target: vec![1; TARGET], at: 0 }
    }

    /// Bytes a second over `time`.
    fn rate(&mut self, time: Duration) -> Result<f64> {
        rate(time, 1 << 20, || {
            for _ in 0..(1 << 20) / PAGE {
                let from = self.at % self.source.len();
                let to = self.at % self.target.len();
                self.target[to..to + PAGE].copy_from_slice(&self.source[from..from + PAGE]);
                self.at += PAGE;
            }
            black_box(&mut self.target);
            Ok(())
        })
    }
}

/// Measures `own`, in units of `unit` bytes a second, in turn with a copy of as many bytes into 64 MiB.
///
/// # Errors
/// A measurement fails.
pub fn beside_a_copy(effort: Effort, unit: usize, own: impl FnMut(Duration) -> Result<f64>) -> Result<Pair> {
    let source = source();
    let mut copy = Copy::new(&source);
    in_turn(effort, own, |time| copy.rate(time).map(|bytes| bytes / unit as f64))
}

/// XORs one array of words into another: what a processor alone does to deltas that lie in order.
pub fn xor(effort: Effort) -> Result<Step> {
    let source = source();
    let (words, []) = source.as_chunks::<8>() else { unreachable!("a multiple of 8 bytes") };
    let mut state = vec![0u64; TARGET / 8];
    let mut at = 0;
    let own = |time| {
        rate(time, 8 << 20, || {
            let from = at % words.len();
            let to = at % state.len();
            let deltas = &words[from..from + (1 << 20)];
            for (state, delta) in state[to..to + (1 << 20)].iter_mut().zip(deltas) {
                *state ^= u64::from_le_bytes(*delta);
            }
            black_box(&mut state);
            at += 1 << 20;
            Ok(())
        })
    };
    let pair = beside_a_copy(effort, 1, own)?;
    let what = "XOR of deltas that lie in order into 64 MiB of states, one thread";
    Ok(Step::new("xor_in_memory", what, "memcpy into 64 MiB", Unit::Bytes, pair, None))
}
