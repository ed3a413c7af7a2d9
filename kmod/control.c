// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is captured, and the housekeeping that drives the judge.
 *
 * Off means off: without captures and with nothing that waits no probe is
 * armed and no work item is queued.
 */
#include <linux/cpumask.h>
#include <linux/kprobes.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "deltascope.h"

static struct workqueue_struct *queue;
static struct delayed_work tick_work;

struct judge {
	struct work_struct work;
	unsigned int cpu;
	/* Also what exits have left. */
	bool all;
};

static DEFINE_PER_CPU(struct judge, judges);

static DEFINE_MUTEX(switch_lock);
static unsigned long capturing;
static bool closed;

unsigned long ds_control_capturing(void)
{
	return READ_ONCE(capturing);
}

void ds_control_publish(void)
{
	struct ds_state state = {
		.blind = ds_cow_blind() + ds_send_blind(),
		.kills = ds_kills(),
		.refused = ds_reader_refused(),
		.capturing = READ_ONCE(capturing),
		.throttle = ds_throttle(),
		.stopped_s = ds_stopped_s(),
	};

	ds_ring_publish(&state);
}

/* Often enough that T is met to an eighth, and at least 20 times a second. */
static unsigned long tick_length(void)
{
	return msecs_to_jiffies(clamp(READ_ONCE(ds_settings.judge_after_ms) / 8, 1U, 50U));
}

static int arm(unsigned long what, bool on)
{
	int error = 0;

	if (what == DS_SENDS)
		return ds_send_arm(on);
	/* The probes that see the end of a page go when nothing waits any more. */
	if (on)
		error = ds_cow_arm_ends(true);
	return error ?: ds_cow_arm(on);
}

static int switch_locked(unsigned long what, bool on)
{
	int error;

	if (closed)
		return -ENODEV;
	if (!!(capturing & what) == on)
		return 0;
	error = arm(what, on);
	if (error)
		return error;
	WRITE_ONCE(capturing, on ? capturing | what : capturing & ~what);
	queue_delayed_work(queue, &tick_work, tick_length());
	return 0;
}

int ds_control_switch(unsigned long what, bool on)
{
	int error;

	mutex_lock(&switch_lock);
	ds_kill_switch_forget(what);
	error = switch_locked(what, on);
	mutex_unlock(&switch_lock);
	ds_control_publish();
	return error;
}

/* Does what the kill switch wants. */
static void obey_kill_switch(void)
{
	unsigned long wanted = ds_kill_switch_watch(capturing);

	switch_locked(DS_PAGES, wanted & DS_PAGES);
	switch_locked(DS_SENDS, wanted & DS_SENDS);
}

static void judge(struct work_struct *work)
{
	struct judge *own = container_of(work, struct judge, work);

	ds_pending_judge(own->cpu, xchg(&own->all, false));
}

/* Whether any copy waits. */
static bool start_judges(void)
{
	bool all = ds_pending_left_by_exit(), waits = false;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct judge *own = per_cpu_ptr(&judges, cpu);

		if (!ds_pending_waits(cpu))
			continue;
		waits = true;
		if (all)
			WRITE_ONCE(own->all, true);
		queue_work(queue, &own->work);
	}
	return waits;
}

static void tick(struct work_struct *work)
{
	/* A hook that was running when its probe was disarmed may still add a copy: one more tick sees it. */
	static bool waited;
	bool waits = start_judges(), pages, over;

	mutex_lock(&switch_lock);
	obey_kill_switch();
	ds_send_grow();
	pages = waits || waited || capturing & DS_PAGES;
	waited = waits || capturing & DS_PAGES;
	if (!pages)
		ds_cow_arm_ends(false);
	over = !pages && !capturing;
	if (!closed && (!over || ds_stopped_s()))
		queue_delayed_work(queue, &tick_work, over ? HZ : tick_length());
	mutex_unlock(&switch_lock);
	ds_control_publish();
}

int ds_control_create(void)
{
	unsigned int cpu;

	queue = alloc_workqueue(DS_NAME, WQ_UNBOUND, 0);
	if (!queue)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct judge *own = per_cpu_ptr(&judges, cpu);

		INIT_WORK(&own->work, judge);
		own->cpu = cpu;
	}
	INIT_DELAYED_WORK(&tick_work, tick);
	ds_control_publish();
	return 0;
}

void ds_control_stop(void)
{
	mutex_lock(&switch_lock);
	closed = true;
	mutex_unlock(&switch_lock);
	cancel_delayed_work_sync(&tick_work);
	destroy_workqueue(queue);
}
