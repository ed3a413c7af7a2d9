// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kill switch: the time spent in handlers and judges, over windows of a
 * second, against three limits: of the time that all online CPUs had, of the
 * time of any one CPU, and of one CPU's time for the handlers of any one cgroup.
 * On a machine of many CPUs a thread that spends all its time in handlers is
 * found by the second and a workload of many threads by the third.
 *
 * Above a limit less is captured first: k rises by STEP in each window. At
 * MOST steps both captures are stopped. They resume after a time that doubles
 * with each stop, and what was added to k is taken back after calm windows.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/cgroup.h>
#include <linux/cpumask.h>
#include <linux/hash.h>
#include <linux/kprobes.h>
#include <linux/math64.h>
#include <linux/timekeeping.h>

#include "deltascope.h"

#define WINDOW_NS NSEC_PER_SEC
#define STEP 2
#define MOST 6
#define CALM_WINDOWS 8
#define FIRST_STOP_S 2
#define LONGEST_STOP_S 128
#define SLOT_BITS 5
#define SLOTS (1 << SLOT_BITS)

/* The heaviest cgroups of a CPU in a window (Misra and Gries 1982): none that has more than 1/2 of its slot is missed. */
struct slot {
	u64 cgroup, ns;
	unsigned int window;
};

static DEFINE_PER_CPU(struct slot[SLOTS], slots);
static DEFINE_PER_CPU(u64, charged_ns);
static unsigned int window;
static u64 window_start_ns, overhead_ppm, kills;
static unsigned int throttle, calm;
static unsigned long stopped;
static u64 resume_ns, stop_s;

u64 ds_kills(void)
{
	return READ_ONCE(kills);
}

u64 ds_overhead_ppm(void)
{
	return READ_ONCE(overhead_ppm);
}

unsigned int ds_throttle(void)
{
	return READ_ONCE(throttle);
}

u64 ds_stopped_s(void)
{
	u64 now = ktime_get_mono_fast_ns(), until = READ_ONCE(resume_ns);

	if (!READ_ONCE(stopped))
		return 0;
	return until > now ? div_u64(until - now, NSEC_PER_SEC) + 1 : 1;
}

/* Called with preemption off. */
void ds_charge(u64 ns)
{
	struct ds_counters *counters = this_cpu_ptr(&ds_counters);
	u16 flags = 0;
	u64 cgroup = ds_cgroup(&flags);
	struct slot *slot = &(*this_cpu_ptr(&slots))[hash_64(cgroup, SLOT_BITS)];

	WRITE_ONCE(counters->handler_ns, counters->handler_ns + ns);
	/* Kernel threads and hosts without cgroups v2 are at the root. */
	if (flags & DELTASCOPE_FLAG_NO_CGROUP)
		return;
	if (slot->window != READ_ONCE(window)) {
		slot->window = READ_ONCE(window);
		WRITE_ONCE(slot->cgroup, cgroup);
		WRITE_ONCE(slot->ns, 0);
	}
	if (slot->cgroup == cgroup) {
		WRITE_ONCE(slot->ns, slot->ns + ns);
	} else if (slot->ns <= ns) {
		WRITE_ONCE(slot->cgroup, cgroup);
		WRITE_ONCE(slot->ns, ns);
	} else {
		WRITE_ONCE(slot->ns, slot->ns - ns);
	}
}

/* Time of one cgroup in this window on all CPUs. */
static u64 time_of(u64 cgroup, unsigned int index)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu(cpu) {
		const struct slot *slot = &(*per_cpu_ptr(&slots, cpu))[index];

		if (READ_ONCE(slot->window) == window && READ_ONCE(slot->cgroup) == cgroup)
			sum += READ_ONCE(slot->ns);
	}
	return sum;
}

/* The most that any cgroup has taken. A cgroup below `least` on each CPU is none that exceeds its limit. */
static u64 heaviest(u64 least, u64 *cgroup)
{
	unsigned int cpu, index;
	u64 most = 0, sum;

	for_each_online_cpu(cpu) {
		for (index = 0; index < SLOTS; index++) {
			const struct slot *slot = &(*per_cpu_ptr(&slots, cpu))[index];

			if (READ_ONCE(slot->window) != window || READ_ONCE(slot->ns) < least)
				continue;
			sum = time_of(READ_ONCE(slot->cgroup), index);
			if (sum > most) {
				most = sum;
				*cgroup = READ_ONCE(slot->cgroup);
			}
		}
	}
	return most;
}

