// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copied pages that wait for their judgement.
 *
 * A page is judged once, at the first of: T after its copy, exit of its mm, a
 * second copy at the same address. The context that moves an entry from
 * LIVE to CLAIMED judges it; the others pass by. Entries come from a pool of fixed size, shared
 * out over the CPUs. An entry is in three lists, each with locks of its own
 * that are never nested:
 *
 *	chain	by (mm, address)	to find a second copy
 *	of_mm	by mm			to find what an exiting mm leaves
 *	line	by CPU, oldest first	to find what is due; also the free list
 *
 * Nothing is evicted: with the pool empty the new copy is lost `pending_full`.
 */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include "deltascope.h"

/* Entries judged under one hold of an mmap_lock, or claimed under one list lock. */
#define BATCH 32
/* An mm without users whose exit was not seen is given up after that many looks. */
#define EXIT_LOOKS 64
#define EXIT_LOOK_NS (20 * NSEC_PER_MSEC)
#define MM_BITS 12

enum state { FREE, FILLING, LIVE, CLAIMED };

struct pending {
	struct hlist_node chain;
	struct hlist_node of_mm;
	struct list_head line;
	struct mm_struct *mm;
	unsigned long addr;
	unsigned long pfn;
	u64 cgroup;
	u64 time_ns;
	u64 retry_ns;
	u64 unit;
	u32 before;
	u32 tgid;
	atomic_t state;
	u16 flags;
	u16 looks;
	u32 home;
};

struct bucket {
	raw_spinlock_t lock;
	struct hlist_head list;
};

/* The part of the pool that belongs to one CPU. */
struct line {
	raw_spinlock_t lock;
	unsigned int free_count;
	struct list_head free;
	struct list_head waiting;
} ____cacheline_aligned;

static struct pending *pool;
static struct bucket *chains, *mms;
static unsigned int pool_size, chain_bits;
static DEFINE_PER_CPU(struct line, lines);

static struct bucket *chain_of(const struct mm_struct *mm, unsigned long addr)
{
	return &chains[hash_64((u64)(uintptr_t)mm + (addr >> PAGE_SHIFT) * GOLDEN_RATIO_64, chain_bits)];
}

static struct bucket *mm_of(const struct mm_struct *mm)
{
	return &mms[hash_ptr(mm, MM_BITS)];
}

static struct bucket *create_buckets(unsigned int bits)
{
	struct bucket *buckets = kvcalloc(1UL << bits, sizeof(*buckets), GFP_KERNEL);
	unsigned long i;

	for (i = 0; buckets && i < 1UL << bits; i++)
		raw_spin_lock_init(&buckets[i].lock);
	return buckets;
}

int ds_pending_create(unsigned int capacity)
{
	unsigned int cpu, i, home = 0;

	pool_size = capacity;
	chain_bits = ilog2(capacity);
	pool = vzalloc(array_size(capacity, sizeof(*pool)));
	chains = create_buckets(chain_bits);
	mms = create_buckets(MM_BITS);
	if (!pool || !chains || !mms) {
		ds_pending_destroy();
		return -ENOMEM;
	}
	for_each_possible_cpu(cpu) {
		struct line *line = per_cpu_ptr(&lines, cpu);

		raw_spin_lock_init(&line->lock);
		INIT_LIST_HEAD(&line->free);
		INIT_LIST_HEAD(&line->waiting);
	}
	home = cpumask_first(cpu_possible_mask);
	for (i = 0; i < capacity; i++) {
		struct line *line = per_cpu_ptr(&lines, home);

		pool[i].home = home;
		list_add_tail(&pool[i].line, &line->free);
		line->free_count++;
		home = cpumask_next(home, cpu_possible_mask);
		if (home >= nr_cpu_ids)
			home = cpumask_first(cpu_possible_mask);
	}
	return 0;
}

void ds_pending_destroy(void)
{
	unsigned int i;

	for (i = 0; pool && i < pool_size; i++) {
		if (atomic_read(&pool[i].state) != FREE)
			mmdrop(pool[i].mm);
	}
	vfree(pool);
	kvfree(chains);
	kvfree(mms);
	pool = NULL;
	chains = NULL;
	mms = NULL;
}

unsigned int ds_pending_capacity(void)
{
	return pool_size;
}

static struct pending *take_from(unsigned int cpu)
{
	struct line *line = per_cpu_ptr(&lines, cpu);
	struct pending *entry = NULL;

	if (!READ_ONCE(line->free_count))
		return NULL;
	raw_spin_lock(&line->lock);
	if (line->free_count) {
		entry = list_first_entry(&line->free, struct pending, line);
		list_del(&entry->line);
		WRITE_ONCE(line->free_count, line->free_count - 1);
	}
	raw_spin_unlock(&line->lock);
	return entry;
}

