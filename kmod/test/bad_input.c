// SPDX-License-Identifier: GPL-2.0-only
/* Everything that a reader can do wrong: an error code and a counter, and the counters balance. */
#include "rings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Some ticks of the module's housekeeping. */
#define TICKS_US 300000
#define SETTINGS "/sys/class/misc/deltascope/"

/* errno of an mmap that must fail; 0 when it does not. */
static int map_error(int fd, size_t bytes, int protection, int flags, off_t offset)
{
	void *at = mmap(NULL, bytes, protection, flags, fd, offset);

	if (at == MAP_FAILED)
		return errno;
	munmap(at, bytes);
	return 0;
}

static void mappings(const struct rings *rings)
{
	int fd = rings->fd, both = PROT_READ | PROT_WRITE;
	uint64_t refused;

	/* The header is written with every tick of the housekeeping. */
	usleep(TICKS_US);
	refused = ring_of(rings, 0)->refused;
	check_equal("map_too_long", EINVAL, map_error(fd, rings->bytes + 4096, both, MAP_SHARED, 0));
	check_equal("map_too_short", EINVAL, map_error(fd, rings->bytes - 4096, both, MAP_SHARED, 0));
	check_equal("map_two_pages", EINVAL, map_error(fd, 8192, both, MAP_SHARED, 0));
	check_equal("map_with_offset", EINVAL, map_error(fd, 4096, both, MAP_SHARED, 4096));
	check_equal("map_far_offset", EINVAL, map_error(fd, 4096, both, MAP_SHARED, 1L << 40));
	check_equal("map_private", EINVAL, map_error(fd, rings->bytes, both, MAP_PRIVATE, 0));
	check_equal("map_executable", EINVAL, map_error(fd, rings->bytes, both | PROT_EXEC, MAP_SHARED, 0));
	check_equal("protect_executable", EACCES,
		    mprotect(rings->base, rings->bytes, both | PROT_EXEC) ? errno : 0);
	usleep(TICKS_US);
	check_equal("refusals_counted", refused + 7, ring_of(rings, 0)->refused);
}

static void calls(const struct rings *rings)
{
	char byte;

	check_equal("second_open", EBUSY, open(DEVICE, O_RDWR) < 0 ? errno : 0);
	check_equal("read", EINVAL, read(rings->fd, &byte, 1) < 0 ? errno : 0);
	check_equal("write", EINVAL, write(rings->fd, &byte, 1) < 0 ? errno : 0);
	check_equal("read_bad_pointer", EINVAL, read(rings->fd, (void *)-4096L, 64) < 0 ? errno : 0);
	check_equal("ioctl_bad_pointer", ENOTTY, ioctl(rings->fd, 0x1234, (void *)8) < 0 ? errno : 0);
	check_equal("seek", ESPIPE, lseek(rings->fd, 0, SEEK_SET) < 0 ? errno : 0);
}