static u64 share_ppm(u64 ns, u64 length)
{
	return div64_u64(ns * 1000000ULL, length);
}

/* Whether a limit is exceeded in the window that ends. */
static bool is_over(u64 length)
{
	u64 all = 0, busiest = 0, cgroup = 0, group, spent;
	unsigned int cpu, busiest_cpu = 0, limit;

	for_each_possible_cpu(cpu) {
		u64 total = READ_ONCE(per_cpu_ptr(&ds_counters, cpu)->handler_ns);

		spent = total - *per_cpu_ptr(&charged_ns, cpu);
		*per_cpu_ptr(&charged_ns, cpu) = total;
		all += spent;
		if (spent > busiest) {
			busiest = spent;
			busiest_cpu = cpu;
		}
	}
	WRITE_ONCE(overhead_ppm, share_ppm(all, length * num_online_cpus()));
	limit = READ_ONCE(ds_settings.max_group_overhead_ppm);
	group = heaviest(div64_u64(length, 1000000ULL * num_online_cpus()) * limit, &cgroup);
	if (ds_overhead_ppm() > READ_ONCE(ds_settings.max_overhead_ppm)) {
		pr_warn_ratelimited("kill switch: handlers took %llu ppm of the CPU time, more than max_overhead_ppm %u\n",
				    ds_overhead_ppm(), READ_ONCE(ds_settings.max_overhead_ppm));
		return true;
	}
	if (share_ppm(busiest, length) > READ_ONCE(ds_settings.max_cpu_overhead_ppm)) {
		pr_warn_ratelimited("kill switch: handlers took %llu ppm of CPU %u, more than max_cpu_overhead_ppm %u\n",
				    share_ppm(busiest, length), busiest_cpu, READ_ONCE(ds_settings.max_cpu_overhead_ppm));
		return true;
	}
	if (share_ppm(group, length) > limit) {
		pr_warn_ratelimited("kill switch: handlers of cgroup %llu took %llu ppm of a CPU, more than max_group_overhead_ppm %u\n",
				    cgroup, share_ppm(group, length), limit);
		return true;
	}
	return false;
}

static void set_throttle(unsigned int steps)
{
	unsigned int shift = READ_ONCE(ds_settings.sampling_shift);

	/* The agent or an operator may have lowered k meanwhile. */
	shift = steps > throttle ? shift + (steps - throttle) : shift - min(shift, throttle - steps);
	WRITE_ONCE(ds_settings.sampling_shift, min(shift, 63U));
	WRITE_ONCE(throttle, steps);
}

static unsigned long stop(unsigned long capturing)
{
	stop_s = clamp(stop_s * 2, (u64)FIRST_STOP_S, (u64)LONGEST_STOP_S);
	WRITE_ONCE(resume_ns, ktime_get_mono_fast_ns() + stop_s * NSEC_PER_SEC);
	WRITE_ONCE(stopped, capturing);
	WRITE_ONCE(kills, kills + 1);
	pr_warn("kill switch: captures are off and resume in %llu s\n", stop_s);
	return 0;
}

void ds_kill_switch_forget(unsigned long what)
{
	WRITE_ONCE(stopped, stopped & ~what);
}

/* One thread at a time calls this, with no switch changing meanwhile. */
unsigned long ds_kill_switch_watch(unsigned long capturing)
{
	u64 now = ktime_get_mono_fast_ns(), length = now - window_start_ns;
	bool over;

	if (stopped && now >= resume_ns) {
		capturing |= stopped;
		WRITE_ONCE(stopped, 0);
		pr_info("kill switch: captures resume\n");
	}
	if (length < WINDOW_NS)
		return capturing;
	window_start_ns = now;
	over = is_over(length);
	WRITE_ONCE(window, window + 1);
	/* A window longer than two had a pause without ticks in it. */
	if (!capturing || length > 2 * WINDOW_NS)
		return capturing;
	if (over) {
		calm = 0;
		if (throttle >= MOST)
			return stop(capturing);
		set_throttle(throttle + STEP);
	} else if (++calm % CALM_WINDOWS == 0) {
		if (throttle)
			set_throttle(throttle - STEP);
		else
			stop_s = 0;
	}
	return capturing;
}
