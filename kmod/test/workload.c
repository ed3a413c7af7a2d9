// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work whose number of copies and sends is known, for the test of the module.
 *
 *	workload CGROUP CASE COUNT
 *
 * moves a process into the cgroup, does the work of the case there and prints
 * one line: the copies, how many of them end redundant, how many cannot be
 * judged, the sends, their bytes, and how many are redundant; of the case
 * `content` also what sends by content must count.
 *
 * It uses no C library, and its processes have their stacks in shared memory and
 * keep their results there: nothing is copied but the pages of the case.
 */
#include "bare.h"
#include "cases.h"

struct shared *shared;

static int is(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static unsigned long number(const char *text)
{
	unsigned long value = 0;

	while (*text >= '0' && *text <= '9')
		value = value * 10 + *text++ - '0';
	return value;
}

void enter(const char *cgroup)
{
	char path[128];
	long fd;

	text_join(path, sizeof(path), cgroup, "/cgroup.procs");
	fd = check("open cgroup.procs", sys_open(path, 1));
	check("write cgroup.procs", sys_write(fd, "0", 1));
	sys_close(fd);
}

static void run(void *argument)
{
	const struct work *work = argument;

	enter(work->cgroup);
	work->run(work->count);
}

static void say(const char *cgroup, const char *name)
{
	const struct reference *reference = &shared->reference;

	say_text("REFERENCE ");
	say_text(cgroup);
	say_text(" ");
	say_text(name);
	say_number(" copies ", reference->copies);
	say_number(" redundant ", reference->redundant);
	say_number(" unjudged ", reference->unjudged);
	say_number(" sends ", reference->sends);
	say_number(" send_bytes ", reference->send_bytes);
	say_number(" send_redundant ", reference->send_redundant);
	say_number(" zero_fills ", reference->zero_fills);
	if (reference->bodies) {
		say_number(" bodies ", reference->bodies);
		say_number(" body_bytes ", reference->body_bytes);
		say_number(" peer_redundant ", reference->peer_redundant);
		say_number(" peer_bytes ", reference->peer_bytes);
		say_number(" container_redundant ", reference->container_redundant);
		say_number(" container_bytes ", reference->container_bytes);
		say_number(" connection_redundant ", reference->connection_redundant);
		say_number(" connection_bytes ", reference->connection_bytes);
		say_number(" not_judged ", reference->not_judged);
		say_number(" not_judged_bytes ", reference->not_judged_bytes);
		say_number(" encrypted_bytes ", reference->encrypted_bytes);
		say_number(" head_bytes ", reference->head_bytes);
	}
	if (reference->events) {
		say_number(" ticks ", reference->ticks);
		say_number(" events ", reference->events);
	}
	say_text("\n");
}

__attribute__((used)) void start(unsigned long *stack)
{
	char **arguments = (char **)(stack + 1);
	const struct named *named;

	if (stack[0] != 4)
		die("usage: workload CGROUP CASE COUNT");
	shared = map_shared(sizeof(*shared));
	for (named = cases; named->name; named++) {
		if (!is(named->name, arguments[2]))
			continue;
		shared->work.cgroup = arguments[1];
		shared->work.run = named->run;
		shared->work.count = number(arguments[3]);
		await(spawn(run, &shared->work, 0));
		say(arguments[1], arguments[2]);
		sys_exit(0);
	}
	die("no such case");
}

__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n\thlt\n");
