// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader of the rings: which process it is, how it is woken, and how often
 * a second one, or a mapping that is not allowed, was refused.
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/irq_work.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "deltascope.h"

DECLARE_WAIT_QUEUE_HEAD(ds_readers);

static struct irq_work wake_work;
static pid_t reader;
static bool sees_addresses;
static atomic64_t refused;

static void wake(struct irq_work *work)
{
	wake_up_interruptible(&ds_readers);
}

void ds_reader_create(void)
{
	init_irq_work(&wake_work, wake);
}

/* The probes are gone, so nothing queues the work again. */
void ds_reader_destroy(void)
{
	irq_work_sync(&wake_work);
}

/* Hook: from here the reader is woken outside the probe. */
void ds_reader_wake(void)
{
	irq_work_queue(&wake_work);
}

void ds_reader_set(pid_t tgid)
{
	bool may = tgid && perfmon_capable();

	if (READ_ONCE(sees_addresses) && !may) {
		WRITE_ONCE(sees_addresses, false);
		/* Hooks that have read the old value are done; they run with preemption off. */
		synchronize_rcu();
		ds_ring_hide_addresses();
	}
	WRITE_ONCE(sees_addresses, may);
	WRITE_ONCE(reader, tgid);
}

bool ds_reader_sees_addresses(void)
{
	return READ_ONCE(sees_addresses);
}

bool ds_reader_is_current(void)
{
	return current->tgid == READ_ONCE(reader);
}

void ds_reader_refuse(void)
{
	atomic64_inc(&refused);
}

u64 ds_reader_refused(void)
{
	return atomic64_read(&refused);
}
