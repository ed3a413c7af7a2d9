/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copied pages that wait for their judgement.
 *
 * A page is judged once, at the first of: T after its copy, exit of its mm, a
 * second copy at the same address. The program that moves an entry from LIVE to CLAIMED
 * judges it; the others pass by.
 *
 * Entries are numbered in the order of the copies and stand in a circle, so the
 * oldest one is due first. Two kinds of chains go from a newer entry to the one
 * before: those of an mm, which its exit walks, and those of an address, which a
 * second copy walks. A chain ends where its numbers fall below `oldest`, so nothing
 * is ever taken out of one, nothing is allocated, and there is no lock.
 */
#ifndef DS_PENDING_H
#define DS_PENDING_H

#include "hash.h"
#include "record.h"

enum { DS_DONE, DS_LIVE, DS_CLAIMED, DS_GONE };

struct ds_pending {
	/* Number of the entry, and its state in the two low bits. */
	__u64 ticket;
	__u64 mm;
	__u64 address;
	__u64 frame;
	__u64 old_frame;
	/* Where the entry of the page table is, and the entry above it. */
	__u64 entry_at;
	__u64 table_at;
	__u64 table;
	__u64 time_ns;
	__u64 cgroup;
	__u64 unit;
	__u64 mm_before;
	__u64 address_before;
	__u32 fingerprint;
	__u32 tgid;
	__u64 pad[2];
};

#define DS_PENDING_MASK (DELTASCOPE_BPF_PENDING_PAGES - 1)
#define DS_CHAINS 65536
#define DS_NSEC_PER_MSEC 1000000ULL
/* Entries looked at for a second copy, and attempts to enter a chain that others enter at the same time. */
#define DS_STEPS 32
/* Programs that may ask for an entry at once. */
#define DS_MARGIN 1024

/* Entries are numbered from 1: 0 ends a chain. */
__u64 newest SEC(".data.newest") = 1;
__u64 oldest SEC(".data.oldest") = 1;
struct ds_pending pending[DELTASCOPE_BPF_PENDING_PAGES] SEC(".bss.pending");
__u64 mm_chains[DS_CHAINS] SEC(".bss.chains");
__u64 address_chains[DS_CHAINS] SEC(".bss.chains");

DS_INLINE struct ds_pending *ds_entry_of(__u64 number)
{
	return &pending[number & DS_PENDING_MASK];
}

DS_INLINE __u64 *ds_mm_chain(__u64 mm)
{
	return &mm_chains[(mm * 0x9e3779b97f4a7c15ULL) >> 48];
}

DS_INLINE __u64 *ds_address_chain(__u64 mm, __u64 address)
{
	return &address_chains[((mm ^ address >> DS_PAGE_SHIFT) * 0x9e3779b97f4a7c15ULL) >> 48];
}

DS_INLINE int ds_claim(struct ds_pending *entry, __u64 number)
{
	__u64 live = number << 2 | DS_LIVE;

	return __sync_val_compare_and_swap(&entry->ticket, live, number << 2 | DS_CLAIMED) == live;
}

DS_INLINE void ds_set_state(struct ds_pending *entry, __u64 number, __u64 state)
{
	__sync_lock_test_and_set(&entry->ticket, number << 2 | state);
}

/* From when on a judgement at T counts as late. */
DS_INLINE __u64 ds_late_ns(void)
{
	__u64 wanted = config.judge_after_ns, half = wanted / 2, least = 50 * DS_NSEC_PER_MSEC;

	return wanted + (half > least ? half : least);
}

/* Writes the record of a claimed entry. A user who may load these programs may see addresses. */
DS_INLINE void ds_judged(const struct ds_pending *entry, __u16 how, __u32 after)
{
	__u64 waited = bpf_ktime_get_ns() - entry->time_ns, waited_ms = waited / DS_NSEC_PER_MSEC;
	struct deltascope_ring_record event = {
		.time_ns = entry->time_ns,
		.cgroup = entry->cgroup,
		.key = entry->address,
		.length = DS_PAGE_BYTES,
		.before = entry->fingerprint,
		.after = after,
		.tgid = entry->tgid,
		.kind = DELTASCOPE_KIND_PAGE,
		.flags = how | DELTASCOPE_FLAG_ADDRESS,
		.judged_ms = waited_ms > 0xffff ? 0xffff : waited_ms,
		.unit = entry->unit,
	};

	if (how == DELTASCOPE_FLAG_AFTER_T && waited > ds_late_ns())
		event.flags |= DELTASCOPE_FLAG_LATE;
	ds_write(&event);
}

/*
 * Fingerprint of the page that still stands at the entry's address; 0 when it is
 * another one or none. Entry, page, entry again, without the mm's lock and without
 * a reference, which would make the kernel copy where it would have reused.
 */
DS_INLINE int ds_look(const struct ds_pending *entry, void *bytes, __u32 *fingerprint)
{
	__u64 table = 0, value = 0;

	if (bpf_probe_read_kernel(&table, sizeof(table), (void *)entry->table_at) ||
	    ds_frame(table) != entry->table)
		return 0;
	if (bpf_probe_read_kernel(&value, sizeof(value), (void *)entry->entry_at) ||
	    !(value & DS_PRESENT_BITS) || ds_frame(value) != entry->frame)
		return 0;
	if (bpf_probe_read_kernel(bytes, DS_PAGE_BYTES, (void *)(page_offset + (entry->frame << DS_PAGE_SHIFT))))
		return 0;
	*fingerprint = ds_hash_page(bytes, entry->mm, entry->address);
	if (bpf_probe_read_kernel(&value, sizeof(value), (void *)entry->entry_at) ||
	    !(value & DS_PRESENT_BITS) || ds_frame(value) != entry->frame)
		return 0;
	return 1;
}

/* Judges a claimed entry. */
DS_INLINE void ds_judge_entry(struct ds_pending *entry, __u64 number, __u16 how, __u32 which)
{
	void *bytes = bpf_map_lookup_elem(&scratch, &which);
	__u32 after = 0;

	if (!bytes || !ds_look(entry, bytes, &after)) {
		how = DELTASCOPE_FLAG_UNJUDGED;
		after = 0;
	}
	ds_judged(entry, how, after);
	ds_set_state(entry, number, DS_DONE);
}

/* The newest entry of an address that is not judged, from `number` down; 0 when there is none. */
DS_INLINE __u64 ds_find(__u64 number, __u64 mm, __u64 address)
{
	int i;

	for (i = 0; i < DS_STEPS; i++) {
		struct ds_pending *entry;
		__u64 ticket;

		if (!number || number < ds_once(oldest))
			return 0;
		entry = ds_entry_of(number);
		ticket = ds_once(entry->ticket);
		if (ticket >> 2 != number)
			return 0;
		if (entry->mm == mm && entry->address == address && (ticket & 3) != DS_DONE)
			return number;
		number = entry->address_before;
	}
	return 0;
}

/* Puts an entry at the head of a chain. One that cannot get in is not found there and judged at T. */
DS_INLINE void ds_enter_chain(__u64 *chain, __u64 *before, __u64 number)
{
	__u64 head = ds_once(*chain);
	int i;

	for (i = 0; i < DS_STEPS; i++) {
		__u64 found;

		*before = head;
		found = __sync_val_compare_and_swap(chain, head, number);
		if (found == head)
			return;
		head = found;
	}
}

#endif
