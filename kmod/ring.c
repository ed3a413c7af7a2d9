// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-CPU rings of records, and the books that say what became of every event.
 *
 * One producer per ring: the CPU itself, with preemption off. Every event goes
 * through one transaction on one CPU's books, so that at every even generation
 *
 *	captured == head - controls + pending + sum(lost)	(modulo 2^64)
 *
 * holds for each CPU by itself. The reader owns `tail`. A wrong tail makes the
 * ring look full: records are dropped and counted, nothing else happens.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include "deltascope.h"

/* Longest time for which a loss other than a full ring stays out of the ring. */
#define TELL_NS (100 * NSEC_PER_MSEC)

DEFINE_PER_CPU(struct ds_books, ds_books);

static void *region;
static size_t region_bytes, stride;
static unsigned int ring_records;
static u64 load_id;

static struct deltascope_ring_header *page_of(unsigned int cpu)
{
	return region + cpu * stride;
}

int ds_ring_create(unsigned int records)
{
	unsigned int cpu;

	BUILD_BUG_ON(DELTASCOPE_RING_HEADER_BYTES != PAGE_SIZE);
	ring_records = records;
	stride = PAGE_SIZE + PAGE_ALIGN((size_t)records * sizeof(struct deltascope_ring_record));
	region_bytes = stride * nr_cpu_ids;
	region = vmalloc_user(region_bytes);
	if (!region)
		return -ENOMEM;
	load_id = get_random_u64();
	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		struct deltascope_ring_header *page = page_of(cpu);

		page->magic = DELTASCOPE_RING_MAGIC;
		page->version = DELTASCOPE_RING_VERSION;
		page->record_bytes = sizeof(struct deltascope_ring_record);
		page->records = records;
		page->cpu = cpu;
		page->rings = nr_cpu_ids;
		page->stride = stride;
		page->load_id = load_id;
		page->judge_after_ms = ds_settings.judge_after_ms;
		page->sampling_shift = ds_settings.sampling_shift;
	}
	for_each_possible_cpu(cpu) {
		struct ds_books *books = per_cpu_ptr(&ds_books, cpu);

		books->page = page_of(cpu);
		books->records = (void *)books->page + PAGE_SIZE;
		books->sampling_shift = ds_settings.sampling_shift;
	}
	return 0;
}

void ds_ring_destroy(void)
{
	vfree(region);
	region = NULL;
}

void *ds_ring_region(size_t *bytes)
{
	*bytes = region_bytes;
	return region;
}

unsigned int ds_ring_records(void)
{
	return ring_records;
}

u64 ds_ring_load_id(void)
{
	return load_id;
}

/* Records that the reader has not taken; more than the ring holds means a wrong tail. */
static u64 fill_of(const struct ds_books *books)
{
	return READ_ONCE(books->head) - smp_load_acquire(&books->page->tail);
}

bool ds_ring_high(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		if (fill_of(per_cpu_ptr(&ds_books, cpu)) >= READ_ONCE(ds_settings.wake_records))
			return true;
	}
	return false;
}

void ds_ring_tell_judge_time(unsigned int ms)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		WRITE_ONCE(page_of(cpu)->judge_after_ms, ms);
}

void ds_ring_tell_global(u64 blind, u64 kills, u64 refused, u64 capturing)
{
	struct deltascope_ring_header *first = page_of(0);
	unsigned int cpu;

	WRITE_ONCE(first->blind, blind);
	WRITE_ONCE(first->kills, kills);
	WRITE_ONCE(first->capturing, capturing);
	for_each_possible_cpu(cpu) {
		const struct ds_books *books = per_cpu_ptr(&ds_books, cpu);

		WRITE_ONCE(books->page->handler_ns, READ_ONCE(books->handler_ns));
		WRITE_ONCE(books->page->refused, READ_ONCE(books->bad_tails) + (cpu ? 0 : refused));
	}
}

u64 ds_books_sum(size_t offset)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*(u64 *)((void *)per_cpu_ptr(&ds_books, cpu) + offset));
	return sum;
}

/*
 * A transaction: the generation is odd from begin to end. Only the CPU itself
 * writes here, so plain arithmetic on the books is enough; the reader orders
 * its loads by the generation.
 */
static struct ds_books *begin(void)
{
	struct ds_books *books = this_cpu_ptr(&ds_books);

	lockdep_assert_preemption_disabled();
	WRITE_ONCE(books->page->generation, ++books->generation);
	smp_wmb();
	return books;
}

static void end(struct ds_books *books)
{
	WRITE_ONCE(books->page->captured, books->captured);
	WRITE_ONCE(books->page->pending, books->pending);
	smp_wmb();
	WRITE_ONCE(books->page->generation, ++books->generation);
}

static void lose(struct ds_books *books, enum deltascope_loss_reason reason)
{
	books->lost[reason]++;
	WRITE_ONCE(books->page->lost[reason], books->lost[reason]);
	books->untold = true;
}

