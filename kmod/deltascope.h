/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the module know of each other.
 *
 * Context of every function below marked "hook": process context, preemption
 * off, called from a probe; no allocation, no sleep, no page fault.
 */
#ifndef DELTASCOPE_H
#define DELTASCOPE_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "deltascope_ring.h"

#define DS_NAME "deltascope"

/* Bits of deltascope_ring_header.capturing. */
#define DS_PAGES 1UL
#define DS_SENDS 2UL

/* Switches that may change while the module works; all plain words. */
struct ds_settings {
	unsigned int judge_after_ms;
	unsigned int sampling_shift;
	unsigned int send_limit;
	unsigned int max_overhead_ppm;
	unsigned int wake_records;
	unsigned int exit_budget;
};

extern struct ds_settings ds_settings;

/* ring.c: the per-CPU rings and the counters of conservation. */

/*
 * The counters of one CPU. Its ring's first page is written from here and never
 * read, except for the tail: whatever the reader writes there, the counters hold.
 */
struct ds_counters {
	struct deltascope_ring_header *page;
	struct deltascope_ring_record *records;
	u64 generation;
	u64 head;
	u64 controls;
	u64 captured;
	u64 lost[DELTASCOPE_LOSS_REASONS];
	u64 pending;
	u64 file_first_writes;
	u64 zero_fills;
	u64 unshares;
	u64 remote_faults;
	u64 over_budget;
	u64 sampled_sends;
	u64 sampled_send_bytes;
	u64 handler_ns;
	u64 bad_tails;
	/* Loss records: what the last ones said, and when. */
	u64 reported[DELTASCOPE_LOSS_REASONS];
	u64 reported_ns;
	u32 sampling_shift;
	bool unreported;
} ____cacheline_aligned;

DECLARE_PER_CPU(struct ds_counters, ds_counters);

int ds_ring_create(unsigned int records);
void ds_ring_destroy(void);
void *ds_ring_region(size_t *bytes);
unsigned int ds_ring_records(void);
bool ds_ring_high(void);
u64 ds_ring_load_id(void);
void ds_ring_set_judge_time(unsigned int ms);
void ds_ring_publish(u64 blind, u64 kills, u64 refused, u64 capturing);
/* Sum of one field of the counters over all CPUs, by its offset in ds_counters. */
u64 ds_counters_sum(size_t offset);

/* Hook. Each is one transaction on the counters of this CPU. */
void ds_capture_lost(enum deltascope_loss_reason reason);
void ds_capture_left_out_send(u64 bytes);
void ds_capture_pending(void);
void ds_capture_send(struct deltascope_ring_record *record);
void ds_judged(struct deltascope_ring_record *record);
enum ds_seen { DS_SEEN_FILE, DS_SEEN_ZERO, DS_SEEN_UNSHARE, DS_SEEN_REMOTE };
void ds_seen(enum ds_seen what);

/* unit.c: the sampling key. */
/* Chooses the hash; 0 is a random seed. */
void ds_unit_create(u64 seed);
/* Hook. The unit of sampling of a pointer or an inode number. */
u64 ds_unit(u64 what);
/* Hook. Whether a unit is kept at 2^-shift. */
static inline bool ds_kept(u64 unit, unsigned int shift)
{
	return !shift || !(unit >> (64 - shift));
}

/* cgroup.c */
/* Hook. cgroup v2 id of the current task; sets NO_CGROUP in `flags`. */
u64 ds_cgroup(u16 *flags);

/* crc.c */
/* Hook. CRC32C (Castagnoli, RFC 3720) as every part of the project computes it. */
u32 ds_crc32c(u32 crc, const void *bytes, size_t length);
#define DS_CRC_START (~0U)
#define DS_CRC_END(crc) (~(crc))

/* look.c: what is at an address, without a reference and without a fault. */
enum ds_look { DS_LOOK_GONE, DS_LOOK_OTHER, DS_LOOK_SAME };
/*
 * Compares the frame at `addr` with `pfn`, says which one it is, and hashes it
 * when the comparison gives `hashed` (GONE: never). The caller keeps the page
 * tables from being freed (see look.c).
 */
enum ds_look ds_look(struct mm_struct *mm, unsigned long addr, unsigned long pfn,
		     enum ds_look hashed, unsigned long *found, u32 *crc);

/* pending.c: copied pages that wait for their judgement. */
struct ds_copy {
	struct mm_struct *mm;
	unsigned long addr;
	unsigned long old_pfn;
	unsigned long pfn;
	u64 unit;
	u32 crc;
};

int ds_pending_create(unsigned int capacity);
/* Judges nothing any more and frees; probes are gone by then. */
void ds_pending_destroy(void);
unsigned int ds_pending_capacity(void);
/* Hook. A copy was made: one event, whatever becomes of it. */
void ds_pending_add(const struct ds_copy *copy);
/* Hook. `mm` is about to lose its pages. */
void ds_pending_exit(struct mm_struct *mm);
/* Process context. Judges what is due among the copies that this CPU captured. */
void ds_pending_judge(unsigned int cpu);
/* Whether a copy that this CPU captured waits. */
bool ds_pending_waits(unsigned int cpu);

/* cow.c and send.c: the probes. */
int ds_cow_register(const char *wanted);
void ds_cow_unregister(void);
const char *ds_cow_hook(void);
u64 ds_cow_blind(void);
int ds_cow_arm(bool on);
int ds_send_create(void);
void ds_send_destroy(void);
int ds_send_register(unsigned int instances);
void ds_send_unregister(void);
u64 ds_send_blind(void);
int ds_send_arm(bool on);

/* control.c: what is on, the kill switch, the housekeeping. */
int ds_control_create(void);
void ds_control_start(void);
void ds_control_stop(void);
unsigned long ds_control_capturing(void);
int ds_control_switch(unsigned long what, bool on);
u64 ds_control_kills(void);
u64 ds_control_overhead_ppm(void);
/* Brings the counters that only the first ring holds up to date. */
void ds_control_publish(void);

/* reader.c: the process that reads the rings. */
extern struct wait_queue_head ds_readers;
void ds_reader_create(void);
void ds_reader_destroy(void);
/* Hook. Wakes the reader. */
void ds_reader_wake(void);
/* The process that opened the device; 0 is none. */
void ds_reader_set(pid_t tgid);
/* Hook. Whether the current process is the reader, whose own work is no event. */
bool ds_reader_is_current(void);
/* Counts an open or a mapping that was refused. */
void ds_reader_refuse(void);
u64 ds_reader_refused(void);

/* device.c and sysfs.c */
int ds_device_register(void);
void ds_device_unregister(void);
extern const struct attribute_group *ds_sysfs_groups[];

/* Hook. Time of a handler, for the kill switch. */
static inline u64 ds_handler_start(void)
{
	return local_clock();
}

static inline void ds_handler_end(u64 start)
{
	struct ds_counters *counters = this_cpu_ptr(&ds_counters);

	WRITE_ONCE(counters->handler_ns, counters->handler_ns + (local_clock() - start));
}

#endif
