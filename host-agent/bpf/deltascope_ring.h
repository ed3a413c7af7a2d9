/* SPDX-License-Identifier: GPL-2.0-only OR MIT OR Apache-2.0 */
/* Made from abi/src/ring.rs and abi/src/loss.rs by `cargo xtask gen`; do not edit. */
#ifndef DELTASCOPE_RING_H
#define DELTASCOPE_RING_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/stddef.h>
#else
#include <stddef.h>
#include <linux/types.h>
#endif

#define DELTASCOPE_ASSERT(condition, name) _Static_assert(condition, #name)

#define DELTASCOPE_RING_MAGIC 0x474e495241544c44ULL
#define DELTASCOPE_RING_VERSION 4
#define DELTASCOPE_RING_HEADER_BYTES 4096
#define DELTASCOPE_RING_RECORD_BYTES 64

enum deltascope_ring_kind {
	DELTASCOPE_KIND_PAGE = 1,
	DELTASCOPE_KIND_SEND = 2,
	DELTASCOPE_KIND_SAMPLING = 3,
	DELTASCOPE_KIND_LOSS = 4,
};

#define DELTASCOPE_FLAG_AFTER_T 0x0001
#define DELTASCOPE_FLAG_AT_EXIT 0x0002
#define DELTASCOPE_FLAG_UNJUDGED 0x0004
#define DELTASCOPE_FLAG_TRUNCATED 0x0008
#define DELTASCOPE_FLAG_PARTIAL 0x0010
#define DELTASCOPE_FLAG_ENCRYPTED 0x0020
#define DELTASCOPE_FLAG_NO_CGROUP 0x0040
#define DELTASCOPE_FLAG_LATE 0x0080
#define DELTASCOPE_FLAG_ADDRESS 0x0100
#define DELTASCOPE_FLAG_CONTENT 0x0200

enum deltascope_loss_reason {
	DELTASCOPE_LOST_RING = 0,
	DELTASCOPE_LOST_SAMPLED = 1,
	DELTASCOPE_LOST_PENDING_FULL = 2,
	DELTASCOPE_LOST_RETAIN_FULL = 3,
	DELTASCOPE_LOST_REJECTED = 4,
	DELTASCOPE_LOST_UNATTRIBUTABLE_SOURCE = 5,
	DELTASCOPE_LOST_AGENT_RESTART = 6,
	DELTASCOPE_LOSS_REASONS = 7,
};

struct deltascope_ring_record {
	/* Number of this record in its ring, from 0, without gaps. */
	__u64 sequence;
	/* CLOCK_MONOTONIC of the event, nanoseconds. */
	__u64 time_ns;
	/* cgroup v2 id: the inode number of the container's cgroup directory. */
	__u64 cgroup;
	/* Page: a keyed hash of mm and address, or the address (flag::ADDRESS). Send: inode number of the socket; by content (flag::CONTENT) a keyed hash of sender, remote address and local port. Sampling: k of p = 2^-k. Loss: the reason. */
	__u64 key;
	/* Bytes of the page or of the send. */
	__u32 length;
	/* Page: fingerprint at the copy. Send: fingerprint of the payload. A fingerprint is a CRC32C under a permutation that a key of this load gives to each socket and to each page of an mm: equal for equal bytes, no more. By content: fingerprint of the body, under the permutation of the sender, which is a user in a cgroup. */
	__u32 before;
	/* Page: fingerprint at the judgement. Send by content: bytes of its HTTP head, which length counts too. */
	__u32 after;
	/* Process id (thread group) in the initial namespace. */
	__u32 tgid;
	/* See RingKind. */
	__u16 kind;
	/* See flag. */
	__u16 flags;
	/* CPU of the ring. */
	__u16 cpu;
	/* Page: milliseconds from the copy to the judgement, saturating. */
	__u16 judged_ms;
	/* Page and Send: hash of the unit of sampling (mm, socket); kept when it is below 2^(64-k). By content it is what distinguishes the socket from others. Loss: events lost on this CPU for that reason since the module was loaded. */
	__u64 unit;
};

DELTASCOPE_ASSERT(sizeof(struct deltascope_ring_record) == 64, deltascope_ring_record_size);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_record, sequence) == 0, deltascope_ring_record_sequence);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_record, time_ns) == 8, deltascope_ring_record_time_ns);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_record, cgroup) == 16, deltascope_ring_record_cgroup);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_record, key) == 24, deltascope_ring_record_key);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_record, length) == 32, deltascope_ring_record_length);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_record, before) == 36, deltascope_ring_record_before);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_record, after) == 40, deltascope_ring_record_after);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_record, tgid) == 44, deltascope_ring_record_tgid);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_record, kind) == 48, deltascope_ring_record_kind);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_record, flags) == 50, deltascope_ring_record_flags);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_record, cpu) == 52, deltascope_ring_record_cpu);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_record, judged_ms) == 54, deltascope_ring_record_judged_ms);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_record, unit) == 56, deltascope_ring_record_unit);

