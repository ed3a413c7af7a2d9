// SPDX-License-Identifier: GPL-2.0-only
/* Sends on loopback TCP. A process of its own takes what comes. */
#include "bare.h"
#include "cases.h"

#include <asm/unistd.h>
#include <linux/in.h>

#define AF_INET 2
#define SOCK_STREAM 1
#define SOCK_NONBLOCK 04000
#define MSG_NOSIGNAL 0x4000
#define EAGAIN 11
#define SINK_BYTES 65536UL

struct iovec {
	const void *base;
	unsigned long length;
};

struct sink {
	long listener;
	struct sockaddr_in address;
	unsigned long connections;
};

static void listen_on(struct sink *sink)
{
	int length = sizeof(sink->address);

	memset(&sink->address, 0, sizeof(sink->address));
	sink->address.sin_family = AF_INET;
	sink->address.sin_addr.s_addr = 0x0100007f;
	sink->listener = check("socket", sys(__NR_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0));
	check("bind", sys(__NR_bind, sink->listener, (long)&sink->address, length, 0, 0, 0));
	check("listen", sys(__NR_listen, sink->listener, 64, 0, 0, 0, 0));
	check("getsockname", sys(__NR_getsockname, sink->listener, (long)&sink->address, (long)&length, 0, 0, 0));
}

/* Takes one connection after the other, each to its end. */
static void take(void *argument)
{
	const struct sink *sink = argument;
	char *bytes = map_shared(SINK_BYTES);
	unsigned long i;

	for (i = 0; i < sink->connections; i++) {
		long fd = check("accept", sys(__NR_accept, sink->listener, 0, 0, 0, 0, 0));

		while (check("read", sys(__NR_read, fd, (long)bytes, SINK_BYTES, 0, 0, 0)) > 0)
			;
		sys_close(fd);
	}
}

static long connect_to(const struct sink *sink)
{
	long fd = check("socket", sys(__NR_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0));

	check("connect", sys(__NR_connect, fd, (long)&sink->address, sizeof(sink->address), 0, 0, 0));
	return fd;
}

static void sent(long bytes, int redundant)
{
	shared->reference.sends++;
	shared->reference.send_bytes += bytes;
	shared->reference.send_redundant += redundant;
}

static void send_all(long fd, const char *bytes, unsigned long length, int redundant)
{
	long taken = check("write", sys_write(fd, bytes, length));

	if ((unsigned long)taken != length)
		die("a blocking send took less than all");
	sent(taken, redundant);
}

/* In memory, page for page, so that nothing of it is missing when it is hashed. */
static char *payload(unsigned long length, unsigned int seed)
{
	char *bytes = map_shared(length);
	unsigned long i;

	for (i = 0; i < length; i++)
		bytes[i] = (i * 7 + seed * 131 + (i >> 8)) % 251;
	return bytes;
}

static long start_sink(struct sink *sink, unsigned long connections)
{
	listen_on(sink);
	sink->connections = connections;
	return spawn(take, sink, 0);
}

/* One connection on which `work` sends. */
static void with_connection(void (*work)(long fd, unsigned long count), unsigned long count)
{
	struct sink sink;
	long taker = start_sink(&sink, 1), fd = connect_to(&sink);

	work(fd, count);
	sys_close(fd);
	await(taker);
}

static void duplicates(long fd, unsigned long count)
{
	char *bytes = payload(1000, 1);
	unsigned long i;

	for (i = 0; i < count; i++)
		send_all(fd, bytes, 1000, i > 0);
}

static void alternating(long fd, unsigned long count)
{
	char *one = payload(1000, 2), *other = payload(1000, 3);
	unsigned long i;

	for (i = 0; i < count; i++)
		send_all(fd, i % 2 ? one : other, 1000, 0);
}

static void scattered(long fd, unsigned long count)
{
	struct iovec parts[2] = { { payload(700, 4), 700 }, { payload(1300, 5), 1300 } };
	unsigned long i;

	for (i = 0; i < count; i++) {
		if (check("writev", sys(__NR_writev, fd, (long)parts, 2, 0, 0, 0)) != 2000)
			die("writev took less than all");
		sent(2000, i > 0);
	}
}

/* Longer than what is hashed: equal to the one before, and never said to be. */
static void large(long fd, unsigned long count)
{
	char *bytes = payload(100000, 6);
	unsigned long i;

	for (i = 0; i < count; i++)
		send_all(fd, bytes, 100000, 0);
}

static void tls(long fd, unsigned long count)
{
	char *bytes = payload(505, 7);
	unsigned long i;

	memcpy(bytes, "\x17\x03\x03\x01\xf4", 5);
	for (i = 0; i < count; i++)
		send_all(fd, bytes, 505, i > 0);
}

void case_duplicates(unsigned long count)
{
	with_connection(duplicates, count);
}

void case_alternating(unsigned long count)
{
	with_connection(alternating, count);
}

void case_writev(unsigned long count)
{
	with_connection(scattered, count);
}

void case_large(unsigned long count)
{
	with_connection(large, count);
}

void case_tls(unsigned long count)
{
	with_connection(tls, count);
}

