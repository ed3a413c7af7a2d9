//! The capture module's per-CPU ring: one header page, then a power of two of 64-byte records.
//!
//! The kernel writes `head` and every statistic, the agent writes `tail`. Both count records since the
//! module was loaded and never wrap in practice; the slot is the count modulo the ring's size. The agent's
//! `tail` is untrusted: the kernel masks it, and a wrong one can only cause drops.
//!
//! Every CPU keeps its own counters, and they balance at every even `generation`, modulo 2^64:
//! `captured == head - controls + pending + sum(lost)`. A page that one CPU captured and another one judged
//! leaves `pending` of the first above, and that of the second below, what waits there; only the sum over
//! all CPUs is a number of pages.

use crate::layout::layout;
use crate::loss::LOSS_REASONS;

/// `RingHeader::magic`: the bytes `DLTARING`.
pub const RING_MAGIC: u64 = u64::from_le_bytes(*b"DLTARING");
/// Version of the header and of the record.
pub const RING_VERSION: u32 = 4;
/// Bytes of the header page.
pub const RING_HEADER_BYTES: usize = 4096;
/// Bytes of a ring record.
pub const RING_RECORD_BYTES: usize = 64;

/// What a ring record reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum RingKind {
    /// A copied page with its final judgement; becomes one PAIR.
    Page = 1,
    /// A `tcp_sendmsg`; becomes one SEND.
    Send = 2,
    /// The sampling probability changed; in-band, belongs to no event.
    Sampling = 3,
    /// Events of this ring were lost since the last such record; in-band, belongs to no event.
    Loss = 4,
}

impl RingKind {
    /// Every kind with its name in the C header.
    pub const ALL: [(RingKind, &'static str); 4] = [
        (RingKind::Page, "PAGE"),
        (RingKind::Send, "SEND"),
        (RingKind::Sampling, "SAMPLING"),
        (RingKind::Loss, "LOSS"),
    ];

    /// Whether a record of this kind is an event, which is on the left side of the conservation law.
    pub const fn is_event(self) -> bool {
        matches!(self, RingKind::Page | RingKind::Send)
    }

    /// The kind with this number, if there is one.
    #[inline]
    pub fn from_code(code: u16) -> Option<RingKind> {
        Self::ALL.into_iter().map(|(kind, _)| kind).find(|&kind| kind as u16 == code)
    }
}

/// Bits of `RingRecord::flags`.
pub mod flag {
    /// Every flag with its name in the C header.
    pub const ALL: [(u16, &str); 10] = [
        (AFTER_T, "AFTER_T"),
        (AT_EXIT, "AT_EXIT"),
        (UNJUDGED, "UNJUDGED"),
        (TRUNCATED, "TRUNCATED"),
        (PARTIAL, "PARTIAL"),
        (ENCRYPTED, "ENCRYPTED"),
        (NO_CGROUP, "NO_CGROUP"),
        (LATE, "LATE"),
        (ADDRESS, "ADDRESS"),
        (CONTENT, "CONTENT"),
    ];

