/* SPDX-License-Identifier: GPL-2.0-only OR MIT OR Apache-2.0 */
/* Made from abi/src/bpf.rs by `cargo xtask gen`; do not edit. */
#ifndef DELTASCOPE_BPF_H
#define DELTASCOPE_BPF_H

#include "deltascope_ring.h"

#define DELTASCOPE_BPF_CPUS 512
#define DELTASCOPE_BPF_PENDING_PAGES 65536
#define DELTASCOPE_BPF_SEND_LIMIT 16384
#define DELTASCOPE_BPF_FILTER_CGROUPS 16

struct deltascope_bpf_config {
	/* Random key of the fingerprints of this load. */
	__u64 fingerprint_key[4];
	/* Random key of the sampling unit and of socket numbers of this load. */
	__u64 unit_key[2];
	/* T in nanoseconds: after that long a copied page is judged. */
	__u64 judge_after_ns;
	/* Longest send that is hashed; longer ones are TRUNCATED and never match. */
	__u32 send_limit;
	/* Entries passed at most when one process exits and its pages are judged; the rest is left unjudged. */
	__u32 exit_budget;
	/* Copied pages that may wait for their judgement, at most BPF_PENDING_PAGES. */
	__u32 pending_pages;
	/* Cgroups in the filter; 0 captures every cgroup. */
	__u32 filter_cgroups;
	/* 1: sends are captured by content (crate::ring::flag::CONTENT). */
	__u32 send_content;
	/* Zero. */
	__u32 pad;
};

DELTASCOPE_ASSERT(sizeof(struct deltascope_bpf_config) == 80, deltascope_bpf_config_size);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_config, fingerprint_key) == 0, deltascope_bpf_config_fingerprint_key);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_config, unit_key) == 32, deltascope_bpf_config_unit_key);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_config, judge_after_ns) == 48, deltascope_bpf_config_judge_after_ns);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_config, send_limit) == 56, deltascope_bpf_config_send_limit);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_config, exit_budget) == 60, deltascope_bpf_config_exit_budget);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_config, pending_pages) == 64, deltascope_bpf_config_pending_pages);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_config, filter_cgroups) == 68, deltascope_bpf_config_filter_cgroups);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_config, send_content) == 72, deltascope_bpf_config_send_content);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_config, pad) == 76, deltascope_bpf_config_pad);

struct deltascope_bpf_settings {
	/* k of the sampling probability p = 2^-k. */
	__u64 sampling_shift;
};

DELTASCOPE_ASSERT(sizeof(struct deltascope_bpf_settings) == 8, deltascope_bpf_settings_size);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_settings, sampling_shift) == 0, deltascope_bpf_settings_sampling_shift);

struct deltascope_bpf_counters {
	/* Transactions begun. */
	__u64 entered;
	/* Transactions ended. */
	__u64 left;
	/* Events captured on this CPU, sampled-out and lost ones included. */
	__u64 captured;
	/* Events whose record is in the ring, or was. */
	__u64 written;
	/* Pages that wait for their judgement: captured here less judged here, modulo 2^64. */
	__u64 pending;
	/* Events lost on this CPU, by crate::loss::LossReason. */
	__u64 lost[7];
	/* Of the events lost to sampling, those that are sends; the others are pages. */
	__u64 sampled_sends;
	/* Bytes of those sends. */
	__u64 sampled_send_bytes;
	/* First writes to private file pages, seen and not captured. */
	__u64 file_first_writes;
	/* Faults on the zero page, seen and not captured. */
	__u64 zero_fills;
	/* Unshare faults, seen and not captured. */
	__u64 unshares;
	/* Copies in the memory of another process (ptrace and the like), seen and not captured. */
	__u64 remote_faults;
	/* Faults that lost the race for a page to another thread, whose copy is counted. */
	__u64 lost_races;
	/* Pages left unjudged at exit because the exit's budget was used up. */
	__u64 over_budget;
	/* Pages judged late on this CPU (crate::ring::flag::LATE). */
	__u64 late;
	/* Copies and sends outside the cgroups of the filter. */
	__u64 filtered;
	/* Copies whose new page could not be read: seen and not captured. */
	__u64 unreadable;
	/* Pages that were unmapped before their judgement, and are unjudged. */
	__u64 discarded;
	/* Copies that the agent itself made: no events, but a proof that copies are seen. */
	__u64 reader_copies;
	/* Sends that the agent itself made: no events, but a proof that sends are seen. */
	__u64 reader_sends;
	/* Bytes of the sends by content that were captured on this CPU, of lost ones too. */
	__u64 content_bytes;
	/* Of these, bytes of the sends that were lost. */
	__u64 content_bytes_lost;
	/* Zero: rows are whole cache lines. */
	__u64 pad[4];
};

DELTASCOPE_ASSERT(sizeof(struct deltascope_bpf_counters) == 256, deltascope_bpf_counters_size);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, entered) == 0, deltascope_bpf_counters_entered);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, left) == 8, deltascope_bpf_counters_left);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, captured) == 16, deltascope_bpf_counters_captured);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, written) == 24, deltascope_bpf_counters_written);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, pending) == 32, deltascope_bpf_counters_pending);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, lost) == 40, deltascope_bpf_counters_lost);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, sampled_sends) == 96, deltascope_bpf_counters_sampled_sends);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, sampled_send_bytes) == 104, deltascope_bpf_counters_sampled_send_bytes);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, file_first_writes) == 112, deltascope_bpf_counters_file_first_writes);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, zero_fills) == 120, deltascope_bpf_counters_zero_fills);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, unshares) == 128, deltascope_bpf_counters_unshares);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, remote_faults) == 136, deltascope_bpf_counters_remote_faults);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, lost_races) == 144, deltascope_bpf_counters_lost_races);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, over_budget) == 152, deltascope_bpf_counters_over_budget);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, late) == 160, deltascope_bpf_counters_late);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, filtered) == 168, deltascope_bpf_counters_filtered);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, unreadable) == 176, deltascope_bpf_counters_unreadable);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, discarded) == 184, deltascope_bpf_counters_discarded);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, reader_copies) == 192, deltascope_bpf_counters_reader_copies);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, reader_sends) == 200, deltascope_bpf_counters_reader_sends);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, content_bytes) == 208, deltascope_bpf_counters_content_bytes);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, content_bytes_lost) == 216, deltascope_bpf_counters_content_bytes_lost);
DELTASCOPE_ASSERT(offsetof(struct deltascope_bpf_counters, pad) == 224, deltascope_bpf_counters_pad);

#endif
