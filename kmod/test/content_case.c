// SPDX-License-Identifier: GPL-2.0-only
/*
 * Responses as real servers send them, over new connections from clients at
 * several addresses: what repeats is the body, and never the head with its date.
 * The reference is a list of all bodies that were sent, with their peers.
 */
#include "bare.h"
#include "cases.h"

#include <asm/unistd.h>
#include <linux/in.h>

#define AF_INET 2
#define SOCK_STREAM 1
#define MESSAGE_BYTES 65536UL
#define MOST_BODIES 4096
#define CLIENTS 3
#define KINDS 11
/* More than init.sh lets the capture hash, and more than a head may have. */
#define LONG_BODY 20000UL
#define LONG_HEAD 5000UL

struct part {
	const char *base;
	unsigned long length;
};

/* A body by its number: two bodies of one number are equal, others differ. */
struct body {
	unsigned int peer, number;
};

enum number { HEALTH = 1, JSON, REST_OF_HEAD, PONG, HELLO, UNIQUE };

struct job {
	struct sockaddr_in address;
	long listener;
	unsigned long connections;
	unsigned long body_count;
	struct body bodies[MOST_BODIES];
	/* Of the connection: its client, and the number of the body that it sent last. */
	unsigned int peer, last;
};

/* Text that is written part by part. */
struct text {
	char *bytes;
	unsigned long length;
};

static void add(struct text *text, const char *more)
{
	while (*more)
		text->bytes[text->length++] = *more++;
}

static void add_number(struct text *text, unsigned long value)
{
	char digits[24];

	text_number(digits, sizeof(digits), "", value);
	add(text, digits);
}

static void add_bytes(struct text *text, char byte, unsigned long count)
{
	while (count--)
		text->bytes[text->length++] = byte;
}

/* The beginning of a head that is another one each time. */
static void add_status(struct text *text, const char *status, unsigned long date)
{
	add(text, status);
	add(text, "Date: ");
	add_number(text, 1000000 + date);
}

static struct text new_text(void)
{
	return (struct text){ .bytes = map_shared(MESSAGE_BYTES) };
}

static void free_text(struct text *text)
{
	sys(__NR_munmap, (long)text->bytes, MESSAGE_BYTES, 0, 0, 0, 0);
}

static void count_send(unsigned long length)
{
	shared->reference.sends++;
	shared->reference.send_bytes += length;
}

/* What was sent is a head and a body. */
static void expect_body(struct job *job, unsigned int number, unsigned long head, unsigned long length)
{
	struct reference *reference = &shared->reference;
	int to_peer = 0, to_any = 0;
	unsigned long i;

	for (i = 0; i < job->body_count; i++) {
		if (job->bodies[i].number != number)
			continue;
		to_any = 1;
		to_peer |= job->bodies[i].peer == job->peer;
	}
	if (job->body_count == MOST_BODIES)
		die("too many bodies");
	job->bodies[job->body_count++] = (struct body){ job->peer, number };
	count_send(head + length);
	reference->head_bytes += head;
	reference->bodies++;
	reference->body_bytes += length;
	reference->peer_redundant += to_peer;
	reference->peer_bytes += to_peer ? length : 0;
	reference->container_redundant += to_any;
	reference->container_bytes += to_any ? length : 0;
	reference->connection_redundant += job->last == number;
	reference->connection_bytes += job->last == number ? length : 0;
	job->last = number;
}

/* What was sent is compared with nothing. */
static void expect_unjudged(unsigned long head, unsigned long length, int is_encrypted)
{
	count_send(head + length);
	shared->reference.head_bytes += head;
	shared->reference.not_judged++;
	shared->reference.not_judged_bytes += length;
	shared->reference.encrypted_bytes += is_encrypted ? length : 0;
}

static void send_parts(long fd, const struct part *parts, long count)
{
	unsigned long length = 0;
	long i;

	for (i = 0; i < count; i++)
		length += parts[i].length;
	if (check("writev", sys(__NR_writev, fd, (long)parts, count, 0, 0, 0)) != (long)length)
		die("a blocking send took less than all");
}

static void send_text(long fd, const char *bytes, unsigned long length)
{
	struct part part = { bytes, length };

	send_parts(fd, &part, 1);
}

/* Head and body in one call. */
static void send_response(struct job *job, long fd, struct text *text, unsigned long head, unsigned int number)
{
	send_text(fd, text->bytes, text->length);
	expect_body(job, number, head, text->length - head);
}

/* Head and body in two calls. */
static void send_apart(struct job *job, long fd, struct text *text, unsigned long head, unsigned int number)
{
	send_text(fd, text->bytes, head);
	expect_unjudged(head, 0, 0);
	send_text(fd, text->bytes + head, text->length - head);
	expect_body(job, number, 0, text->length - head);
}

/* Head and body in one call, from two places. */
static void send_gathered(struct job *job, long fd, struct text *text, unsigned long head, unsigned int number)
{
	struct part parts[2] = { { text->bytes, head }, { text->bytes + head, text->length - head } };

	send_parts(fd, parts, 2);
	expect_body(job, number, head, text->length - head);
}