/* errno of a write to a setting; 0 when it was taken. */
static int set(const char *name, const char *value)
{
	char path[256];
	int fd, error = 0;

	snprintf(path, sizeof(path), SETTINGS "%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return errno;
	if (write(fd, value, strlen(value)) < 0)
		error = errno;
	close(fd);
	return error;
}

static void settings(void)
{
	check_equal("set_judge_after_0", EINVAL, set("judge_after_ms", "0"));
	check_equal("set_judge_after_too_long", EINVAL, set("judge_after_ms", "60001"));
	check_equal("set_judge_after_words", EINVAL, set("judge_after_ms", "soon"));
	check_equal("set_sampling_64", EINVAL, set("sampling_shift", "64"));
	check_equal("set_negative", EINVAL, set("send_limit", "-1"));
	check_equal("set_overflow", ERANGE, set("max_overhead_ppm", "4294967296"));
	check_equal("set_switch_words", EINVAL, set("capture_pages", "perhaps"));
	check_equal("set_cgroups_words", EINVAL, set("cgroups", "12 everything"));
	check_equal("set_too_many_cgroups", E2BIG, set("cgroups", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"));
	check_equal("set_wake_beyond_ring", EINVAL, set("wake_records", "100000000"));
}

/* The module's own figure, which no reader can write. */
static uint64_t counter(const char *name)
{
	char path[256], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), SETTINGS "%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	close(fd);
	return strtoull(text, NULL, 10);
}

/* Some copies: a child writes to pages that it shares with us. */
static void some_copies(unsigned int pages)
{
	char *region = mmap(NULL, pages * 4096UL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;
	pid_t child;

	madvise(region, pages * 4096UL, MADV_NOHUGEPAGE);
	memset(region, 1, pages * 4096UL);
	child = fork();
	if (!child) {
		for (i = 0; i < pages; i++)
			region[i * 4096UL]++;
		_exit(0);
	}
	waitpid(child, NULL, 0);
	munmap(region, pages * 4096UL);
}

static void set_tails(const struct rings *rings, uint64_t past_head)
{
	unsigned int cpu;

	for (cpu = 0; cpu < rings->count; cpu++)
		__atomic_store_n(&ring_of(rings, cpu)->tail, ring_of(rings, cpu)->head + past_head, __ATOMIC_RELEASE);
}

/* With a tail that cannot be, events are lost and counted; with a good one again they are kept. */
static void tails(const struct rings *rings)
{
	static const uint64_t wrong[] = { 1, 2, 4096, 1UL << 31, 1UL << 32, 1UL << 62, 1UL << 63, -1000000UL };
	uint64_t first_refused = ring_of(rings, 0)->refused + ring_of(rings, rings->count - 1)->refused, refused;
	unsigned int i;
	struct counters before, after;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		char name[64];

		set_tails(rings, wrong[i]);
		before = rings_counters(rings);
		some_copies(64);
		usleep(100000);
		after = rings_counters(rings);
		snprintf(name, sizeof(name), "tail_%u_balance", i);
		check_equal(name, after.captured, counters_explained(&after));
		snprintf(name, sizeof(name), "tail_%u_loses", i);
		check_true(name, after.lost[DELTASCOPE_LOST_RING] > before.lost[DELTASCOPE_LOST_RING]);
	}
	usleep(TICKS_US);
	refused = ring_of(rings, 0)->refused + ring_of(rings, rings->count - 1)->refused;
	check_true("wrong_tails_counted", refused > first_refused);
	set_tails(rings, 0);
	before = rings_counters(rings);
	some_copies(64);
	usleep(100000);
	after = rings_counters(rings);
	check_equal("good_tail_loses_nothing", before.lost[DELTASCOPE_LOST_RING], after.lost[DELTASCOPE_LOST_RING]);
	check_true("good_tail_keeps", after.head >= before.head + 64);
}

/* A reader that writes over everything it can reach changes its own view and nothing else. */
static void scribble(struct rings *rings)
{
	struct deltascope_ring_header *header = ring_of(rings, 0);
	unsigned int stride = header->stride, cpu;
	uint64_t before;

	for (cpu = 0; cpu < rings->count; cpu++) {
		header = (void *)(rings->base + (size_t)cpu * stride);
		memset((uint8_t *)header + DELTASCOPE_RING_HEADER_BYTES, 0xff, stride - DELTASCOPE_RING_HEADER_BYTES);
		/* All that the module writes again by itself, and the constants stay. */
		memset(&header->head, 0xff, offsetof(struct deltascope_ring_header, tail) -
		       offsetof(struct deltascope_ring_header, head));
		header->tail = -1UL;
	}
	before = counter("captured");
	some_copies(64);
	usleep(100000);
	check_true("scribbled_ring_captures", counter("captured") >= before + 64);
	check_equal("scribbled_balance", counter("captured"),
		    counter("records") - counter("control_records") + counter("pending") +
		    counter("lost_ring") + counter("lost_sampled") + counter("lost_pending_full"));
}

static void close_while_mapped(void)
{
	struct rings rings = rings_open();
	struct deltascope_ring_header *header = ring_of(&rings, 0);
	uint64_t magic;

	close(rings.fd);
	check_equal("mapped_is_open", EBUSY, open(DEVICE, O_RDWR) < 0 ? errno : 0);
	check_true("unload_while_mapped", system("rmmod deltascope 2>/dev/null") != 0);
	magic = header->magic;
	check_equal("mapped_after_close", DELTASCOPE_RING_MAGIC, magic);
	munmap(rings.base, rings.bytes);
}

void bad_input(void)
{
	struct rings rings = rings_open();
	pid_t child;
	int status;

	calls(&rings);
	mappings(&rings);
	settings();
	check_true("unload_while_open", system("rmmod deltascope 2>/dev/null") != 0);
	/* The reader's own copies are no events: another process has to make them. */
	child = fork();
	if (!child) {
		tails(&rings);
		scribble(&rings);
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	check_equal("child_status", 0, status);
	rings_close(&rings);
	close_while_mapped();
}
