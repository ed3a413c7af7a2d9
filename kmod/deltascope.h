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
	/* Sends are captured by content. */
	unsigned int send_content;
	unsigned int max_overhead_ppm;
	unsigned int max_cpu_overhead_ppm;
	unsigned int max_group_overhead_ppm;
	unsigned int wake_records;
	unsigned int exit_budget;
};

/* settings.c */
extern struct ds_settings ds_settings;

/* ring.c: the per-CPU rings and the counters of conservation. */

/*
 * The counters of one CPU. Its ring's first page is written from here and never
 * read, except for the tail: whatever the reader writes there, the counters hold.
 */
struct ds_counters {
	struct deltascope_ring_header *page;
	/* None, and a capacity of 0, before the CPU has been online. */
	struct deltascope_ring_record *records;
	u64 capacity;
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
	u64 late;
	u64 discarded;
	u64 reader_copies;
	u64 reader_sends;
	/* Calls from behind another tracer's trampoline, which may have been copies. */
	u64 hidden;
	/* Copies and sends in cgroups that are not captured. */
	u64 filtered;
	u64 sampled_sends;
	u64 sampled_send_bytes;
	u64 content_bytes;
	u64 content_bytes_lost;
	u64 handler_ns;
	u64 bad_tails;
	/* Loss records: what the last ones said, and when. */
	u64 reported[DELTASCOPE_LOSS_REASONS];
	u64 reported_ns;
	u32 sampling_shift;
	bool unreported;
} ____cacheline_aligned;

DECLARE_PER_CPU(struct ds_counters, ds_counters);

bool ds_ring_high(void);
/* What only the first ring holds. */
struct ds_state {
	u64 blind, kills, refused, capturing, throttle, stopped_s;
};
void ds_ring_publish(const struct ds_state *state);
/* Sum of one field of the counters over all CPUs, by its offset in ds_counters. */
u64 ds_counters_sum(size_t offset);

/* ring_memory.c: headers, records, and where the reader finds them. */
int ds_ring_create(unsigned int records);
void ds_ring_destroy(void);
/* All rings, as the reader maps them. */
size_t ds_ring_bytes(void);
/* A page of that region; none where a CPU has not been online. */
struct page *ds_ring_page(unsigned long index);
struct deltascope_ring_header *ds_ring_header(unsigned int cpu);
unsigned int ds_ring_records(void);
u64 ds_ring_load_id(void);
void ds_ring_set_judge_time(unsigned int ms);

/* Takes the addresses out of the records that wait for the reader. */
void ds_ring_hide_addresses(void);

/* Hook. k of p = 2^-k that is in force. */
static inline unsigned int ds_sampling_shift(void)
{
	return READ_ONCE(ds_settings.sampling_shift);
}

/* Hook. Each is one transaction on the counters of this CPU. */
void ds_capture_lost(enum deltascope_loss_reason reason);
void ds_capture_left_out_send(u64 bytes, bool by_content);
void ds_capture_pending(void);
void ds_capture_send(struct deltascope_ring_record *record);
void ds_judged(struct deltascope_ring_record *record);
enum ds_seen {
	DS_SEEN_FILE,
	DS_SEEN_ZERO,
	DS_SEEN_UNSHARE,
	DS_SEEN_REMOTE,
	DS_SEEN_OVER_BUDGET,
	DS_SEEN_DISCARDED,
	DS_SEEN_READER_COPY,
	DS_SEEN_READER_SEND,
	DS_SEEN_HIDDEN,
	DS_SEEN_FILTERED,
};
/* Hook. Counts what is no event of its own. */
void ds_seen(enum ds_seen what);

/* conceal.c: keyed hashes and permutations. */
/* Chooses the keys; `seed` other than 0 decides which units are sampled. */
void ds_keys_create(u64 seed);
/* Hook. The unit of sampling of a pointer or an inode number. */
u64 ds_unit(u64 what);
/* Hook. Whether a unit is kept at 2^-shift. */
static inline bool ds_kept(u64 unit, unsigned int shift)
{
	return !shift || !(unit >> (64 - shift));
}

/* Hook. A number in place of an address of an owner, equal for equal ones. */
u64 ds_token(u64 owner, u64 address);
/* Hook. The permutation of the fingerprints of one page or socket, and its use. */
u64 ds_permutation(u64 owner, u64 address);
u32 ds_conceal(u64 permutation, u32 crc);
struct in6_addr;
/* Hook. The current user in this cgroup, whose bodies are compared with each other. */
u64 ds_sender(u64 cgroup, u16 flags);
/* Hook. A number in place of a sender's remote address and local port, equal for equal ones. */
u64 ds_peer(u64 sender, const struct in6_addr *remote, u16 port);

/* cgroup.c */
/* Hook. cgroup v2 id of the current task; sets NO_CGROUP in `flags`. */
u64 ds_cgroup(u16 *flags);

