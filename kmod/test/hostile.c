// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unprivileged processes that try to make the module miss, delay or misjudge
 * the work of others, and the victims beside them. With a C library and
 * threads, unlike the workload.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
/* Where the pages of a case are: the C library's are elsewhere. The reader knows the address. */
#define REGION 0x200000000000UL
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

static uint64_t seed = 88172645463325252ULL;

static uint64_t random_word(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static char *region_of(size_t pages)
{
	static unsigned long next = REGION;
	char *region = mmap((void *)next, pages * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (region == MAP_FAILED)
		err(1, "mmap");
	next += pages * PAGE;
	madvise(region, pages * PAGE, MADV_NOHUGEPAGE);
	return region;
}

static char *filled(size_t pages)
{
	char *region = region_of(pages);
	size_t i;

	for (i = 0; i < pages * PAGE / 8; i++)
		((uint64_t *)region)[i] = random_word();
	return region;
}

static void say(const char *text)
{
	puts(text);
	fflush(stdout);
}

/* A child that only keeps pages shared; ends with its parent. */
static pid_t hold(void)
{
	pid_t child = fork();

	if (!child) {
		pause();
		_exit(0);
	}
	return child;
}

static void release(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void start_thread(void *(*run)(void *), void *argument)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 16384);
	if (pthread_create(&thread, &attributes, run, argument))
		errx(1, "pthread_create");
}

static int listen_on(struct sockaddr_in *address, int protocol)
{
	int listener = socket(AF_INET, SOCK_STREAM, protocol), buffer = 2048;
	socklen_t length = sizeof(*address);

	*address = (struct sockaddr_in) { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	if (listener < 0 || bind(listener, (void *)address, length) || listen(listener, 4096) ||
	    getsockname(listener, (void *)address, &length))
		err(1, "listen");
	return listener;
}

static int connect_to(const struct sockaddr_in *address, int protocol)
{
	int fd = socket(AF_INET, SOCK_STREAM, protocol);

	if (fd < 0 || connect(fd, (const void *)address, sizeof(*address)))
		err(1, "connect");
	return fd;
}

/* Senders that wait for a reader that does not read. */
static struct sockaddr_in slow;

static void *blocked_sender(void *argument)
{
	static char bytes[1 << 16];
	int fd = connect_to(&slow, 0);

	while (write(fd, bytes, sizeof(bytes)) > 0)
		;
	return argument;
}

static void blockers(long count)
{
	long i;

	listen_on(&slow, 0);
	for (i = 0; i < count; i++)
		start_thread(blocked_sender, NULL);
	say("BLOCKERS");
	pause();
}

/* Threads that userfaultfd keeps inside do_wp_page(). */
static char *parked;

static void *parked_writer(void *argument)
{
	parked[(size_t)argument * PAGE]++;
	return NULL;
}

static void userfault(long count)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect protect = { .mode = UFFDIO_WRITEPROTECT_MODE_WP };
	long i;

	parked = filled(count);
	range.range.start = (long)parked;
	range.range.len = count * PAGE;
	protect.range = range.range;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range))
		err(1, "userfaultfd");
	hold();
	if (ioctl(fd, UFFDIO_WRITEPROTECT, &protect))
		err(1, "userfaultfd write protection");
	for (i = 0; i < count; i++)
		start_thread(parked_writer, (void *)i);
	say("PARKED");
	pause();
}

