// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-CPU rings of records, and the counters of each CPU: the outcome of every event.
 *
 * One producer per ring: the CPU itself, with preemption off. Every event goes
 * through one transaction on one CPU's counters, so that at every even generation
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
#define REPORT_NS (100 * NSEC_PER_MSEC)

DEFINE_PER_CPU(struct ds_counters, ds_counters);

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
		struct ds_counters *counters = per_cpu_ptr(&ds_counters, cpu);

		counters->page = page_of(cpu);
		counters->records = (void *)counters->page + PAGE_SIZE;
		counters->sampling_shift = ds_settings.sampling_shift;
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
static u64 fill_of(const struct ds_counters *counters)
{
	return READ_ONCE(counters->head) - smp_load_acquire(&counters->page->tail);
}

bool ds_ring_high(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		if (fill_of(per_cpu_ptr(&ds_counters, cpu)) >= READ_ONCE(ds_settings.wake_records))
			return true;
	}
	return false;
}

void ds_ring_set_judge_time(unsigned int ms)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		WRITE_ONCE(page_of(cpu)->judge_after_ms, ms);
}

void ds_ring_publish(u64 blind, u64 kills, u64 refused, u64 capturing)
{
	struct deltascope_ring_header *first = page_of(0);
	unsigned int cpu;

	WRITE_ONCE(first->blind, blind);
	WRITE_ONCE(first->kills, kills);
	WRITE_ONCE(first->capturing, capturing);
	for_each_possible_cpu(cpu) {
		const struct ds_counters *counters = per_cpu_ptr(&ds_counters, cpu);

		WRITE_ONCE(counters->page->handler_ns, READ_ONCE(counters->handler_ns));
		WRITE_ONCE(counters->page->refused, READ_ONCE(counters->bad_tails) + (cpu ? 0 : refused));
	}
}

u64 ds_counters_sum(size_t offset)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*(u64 *)((void *)per_cpu_ptr(&ds_counters, cpu) + offset));
	return sum;
}

/*
 * A transaction: the generation is odd from begin to end. Only the CPU itself
 * writes here, so plain arithmetic on the counters is enough; the reader orders
 * its loads by the generation.
 */
static struct ds_counters *begin(void)
{
	struct ds_counters *counters = this_cpu_ptr(&ds_counters);

	lockdep_assert_preemption_disabled();
	WRITE_ONCE(counters->page->generation, ++counters->generation);
	smp_wmb();
	return counters;
}

static void end(struct ds_counters *counters)
{
	WRITE_ONCE(counters->page->captured, counters->captured);
	WRITE_ONCE(counters->page->pending, counters->pending);
	smp_wmb();
	WRITE_ONCE(counters->page->generation, ++counters->generation);
}

static void lose(struct ds_counters *counters, enum deltascope_loss_reason reason)
{
	counters->lost[reason]++;
	WRITE_ONCE(counters->page->lost[reason], counters->lost[reason]);
	counters->unreported = true;
}

/* Room for one more record. Counts a tail that no reader can have meant. */
static bool has_room(struct ds_counters *counters)
{
	u64 fill = fill_of(counters);

	if (likely(fill < ring_records))
		return true;
	if (fill > ring_records)
		WRITE_ONCE(counters->bad_tails, counters->bad_tails + 1);
	return false;
}

static void put(struct ds_counters *counters, struct deltascope_ring_record *record)
{
	record->sequence = counters->head;
	record->cpu = smp_processor_id();
	counters->records[counters->head & (ring_records - 1)] = *record;
	smp_store_release(&counters->page->head, ++counters->head);
	if (unlikely(fill_of(counters) == READ_ONCE(ds_settings.wake_records)))
		ds_reader_wake();
}

static void put_control(struct ds_counters *counters, struct deltascope_ring_record *record)
{
	record->time_ns = ktime_get_mono_fast_ns();
	WRITE_ONCE(counters->page->controls, ++counters->controls);
	put(counters, record);
}

