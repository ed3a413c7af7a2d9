// SPDX-License-Identifier: GPL-2.0-only
/* Copies of pages. T is 500 ms or more when these run, but for `pages judged after T`. */
#include "bare.h"
#include "cases.h"

#include <asm/unistd.h>
#include <linux/mman.h>

unsigned long *filled(unsigned long pages)
{
	unsigned long *region = map_private(pages * PAGE);
	unsigned long i;

	for (i = 0; i < pages * PAGE / sizeof(*region); i++)
		region[i] = (i + 1) * 0x9e3779b97f4a7c15UL;
	return region;
}

static volatile unsigned long *word(unsigned long *region, unsigned long page)
{
	return region + page * PAGE / sizeof(*region) + page % 500;
}

void write_pages(unsigned long *region, unsigned long first, unsigned long end, unsigned long step, int change)
{
	unsigned long i;

	for (i = first; i < end; i += step) {
		volatile unsigned long *at = word(region, i);

		*at = change ? *at ^ 0x5a : *at;
	}
}

static void wait_flag(int number)
{
	while (!shared->flag[number])
		sleep_ms(5);
}

struct job {
	unsigned long *region;
	unsigned long count;
	/* Of two pages, how many are changed: 0, 1 or 2. */
	int changes;
	unsigned long hold_ms;
};

static void count_copies(unsigned long count, int changes)
{
	unsigned long changed = changes == 2 ? count : changes ? count / 2 : 0;

	shared->reference.copies += count;
	shared->reference.redundant += count - changed;
}

static void write_all(const struct job *job)
{
	write_pages(job->region, 0, job->count, 2, job->changes == 2);
	write_pages(job->region, 1, job->count, 2, job->changes >= 1);
	count_copies(job->count, job->changes);
}

static void writer(void *argument)
{
	const struct job *job = argument;

	write_all(job);
	sleep_ms(job->hold_ms);
}

/* Jobs live in shared memory too: the stacks of this program do. */
static void fork_writer(unsigned long count, int changes, unsigned long hold_ms)
{
	struct job job = { filled(count), count, changes, hold_ms };

	await(spawn(writer, &job, 0));
}

void case_same(unsigned long count)
{
	fork_writer(count, 0, 1500);
}

void case_changed(unsigned long count)
{
	fork_writer(count, 2, 1500);
}

void case_mixed(unsigned long count)
{
	fork_writer(count, 1, 1500);
}

void case_early_exit(unsigned long count)
{
	fork_writer(count, 1, 0);
}

static void holder(void *argument)
{
	wait_flag(0);
}

static void held(void *argument)
{
	long fd;

	write_all(argument);
	while ((fd = sys_open("/tmp/release", 0)) < 0)
		sleep_ms(20);
	sys_close(fd);
}

/* Copies whose process lives until there is a file /tmp/release. */
void case_held(unsigned long count)
{
	struct job job = { filled(count), count, 0, 0 };

	await(spawn(held, &job, 0));
}

/* The pattern of a snapshotting server: the parent writes while a child holds the pages. */
void case_parent(unsigned long count)
{
	struct job job = { filled(count), count, 1, 0 };
	long child = spawn(holder, 0, 0);

	write_all(&job);
	sleep_ms(1200);
	shared->flag[0] = 1;
	await(child);
}

static void half(void *argument)
{
	const struct job *job = argument;

	write_pages(job->region, 0, job->count, 1, job->changes);
	__sync_fetch_and_add(&shared->flag[1], 1);
}

static void threaded(void *argument)
{
	const struct job *job = argument;
	struct job first = { job->region, job->count / 2, 0, 0 };
	struct job second = { job->region + job->count / 2 * PAGE / sizeof(long), job->count / 2, 1, 0 };

	spawn(half, &first, THREAD);
	spawn(half, &second, THREAD);
	while (shared->flag[1] < 2)
		sleep_ms(5);
	count_copies(job->count, 1);
	sleep_ms(1200);
}

void case_threads(unsigned long count)
{
	struct job job = { filled(count), count, 1, 0 };

	await(spawn(threaded, &job, 0));
}

static void mover(void *argument)
{
	const struct job *job = argument;
	void *target = map_private(job->count * PAGE);

	write_pages(job->region, 0, job->count, 1, 1);
	check("mremap", sys(__NR_mremap, (long)job->region, job->count * PAGE, job->count * PAGE,
			    3 /* MAYMOVE | FIXED */, (long)target, 0));
	shared->reference.copies += job->count;
	shared->reference.unjudged += job->count;
	sleep_ms(1200);
}

void case_mremap(unsigned long count)
{
	struct job job = { filled(count), count, 0, 0 };

	await(spawn(mover, &job, 0));
}

static void unmapper(void *argument)
{
	const struct job *job = argument;

	write_pages(job->region, 0, job->count, 1, 1);
	check("munmap", sys(__NR_munmap, (long)job->region, job->count * PAGE, 0, 0, 0, 0));
	shared->reference.copies += job->count;
	shared->reference.unjudged += job->count;
	sleep_ms(1200);
}