/* An entry of this CPU, else of the next one that has any. */
static struct pending *take(void)
{
	unsigned int own = smp_processor_id(), cpu;
	struct pending *entry = take_from(own);

	if (likely(entry))
		return entry;
	for_each_possible_cpu(cpu) {
		if (cpu == own)
			continue;
		entry = take_from(cpu);
		if (entry)
			return entry;
	}
	return NULL;
}

static void give_back(struct pending *entry)
{
	struct line *line = per_cpu_ptr(&lines, entry->home);

	mmdrop(entry->mm);
	raw_spin_lock(&line->lock);
	atomic_set(&entry->state, FREE);
	list_move(&entry->line, &line->free);
	WRITE_ONCE(line->free_count, line->free_count + 1);
	raw_spin_unlock(&line->lock);
}

static bool claim(struct pending *entry)
{
	return atomic_cmpxchg(&entry->state, LIVE, CLAIMED) == LIVE;
}

static void unlink_chain(struct pending *entry)
{
	struct bucket *bucket = chain_of(entry->mm, entry->addr);

	raw_spin_lock(&bucket->lock);
	hlist_del_init(&entry->chain);
	raw_spin_unlock(&bucket->lock);
}

static void unlink_mm(struct pending *entry)
{
	struct bucket *bucket = mm_of(entry->mm);

	raw_spin_lock(&bucket->lock);
	hlist_del_init(&entry->of_mm);
	raw_spin_unlock(&bucket->lock);
}

/* Writes the record of a claimed entry. The caller has taken it out of chain and of_mm. */
static void judge(struct pending *entry, u16 how, u32 after)
{
	struct deltascope_ring_record record = {
		.time_ns = entry->time_ns,
		.cgroup = entry->cgroup,
		.key = entry->addr,
		.length = PAGE_SIZE,
		.before = entry->before,
		.after = after,
		.tgid = entry->tgid,
		.kind = DELTASCOPE_KIND_PAGE,
		.flags = entry->flags | how,
		.unit = entry->unit,
	};

	preempt_disable();
	ds_judged(&record);
	give_back(entry);
	preempt_enable();
}

/* The page was copied again: what it held then is what the second copy starts with. */
static void judge_copied_again(const struct ds_copy *copy)
{
	struct bucket *bucket = chain_of(copy->mm, copy->addr);
	struct pending *entry, *found = NULL;

	raw_spin_lock(&bucket->lock);
	hlist_for_each_entry(entry, &bucket->list, chain) {
		if (entry->addr == copy->addr && entry->mm == copy->mm && claim(entry)) {
			hlist_del_init(&entry->chain);
			found = entry;
			break;
		}
	}
	raw_spin_unlock(&bucket->lock);
	if (!found)
		return;
	unlink_mm(found);
	if (found->pfn == copy->old_pfn)
		judge(found, DELTASCOPE_FLAG_AFTER_T, copy->crc);
	else
		judge(found, DELTASCOPE_FLAG_UNJUDGED, 0);
}

void ds_pending_add(const struct ds_copy *copy)
{
	struct bucket *bucket;
	struct pending *entry;
	struct line *line;

	judge_copied_again(copy);
	entry = take();
	if (unlikely(!entry)) {
		ds_capture_lost(DELTASCOPE_LOST_PENDING_FULL);
		return;
	}
	ds_capture_pending();
	mmgrab(copy->mm);
	entry->mm = copy->mm;
	entry->addr = copy->addr;
	entry->pfn = copy->pfn;
	entry->unit = copy->unit;
	entry->before = copy->crc;
	entry->flags = 0;
	entry->looks = 0;
	entry->retry_ns = 0;
	entry->time_ns = ktime_get_mono_fast_ns();
	entry->cgroup = ds_cgroup(&entry->flags);
	entry->tgid = current->tgid;
	atomic_set(&entry->state, FILLING);

	bucket = chain_of(entry->mm, entry->addr);
	raw_spin_lock(&bucket->lock);
	hlist_add_head(&entry->chain, &bucket->list);
	raw_spin_unlock(&bucket->lock);
	bucket = mm_of(entry->mm);
	raw_spin_lock(&bucket->lock);
	hlist_add_head(&entry->of_mm, &bucket->list);
	raw_spin_unlock(&bucket->lock);
	line = per_cpu_ptr(&lines, entry->home);
	raw_spin_lock(&line->lock);
	list_add_tail(&entry->line, &line->waiting);
	raw_spin_unlock(&line->lock);
	/* In all three lists: from here on it can be claimed. */
	atomic_set_release(&entry->state, LIVE);
}