/* Says in-band that p changed, before any record that was chosen with the new p. */
static bool report_sampling(struct ds_counters *counters)
{
	unsigned int shift = READ_ONCE(ds_settings.sampling_shift);
	struct deltascope_ring_record record = {
		.kind = DELTASCOPE_KIND_SAMPLING,
		.key = shift,
	};

	if (likely(shift == counters->sampling_shift))
		return true;
	if (!has_room(counters))
		return false;
	counters->sampling_shift = shift;
	WRITE_ONCE(counters->page->sampling_shift, shift);
	put_control(counters, &record);
	return true;
}

/* Says in-band what was lost, at once after a full ring and now and then for the rest. */
static void report_losses(struct ds_counters *counters)
{
	u64 now = ktime_get_mono_fast_ns();
	bool full = counters->lost[DELTASCOPE_LOST_RING] != counters->reported[DELTASCOPE_LOST_RING];
	int reason;

	if (!full && now - counters->reported_ns < REPORT_NS)
		return;
	for (reason = 0; reason < DELTASCOPE_LOSS_REASONS; reason++) {
		struct deltascope_ring_record record = {
			.kind = DELTASCOPE_KIND_LOSS,
			.key = reason,
			.unit = counters->lost[reason],
		};

		if (counters->lost[reason] == counters->reported[reason])
			continue;
		if (!has_room(counters))
			return;
		counters->reported[reason] = counters->lost[reason];
		put_control(counters, &record);
	}
	counters->reported_ns = now;
	counters->unreported = false;
}

/* Sends and their bytes are reported apart, so that both totals stay exact; a page is a page. */
static void leave_out_send(struct ds_counters *counters, u64 bytes)
{
	lose(counters, DELTASCOPE_LOST_SAMPLED);
	WRITE_ONCE(counters->page->sampled_sends, ++counters->sampled_sends);
	counters->sampled_send_bytes += bytes;
	WRITE_ONCE(counters->page->sampled_send_bytes, counters->sampled_send_bytes);
}

/* Puts an event into the ring or says why not. */
static void put_event(struct ds_counters *counters, struct deltascope_ring_record *record)
{
	if (!has_room(counters) || !report_sampling(counters)) {
		lose(counters, DELTASCOPE_LOST_RING);
		return;
	}
	/* A record after the change obeys it, whenever its event was captured. */
	if (!ds_kept(record->unit, counters->sampling_shift)) {
		if (record->kind == DELTASCOPE_KIND_SEND)
			leave_out_send(counters, record->length);
		else
			lose(counters, DELTASCOPE_LOST_SAMPLED);
		return;
	}
	if (unlikely(counters->unreported))
		report_losses(counters);
	if (!has_room(counters)) {
		lose(counters, DELTASCOPE_LOST_RING);
		return;
	}
	put(counters, record);
}

void ds_capture_lost(enum deltascope_loss_reason reason)
{
	struct ds_counters *counters = begin();

	counters->captured++;
	lose(counters, reason);
	end(counters);
}

void ds_capture_left_out_send(u64 bytes)
{
	struct ds_counters *counters = begin();

	counters->captured++;
	leave_out_send(counters, bytes);
	end(counters);
}

void ds_capture_pending(void)
{
	struct ds_counters *counters = begin();

	counters->captured++;
	counters->pending++;
	end(counters);
}

void ds_capture_send(struct deltascope_ring_record *record)
{
	struct ds_counters *counters = begin();

	counters->captured++;
	put_event(counters, record);
	end(counters);
}

void ds_judged(struct deltascope_ring_record *record)
{
	struct ds_counters *counters = begin();

	counters->pending--;
	put_event(counters, record);
	end(counters);
}

void ds_seen(enum ds_seen what)
{
	struct ds_counters *counters = this_cpu_ptr(&ds_counters);

	switch (what) {
	case DS_SEEN_FILE:
		WRITE_ONCE(counters->page->file_first_writes, ++counters->file_first_writes);
		break;
	case DS_SEEN_ZERO:
		WRITE_ONCE(counters->page->zero_fills, ++counters->zero_fills);
		break;
	case DS_SEEN_UNSHARE:
		WRITE_ONCE(counters->page->unshares, ++counters->unshares);
		break;
	case DS_SEEN_REMOTE:
		WRITE_ONCE(counters->page->remote_faults, ++counters->remote_faults);
		break;
	}
}