void case_munmap(unsigned long count)
{
	struct job job = { filled(count), count, 0, 0 };

	await(spawn(unmapper, &job, 0));
}

/* Copied, and before T, with a child of its own that holds the pages, copied again. */
static void repeater(void *argument)
{
	const struct job *job = argument;
	long child;

	write_pages(job->region, 0, job->count, 1, 0);
	count_copies(job->count, 0);
	child = spawn(holder, 0, 0);
	write_pages(job->region, 0, job->count, 1, 1);
	count_copies(job->count, 2);
	shared->flag[0] = 1;
	await(child);
	sleep_ms(1200);
}

void case_twice(unsigned long count)
{
	struct job job = { filled(count), count, 0, 0 };

	await(spawn(repeater, &job, 0));
}

/* The pages of a region that are in no page table entry now: bit 63 of the process's own pagemap is clear. */
static unsigned long pages_away(const unsigned long *region, unsigned long count)
{
	long fd = check("open pagemap", sys_open("/proc/self/pagemap", 0));
	unsigned long away = 0, i;
	__u64 entry;

	for (i = 0; i < count; i++) {
		long at = ((unsigned long)region / PAGE + i) * sizeof(entry);

		check("pread pagemap", sys(__NR_pread64, fd, (long)&entry, sizeof(entry), at, 0, 0));
		away += !(entry >> 63);
	}
	sys_close(fd);
	return away;
}

/*
 * Copied, and swapped out before T. What another CPU has not put on its list yet
 * the kernel leaves where it is: the pages that went are counted, not supposed.
 */
static void evicted(void *argument)
{
	const struct job *job = argument;

	write_pages(job->region, 0, job->count, 1, 1);
	check("madvise", sys(__NR_madvise, (long)job->region, job->count * PAGE, MADV_PAGEOUT, 0, 0, 0));
	shared->reference.copies += job->count;
	shared->reference.unjudged += pages_away(job->region, job->count);
	if (!shared->reference.unjudged)
		die("no page was swapped out");
	sleep_ms(1200);
}

void case_pageout(unsigned long count)
{
	struct job job = { filled(count), count, 0, 0 };

	await(spawn(evicted, &job, 0));
}

/* First writes to pages that were only read: filled with zeroes, not copied. */
void case_zero(unsigned long count)
{
	unsigned long *region = map_private(count * PAGE), i, sum = 0;

	for (i = 0; i < count; i++)
		sum += *word(region, i);
	for (i = 0; i < count; i++)
		*word(region, i) = sum + 1;
	shared->reference.zero_fills += count;
}

static void nothing(void *argument)
{
}

/*
 * The only owner that is left writes in place. A page that another CPU has not put
 * on its list yet has one more owner, and would be copied: so all on one CPU.
 */
void case_reuse(unsigned long count)
{
	unsigned long *region;

	stay_on_cpu();
	region = filled(count);

	await(spawn(nothing, 0, 0));
	sleep_ms(100);
	write_pages(region, 0, count, 1, 1);
}

/* Many short processes at once, each with a few copies. */
void case_storm(unsigned long count)
{
	struct job job = { filled(4), 4, 1, 0 };
	long children[64];
	unsigned long i, j, together = count < 256 ? 16 : 64;

	for (i = 0; i < count; i += together) {
		for (j = 0; j < together; j++)
			children[j] = spawn(writer, &job, 0);
		for (j = 0; j < together; j++)
			await(children[j]);
	}
	/* The children counted without a lock between them. */
	shared->reference.copies = i * 4;
	shared->reference.redundant = i * 2;
}

static void measured(unsigned long begun, unsigned long events)
{
	shared->reference.ticks = ticks() - begun;
	shared->reference.events = events;
}

static void copy_measured(void *argument)
{
	const struct job *job = argument;
	unsigned long begun = ticks();

	write_pages(job->region, 0, job->count, 1, 1);
	measured(begun, job->count);
	count_copies(job->count, 2);
}

/* A write to a shared page: the fault, its copy, and what is added to them. */
void case_cost_copy(unsigned long count)
{
	struct job job = { filled(count), count, 0, 0 };

	await(spawn(copy_measured, &job, 0));
}

/* The same and the end of the process, where the module judges. */
void case_cost_exit(unsigned long count)
{
	struct job job = { filled(count), count, 1, 0 };
	unsigned long begun = ticks();

	await(spawn(writer, &job, 0));
	measured(begun, count);
}

/* A write fault that copies nothing, because no other process has the page any more. */
void case_cost_reuse(unsigned long count)
{
	unsigned long *region = filled(count), begun;

	await(spawn(nothing, 0, 0));
	begun = ticks();
	write_pages(region, 0, count, 1, 1);
	measured(begun, count);
}