/* Claims up to BATCH entries of an mm and takes them out of its list. */
static int claim_of_mm(struct mm_struct *mm, struct pending **batch)
{
	struct bucket *bucket = mm_of(mm);
	struct hlist_node *next;
	struct pending *entry;
	int count = 0;

	if (hlist_empty(&bucket->list))
		return 0;
	raw_spin_lock(&bucket->lock);
	hlist_for_each_entry_safe(entry, next, &bucket->list, of_mm) {
		if (entry->mm != mm || !claim(entry))
			continue;
		hlist_del_init(&entry->of_mm);
		batch[count++] = entry;
		if (count == BATCH)
			break;
	}
	raw_spin_unlock(&bucket->lock);
	return count;
}

void ds_pending_exit(struct mm_struct *mm)
{
	unsigned int budget = READ_ONCE(ds_settings.exit_budget);
	struct pending *batch[BATCH];
	int count, i;

	while ((count = claim_of_mm(mm, batch))) {
		for (i = 0; i < count; i++) {
			enum ds_look seen = DS_LOOK_GONE;
			struct pending *entry = batch[i];
			unsigned long found;
			u32 after = 0;

			unlink_chain(entry);
			if (budget) {
				budget--;
				seen = ds_look(mm, entry->addr, entry->pfn, DS_LOOK_SAME, &found, &after);
			} else {
				struct ds_counters *counters = this_cpu_ptr(&ds_counters);

				WRITE_ONCE(counters->page->over_budget, ++counters->over_budget);
			}
			if (seen == DS_LOOK_SAME)
				judge(entry, DELTASCOPE_FLAG_AT_EXIT, after);
			else
				judge(entry, DELTASCOPE_FLAG_UNJUDGED, 0);
		}
	}
}

static bool is_due(const struct pending *entry, u64 now)
{
	u64 due = entry->time_ns + (u64)READ_ONCE(ds_settings.judge_after_ms) * NSEC_PER_MSEC;

	return now >= max(due, entry->retry_ns);
}

/*
 * Claims due entries of one mm, oldest first, and takes a use of that mm. An
 * entry whose mm has no users is left to the exit, and given up (`*orphan`)
 * when no exit comes.
 */
static int claim_due(struct line *line, u64 now, struct mm_struct **mm, struct pending **batch,
		     struct pending **orphan)
{
	struct pending *entry, *next;
	int count = 0;

	*mm = NULL;
	*orphan = NULL;
	raw_spin_lock(&line->lock);
	list_for_each_entry_safe(entry, next, &line->waiting, line) {
		if (atomic_read_acquire(&entry->state) != LIVE)
			continue;
		if (!is_due(entry, now) || (*mm && entry->mm != *mm))
			break;
		if (!*mm && !mmget_not_zero(entry->mm)) {
			if (++entry->looks > EXIT_LOOKS && claim(entry)) {
				*orphan = entry;
				break;
			}
			entry->retry_ns = now + EXIT_LOOK_NS;
			list_move_tail(&entry->line, &line->waiting);
			continue;
		}
		*mm = entry->mm;
		if (!claim(entry))
			continue;
		batch[count++] = entry;
		if (count == BATCH)
			break;
	}
	raw_spin_unlock(&line->lock);
	return count;
}

static void judge_due(struct mm_struct *mm, struct pending **batch, int count)
{
	int i;

	mmap_read_lock(mm);
	for (i = 0; i < count; i++) {
		enum ds_look seen = DS_LOOK_GONE;
		struct pending *entry = batch[i];
		unsigned long found;
		u32 after = 0;
		u64 start;

		preempt_disable();
		start = ds_handler_start();
		unlink_chain(entry);
		unlink_mm(entry);
		if (vma_lookup(mm, entry->addr))
			seen = ds_look(mm, entry->addr, entry->pfn, DS_LOOK_SAME, &found, &after);
		if (seen == DS_LOOK_SAME)
			judge(entry, DELTASCOPE_FLAG_AFTER_T, after);
		else
			judge(entry, DELTASCOPE_FLAG_UNJUDGED, 0);
		ds_handler_end(start);
		preempt_enable();
	}
	mmap_read_unlock(mm);
}

void ds_pending_judge(unsigned int cpu)
{
	struct line *line = per_cpu_ptr(&lines, cpu);
	struct pending *batch[BATCH], *orphan;
	struct mm_struct *mm;

	do {
		int count = claim_due(line, ktime_get_mono_fast_ns(), &mm, batch, &orphan);

		if (mm) {
			judge_due(mm, batch, count);
			/* Should this be the last use, a work item of the kernel's tears the mm down. */
			mmput_async(mm);
		}
		if (orphan) {
			unlink_chain(orphan);
			unlink_mm(orphan);
			judge(orphan, DELTASCOPE_FLAG_UNJUDGED, 0);
		}
		cond_resched();
	} while (mm || orphan);
}

bool ds_pending_waits(unsigned int cpu)
{
	return !list_empty(&per_cpu_ptr(&lines, cpu)->waiting);
}
