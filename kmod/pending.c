// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copied pages that wait for their judgement: the pool and its lists.
 *
 * A page is judged once, at the first of: T after its copy, exit of its mm, a
 * second copy at the same address, the unmapping of its address. The context
 * that moves an entry from LIVE to CLAIMED judges it; the others pass by.
 * Entries come from a pool of fixed size, divided among the CPUs. An entry is in
 * three lists, each with locks of its own that are never nested:
 *
 *	chain	by (mm, address)	to find one page
 *	of_mm	by mm			to find what an exiting mm leaves
 *	line	by CPU, oldest first	to find what is due; also the free list
 *
 * Nothing is evicted: with the pool empty the new copy is lost `pending_full`.
 */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "pending.h"

#define MM_BITS 12
/* Lists of one mm, by the CPU that captured: threads that copy at once seldom meet at a lock. */
#define SHARDS 8
/* Other CPUs that a CPU without free entries asks for one. */
#define NEIGHBOURS 8

struct bucket {
	raw_spinlock_t lock;
	struct hlist_head list;
};

/* Whether any list has an entry is found in one cache line. */
struct mm_bucket {
	struct hlist_head lists[SHARDS];
	raw_spinlock_t locks[SHARDS];
} ____cacheline_aligned;

/* The part of the pool that belongs to one CPU. */
struct line {
	raw_spinlock_t lock;
	unsigned int free_count;
	struct list_head free;
	struct list_head waiting;
} ____cacheline_aligned;

static struct pending *pool;
static struct bucket *chains;
static struct mm_bucket *mms;
static unsigned int pool_size, chain_bits;
static DEFINE_PER_CPU(struct line, lines);

static struct bucket *chain_of(const struct mm_struct *mm, unsigned long addr)
{
	return &chains[hash_64((u64)(uintptr_t)mm + (addr >> PAGE_SHIFT) * GOLDEN_RATIO_64, chain_bits)];
}

static struct mm_bucket *mm_of(const struct mm_struct *mm)
{
	return &mms[hash_ptr(mm, MM_BITS)];
}

static unsigned int shard_of(const struct pending *entry)
{
	return entry->home % SHARDS;
}

static struct bucket *create_buckets(unsigned int bits)
{
	struct bucket *buckets = kvcalloc(1UL << bits, sizeof(*buckets), GFP_KERNEL);
	unsigned long i;

	for (i = 0; buckets && i < 1UL << bits; i++)
		raw_spin_lock_init(&buckets[i].lock);
	return buckets;
}

static struct mm_bucket *create_mm_buckets(void)
{
	struct mm_bucket *buckets = kvcalloc(1UL << MM_BITS, sizeof(*buckets), GFP_KERNEL);
	unsigned long i, shard;

	for (i = 0; buckets && i < 1UL << MM_BITS; i++) {
		for (shard = 0; shard < SHARDS; shard++)
			raw_spin_lock_init(&buckets[i].locks[shard]);
	}
	return buckets;
}

int ds_pending_create(unsigned int capacity)
{
	unsigned int cpu, i, home = 0;

	pool_size = capacity;
	chain_bits = ilog2(capacity);
	pool = vzalloc(array_size(capacity, sizeof(*pool)));
	chains = create_buckets(chain_bits);
	mms = create_mm_buckets();
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

struct pending *pending_take(void)
{
	unsigned int cpu = smp_processor_id(), asked;
	struct pending *entry = take_from(cpu);

	for (asked = 0; unlikely(!entry) && asked < NEIGHBOURS; asked++) {
		cpu = cpumask_next(cpu, cpu_possible_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_possible_mask);
		entry = take_from(cpu);
	}
	return entry;
}

void pending_give_back(struct pending *entry)
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
	raw_spinlock_t *lock = &mm_of(entry->mm)->locks[shard_of(entry)];

	raw_spin_lock(lock);
	hlist_del_init(&entry->of_mm);
	raw_spin_unlock(lock);
}

struct pending *pending_claim_page(const struct mm_struct *mm, unsigned long addr)
{
	struct bucket *bucket = chain_of(mm, addr);
	struct pending *entry, *found = NULL;

