// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader of its own, independent of the agent: sums the records of each
 * cgroup, with the last fingerprint of every socket kept in a plain list.
 */
#include "rings.h"

#include <err.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define GROUPS 2048
/* Where hostile.c has its pages. */
#define REGION 0x200000000000UL
#define REGION_END (REGION + (1UL << 42))
#define SOCKETS 4096
#define NEVER (DELTASCOPE_FLAG_TRUNCATED | DELTASCOPE_FLAG_PARTIAL)

static struct group {
	uint64_t cgroup, pages, redundant, unjudged, sends, bytes, send_redundant, encrypted, late, judged_most_ms,
		region_copies, region_redundant, region_unjudged;
} groups[GROUPS];

static struct socket {
	uint64_t inode;
	uint32_t crc, length;
	bool matches;
} sockets[SOCKETS];

static unsigned int group_count, socket_count;
static uint64_t events, controls, changes, sequence_errors, unit_errors, loss_errors;
/* What the last loss records said, by CPU and reason. */
static uint64_t reported[4096][DELTASCOPE_LOSS_REASONS];
static unsigned int shifts[4096];

static struct group *group_of(uint64_t cgroup)
{
	unsigned int i;

	for (i = 0; i < group_count; i++) {
		if (groups[i].cgroup == cgroup)
			return &groups[i];
	}
	if (group_count == GROUPS)
		errx(1, "too many cgroups");
	groups[group_count].cgroup = cgroup;
	return &groups[group_count++];
}

static struct socket *socket_of(uint64_t inode)
{
	unsigned int i;

	for (i = 0; i < socket_count; i++) {
		if (sockets[i].inode == inode)
			return &sockets[i];
	}
	if (socket_count == SOCKETS)
		errx(1, "too many sockets");
	sockets[socket_count].inode = inode;
	return &sockets[socket_count++];
}

static void take_send(struct group *group, const struct deltascope_ring_record *record)
{
	struct socket *socket = socket_of(record->key);
	bool matches = !(record->flags & NEVER);

	group->sends++;
	group->bytes += record->length;
	group->encrypted += !!(record->flags & DELTASCOPE_FLAG_ENCRYPTED);
	if (matches && socket->matches && socket->crc == record->before && socket->length == record->length)
		group->send_redundant++;
	socket->matches = matches;
	socket->crc = record->before;
	socket->length = record->length;
}

static void take(const struct deltascope_ring_record *record)
{
	struct group *group;
	bool unjudged, redundant;
	unsigned int shift;

	if (record->kind != DELTASCOPE_KIND_PAGE && record->kind != DELTASCOPE_KIND_SEND) {
		controls++;
		if (record->kind == DELTASCOPE_KIND_SAMPLING) {
			shifts[record->cpu] = record->key;
			changes++;
		} else if (record->key >= DELTASCOPE_LOSS_REASONS || record->unit <= reported[record->cpu][record->key]) {
			loss_errors++;
		} else {
			reported[record->cpu][record->key] = record->unit;
		}
		return;
	}
	events++;
	/* After a change in-band there is no record of a unit that is left out. */
	shift = shifts[record->cpu];
	if (shift && record->unit >> (64 - shift))
		unit_errors++;
	group = group_of(record->cgroup);
	if (record->kind == DELTASCOPE_KIND_SEND) {
		take_send(group, record);
		return;
	}
	group->pages++;
	group->late += !!(record->flags & DELTASCOPE_FLAG_LATE);
	if (record->flags & DELTASCOPE_FLAG_AFTER_T && record->judged_ms > group->judged_most_ms)
		group->judged_most_ms = record->judged_ms;
	unjudged = record->flags & DELTASCOPE_FLAG_UNJUDGED;
	redundant = !unjudged && record->before == record->after;
	group->unjudged += unjudged;
	group->redundant += redundant;
	if (record->flags & DELTASCOPE_FLAG_ADDRESS && record->key >= REGION && record->key < REGION_END) {
		group->region_copies++;
		group->region_unjudged += unjudged;
		group->region_redundant += redundant;
	}
}

static void drain(const struct rings *rings)
{
	unsigned int cpu;

	for (cpu = 0; cpu < rings->count; cpu++) {
		struct deltascope_ring_header *header = ring_of(rings, cpu);
		uint64_t head = __atomic_load_n(&header->head, __ATOMIC_ACQUIRE), tail = header->tail;

		for (; tail != head; tail++) {
			const struct deltascope_ring_record *record = record_of(rings, cpu, tail);

			if (record->sequence != tail || record->cpu != cpu)
				sequence_errors++;
			take(record);
		}
		__atomic_store_n(&header->tail, tail, __ATOMIC_RELEASE);
	}
}

/* The sums of the loss records are those of the headers, when an event followed the last loss of each CPU. */
static void check_losses(const struct rings *rings, const struct counters *counters)
{
	static const char *const names[] = { "reader_reported_ring", "reader_reported_sampled", "reader_reported_pending_full" };
	unsigned int cpu, reason;

	for (reason = 0; reason < sizeof(names) / sizeof(*names); reason++) {
		uint64_t sum = 0;

		for (cpu = 0; cpu < rings->count; cpu++)
			sum += reported[cpu][reason];
		check_equal(names[reason], counters->lost[reason], sum);
	}
	check_equal("reader_loss_records", 0, loss_errors);
}

void read_until(const char *file, bool with_losses)
{
	struct rings rings = rings_open();
	struct counters counters;
	unsigned int i;

	for (i = 0; i < rings.count && i < sizeof(shifts) / sizeof(*shifts); i++)
		shifts[i] = ring_of(&rings, i)->sampling_shift;
	puts("READING");
	fflush(stdout);
	while (access(file, F_OK)) {
		struct pollfd poll_fd = { .fd = rings.fd, .events = POLLIN };

		poll(&poll_fd, 1, 50);
		drain(&rings);
	}
	counters = rings_counters(&rings);
	drain(&rings);
	for (i = 0; i < group_count; i++) {
		const struct group *group = &groups[i];

		printf("COUNT %" PRIu64 " copies %" PRIu64 " redundant %" PRIu64 " unjudged %" PRIu64
		       " sends %" PRIu64 " send_bytes %" PRIu64 " send_redundant %" PRIu64 " encrypted %" PRIu64
		       " late %" PRIu64 " judged_most_ms %" PRIu64
		       " region_copies %" PRIu64 " region_redundant %" PRIu64 " region_unjudged %" PRIu64 "\n",
		       group->cgroup, group->pages, group->redundant, group->unjudged, group->sends,
		       group->bytes, group->send_redundant, group->encrypted, group->late, group->judged_most_ms,
		       group->region_copies, group->region_redundant, group->region_unjudged);
	}
	check_equal("reader_counters_balance", counters.captured, counters_explained(&counters));
	check_equal("reader_nothing_waits", 0, counters.pending);
	check_equal("reader_got_every_event", counters.head - counters.controls, events);
	check_equal("reader_got_every_control", counters.controls, controls);
	check_equal("reader_sequences", 0, sequence_errors);
	check_equal("reader_units", 0, unit_errors);
	if (with_losses)
		check_losses(&rings, &counters);
	printf("CHANGES %" PRIu64 "\n", changes);
	rings_close(&rings);
}
