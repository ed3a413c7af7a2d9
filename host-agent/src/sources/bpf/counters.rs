//! The counters of the programs, mapped: the only place that touches the mapping.
//!
//! The programs write while this reads, so every access is an atomic load of an aligned word.

use std::mem::offset_of;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use deltascope_abi::bpf::{BPF_CPUS, BpfCounters};
use deltascope_abi::loss::{LossReason, Losses};
use memmap2::{MmapOptions, MmapRaw};

use super::BpfError;
use crate::sampling::LeftOut;

/// Times that a row is read again before it is said to be stuck.
const READINGS: u32 = 1_000_000;
const WORDS: usize = BpfCounters::WORDS;

/// Adds every field of `row` to those of `sum`, modulo 2^64.
fn add(sum: &mut BpfCounters, row: &BpfCounters) {
    let (left, right) = (sum.to_words(), row.to_words());
    *sum = BpfCounters::from_words(&std::array::from_fn(|word| left[word].wrapping_add(right[word])));
}

/// Events lost, by reason.
pub(super) fn losses(counters: &BpfCounters) -> Losses {
    Losses(counters.lost)
}

/// What sampling has left out and is estimated: a sample reports nothing of sends by content.
pub(super) fn left_out(counters: &BpfCounters, by_content: bool) -> LeftOut {
    let sampled = counters.lost[LossReason::Sampled as usize];
    let (sends, send_bytes) = if by_content { (0, 0) } else { (counters.sampled_sends, counters.sampled_send_bytes) };
    LeftOut { pages: sampled.wrapping_sub(counters.sampled_sends), sends, send_bytes }
}

/// A mapping of all rows.
#[derive(Debug)]
pub(super) struct CounterMap {
    mapping: MmapRaw,
}

impl CounterMap {
    /// Maps the rows of the map behind `descriptor`.
    pub(super) fn new(descriptor: impl AsFd) -> std::io::Result<CounterMap> {
        let mut options = MmapOptions::new();
        options.len(BPF_CPUS * size_of::<BpfCounters>());
        let mapping = options.map_raw_read_only(descriptor.as_fd().as_raw_fd())?;
        Ok(CounterMap { mapping })
    }

    fn load(&self, row: usize, word: usize, order: Ordering) -> u64 {
        assert!(row < BPF_CPUS && word < WORDS, "inside the mapping");
        let at = row * size_of::<BpfCounters>() + 8 * word;
        // SAFETY: just checked to be inside the mapping, which is page-aligned and lives as long as `self`; it is only
        // ever loaded from, so that a mapping for reading is enough.
        unsafe { AtomicU64::from_ptr(self.mapping.as_mut_ptr().add(at).cast()) }.load(order)
    }

    /// The counters of one row at one moment.
    fn row(&self, row: usize) -> Result<BpfCounters, BpfError> {
        let (entered, left) = (offset_of!(BpfCounters, entered) / 8, offset_of!(BpfCounters, left) / 8);
        for _ in 0..READINGS {
            // `left` first and `entered` last: equal, no transaction was under way in between.
            let ended = self.load(row, left, Ordering::Acquire);
            let words = std::array::from_fn(|word| self.load(row, word, Ordering::Relaxed));
            fence(Ordering::Acquire);
            if self.load(row, entered, Ordering::Relaxed) == ended {
                return Ok(BpfCounters::from_words(&words));
            }
            std::hint::spin_loop();
        }
        Err(BpfError::Unsteady { row })
    }

    /// The sum of all rows. Each is of one moment, and each balances by itself.
    ///
    /// # Errors
    /// A row never holds still.
    pub(super) fn sum(&self) -> Result<BpfCounters, BpfError> {
        let mut sum = BpfCounters::default();
        for row in 0..BPF_CPUS {
            add(&mut sum, &self.row(row)?);
        }
        Ok(sum)
    }
}
