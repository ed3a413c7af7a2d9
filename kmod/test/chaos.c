// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on memory by threads and forked processes, to race with
 * the hooks and the judge: write, discard, page out, collapse, move, protect,
 * map over, merge, write through the kernel, fork, exit. Nothing is compared
 * but what the kernel states of itself, and that the counters balance.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define PAGES 1024UL
/* Longest range of one operation, and where moved pages go: behind the region. */
#define RANGE 64UL
#define MOVED 128UL
#define THREADS 3
/* A forked child forks again, and no deeper. */
#define DEPTH 2
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static char *region;
static time_t end;
static __thread uint64_t state;

static uint64_t random_below(uint64_t bound)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % bound;
}

static void map_over(char *at, size_t bytes)
{
	mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void write_pages(char *at, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		at[i * PAGE + random_below(PAGE)]++;
}

static void move(char *at, size_t bytes)
{
	char *to = region + (PAGES + random_below(MOVED - RANGE)) * PAGE;

	if (mremap(at, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED)
		map_over(at, bytes);
}

/* Through the kernel, which makes these faults as remote ones. */
static void write_remotely(char *at, size_t bytes)
{
	struct iovec from = { region, bytes }, to = { at, bytes };
	int fd;

	if (random_below(2)) {
		process_vm_writev(getpid(), &from, 1, &to, 1, 0);
		return;
	}
	fd = open("/proc/self/mem", O_RDWR);
	if (fd < 0)
		return;
	if (pwrite(fd, "x", 1, (off_t)(uintptr_t)at) != 1)
		errno = 0;
	close(fd);
}

static void step(unsigned int depth);

static void fork_one(unsigned int depth)
{
	pid_t child = depth < DEPTH ? fork() : -1;
	unsigned int steps;

	if (!child) {
		state ^= (uint64_t)getpid() * 0x9e3779b97f4a7c15ULL;
		for (steps = random_below(60); steps; steps--)
			step(depth + 1);
		_exit(0);
	}
	if (child > 0 && random_below(2))
		waitpid(child, NULL, 0);
}

/* What fails fails: a range may be protected, moved away or a hole meanwhile. */
static void step(unsigned int depth)
{
	size_t pages = 1 + random_below(RANGE);
	char *at = region + random_below(PAGES - RANGE) * PAGE;

	switch (random_below(14)) {
	case 0:
		madvise(at, pages * PAGE, MADV_DONTNEED);
		break;
	case 1:
		madvise(at, pages * PAGE, MADV_PAGEOUT);
		break;
	case 2:
		madvise(region, PAGES * PAGE, MADV_COLLAPSE);
		break;
	case 3:
		madvise(at, pages * PAGE, random_below(2) ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
		break;
	case 4:
		move(at, pages * PAGE);
		break;
	case 5:
		mprotect(at, pages * PAGE, PROT_READ);
		mprotect(at, pages * PAGE, PROT_READ | PROT_WRITE);
		break;
	case 6:
		map_over(at, pages * PAGE);
		break;
	case 7:
		madvise(at, pages * PAGE, MADV_MERGEABLE);
		break;
	case 8:
		write_remotely(at, pages * PAGE);
		break;
	case 9:
		fork_one(depth);
		break;
	default:
		write_pages(at, pages);
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void *work(void *number)
{
	state = ((uintptr_t)number + 1) * 0x9e3779b97f4a7c15ULL | 1;
	while (time(NULL) < end)
		step(0);
	return NULL;
}

/* A page that another thread has protected or taken away: there again, or the process ends. */
static void mend(int signal, siginfo_t *info, void *context)
{
	char *page = (char *)((uintptr_t)info->si_addr & ~(PAGE - 1));

	if (page < region || page >= region + (PAGES + MOVED) * PAGE)
		_exit(0);
	if (signal == SIGBUS || mprotect(page, PAGE, PROT_READ | PROT_WRITE))
		map_over(page, PAGE);
}

static void one_process(unsigned long number)
{
	struct sigaction action = { .sa_sigaction = mend, .sa_flags = SA_SIGINFO | SA_NODEFER };
	pthread_t threads[THREADS];
	unsigned long i;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	region = mmap(NULL, (PAGES + MOVED) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (region == MAP_FAILED)
		err(1, "mmap");
	memset(region, (int)number, PAGES * PAGE);
	for (i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, work, (void *)(number * THREADS + i)))
			errx(1, "pthread_create");
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

int main(int count, char **arguments)
{
	long processes = count > 1 ? atol(arguments[1]) : 0, seconds = count > 2 ? atol(arguments[2]) : 0, i;

	if (processes < 1 || seconds < 1)
		errx(2, "usage: chaos PROCESSES SECONDS");
	end = time(NULL) + seconds;
	for (i = 0; i < processes; i++) {
		if (!fork()) {
			one_process(i);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
