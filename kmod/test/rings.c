// SPDX-License-Identifier: GPL-2.0-only
#include "rings.h"

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct rings rings_open(void)
{
	struct rings rings = { .fd = open(DEVICE, O_RDWR) };
	struct deltascope_ring_header *header;

	if (rings.fd < 0)
		err(1, "open %s", DEVICE);
	header = mmap(NULL, DELTASCOPE_RING_HEADER_BYTES, PROT_READ, MAP_SHARED, rings.fd, 0);
	if (header == MAP_FAILED)
		err(1, "map of the header");
	if (header->version != DELTASCOPE_RING_VERSION)
		errx(1, "%s: expected version %d of the ring, found %u", DEVICE, DELTASCOPE_RING_VERSION, header->version);
	rings.count = header->rings;
	rings.bytes = (size_t)header->rings * header->stride;
	munmap(header, DELTASCOPE_RING_HEADER_BYTES);
	rings.base = mmap(NULL, rings.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, rings.fd, 0);
	if (rings.base == MAP_FAILED)
		err(1, "map of the rings");
	return rings;
}

void rings_close(struct rings *rings)
{
	munmap(rings->base, rings->bytes);
	close(rings->fd);
}

struct deltascope_ring_header *ring_of(const struct rings *rings, unsigned int cpu)
{
	struct deltascope_ring_header *first = (void *)rings->base;

	return (void *)(rings->base + (size_t)cpu * first->stride);
}

const struct deltascope_ring_record *record_of(const struct rings *rings, unsigned int cpu, uint64_t number)
{
	struct deltascope_ring_header *header = ring_of(rings, cpu);
	const struct deltascope_ring_record *records =
		(const void *)((uint8_t *)header + DELTASCOPE_RING_HEADER_BYTES);

	return &records[number & (header->records - 1)];
}

static struct counters counters_of(const volatile struct deltascope_ring_header *header)
{
	struct counters counters;
	uint64_t before;
	int i;

	do {
		before = __atomic_load_n(&header->generation, __ATOMIC_ACQUIRE);
		counters.captured = header->captured;
		counters.head = header->head;
		counters.controls = header->controls;
		counters.pending = header->pending;
		for (i = 0; i < DELTASCOPE_LOSS_REASONS; i++)
			counters.lost[i] = header->lost[i];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (before % 2 || header->generation != before);
	return counters;
}

struct counters rings_counters(const struct rings *rings)
{
	struct counters sum = { 0 };
	unsigned int cpu;
	int i;

	for (cpu = 0; cpu < rings->count; cpu++) {
		struct counters own = counters_of(ring_of(rings, cpu));

		if (own.captured != counters_explained(&own))
			check_equal("counters_of_one_cpu", own.captured, counters_explained(&own));
		sum.captured += own.captured;
		sum.head += own.head;
		sum.controls += own.controls;
		sum.pending += own.pending;
		for (i = 0; i < DELTASCOPE_LOSS_REASONS; i++)
			sum.lost[i] += own.lost[i];
	}
	return sum;
}

uint64_t counters_explained(const struct counters *counters)
{
	uint64_t sum = counters->head - counters->controls + counters->pending;
	int i;

	for (i = 0; i < DELTASCOPE_LOSS_REASONS; i++)
		sum += counters->lost[i];
	return sum;
}

void check_equal(const char *name, uint64_t expected, uint64_t found)
{
	printf("CHECK %s %" PRIu64 " %" PRIu64 "\n", name, expected, found);
	fflush(stdout);
}

void check_true(const char *name, bool holds)
{
	check_equal(name, 1, holds);
}

/* The counters of this moment, while events come. */
static void balance(const char *name)
{
	struct rings rings = rings_open();
	struct counters counters = rings_counters(&rings);

	check_equal(name, counters.captured, counters_explained(&counters));
	rings_close(&rings);
}

int main(int count, char **arguments)
{
	if (count == 3 && !strcmp(arguments[1], "read-until"))
		read_until(arguments[2], false);
	else if (count == 3 && !strcmp(arguments[1], "read-losses-until"))
		read_until(arguments[2], true);
	else if (count == 3 && !strcmp(arguments[1], "password"))
		find_password(arguments[2]);
	else if (count == 3 && !strcmp(arguments[1], "balance"))
		balance(arguments[2]);
	else if (count == 2 && !strcmp(arguments[1], "bad-input"))
		bad_input();
	else
		errx(2, "usage: rings read-until FILE | read-losses-until FILE | password DIGITS | balance NAME | bad-input");
	return 0;
}
