// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is captured, the kill switch, and the housekeeping that drives the judge.
 *
 * The kill switch compares the time spent in handlers and judges over a window
 * of a second with the time that all online CPUs had. Above max_overhead_ppm
 * both probes are disarmed: the functions run as if the module were not there.
 * What waits for its judgement is still judged, so the counters stay balanced.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/cpumask.h>
#include <linux/kprobes.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "deltascope.h"

#define WINDOW_NS NSEC_PER_SEC

static struct workqueue_struct *queue;
static struct delayed_work tick_work;

struct judge {
	struct work_struct work;
	unsigned int cpu;
};

static DEFINE_PER_CPU(struct judge, judges);

static DEFINE_MUTEX(switch_lock);
static unsigned long capturing;
static u64 kills;
static u64 window_start_ns, window_handler_ns, overhead_ppm;

unsigned long ds_control_capturing(void)
{
	return READ_ONCE(capturing);
}

u64 ds_control_kills(void)
{
	return READ_ONCE(kills);
}

u64 ds_control_overhead_ppm(void)
{
	return READ_ONCE(overhead_ppm);
}

void ds_control_publish(void)
{
	ds_ring_publish(ds_cow_blind() + ds_send_blind(), READ_ONCE(kills),
			    ds_reader_refused(), READ_ONCE(capturing));
}

static int arm(unsigned long what, bool on)
{
	return what == DS_PAGES ? ds_cow_arm(on) : ds_send_arm(on);
}

static int switch_locked(unsigned long what, bool on)
{
	int error;

	if (!!(capturing & what) == on)
		return 0;
	error = arm(what, on);
	if (error)
		return error;
	WRITE_ONCE(capturing, on ? capturing | what : capturing & ~what);
	return 0;
}

int ds_control_switch(unsigned long what, bool on)
{
	int error;

	mutex_lock(&switch_lock);
	error = switch_locked(what, on);
	mutex_unlock(&switch_lock);
	ds_control_publish();
	return error;
}

static void kill_captures(u64 ppm)
{
	int error;

	mutex_lock(&switch_lock);
	if (capturing) {
		error = switch_locked(DS_PAGES, false);
		error = switch_locked(DS_SENDS, false) ?: error;
		WRITE_ONCE(kills, kills + 1);
		pr_warn("kill switch: handlers took %llu ppm of the CPU time, more than max_overhead_ppm %u; captures are off (%d)\n",
			ppm, READ_ONCE(ds_settings.max_overhead_ppm), error);
	}
	mutex_unlock(&switch_lock);
}

static void watch_overhead(void)
{
	u64 now = ktime_get_mono_fast_ns(), spent = ds_counters_sum(offsetof(struct ds_counters, handler_ns));
	u64 window = now - window_start_ns, ppm;

	if (window < WINDOW_NS)
		return;
	ppm = div64_u64((spent - window_handler_ns) * 1000000ULL, window * num_online_cpus());
	WRITE_ONCE(overhead_ppm, ppm);
	window_start_ns = now;
	window_handler_ns = spent;
	if (ppm > READ_ONCE(ds_settings.max_overhead_ppm))
		kill_captures(ppm);
}

static void judge(struct work_struct *work)
{
	ds_pending_judge(container_of(work, struct judge, work)->cpu);
}

/* Often enough that T is met to an eighth, and at least 20 times a second. */
static unsigned long tick_length(void)
{
	return msecs_to_jiffies(clamp(READ_ONCE(ds_settings.judge_after_ms) / 8, 1U, 50U));
}

static void tick(struct work_struct *work)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		if (ds_pending_waits(cpu))
			queue_work(queue, &per_cpu_ptr(&judges, cpu)->work);
	}
	watch_overhead();
	ds_control_publish();
	queue_delayed_work(queue, &tick_work, tick_length());
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
	return 0;
}

void ds_control_start(void)
{
	window_start_ns = ktime_get_mono_fast_ns();
	ds_control_publish();
	queue_delayed_work(queue, &tick_work, tick_length());
}

/* Also undoes a create without a start. */
void ds_control_stop(void)
{
	cancel_delayed_work_sync(&tick_work);
	destroy_workqueue(queue);
}