struct deltascope_ring_header {
	/* RING_MAGIC. */
	__u64 magic;
	/* RING_VERSION. */
	__u32 version;
	/* RING_RECORD_BYTES. */
	__u32 record_bytes;
	/* Records in the ring, a power of two. */
	__u32 records;
	/* CPU of this ring. */
	__u32 cpu;
	/* Number of rings (possible CPUs). */
	__u32 rings;
	/* Bytes from one ring to the next in the device's mapping. */
	__u32 stride;
	/* Random number of this load of the module; another value means that it was loaded again. */
	__u64 load_id;
	/* T in milliseconds: after that long a copied page is judged. */
	__u32 judge_after_ms;
	/* k of the sampling probability p = 2^-k in force. */
	__u32 sampling_shift;
	/* Zero. */
	__u64 pad0[2];
	/* Records produced (kernel writes, release). */
	__u64 head;
	/* Events captured on this CPU, sampled-out and lost ones included. */
	__u64 captured;
	/* Events lost on this CPU, by crate::loss::LossReason. */
	__u64 lost[7];
	/* Events that a hook missed: with captured the events seen. Only the first ring holds it. */
	__u64 blind;
	/* Pages that wait for their judgement: captured here less judged here, modulo 2^64. */
	__u64 pending;
	/* First writes to private file pages, seen and not captured. */
	__u64 file_first_writes;
	/* Faults on the zero page, seen and not captured. */
	__u64 zero_fills;
	/* Unshare faults, seen and not captured. */
	__u64 unshares;
	/* Records in the ring that are no events. */
	__u64 controls;
	/* Odd while the CPU changes its counters; two equal even readings enclose a consistent one. */
	__u64 generation;
	/* Records consumed (agent writes, release). */
	__u64 tail;
	/* Zero. */
	__u64 pad2[7];
	/* Nanoseconds spent in the module's handlers and judges on this CPU. */
	__u64 handler_ns;
	/* Copies in the memory of another process (ptrace and the like), seen and not captured. */
	__u64 remote_faults;
	/* Pages left unjudged at exit because the exit's budget was used up. */
	__u64 over_budget;
	/* Times that the kill switch fired. Only the first ring holds it. */
	__u64 kills;
	/* Opens, mappings and tails that were refused. Only the first ring holds the first two. */
	__u64 refused;
	/* What is being captured: bit 0 pages, bit 1 sends. Only the first ring holds it. */
	__u64 capturing;
	/* Of the events lost to sampling on this CPU, those that are sends; the others are pages. */
	__u64 sampled_sends;
	/* Bytes of those sends. */
	__u64 sampled_send_bytes;
	/* Pages judged late on this CPU (flag::LATE). */
	__u64 late;
	/* Pages that were unmapped before their judgement, and are unjudged. */
	__u64 discarded;
	/* Copies that the reader itself made: no events, but a proof that copies are seen. */
	__u64 reader_copies;
	/* Sends that the reader itself made: no events, but a proof that sends are seen. */
	__u64 reader_sends;
	/* Steps of k that the kill switch adds to the setting. Only the first ring holds it. */
	__u64 throttle;
	/* Seconds until what the kill switch stopped resumes, 0 when nothing is stopped. Only the first ring holds it. */
	__u64 stopped_s;
	/* Bytes of the sends by content that were captured on this CPU, of lost ones too. */
	__u64 content_bytes;
	/* Of these, bytes of the sends that were lost. */
	__u64 content_bytes_lost;
};

DELTASCOPE_ASSERT(sizeof(struct deltascope_ring_header) == 384, deltascope_ring_header_size);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, magic) == 0, deltascope_ring_header_magic);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, version) == 8, deltascope_ring_header_version);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, record_bytes) == 12, deltascope_ring_header_record_bytes);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, records) == 16, deltascope_ring_header_records);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, cpu) == 20, deltascope_ring_header_cpu);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, rings) == 24, deltascope_ring_header_rings);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, stride) == 28, deltascope_ring_header_stride);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, load_id) == 32, deltascope_ring_header_load_id);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, judge_after_ms) == 40, deltascope_ring_header_judge_after_ms);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, sampling_shift) == 44, deltascope_ring_header_sampling_shift);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, pad0) == 48, deltascope_ring_header_pad0);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, head) == 64, deltascope_ring_header_head);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, captured) == 72, deltascope_ring_header_captured);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, lost) == 80, deltascope_ring_header_lost);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, blind) == 136, deltascope_ring_header_blind);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, pending) == 144, deltascope_ring_header_pending);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, file_first_writes) == 152, deltascope_ring_header_file_first_writes);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, zero_fills) == 160, deltascope_ring_header_zero_fills);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, unshares) == 168, deltascope_ring_header_unshares);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, controls) == 176, deltascope_ring_header_controls);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, generation) == 184, deltascope_ring_header_generation);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, tail) == 192, deltascope_ring_header_tail);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, pad2) == 200, deltascope_ring_header_pad2);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, handler_ns) == 256, deltascope_ring_header_handler_ns);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, remote_faults) == 264, deltascope_ring_header_remote_faults);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, over_budget) == 272, deltascope_ring_header_over_budget);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, kills) == 280, deltascope_ring_header_kills);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, refused) == 288, deltascope_ring_header_refused);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, capturing) == 296, deltascope_ring_header_capturing);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, sampled_sends) == 304, deltascope_ring_header_sampled_sends);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, sampled_send_bytes) == 312, deltascope_ring_header_sampled_send_bytes);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, late) == 320, deltascope_ring_header_late);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, discarded) == 328, deltascope_ring_header_discarded);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, reader_copies) == 336, deltascope_ring_header_reader_copies);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, reader_sends) == 344, deltascope_ring_header_reader_sends);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, throttle) == 352, deltascope_ring_header_throttle);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, stopped_s) == 360, deltascope_ring_header_stopped_s);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, content_bytes) == 368, deltascope_ring_header_content_bytes);
DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, content_bytes_lost) == 376, deltascope_ring_header_content_bytes_lost);

#endif
