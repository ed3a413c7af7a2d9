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
#include <linux/ktime.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>

#include "deltascope.h"

/* Longest time for which a loss other than a full ring stays out of the ring. */
#define REPORT_NS (100 * NSEC_PER_MSEC)

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

void ds_ring_publish(const struct ds_state *state)
{
	struct deltascope_ring_header *first = ds_ring_header(0);
	unsigned int cpu;

	WRITE_ONCE(first->blind, state->blind);
	WRITE_ONCE(first->kills, state->kills);
	WRITE_ONCE(first->capturing, state->capturing);
	WRITE_ONCE(first->throttle, state->throttle);
	WRITE_ONCE(first->stopped_s, state->stopped_s);
	for_each_possible_cpu(cpu) {
		const struct ds_counters *counters = per_cpu_ptr(&ds_counters, cpu);

		WRITE_ONCE(counters->page->handler_ns, READ_ONCE(counters->handler_ns));
		WRITE_ONCE(counters->page->refused, READ_ONCE(counters->bad_tails) + (cpu ? 0 : state->refused));
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

	if (likely(fill < counters->capacity))
		return true;
	if (fill > counters->capacity)
		WRITE_ONCE(counters->bad_tails, counters->bad_tails + 1);
	return false;
}

static void put(struct ds_counters *counters, struct deltascope_ring_record *record)
{
	record->sequence = counters->head;
	record->cpu = smp_processor_id();
	counters->records[counters->head & (counters->capacity - 1)] = *record;
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

/* Reports in-band that p changed, before any record that was chosen with the new p. */
static bool report_sampling(struct ds_counters *counters)
{
	unsigned int shift = ds_sampling_shift();
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

/* Reports in-band what was lost, at once after a full ring and now and then for the rest. */
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

/* Bytes of sends by content have a law of their own: captured == in records + lost. */
static void capture_content(struct ds_counters *counters, u64 bytes)
{
	counters->content_bytes += bytes;
	WRITE_ONCE(counters->page->content_bytes, counters->content_bytes);
}

static void lose_content(struct ds_counters *counters, u64 bytes)
{
	counters->content_bytes_lost += bytes;
	WRITE_ONCE(counters->page->content_bytes_lost, counters->content_bytes_lost);
}

static bool is_by_content(const struct deltascope_ring_record *record)
{
	return record->flags & DELTASCOPE_FLAG_CONTENT;
}

static void lose_event(struct ds_counters *counters, const struct deltascope_ring_record *record)
{
	lose(counters, DELTASCOPE_LOST_RING);
	if (is_by_content(record))
		lose_content(counters, record->length);
}

/* Sends and their bytes are reported apart, so that both totals stay exact; a page is a page. */
static void leave_out_send(struct ds_counters *counters, u64 bytes, bool by_content)
{
	lose(counters, DELTASCOPE_LOST_SAMPLED);
	if (by_content)
		lose_content(counters, bytes);
	WRITE_ONCE(counters->page->sampled_sends, ++counters->sampled_sends);
	counters->sampled_send_bytes += bytes;
	WRITE_ONCE(counters->page->sampled_send_bytes, counters->sampled_send_bytes);
}

/* Puts an event into the ring or reports why not. */
static void put_event(struct ds_counters *counters, struct deltascope_ring_record *record)
{
	if (!has_room(counters) || !report_sampling(counters)) {
		lose_event(counters, record);
		return;
	}
	/* A record after the change obeys it, whenever its event was captured. */
	if (!ds_kept(record->unit, counters->sampling_shift)) {
		if (record->kind == DELTASCOPE_KIND_SEND)
			leave_out_send(counters, record->length, is_by_content(record));
		else
			lose(counters, DELTASCOPE_LOST_SAMPLED);
		return;
	}
	if (unlikely(counters->unreported))
		report_losses(counters);
	if (!has_room(counters)) {
		lose_event(counters, record);
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

void ds_capture_left_out_send(u64 bytes, bool by_content)
{
	struct ds_counters *counters = begin();

	counters->captured++;
	if (by_content)
		capture_content(counters, bytes);
	leave_out_send(counters, bytes, by_content);
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
	if (is_by_content(record))
		capture_content(counters, record->length);
	put_event(counters, record);
	end(counters);
}

void ds_judged(struct deltascope_ring_record *record)
{
	struct ds_counters *counters = begin();

	counters->pending--;
	if (record->flags & DELTASCOPE_FLAG_LATE)
		WRITE_ONCE(counters->page->late, ++counters->late);
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
	case DS_SEEN_OVER_BUDGET:
		WRITE_ONCE(counters->page->over_budget, ++counters->over_budget);
		break;
	case DS_SEEN_DISCARDED:
		WRITE_ONCE(counters->page->discarded, ++counters->discarded);
		break;
	case DS_SEEN_READER_COPY:
		WRITE_ONCE(counters->page->reader_copies, ++counters->reader_copies);
		break;
	case DS_SEEN_READER_SEND:
		WRITE_ONCE(counters->page->reader_sends, ++counters->reader_sends);
		break;
	case DS_SEEN_HIDDEN:
		WRITE_ONCE(counters->hidden, counters->hidden + 1);
		break;
	case DS_SEEN_FILTERED:
		WRITE_ONCE(counters->filtered, counters->filtered + 1);
		break;
	}
}