/* Copies of `pages` pages, all changed, in a child that then lives for a while. */
static void copies(size_t pages, unsigned int alive_ms)
{
	char *region = filled(pages);
	pid_t child = fork();
	size_t i;

	if (!child) {
		for (i = 0; i < pages; i++)
			region[i * PAGE + i % 60 * 64] ^= 1;
		usleep(alive_ms * 1000);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void sends(long count, int protocol)
{
	struct sockaddr_in address;
	int listener = listen_on(&address, protocol), fd = connect_to(&address, protocol);
	int taker = accept(listener, NULL, NULL);
	char bytes[500], taken[4096];
	long i;

	memset(bytes, 7, sizeof(bytes));
	for (i = 0; i < count; i++) {
		bytes[0] = i;
		if (write(fd, bytes, sizeof(bytes)) != sizeof(bytes) || recv(taker, taken, sizeof(taken), 0) <= 0)
			err(1, "send");
	}
}

/* Threads that write to the same page at once: one copy, and it is changed. */
static struct {
	char *region;
	long threads, pages;
	long round, arrived;
} race;

static void *racer(void *argument)
{
	long id = (long)argument, i;

	for (i = 0; i < race.pages; i++) {
		if (__atomic_add_fetch(&race.arrived, 1, __ATOMIC_SEQ_CST) == race.threads * (i + 1))
			__atomic_store_n(&race.round, i + 1, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&race.round, __ATOMIC_SEQ_CST) < i + 1)
			sched_yield();
		__atomic_fetch_add((uint64_t *)(race.region + i * PAGE + id * 64), 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void one_page(long threads, long pages)
{
	pthread_t ids[64];
	pid_t holder, child;
	long i;

	race.region = filled(pages);
	race.threads = threads;
	race.pages = pages;
	holder = hold();
	child = fork();
	if (!child) {
		for (i = 0; i < threads; i++)
			pthread_create(&ids[i], NULL, racer, (void *)i);
		for (i = 0; i < threads; i++)
			pthread_join(ids[i], NULL);
		usleep(1500000);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	release(holder);
}

static uint64_t frame_of(const void *at)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (pread(fd, &entry, 8, (unsigned long)at / PAGE * 8) != 8)
		err(1, "pagemap");
	close(fd);
	return entry & ((1ULL << 55) - 1);
}

/* Copied, discarded, touched again: the kernel gives the same frame back. */
static void discarded(size_t pages)
{
	char *region = filled(pages);
	pid_t child = fork();
	size_t i, same = 0;
	cpu_set_t first;

	if (child) {
		waitpid(child, NULL, 0);
		return;
	}
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	for (i = 0; i < pages; i++) {
		volatile char *at = region + i * PAGE;
		uint64_t frame;

		*at = *at;
		frame = frame_of((void *)at);
		madvise((void *)at, PAGE, MADV_DONTNEED);
		at[8] = 1;
		same += frame_of((void *)at) == frame;
	}
	printf("SAME_FRAME %zu\n", same);
	fflush(stdout);
	usleep(1500000);
	_exit(0);
}

/* Copies, and then forks of so large an address space that its mmap_lock is held for long. */
static void lock_holder(size_t gib, long rounds)
{
	size_t pages = gib << 18, i;
	char *large = region_of(pages), *region = filled(64);

	if (madvise(large, pages * PAGE, MADV_POPULATE_READ))
		err(1, "populate");
	large[0] = 1;
	say("HOLDING");
	while (rounds--) {
		pid_t holder = hold(), child;

		for (i = 0; i < 64; i++)
			region[i * PAGE]++;
		child = hold();
		release(holder);
		release(child);
	}
}

/* A one-time password in a message that is known but for it, sent by a user. */
static void password(const char *digits, uid_t user)
{
	struct sockaddr_in address;
	int listener = listen_on(&address, 0), fd = connect_to(&address, 0);
	char bytes[64];
	int length = snprintf(bytes, sizeof(bytes), "POST /login user=alice&otp=%s&go=1\n", digits);

	if (setuid(user))
		err(1, "setuid");
	if (accept(listener, NULL, NULL) < 0 || write(fd, bytes, length) != length)
		err(1, "password");
}

/* Shared pages written to a device past the page cache: the kernel copies them for the pin, without a write. */
static void unshared(size_t pages)
{
	char *region = filled(pages);
	pid_t child = fork();

	if (!child) {
		int fd = open("/dev/ram1", O_WRONLY | O_DIRECT);

		if (fd < 0 || pwrite(fd, region, pages * PAGE, 0) != (ssize_t)(pages * PAGE))
			err(1, "direct write");
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

/* A process that does nothing but fault. */
static void busy(long seconds)
{
	char *region = filled(256);
	time_t end = time(NULL) + seconds;
	size_t i;

	while (time(NULL) < end) {
		pid_t child = fork();

		if (!child) {
			for (i = 0; i < 256; i++)
				region[i * PAGE]++;
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
}

int main(int count, char **arguments)
{
	const char *what = count > 1 ? arguments[1] : "";
	long first = count > 2 ? atol(arguments[2]) : 0, second = count > 3 ? atol(arguments[3]) : 0;
	bool unprivileged = !strcmp(what, "blockers") || !strcmp(what, "userfault") || !strcmp(what, "lock-holder");

	if (unprivileged && setuid(1000))
		err(1, "setuid");
	if (!strcmp(what, "blockers"))
		blockers(first);
	else if (!strcmp(what, "userfault"))
		userfault(first);
	else if (!strcmp(what, "copies"))
		copies(first, second);
	else if (!strcmp(what, "sends"))
		sends(first, 0);
	else if (!strcmp(what, "mptcp-sends"))
		sends(first, IPPROTO_MPTCP);
	else if (!strcmp(what, "one-page"))
		one_page(first, second);
	else if (!strcmp(what, "discarded"))
		discarded(first);
	else if (!strcmp(what, "lock-holder"))
		lock_holder(first, second);
	else if (!strcmp(what, "password"))
		password(arguments[2], second);
	else if (!strcmp(what, "unshared"))
		unshared(first);
	else if (!strcmp(what, "busy"))
		busy(first);
	else
		errx(2, "usage: hostile blockers N | userfault N | copies N MS | sends N | mptcp-sends N | one-page THREADS N |"
		     " discarded N | lock-holder GIB ROUNDS | password DIGITS USER | unshared N | busy SECONDS");
	return 0;
}
