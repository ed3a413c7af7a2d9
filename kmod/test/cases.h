/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CASES_H
#define CASES_H

/* What a case did: the reference that the counters are compared with. */
struct reference {
	unsigned long copies;
	unsigned long redundant;
	unsigned long unjudged;
	unsigned long sends;
	unsigned long send_bytes;
	unsigned long send_redundant;
	unsigned long zero_fills;
	/* Of sends by content. */
	unsigned long bodies;
	unsigned long body_bytes;
	unsigned long peer_redundant;
	unsigned long peer_bytes;
	unsigned long container_redundant;
	unsigned long container_bytes;
	unsigned long connection_redundant;
	unsigned long connection_bytes;
	unsigned long not_judged;
	unsigned long not_judged_bytes;
	unsigned long encrypted_bytes;
	unsigned long head_bytes;
	/* Ticks of the time-stamp counter over `events` events, in the cases that measure. */
	unsigned long ticks;
	unsigned long events;
};

struct work {
	const char *cgroup;
	void (*run)(unsigned long count);
	unsigned long count;
};

/* In memory that every process of the workload shares. */
struct shared {
	struct reference reference;
	struct work work;
	volatile unsigned int flag[8];
};

struct named {
	const char *name;
	void (*run)(unsigned long count);
};

extern struct shared *shared;
extern const struct named cases[];

/* workload.c: the calling process enters a cgroup. */
void enter(const char *cgroup);

/* page_cases.c */
/* A private region whose every page differs from every other. */
unsigned long *filled(unsigned long pages);
/* Writes pages first, first + step, ...: the value that is there, or another one. */
void write_pages(unsigned long *region, unsigned long first, unsigned long end, unsigned long step, int change);
void case_same(unsigned long count);
void case_changed(unsigned long count);
void case_mixed(unsigned long count);
void case_held(unsigned long count);
void case_parent(unsigned long count);
void case_early_exit(unsigned long count);
void case_threads(unsigned long count);
void case_mremap(unsigned long count);
void case_munmap(unsigned long count);
void case_twice(unsigned long count);
void case_pageout(unsigned long count);
void case_zero(unsigned long count);
void case_reuse(unsigned long count);
void case_storm(unsigned long count);
void case_cost_copy(unsigned long count);
void case_cost_reuse(unsigned long count);
void case_cost_exit(unsigned long count);

/* send_cases.c */
void case_duplicates(unsigned long count);
void case_alternating(unsigned long count);
void case_writev(unsigned long count);
void case_large(unsigned long count);
void case_tls(unsigned long count);
void case_sockets(unsigned long count);
void case_socket_reuse(unsigned long count);
void case_again(unsigned long count);
void case_blocked(unsigned long count);
void case_cost_send(unsigned long length);
void case_cost_response(unsigned long length);
void case_churned(unsigned long count);

/* content_case.c */
void case_content(unsigned long count);

#endif