	if (hlist_empty(&bucket->list))
		return NULL;
	raw_spin_lock(&bucket->lock);
	hlist_for_each_entry(entry, &bucket->list, chain) {
		if (entry->addr == addr && entry->mm == mm && claim(entry)) {
			hlist_del_init(&entry->chain);
			found = entry;
			break;
		}
	}
	raw_spin_unlock(&bucket->lock);
	if (found)
		unlink_mm(found);
	return found;
}

static unsigned int claim_shard(struct mm_bucket *bucket, unsigned int shard, const struct mm_struct *mm,
				unsigned long start, unsigned long end, struct pending **batch, unsigned int most)
{
	struct hlist_node *next;
	struct pending *entry;
	unsigned int count = 0;

	if (hlist_empty(&bucket->lists[shard]))
		return 0;
	raw_spin_lock(&bucket->locks[shard]);
	hlist_for_each_entry_safe(entry, next, &bucket->lists[shard], of_mm) {
		if (count == most)
			break;
		if (entry->mm != mm || entry->addr < start || entry->addr >= end || !claim(entry))
			continue;
		hlist_del_init(&entry->of_mm);
		batch[count++] = entry;
	}
	raw_spin_unlock(&bucket->locks[shard]);
	return count;
}

unsigned int pending_claim_mm(const struct mm_struct *mm, unsigned long start, unsigned long end,
			      struct pending **batch, unsigned int most)
{
	struct mm_bucket *bucket = mm_of(mm);
	unsigned int count = 0, shard, i;

	for (shard = 0; shard < SHARDS && count < most; shard++)
		count += claim_shard(bucket, shard, mm, start, end, batch + count, most - count);
	for (i = 0; i < count; i++)
		unlink_chain(batch[i]);
	return count;
}

bool ds_pending_of(const struct mm_struct *mm)
{
	const struct mm_bucket *bucket = mm_of(mm);
	unsigned int shard;

	for (shard = 0; shard < SHARDS; shard++) {
		if (!hlist_empty(&bucket->lists[shard]))
			return true;
	}
	return false;
}

static bool is_wanted(const struct pending *entry, u64 now, bool all)
{
	if (now >= entry->time_ns + (u64)READ_ONCE(ds_settings.judge_after_ms) * NSEC_PER_MSEC)
		return true;
	/* What an exit has left. */
	return all && !atomic_read(&entry->mm->mm_users);
}

unsigned int pending_claim_due(unsigned int cpu, u64 now, bool all, struct pending **batch, unsigned int most)
{
	struct line *line = per_cpu_ptr(&lines, cpu);
	unsigned int count = 0, i;
	struct pending *entry;

	raw_spin_lock(&line->lock);
	list_for_each_entry(entry, &line->waiting, line) {
		if (count == most)
			break;
		if (atomic_read_acquire(&entry->state) != LIVE)
			continue;
		if (is_wanted(entry, now, all) && claim(entry))
			batch[count++] = entry;
		else if (!all)
			break;
	}
	raw_spin_unlock(&line->lock);
	for (i = 0; i < count; i++) {
		unlink_chain(batch[i]);
		unlink_mm(batch[i]);
	}
	return count;
}

void pending_insert(struct pending *entry)
{
	struct mm_bucket *of_mm;
	struct bucket *bucket;
	struct line *line;

	mmgrab(entry->mm);
	atomic_set(&entry->state, FILLING);

	bucket = chain_of(entry->mm, entry->addr);
	raw_spin_lock(&bucket->lock);
	hlist_add_head(&entry->chain, &bucket->list);
	raw_spin_unlock(&bucket->lock);
	of_mm = mm_of(entry->mm);
	raw_spin_lock(&of_mm->locks[shard_of(entry)]);
	hlist_add_head(&entry->of_mm, &of_mm->lists[shard_of(entry)]);
	raw_spin_unlock(&of_mm->locks[shard_of(entry)]);
	line = per_cpu_ptr(&lines, entry->home);
	raw_spin_lock(&line->lock);
	list_add_tail(&entry->line, &line->waiting);
	raw_spin_unlock(&line->lock);
	/* In all three lists: from here on it can be claimed. */
	atomic_set_release(&entry->state, LIVE);
}

bool ds_pending_waits(unsigned int cpu)
{
	return !list_empty(&per_cpu_ptr(&lines, cpu)->waiting);
}