/* Room for one more record. Counts a tail that no reader can have meant. */
static bool has_room(struct ds_books *books)
{
	u64 fill = fill_of(books);

	if (likely(fill < ring_records))
		return true;
	if (fill > ring_records)
		WRITE_ONCE(books->bad_tails, books->bad_tails + 1);
	return false;
}

static void put(struct ds_books *books, struct deltascope_ring_record *record)
{
	record->sequence = books->head;
	record->cpu = smp_processor_id();
	books->records[books->head & (ring_records - 1)] = *record;
	smp_store_release(&books->page->head, ++books->head);
	if (unlikely(fill_of(books) == READ_ONCE(ds_settings.wake_records)))
		ds_reader_wake();
}

static void put_control(struct ds_books *books, struct deltascope_ring_record *record)
{
	record->time_ns = ktime_get_mono_fast_ns();
	WRITE_ONCE(books->page->controls, ++books->controls);
	put(books, record);
}

/* Says in-band that p changed, before any record that was chosen with the new p. */
static bool tell_sampling(struct ds_books *books)
{
	unsigned int shift = READ_ONCE(ds_settings.sampling_shift);
	struct deltascope_ring_record record = {
		.kind = DELTASCOPE_KIND_SAMPLING,
		.key = shift,
	};

	if (likely(shift == books->sampling_shift))
		return true;
	if (!has_room(books))
		return false;
	books->sampling_shift = shift;
	WRITE_ONCE(books->page->sampling_shift, shift);
	put_control(books, &record);
	return true;
}

/* Says in-band what was lost, at once after a full ring and now and then for the rest. */
static void tell_losses(struct ds_books *books)
{
	u64 now = ktime_get_mono_fast_ns();
	bool full = books->lost[DELTASCOPE_LOST_RING] != books->told[DELTASCOPE_LOST_RING];
	int reason;

	if (!full && now - books->told_ns < TELL_NS)
		return;
	for (reason = 0; reason < DELTASCOPE_LOSS_REASONS; reason++) {
		struct deltascope_ring_record record = {
			.kind = DELTASCOPE_KIND_LOSS,
			.key = reason,
			.unit = books->lost[reason],
		};

		if (books->lost[reason] == books->told[reason])
			continue;
		if (!has_room(books))
			return;
		books->told[reason] = books->lost[reason];
		put_control(books, &record);
	}
	books->told_ns = now;
	books->untold = false;
}

/* Sends and their bytes are told apart, so that both totals stay exact; a page is a page. */
static void leave_out_send(struct ds_books *books, u64 bytes)
{
	lose(books, DELTASCOPE_LOST_SAMPLED);
	WRITE_ONCE(books->page->sampled_sends, ++books->sampled_sends);
	books->sampled_send_bytes += bytes;
	WRITE_ONCE(books->page->sampled_send_bytes, books->sampled_send_bytes);
}

/* Puts an event into the ring or says why not. */
static void put_event(struct ds_books *books, struct deltascope_ring_record *record)
{
	if (!has_room(books) || !tell_sampling(books)) {
		lose(books, DELTASCOPE_LOST_RING);
		return;
	}
	/* A record after the change obeys it, whenever its event was captured. */
	if (!ds_kept(record->unit, books->sampling_shift)) {
		if (record->kind == DELTASCOPE_KIND_SEND)
			leave_out_send(books, record->length);
		else
			lose(books, DELTASCOPE_LOST_SAMPLED);
		return;
	}
	if (unlikely(books->untold))
		tell_losses(books);
	if (!has_room(books)) {
		lose(books, DELTASCOPE_LOST_RING);
		return;
	}
	put(books, record);
}

void ds_capture_lost(enum deltascope_loss_reason reason)
{
	struct ds_books *books = begin();

	books->captured++;
	lose(books, reason);
	end(books);
}

void ds_capture_left_out_send(u64 bytes)
{
	struct ds_books *books = begin();

	books->captured++;
	leave_out_send(books, bytes);
	end(books);
}

void ds_capture_pending(void)
{
	struct ds_books *books = begin();

	books->captured++;
	books->pending++;
	end(books);
}

void ds_capture_send(struct deltascope_ring_record *record)
{
	struct ds_books *books = begin();

	books->captured++;
	put_event(books, record);
	end(books);
}

void ds_judged(struct deltascope_ring_record *record)
{
	struct ds_books *books = begin();

	books->pending--;
	put_event(books, record);
	end(books);
}

void ds_seen(enum ds_seen what)
{
	struct ds_books *books = this_cpu_ptr(&ds_books);

	switch (what) {
	case DS_SEEN_FILE:
		WRITE_ONCE(books->page->file_first_writes, ++books->file_first_writes);
		break;
	case DS_SEEN_ZERO:
		WRITE_ONCE(books->page->zero_fills, ++books->zero_fills);
		break;
	case DS_SEEN_UNSHARE:
		WRITE_ONCE(books->page->unshares, ++books->unshares);
		break;
	case DS_SEEN_REMOTE:
		WRITE_ONCE(books->page->remote_faults, ++books->remote_faults);
		break;
	}
}
