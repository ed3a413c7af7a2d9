// SPDX-License-Identifier: GPL-2.0-only
/* When a copied page is judged, and its record. */
#include <linux/highmem.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/timekeeping.h>

#include "pending.h"

/* Entries claimed under one hold of a list's lock. */
#define BATCH 32
/* Pages of a range that are looked up one by one; of a longer range all of its mm are looked at. */
#define SMALL_RANGE (512 * PAGE_SIZE)

/* An exit has left entries to the work queue. */
static atomic_t left_by_exit;

/* From when on a judgement at T counts as late. */
static u64 late_ns(void)
{
	u64 wanted = (u64)READ_ONCE(ds_settings.judge_after_ms) * NSEC_PER_MSEC;

	return wanted + max(wanted / 2, 50 * (u64)NSEC_PER_MSEC);
}

/* Writes the record of a claimed entry. */
static void judge(struct pending *entry, u16 how, u32 after)
{
	u64 waited = ktime_get_mono_fast_ns() - entry->time_ns;
	u64 owner = (uintptr_t)entry->mm, permutation = ds_permutation(owner, entry->addr);
	bool judged = !(how & DELTASCOPE_FLAG_UNJUDGED), late = how == DELTASCOPE_FLAG_AFTER_T && waited > late_ns();
	struct deltascope_ring_record record = {
		.time_ns = entry->time_ns,
		.cgroup = entry->cgroup,
		.key = ds_reader_sees_addresses() ? entry->addr : ds_token(owner, entry->addr),
		.length = PAGE_SIZE,
		.before = ds_conceal(permutation, entry->before),
		.after = judged ? ds_conceal(permutation, after) : 0,
		.tgid = entry->tgid,
		.kind = DELTASCOPE_KIND_PAGE,
		.flags = entry->flags | how | (late ? DELTASCOPE_FLAG_LATE : 0),
		.judged_ms = min_t(u64, div_u64(waited, NSEC_PER_MSEC), U16_MAX),
		.unit = entry->unit,
	};

	if (ds_reader_sees_addresses())
		record.flags |= DELTASCOPE_FLAG_ADDRESS;
	preempt_disable();
	ds_judged(&record);
	pending_give_back(entry);
	preempt_enable();
}

static u32 hash_page(struct page *page)
{
	void *bytes = kmap_local_page(page);
	u32 crc = DS_CRC_END(ds_crc32c(DS_CRC_START, bytes, PAGE_SIZE));

	kunmap_local(bytes);
	return crc;
}

void ds_pending_add(const struct ds_copy *copy)
{
	bool kept = ds_kept(copy->unit, ds_sampling_shift());
	struct pending *earlier = pending_claim_page(copy->mm, copy->addr), *entry = kept ? pending_take() : NULL;
	/* Nothing is hashed that has no use. */
	u32 crc = entry || earlier ? hash_page(copy->page) : 0;

	/* What the first copy held until now is what the second one starts with. */
	if (earlier)
		judge(earlier, DELTASCOPE_FLAG_AFTER_T, crc);
	if (!entry) {
		ds_capture_lost(kept ? DELTASCOPE_LOST_PENDING_FULL : DELTASCOPE_LOST_SAMPLED);
		return;
	}
	ds_capture_pending();
	entry->mm = copy->mm;
	entry->addr = copy->addr;
	entry->unit = copy->unit;
	entry->before = crc;
	entry->flags = 0;
	entry->time_ns = ktime_get_mono_fast_ns();
	entry->cgroup = ds_cgroup(&entry->flags);
	entry->tgid = current->tgid;
	pending_insert(entry);
}

/* What is judged here is judged by what is in the page table now. */
static void judge_by_look(struct pending *entry, u16 how)
{
	u32 after = 0;

	if (ds_look(entry->mm, entry->addr, &after))
		judge(entry, how, after);
	else
		judge(entry, DELTASCOPE_FLAG_UNJUDGED, 0);
}

void ds_pending_exit(struct mm_struct *mm)
{
	unsigned int budget = READ_ONCE(ds_settings.exit_budget), count, i;
	struct pending *batch[BATCH];

	while (budget) {
		count = pending_claim_mm(mm, 0, ULONG_MAX, batch, min(budget, BATCH));
		if (!count)
			return;
		for (i = 0; i < count; i++)
			judge_by_look(batch[i], DELTASCOPE_FLAG_AT_EXIT);
		budget -= count;
	}
	atomic_set(&left_by_exit, 1);
}

static void discard(struct pending *entry)
{
	judge(entry, DELTASCOPE_FLAG_UNJUDGED, 0);
	ds_seen(DS_SEEN_DISCARDED);
}

void ds_pending_discard(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct pending *batch[BATCH], *entry;
	unsigned int count, i;
	unsigned long addr;

	if (end - start <= SMALL_RANGE) {
		for (addr = start & PAGE_MASK; addr < end; addr += PAGE_SIZE) {
			entry = pending_claim_page(mm, addr);
			if (entry)
				discard(entry);
		}
		return;
	}
	while ((count = pending_claim_mm(mm, start, end, batch, BATCH))) {
		for (i = 0; i < count; i++)
			discard(batch[i]);
	}
}

static void judge_due(struct pending *entry)
{
	bool has_users = atomic_read(&entry->mm->mm_users);
	u32 after = 0;
	u64 start;

	preempt_disable();
	start = ds_handler_start();
	if (has_users)
		judge_by_look(entry, DELTASCOPE_FLAG_AFTER_T);
	else if (ds_look(entry->mm, entry->addr, &after))
		judge(entry, DELTASCOPE_FLAG_AT_EXIT, after);
	else {
		/* Its exit had no budget for it. */
		judge(entry, DELTASCOPE_FLAG_UNJUDGED, 0);
		ds_seen(DS_SEEN_OVER_BUDGET);
	}
	ds_handler_end(start);
	preempt_enable();
}

void ds_pending_judge(unsigned int cpu, bool all)
{
	struct pending *batch[BATCH];
	unsigned int count, i;

	do {
		/* From the claim to the look: an exit between them would take the page away unjudged. */
		preempt_disable();
		count = pending_claim_due(cpu, ktime_get_mono_fast_ns(), all, batch, all ? BATCH : 1);
		for (i = 0; i < count; i++)
			judge_due(batch[i]);
		preempt_enable();
		cond_resched();
	} while (count);
}

bool ds_pending_left_by_exit(void)
{
	return atomic_read(&left_by_exit) && atomic_xchg(&left_by_exit, 0);
}
