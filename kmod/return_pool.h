/* SPDX-License-Identifier: GPL-2.0-only */
/* A return probe whose pool of instances grows with the calls that sleep in its function. */
#ifndef RETURN_POOL_H
#define RETURN_POOL_H

#include "deltascope.h"

/* Each pool holds four times what the one before it holds: the last one holds more than there can be tasks. */
#define RETURN_POOLS 7

struct return_pool {
	struct kretprobe probe;
	bool registered, armed;
	/* Calls that hold an instance of this pool: the sum over all CPUs. */
	int __percpu *held;
};

struct return_hook {
	const char *symbol;
	bool optional;
	kretprobe_handler_t entry, exit;
	size_t data_bytes;
	unsigned int instances;
	/* The pool that takes calls; the earlier ones serve those that they took. */
	unsigned int active;
	bool on;
	/* Missed for want of memory for the next pool. */
	bool full;
	struct return_pool pools[RETURN_POOLS];
};

int return_hook_register(struct return_hook *hook, unsigned int instances);
void return_hook_unregister(struct return_hook *hook);
int return_hook_arm(struct return_hook *hook, bool on);
/* Calls that found no instance. */
u64 return_hook_missed(const struct return_hook *hook);
/* Process context. Adds a pool when a quarter of the active one is held. */
void return_hook_grow(struct return_hook *hook);

/* Hook. Whether this instance's pool is the one that takes calls. */
static inline bool return_pool_takes(const struct return_hook *hook, struct kretprobe_instance *instance)
{
	return get_kretprobe(instance) == &hook->pools[READ_ONCE(hook->active)].probe;
}

/* Hook. The active pool's instance is kept until the return. */
static inline void return_pool_entered(struct return_hook *hook)
{
	this_cpu_inc(*hook->pools[READ_ONCE(hook->active)].held);
}

/* Hook. The instance is given back. */
static inline void return_pool_left(struct kretprobe_instance *instance)
{
	struct kretprobe *probe = get_kretprobe(instance);

	if (probe)
		this_cpu_dec(*container_of(probe, struct return_pool, probe)->held);
}

#endif
