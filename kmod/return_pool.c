// SPDX-License-Identifier: GPL-2.0-only
/*
 * A return probe whose pool of instances grows.
 *
 * The kernel gives a return probe a fixed number of instances, and a call holds
 * one until it returns. A process that sleeps in many calls would hold all of
 * them, and the calls of every other process would be missed. So when a quarter
 * of a pool is held another probe with four times as many instances takes over.
 * The earlier one is disarmed and stays registered: it sees the returns of the
 * calls that it holds. An instance is small beside the stack of the task that
 * holds it, so this memory follows the tasks.
 *
 * What is missed while a pool grows, or for want of memory, is counted.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/kprobes.h>
#include <linux/stop_machine.h>

#include "return_pool.h"

static int register_pool(struct return_hook *hook, unsigned int index)
{
	struct return_pool *pool = &hook->pools[index];
	int error;

	pool->held = alloc_percpu(int);
	if (!pool->held)
		return -ENOMEM;
	pool->probe = (struct kretprobe) {
		.kp.symbol_name = hook->symbol,
		.kp.flags = KPROBE_FLAG_DISABLED,
		.entry_handler = hook->entry,
		.handler = hook->exit,
		.data_size = hook->data_bytes,
		.maxactive = hook->instances << 2 * index,
	};
	error = ds_return_probe_register(&pool->probe, hook->optional);
	pool->registered = !error;
	if (error)
		free_percpu(pool->held);
	return error;
}

static int held_of(const struct return_pool *pool)
{
	unsigned int cpu;
	int sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(pool->held, cpu));
	return sum;
}

static int arm_pool(struct return_pool *pool, bool on)
{
	int error = 0;

	if (pool->armed == on)
		return 0;
	error = on ? enable_kretprobe(&pool->probe) : disable_kretprobe(&pool->probe);
	if (!error)
		pool->armed = on;
	return error;
}

int return_hook_register(struct return_hook *hook, unsigned int instances)
{
	int error;

	hook->instances = instances;
	error = register_pool(hook, 0);
	return error == -ENOENT && hook->optional ? 0 : error;
}

void return_hook_unregister(struct return_hook *hook)
{
	unsigned int i;

	for (i = 0; i < RETURN_POOLS; i++) {
		if (!hook->pools[i].registered)
			continue;
		unregister_kretprobe(&hook->pools[i].probe);
		free_percpu(hook->pools[i].held);
		hook->pools[i].registered = false;
	}
}

int return_hook_arm(struct return_hook *hook, bool on)
{
	struct return_pool *pool = &hook->pools[hook->active];
	int error = pool->registered ? arm_pool(pool, on) : 0;

	if (!error)
		hook->on = on;
	return error;
}

u64 return_hook_missed(const struct return_hook *hook)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < RETURN_POOLS; i++)
		sum += (u64)hook->pools[i].probe.nmissed + hook->pools[i].probe.kp.nmissed;
	return sum;
}

/* All CPUs are stopped outside of the hooks, so each call is taken by one pool. */
static int take_over(void *argument)
{
	struct return_hook *hook = argument;

	WRITE_ONCE(hook->active, hook->active + 1);
	return 0;
}

void return_hook_grow(struct return_hook *hook)
{
	struct return_pool *pool = &hook->pools[hook->active], *next = pool + 1;
	int error = 0;

	if (!hook->on || !pool->registered || hook->full || hook->active + 1 == RETURN_POOLS ||
	    held_of(pool) < pool->probe.maxactive / 4)
		return;
	if (!next->registered)
		error = register_pool(hook, hook->active + 1);
	error = error ?: arm_pool(next, true);
	if (error) {
		hook->full = true;
		pr_warn("%s: no more than %d calls under way can be seen (error %d); others are counted as blind\n",
			hook->symbol, pool->probe.maxactive, error);
		return;
	}
	stop_machine(take_over, hook, NULL);
	arm_pool(pool, false);
	pr_info("%s: %d calls under way can be seen\n", hook->symbol, next->probe.maxactive);
}