/* filter.c: which cgroups are captured. */
struct device;
struct device_attribute;
/* Hook. Whether the current task is in none of them; counts it then. */
bool ds_is_filtered(void);
ssize_t ds_filter_show(struct device *dev, struct device_attribute *attribute, char *text);
ssize_t ds_filter_store(struct device *dev, struct device_attribute *attribute, const char *text, size_t count);
void ds_filter_destroy(void);

/* crc.c */
/* Hook. CRC32C (Castagnoli, RFC 3720) as every part of the project computes it. */
u32 ds_crc32c(u32 crc, const void *bytes, size_t length);
#define DS_CRC_START (~0U)
#define DS_CRC_END(crc) (~(crc))

/* look.c: what is at an address, without a lock, a reference or a fault. */
int ds_scratch_create(void);
void ds_scratch_destroy(void);
/* A page of this CPU, while preemption is off. */
void *ds_scratch(void);
/* Hook, or with preemption off. Hashes the page at an address; false when none is there. The caller holds the mm. */
bool ds_look(struct mm_struct *mm, unsigned long addr, u32 *crc);

/* caller.c: from where a probed function was called. */
enum ds_caller { DS_CALLER_COPIES, DS_CALLER_OTHER, DS_CALLER_HIDDEN };
/* Hook, at the first instruction of the function. */
enum ds_caller ds_caller_of(const struct pt_regs *regs);

/* pending.c: copied pages that wait for their judgement. */
int ds_pending_create(unsigned int capacity);
/* Judges nothing any more and frees; probes are gone by then. */
void ds_pending_destroy(void);
unsigned int ds_pending_capacity(void);
/* Hook. Whether a copy of this mm may be waiting. */
bool ds_pending_of(const struct mm_struct *mm);
/* Whether a copy that this CPU captured waits. */
bool ds_pending_waits(unsigned int cpu);

/* judge.c: when it is judged. */
struct ds_copy {
	struct mm_struct *mm;
	unsigned long addr;
	u64 unit;
	/* The page that was copied; it stays in place while the hook runs. */
	struct page *page;
};

/* Hook. A copy was made: one event, whatever its outcome. */
void ds_pending_add(const struct ds_copy *copy);
/* Hook. `mm` is about to lose its pages. */
void ds_pending_exit(struct mm_struct *mm);
/* Hook. `mm` is about to lose its pages from start to below end. */
void ds_pending_discard(struct mm_struct *mm, unsigned long start, unsigned long end);
/* Process context. Judges what is due among the copies that a CPU captured; with `all` also what exits have left. */
void ds_pending_judge(unsigned int cpu, bool all);
/* Whether an exit has left anything since the last call. */
bool ds_pending_left_by_exit(void);

/* prototypes.c: whether the hooked functions have the arguments that the handlers take. */
int ds_prototypes_check(const char *path);

/* probe.c: registers a probe, disarmed, by its name or the other one; an error is in the log. */
int ds_probe_register(struct kprobe *probe, const char *symbol, const char *other, kprobe_pre_handler_t handler);
int ds_return_probe_register(struct kretprobe *probe, bool optional);

/* cow.c and send.c: the probes. */
int ds_cow_register(void);
void ds_cow_unregister(void);
const char *ds_cow_hook(void);
u64 ds_cow_blind(void);
int ds_cow_arm(bool on);
/* The probes that see how a page that waits ends. */
int ds_cow_arm_ends(bool on);
int ds_send_register(unsigned int instances);
void ds_send_unregister(void);
u64 ds_send_blind(void);
int ds_send_arm(bool on);
/* Process context. Makes room for more sends under way when there are many. */
void ds_send_grow(void);

/* control.c: what is on, and the housekeeping. */
int ds_control_create(void);
/* After it nothing can be switched on any more. */
void ds_control_stop(void);
unsigned long ds_control_capturing(void);
int ds_control_switch(unsigned long what, bool on);
/* Brings the counters that only the first ring holds up to date. */
void ds_control_publish(void);

/* kill_switch.c */
u64 ds_kills(void);
u64 ds_overhead_ppm(void);
/* Steps that it has added to k. */
unsigned int ds_throttle(void);
/* Seconds until what it stopped resumes; 0 when nothing is stopped. */
u64 ds_stopped_s(void);
/* What is to be captured from now on. */
unsigned long ds_kill_switch_watch(unsigned long capturing);
/* A capture is switched by hand and does not resume by itself. */
void ds_kill_switch_forget(unsigned long what);
/* Hook, or with preemption off. Adds to the time of handlers. */
void ds_charge(u64 ns);

/* reader.c: the process that reads the rings. */
extern struct wait_queue_head ds_readers;
void ds_reader_create(void);
void ds_reader_destroy(void);
/* Hook. Wakes the reader. */
void ds_reader_wake(void);
/* The process that opened the device; 0 is none. */
void ds_reader_set(pid_t tgid);
/* Hook. Whether the reader may see addresses (CAP_PERFMON). */
bool ds_reader_sees_addresses(void);
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
	ds_charge(local_clock() - start);
}

#endif
