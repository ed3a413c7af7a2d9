/* SPDX-License-Identifier: GPL-2.0-only */
/* What ends the waiting: the exit of a process, pages taken out of their mm, and the agent when T has passed. */
#ifndef DS_JUDGE_H
#define DS_JUDGE_H

#include "pending.h"

/* Entries that one run for the agent passes at most. */
#define DS_JUDGE_BATCH 1024

struct ds_exit {
	__u64 mm;
	__u64 number;
};

static long ds_exit_next(__u32 index, struct ds_exit *exit)
{
	struct ds_pending *entry = ds_entry_of(exit->number);
	__u64 number = exit->number, ticket;

	if (!number || number < ds_once(oldest))
		return 1;
	ticket = ds_once(entry->ticket);
	if (ticket >> 2 != number)
		return 1;
	exit->number = entry->mm_before;
	if (entry->mm != exit->mm || (ticket & 3) != DS_LIVE)
		return 0;
	/* Counts what it passes: a counter of its own would keep the verifier from seeing the end. */
	if (index < config.exit_budget) {
		if (ds_claim(entry, number))
			ds_judge_entry(entry, number, DELTASCOPE_FLAG_AT_EXIT, DS_SCRATCH_EXIT);
		return 0;
	}
	/* The pages go now; the agent's next run writes the record. */
	if (ds_claim(entry, number)) {
		ds_set_state(entry, number, DS_GONE);
		ds_count(over_budget);
	}
	return 0;
}

DS_INLINE void ds_exit(struct mm_struct *mm)
{
	struct ds_exit exit = {};
	__u32 which = DS_SCRATCH_EXIT;
	void *slot = bpf_map_lookup_elem(&scratch, &which);

	if (!slot)
		return;
	exit.mm = ds_number(mm, slot);
	exit.number = ds_once(*ds_mm_chain(exit.mm));
	if (exit.number && exit.number >= ds_once(oldest))
		bpf_loop(DELTASCOPE_BPF_PENDING_PAGES, ds_exit_next, &exit, 0);
}

struct ds_unmap {
	__u64 mm;
	__u64 number;
	__u64 start;
	__u64 end;
};

static long ds_unmap_next(__u32 index, struct ds_unmap *unmap)
{
	struct ds_pending *entry = ds_entry_of(unmap->number);
	__u64 number = unmap->number;

	if (!number || number < ds_once(oldest) || ds_once(entry->ticket) >> 2 != number)
		return 1;
	unmap->number = entry->mm_before;
	if (entry->mm != unmap->mm || entry->address < unmap->start || entry->address >= unmap->end)
		return 0;
	if (ds_claim(entry, number)) {
		ds_set_state(entry, number, DS_GONE);
		ds_count(discarded);
	}
	return 0;
}

/*
 * A page that is touched again after it was unmapped often gets the same frame: its
 * number is no identity, so what waits in the range is unjudged from here on.
 */
DS_INLINE void ds_unmap(struct vm_area_struct *vma, __u64 start, __u64 end)
{
	struct mm_struct *mm = vma->vm_mm;
	struct ds_unmap unmap = { .start = start, .end = end };
	__u32 which = DS_SCRATCH_UNMAP;
	void *slot = bpf_map_lookup_elem(&scratch, &which);

	/* At the end of an mm, its exit has judged already. */
	if (!slot || !mm->mm_users.counter)
		return;
	unmap.mm = ds_number(mm, slot);
	unmap.number = ds_once(*ds_mm_chain(unmap.mm));
	if (unmap.number && unmap.number >= ds_once(oldest))
		bpf_loop(DELTASCOPE_BPF_PENDING_PAGES, ds_unmap_next, &unmap, 0);
}

struct ds_run {
	__u64 now;
};

/* Whether the mm has users. One whose exit the kernel passed by has no pages to look at any more. */
DS_INLINE int ds_lives(__u64 mm)
{
	return BPF_CORE_READ((struct mm_struct *)mm, mm_users.counter) > 0;
}

static long ds_judge_next(__u32 index, struct ds_run *run)
{
	__u64 number = ds_once(oldest), ticket;
	struct ds_pending *entry = ds_entry_of(number);

	if (number >= ds_once(newest))
		return 1;
	ticket = ds_once(entry->ticket);
	/* Not filled yet, or claimed: the next run finds it. */
	if (ticket >> 2 != number || (ticket & 3) == DS_CLAIMED)
		return 1;
	if ((ticket & 3) == DS_LIVE) {
		if (entry->time_ns + config.judge_after_ns > run->now)
			return 1;
		if (!ds_claim(entry, number))
			return 1;
		if (ds_lives(entry->mm)) {
			ds_judge_entry(entry, number, DELTASCOPE_FLAG_AFTER_T, DS_SCRATCH_JUDGE);
		} else {
			ds_judged(entry, DELTASCOPE_FLAG_UNJUDGED, 0);
			ds_set_state(entry, number, DS_DONE);
		}
	} else if ((ticket & 3) == DS_GONE) {
		ds_judged(entry, DELTASCOPE_FLAG_UNJUDGED, 0);
		ds_set_state(entry, number, DS_DONE);
	}
	/* Only this program moves it, and the agent runs it in one thread. */
	__sync_lock_test_and_set(&oldest, number + 1);
	return 0;
}

/* Returns DS_JUDGE_BATCH when there may be more that is due. */
DS_INLINE long ds_judge(void)
{
	struct ds_run run = { .now = bpf_ktime_get_ns() };

	return bpf_loop(DS_JUDGE_BATCH, ds_judge_next, &run, 0);
}

#endif
