//! What the BPF capture programs and the agent share beside the ring record: settings of a load, settings that may
//! change while the programs run, and the counters of each CPU.

use crate::layout::layout;
use crate::loss::LOSS_REASONS;

/// Rows of counters; CPUs beyond share a row, which is correct because every change is atomic.
pub const BPF_CPUS: usize = 512;
/// Copied pages that may wait for their judgement at most; a power of two.
pub const BPF_PENDING_PAGES: usize = 65_536;
/// Longest send that can be hashed.
pub const BPF_SEND_LIMIT: u32 = 16_384;
/// Cgroups that the filter of the programs can name.
pub const BPF_FILTER_CGROUPS: u32 = 16;

layout! {
    /// Settings of one load of the programs, constant while they run.
    pub struct BpfConfig {
        /// Random key of the fingerprints of this load.
        pub fingerprint_key: [u64; 4],
        /// Random key of the sampling unit and of socket numbers of this load.
        pub unit_key: [u64; 2],
        /// T in nanoseconds: after that long a copied page is judged.
        pub judge_after_ns: u64,
        /// Longest send that is hashed; longer ones are TRUNCATED and never match.
        pub send_limit: u32,
        /// Entries passed at most when one process exits and its pages are judged; the rest is left unjudged.
        pub exit_budget: u32,
        /// Copied pages that may wait for their judgement, at most [`BPF_PENDING_PAGES`].
        pub pending_pages: u32,
        /// Cgroups in the filter; 0 captures every cgroup.
        pub filter_cgroups: u32,
        /// 1: sends are captured by content ([`crate::ring::flag::CONTENT`]).
        pub send_content: u32,
        /// Zero.
        pub pad: u32,
    }
}

layout! {
    /// Settings that the agent changes while the programs run.
    pub struct BpfSettings {
        /// k of the sampling probability p = 2^-k.
        pub sampling_shift: u64,
    }
}

layout! {
    /// Counters of one CPU.
    ///
    /// A transaction adds 1 to `entered`, changes what it changes and adds 1 to `left`. When both are equal, no
    /// transaction is under way and the row balances, modulo 2^64: `captured == written + pending + sum(lost)`.
    /// A page that one CPU captured and another one judged leaves `pending` of the first above, and that of the second
    /// below, what waits there; only the sum over all CPUs is a number of pages.
    pub struct BpfCounters {
        /// Transactions begun.
        pub entered: u64,
        /// Transactions ended.
        pub left: u64,
        /// Events captured on this CPU, sampled-out and lost ones included.
        pub captured: u64,
        /// Events whose record is in the ring, or was.
        pub written: u64,
        /// Pages that wait for their judgement: captured here less judged here, modulo 2^64.
        pub pending: u64,
        /// Events lost on this CPU, by [`crate::loss::LossReason`].
        pub lost: [u64; LOSS_REASONS],
        /// Of the events lost to sampling, those that are sends; the others are pages.
        pub sampled_sends: u64,
        /// Bytes of those sends.
        pub sampled_send_bytes: u64,
        /// First writes to private file pages, seen and not captured.
        pub file_first_writes: u64,
        /// Faults on the zero page, seen and not captured.
        pub zero_fills: u64,
        /// Unshare faults, seen and not captured.
        pub unshares: u64,
        /// Copies in the memory of another process (ptrace and the like), seen and not captured.
        pub remote_faults: u64,
        /// Faults that lost the race for a page to another thread, whose copy is counted.
        pub lost_races: u64,
        /// Pages left unjudged at exit because the exit's budget was used up.
        pub over_budget: u64,
        /// Pages judged late on this CPU ([`crate::ring::flag::LATE`]).
        pub late: u64,
        /// Copies and sends outside the cgroups of the filter.
        pub filtered: u64,
        /// Copies whose new page could not be read: seen and not captured.
        pub unreadable: u64,
        /// Pages that were unmapped before their judgement, and are unjudged.
        pub discarded: u64,
        /// Copies that the agent itself made: no events, but a proof that copies are seen.
        pub reader_copies: u64,
        /// Sends that the agent itself made: no events, but a proof that sends are seen.
        pub reader_sends: u64,
        /// Bytes of the sends by content that were captured on this CPU, of lost ones too.
        pub content_bytes: u64,
        /// Of these, bytes of the sends that were lost.
        pub content_bytes_lost: u64,
        /// Zero: rows are whole cache lines.
        pub pad: [u64; 4],
    }
}

const _: () = {
    assert!(size_of::<BpfConfig>() == 80);
    assert!(size_of::<BpfCounters>() == 256 && size_of::<BpfCounters>().is_multiple_of(64));
    assert!(BPF_PENDING_PAGES.is_power_of_two() && BPF_CPUS.is_power_of_two());
};