    /// Page: judged T after the copy, or because the page was copied again (class 0).
    pub const AFTER_T: u16 = 1 << 0;
    /// Page: judged when its mm exited (class 1).
    pub const AT_EXIT: u16 = 1 << 1;
    /// Page: gone, moved, evicted or unreadable (class 3).
    pub const UNJUDGED: u16 = 1 << 2;
    /// Send: longer than the module hashes; the fingerprint is none and never matches.
    pub const TRUNCATED: u16 = 1 << 3;
    /// Send: the payload could not be read whole without faulting; the fingerprint never matches.
    pub const PARTIAL: u16 = 1 << 4;
    /// Send: the payload begins with a TLS record header.
    pub const ENCRYPTED: u16 = 1 << 5;
    /// The cgroup id is unknown (no cgroup v2 placement).
    pub const NO_CGROUP: u16 = 1 << 6;
    /// Page: judged later than T and a half of T, or 50 ms, after it.
    pub const LATE: u16 = 1 << 7;
    /// Page: `key` is the user address. Only for a reader that had CAP_PERFMON when it opened the device.
    pub const ADDRESS: u16 = 1 << 8;
    /// Send: by content. `key` is the peer and not the socket, `before` is of the body, `after` has the bytes of the head.
    pub const CONTENT: u16 = 1 << 9;
}

layout! {
    /// One captured event.
    pub struct RingRecord {
        /// Number of this record in its ring, from 0, without gaps.
        pub sequence: u64,
        /// CLOCK_MONOTONIC of the event, nanoseconds.
        pub time_ns: u64,
        /// cgroup v2 id: the inode number of the container's cgroup directory.
        pub cgroup: u64,
        /// Page: a keyed hash of mm and address, or the address ([`flag::ADDRESS`]). Send: inode number of the socket; by
        /// content ([`flag::CONTENT`]) a keyed hash of sender, remote address and local port. Sampling: k of p = 2^-k. Loss:
        /// the reason.
        pub key: u64,
        /// Bytes of the page or of the send.
        pub length: u32,
        /// Page: fingerprint at the copy. Send: fingerprint of the payload. A fingerprint is a CRC32C under a permutation
        /// that a key of this load gives to each socket and to each page of an mm: equal for equal bytes, no more. By content:
        /// fingerprint of the body, under the permutation of the sender, which is a user in a cgroup.
        pub before: u32,
        /// Page: fingerprint at the judgement. Send by content: bytes of its HTTP head, which `length` counts too.
        pub after: u32,
        /// Process id (thread group) in the initial namespace.
        pub tgid: u32,
        /// See [`RingKind`].
        pub kind: u16,
        /// See [`flag`].
        pub flags: u16,
        /// CPU of the ring.
        pub cpu: u16,
        /// Page: milliseconds from the copy to the judgement, saturating.
        pub judged_ms: u16,
        /// Page and Send: hash of the unit of sampling (mm, socket); kept when it is below 2^(64-k). By content it is what
        /// distinguishes the socket from others.
        /// Loss: events lost on this CPU for that reason since the module was loaded.
        pub unit: u64,
    }
}

layout! {
    /// First page of a ring. Lines of 64 bytes separate the writers.
    pub struct RingHeader {
        /// [`RING_MAGIC`].
        pub magic: u64,
        /// [`RING_VERSION`].
        pub version: u32,
        /// [`RING_RECORD_BYTES`].
        pub record_bytes: u32,
        /// Records in the ring, a power of two.
        pub records: u32,
        /// CPU of this ring.
        pub cpu: u32,
        /// Number of rings (possible CPUs).
        pub rings: u32,
        /// Bytes from one ring to the next in the device's mapping.
        pub stride: u32,
        /// Random number of this load of the module; another value means that it was loaded again.
        pub load_id: u64,
        /// T in milliseconds: after that long a copied page is judged.
        pub judge_after_ms: u32,
        /// k of the sampling probability p = 2^-k in force.
        pub sampling_shift: u32,
        /// Zero.
        pub pad0: [u64; 2],

        /// Records produced (kernel writes, release).
        pub head: u64,
        /// Events captured on this CPU, sampled-out and lost ones included.
        pub captured: u64,
        /// Events lost on this CPU, by [`crate::loss::LossReason`].
        pub lost: [u64; LOSS_REASONS],
        /// Events that a hook missed: with `captured` the events seen. Only the first ring holds it.
        pub blind: u64,
        /// Pages that wait for their judgement: captured here less judged here, modulo 2^64.
        pub pending: u64,
        /// First writes to private file pages, seen and not captured.
        pub file_first_writes: u64,
        /// Faults on the zero page, seen and not captured.
        pub zero_fills: u64,
        /// Unshare faults, seen and not captured.
        pub unshares: u64,
        /// Records in the ring that are no events.
        pub controls: u64,
        /// Odd while the CPU changes its counters; two equal even readings enclose a consistent one.
        pub generation: u64,

        /// Records consumed (agent writes, release).
        pub tail: u64,
        /// Zero.
        pub pad2: [u64; 7],

        /// Nanoseconds spent in the module's handlers and judges on this CPU.
        pub handler_ns: u64,
        /// Copies in the memory of another process (ptrace and the like), seen and not captured.
        pub remote_faults: u64,
        /// Pages left unjudged at exit because the exit's budget was used up.
        pub over_budget: u64,
        /// Times that the kill switch fired. Only the first ring holds it.
        pub kills: u64,
        /// Opens, mappings and tails that were refused. Only the first ring holds the first two.
        pub refused: u64,
        /// What is being captured: bit 0 pages, bit 1 sends. Only the first ring holds it.
        pub capturing: u64,
        /// Of the events lost to sampling on this CPU, those that are sends; the others are pages.
        pub sampled_sends: u64,
        /// Bytes of those sends.
        pub sampled_send_bytes: u64,
        /// Pages judged late on this CPU ([`flag::LATE`]).
        pub late: u64,
        /// Pages that were unmapped before their judgement, and are unjudged.
        pub discarded: u64,
        /// Copies that the reader itself made: no events, but a proof that copies are seen.
        pub reader_copies: u64,
        /// Sends that the reader itself made: no events, but a proof that sends are seen.
        pub reader_sends: u64,
        /// Steps of k that the kill switch adds to the setting. Only the first ring holds it.
        pub throttle: u64,
        /// Seconds until what the kill switch stopped resumes, 0 when nothing is stopped. Only the first ring holds it.
        pub stopped_s: u64,
        /// Bytes of the sends by content that were captured on this CPU, of lost ones too.
        pub content_bytes: u64,
        /// Of these, bytes of the sends that were lost.
        pub content_bytes_lost: u64,
    }
}

const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<RingRecord>() == RING_RECORD_BYTES);
    assert!(offset_of!(RingRecord, sequence) == 0);
    assert!(offset_of!(RingRecord, time_ns) == 8);
    assert!(offset_of!(RingRecord, cgroup) == 16);
    assert!(offset_of!(RingRecord, key) == 24);
    assert!(offset_of!(RingRecord, length) == 32);
    assert!(offset_of!(RingRecord, before) == 36);
    assert!(offset_of!(RingRecord, after) == 40);
    assert!(offset_of!(RingRecord, tgid) == 44);
    assert!(offset_of!(RingRecord, kind) == 48);
    assert!(offset_of!(RingRecord, flags) == 50);
    assert!(offset_of!(RingRecord, cpu) == 52);
    assert!(offset_of!(RingRecord, judged_ms) == 54);
    assert!(offset_of!(RingRecord, unit) == 56);
    assert!(offset_of!(RingHeader, load_id) == 32);
    assert!(offset_of!(RingHeader, head) == 64);
    assert!(offset_of!(RingHeader, lost) == 80);
    assert!(offset_of!(RingHeader, blind) == 136);
    assert!(offset_of!(RingHeader, controls) == 176);
    assert!(offset_of!(RingHeader, tail) == 192);
    assert!(offset_of!(RingHeader, handler_ns) == 256);
    assert!(offset_of!(RingHeader, sampled_sends) == 304);
    assert!(offset_of!(RingHeader, stopped_s) == 360);
    assert!(offset_of!(RingHeader, content_bytes) == 368);
    assert!(size_of::<RingHeader>() == 384 && size_of::<RingHeader>() <= RING_HEADER_BYTES);
};