/* A head that ends in another call than it began. */
static void send_cut_head(struct job *job, long fd, struct text *text)
{
	static const char rest[] = "Content-Length: 2\r\n\r\nok";

	add(text, "\r\n");
	send_text(fd, text->bytes, text->length);
	expect_unjudged(0, text->length, 0);
	memcpy(text->bytes, rest, sizeof(rest) - 1);
	send_text(fd, text->bytes, sizeof(rest) - 1);
	expect_body(job, REST_OF_HEAD, 0, sizeof(rest) - 1);
}

static void send_unjudged(long fd, const struct text *text, unsigned long head, int is_encrypted)
{
	send_text(fd, text->bytes, text->length);
	expect_unjudged(head, text->length - head, is_encrypted);
}

static void respond(struct job *job, long fd, unsigned long number)
{
	struct text text = new_text();
	unsigned long head;
	int i;

	switch (number % KINDS) {
	case 0:
	case 1:
		add_status(&text, "HTTP/1.1 200 OK\r\n", number);
		add(&text, "\r\nContent-Length: 15\r\n\r\n");
		head = text.length;
		add(&text, "{\"health\":true}");
		send_response(job, fd, &text, head, HEALTH);
		break;
	case 2:
		add_status(&text, "HTTP/1.1 200 OK\r\n", number);
		add(&text, "\r\n\r\n");
		head = text.length;
		add(&text, "{\"time\":");
		add_number(&text, 1000000 + number);
		add(&text, "}");
		send_response(job, fd, &text, head, UNIQUE + number);
		break;
	case 3:
	case 4:
		add_status(&text, "HTTP/1.1 200 OK\r\n", number);
		add(&text, "\r\nTransfer-Encoding: chunked\r\n\r\n");
		head = text.length;
		add(&text, "1770\r\n");
		add_bytes(&text, 'j', 6000);
		add(&text, "\r\n0\r\n\r\n");
		if (number % KINDS == 3)
			send_apart(job, fd, &text, head, JSON);
		else
			send_gathered(job, fd, &text, head, JSON);
		break;
	case 5:
		add_status(&text, "HTTP/1.1 200 OK\r\n", number);
		send_cut_head(job, fd, &text);
		break;
	case 6:
		add(&text, "\x17\x03\x03\x01\xf4");
		add_bytes(&text, 'e', 500);
		send_unjudged(fd, &text, 0, 1);
		break;
	case 7:
		add_status(&text, "HTTP/1.1 200 OK\r\n", number);
		add(&text, "\r\n\r\n");
		add_bytes(&text, 'l', LONG_BODY);
		send_unjudged(fd, &text, 0, 0);
		break;
	case 8:
		add(&text, "+PONG\r\n");
		for (i = 0; i < 3; i++)
			send_response(job, fd, &text, 0, PONG);
		break;
	case 9:
		add_status(&text, "HTTP/1.1 204 No Content\r\n", number);
		add(&text, "\r\n\r\n");
		send_unjudged(fd, &text, text.length, 0);
		text.length = 0;
		add_status(&text, "HTTP/1.0 200 OK\n", number);
		add(&text, "\n\n");
		head = text.length;
		add(&text, "hello");
		send_response(job, fd, &text, head, HELLO);
		break;
	case 10:
		add_status(&text, "HTTP/1.1 200 OK\r\n", number);
		add(&text, "\r\nX: ");
		add_bytes(&text, 'h', LONG_HEAD);
		add(&text, "\r\n\r\nhello");
		send_unjudged(fd, &text, 0, 0);
		break;
	}
	free_text(&text);
}

/* Clients at 127.0.0.2 and the addresses behind it: each connects, takes what comes, and sends nothing. */
static void take(void *argument)
{
	const struct job *job = argument;
	char *bytes = map_shared(MESSAGE_BYTES);
	unsigned long i;

	for (i = 0; i < job->connections; i++) {
		struct sockaddr_in own = { .sin_family = AF_INET };
		long fd = check("socket", sys(__NR_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0));

		own.sin_addr.s_addr = 0x0000007f | (2 + i / KINDS % CLIENTS) << 24;
		check("bind", sys(__NR_bind, fd, (long)&own, sizeof(own), 0, 0, 0));
		check("connect", sys(__NR_connect, fd, (long)&job->address, sizeof(job->address), 0, 0, 0));
		while (check("read", sys(__NR_read, fd, (long)bytes, MESSAGE_BYTES, 0, 0, 0)) > 0)
			;
		sys_close(fd);
	}
}

void case_content(unsigned long count)
{
	struct job *job = map_shared(sizeof(*job));
	int length = sizeof(job->address);
	unsigned long i;
	long taker;

	job->connections = count;
	job->address.sin_family = AF_INET;
	job->address.sin_addr.s_addr = 0x0100007f;
	job->listener = check("socket", sys(__NR_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0));
	check("bind", sys(__NR_bind, job->listener, (long)&job->address, length, 0, 0, 0));
	check("listen", sys(__NR_listen, job->listener, 64, 0, 0, 0, 0));
	check("getsockname",
	      sys(__NR_getsockname, job->listener, (long)&job->address, (long)&length, 0, 0, 0));
	taker = spawn(take, job, 0);
	for (i = 0; i < count; i++) {
		struct sockaddr_in client;
		int client_length = sizeof(client);
		long fd = check("accept", sys(__NR_accept, job->listener, (long)&client, (long)&client_length, 0, 0, 0));

		job->peer = client.sin_addr.s_addr;
		job->last = 0;
		respond(job, fd, i);
		sys_close(fd);
	}
	await(taker);
}