/* The same bytes three times on each of many sockets that are open together. */
void case_sockets(unsigned long count)
{
	char *bytes = payload(300, 8);
	struct sink sink;
	long taker = start_sink(&sink, count), fds[256];
	unsigned long i;
	int round;

	if (count > 256)
		die("at most 256 sockets");
	/* Only the first is accepted at once; the others wait in the backlog. */
	for (i = 0; i < count; i++)
		fds[i] = connect_to(&sink);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < count; i++)
			send_all(fds[i], bytes, 300, round > 0);
	}
	for (i = 0; i < count; i++)
		sys_close(fds[i]);
	await(taker);
}

/* A new socket under the same number has no earlier send: equal bytes are not redundant. */
void case_socket_reuse(unsigned long count)
{
	char *bytes = payload(300, 9);
	struct sink sink;
	long taker = start_sink(&sink, count), first = -1;
	unsigned long i;

	for (i = 0; i < count; i++) {
		long fd = connect_to(&sink);

		if (first >= 0 && fd != first)
			die("the number of the socket was not used again");
		first = fd;
		send_all(fd, bytes, 300, 0);
		sys_close(fd);
	}
	await(taker);
}

/* A full socket: calls that take nothing are no sends, and their repetition is not redundant. */
void case_again(unsigned long count)
{
	unsigned long length = 8192, refused = 0;
	struct sink sink;
	char *bytes;
	long fd;

	listen_on(&sink);
	fd = connect_to(&sink);
	check("fcntl", sys(__NR_fcntl, fd, 4 /* F_SETFL */, SOCK_NONBLOCK, 0, 0, 0));
	while (refused < count) {
		long taken;

		bytes = payload(length, 10 + shared->reference.sends);
		taken = sys_write(fd, bytes, length);
		if (taken == -EAGAIN)
			refused++;
		else
			sent(check("write", taken), 0);
		sys(__NR_munmap, (long)bytes, length, 0, 0, 0, 0);
	}
	sys_close(fd);
}

/* Senders that wait in tcp_sendmsg() until they are killed. */
static void stuck(void *argument)
{
	const struct sink *sink = argument;
	char *bytes = payload(1 << 20, 11);
	long fd = connect_to(sink);

	for (;;)
		sys_write(fd, bytes, 1 << 20);
}

void case_blocked(unsigned long count)
{
	struct sink sink;
	long children[16];
	unsigned long i;

	if (count > 16)
		die("at most 16 senders");
	listen_on(&sink);
	for (i = 0; i < count; i++)
		children[i] = spawn(stuck, &sink, 0);
	sleep_ms(3000);
	for (i = 0; i < count; i++) {
		sys(__NR_kill, children[i], 9, 0, 0, 0, 0);
		sys(__NR_wait4, children[i], 0, 0, 0, 0, 0);
	}
}

struct visit {
	char cgroup[64];
	unsigned long *region;
	const char *bytes;
	long fd;
};

/* A short life in a cgroup of its own: two copies, one of them redundant, and a send. */
static void visit(void *argument)
{
	const struct visit *visit = argument;

	/* A new process has none of the shared pages in its page table, and what is not there is not hashed. */
	if (!*(const volatile char *)(visit->bytes + 99))
		die("the payload ends with a zero");
	enter(visit->cgroup);
	write_pages(visit->region, 0, 1, 1, 0);
	write_pages(visit->region, 1, 2, 1, 1);
	if (sys_write(visit->fd, visit->bytes, 100) != 100)
		die("a send of 100 bytes took less");
}

static void visits(long fd, unsigned long count)
{
	struct visit job = { .region = filled(2), .bytes = payload(100, 13), .fd = fd };
	unsigned long i;

	for (i = 0; i < count; i++) {
		text_number(job.cgroup, sizeof(job.cgroup), "/sys/fs/cgroup/churned", i);
		check("mkdir", sys(__NR_mkdir, (long)job.cgroup, 0755, 0, 0, 0, 0));
		await(spawn(visit, &job, 0));
		check("rmdir", sys(__NR_rmdir, (long)job.cgroup, 0, 0, 0, 0, 0));
		shared->reference.copies += 2;
		shared->reference.redundant++;
		sent(100, i > 0);
	}
}

/* Many cgroups, one after the other, each with a little work and then removed. */
void case_churned(unsigned long count)
{
	with_connection(visits, count);
}

/* Sends that fit into the receiver's buffer, so that no other process runs meanwhile. */
static void cost_of(const char *bytes, unsigned long length)
{
	unsigned long i, count = length > 4096 ? 4 : 32, begun;
	struct sink sink;
	long fd;

	listen_on(&sink);
	fd = connect_to(&sink);
	send_all(fd, bytes, length, 0);
	begun = ticks();
	for (i = 0; i < count; i++)
		sys_write(fd, bytes, length);
	shared->reference.ticks = ticks() - begun;
	shared->reference.events = count;
	sys_close(fd);
}

void case_cost_send(unsigned long length)
{
	cost_of(payload(length, 12), length);
}

/* The same with the head of a response in it, of 200 bytes. */
void case_cost_response(unsigned long length)
{
	static const char begin[] = "HTTP/1.1 200 OK\r\nServer: ";
	char *bytes = payload(length, 14);
	unsigned long i;

	if (length < 200)
		die("a response is longer than its head");
	for (i = 0; i < 200; i++)
		bytes[i] = 'x';
	memcpy(bytes, begin, sizeof(begin) - 1);
	memcpy(bytes + 196, "\r\n\r\n", 4);
	cost_of(bytes, length);
}
