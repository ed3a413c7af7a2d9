/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings, addresses of the kernel's memory, the ring, and the counters with their law. */
#ifndef DS_STATE_H
#define DS_STATE_H

#include "kernel.h"
#include "deltascope_bpf.h"

const volatile struct deltascope_bpf_config config SEC(".rodata.config");
volatile struct deltascope_bpf_settings settings SEC(".data.settings");
struct deltascope_bpf_counters counters[DELTASCOPE_BPF_CPUS] SEC(".bss.counters");

/* The agent's process, whose own work is no event, and the bases of the kernel's memory: written by ds_setup. */
__u32 agent_tgid;
__u64 page_offset, vmemmap;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	/* The agent sets the size. */
	__uint(max_entries, 1 << 20);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, DELTASCOPE_BPF_FILTER_CGROUPS);
	__type(key, __u32);
	__type(value, __u32);
} cgroups SEC(".maps");

/* A page for each program: none of them meets itself on a CPU. */
enum { DS_SCRATCH_COPY, DS_SCRATCH_EXIT, DS_SCRATCH_JUDGE, DS_SCRATCH_UNMAP, DS_SCRATCHES };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DS_SCRATCHES);
	__type(key, __u32);
	__type(value, __u8[DS_PAGE_BYTES]);
} scratch SEC(".maps");

#define ds_once(word) (*(volatile typeof(word) *)&(word))

/* A pointer as a number, which the verifier does not count with otherwise; `slot` is memory of a map. */
DS_INLINE __u64 ds_number(const void *pointer, void *slot)
{
	*(volatile __u64 *)slot = (__u64)pointer;
	return *(volatile __u64 *)slot;
}

#define ds_add(counter, amount) __sync_fetch_and_add(&(counter), amount)

/*
 * A transaction on the counters of this CPU. Another program may come between on
 * a preemptible kernel; every change is atomic, and the reader takes a row only
 * when no transaction is under way in it.
 */
DS_INLINE struct deltascope_bpf_counters *ds_enter(void)
{
	struct deltascope_bpf_counters *row = &counters[bpf_get_smp_processor_id() & (DELTASCOPE_BPF_CPUS - 1)];

	ds_add(row->entered, 1);
	return row;
}

DS_INLINE void ds_leave(struct deltascope_bpf_counters *row)
{
	ds_add(row->left, 1);
}

/* Counts something that is no event. */
#define ds_count(field)                                              \
	do {                                                         \
		struct deltascope_bpf_counters *row_ = ds_enter();   \
		ds_add(row_->field, 1);                              \
		ds_leave(row_);                                      \
	} while (0)

enum ds_kind { DS_COPIES, DS_SENDS };

/* Whether the current task is in the filter, and not the agent. */
DS_INLINE int ds_is_wanted(enum ds_kind kind)
{
	__u32 i;

	if (bpf_get_current_pid_tgid() >> 32 == agent_tgid) {
		if (kind == DS_COPIES)
			ds_count(reader_copies);
		else
			ds_count(reader_sends);
		return 0;
	}
	if (!config.filter_cgroups)
		return 1;
	for (i = 0; i < DELTASCOPE_BPF_FILTER_CGROUPS; i++) {
		if (i >= config.filter_cgroups)
			break;
		if (bpf_current_task_under_cgroup(&cgroups, i) == 1)
			return 1;
	}
	ds_count(filtered);
	return 0;
}

/* Whether a unit is kept at the sampling probability in force. */
DS_INLINE int ds_kept(__u64 unit)
{
	__u64 shift = settings.sampling_shift & 63;

	return !shift || !(unit >> (64 - shift));
}

#endif
