// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the rings: a header for each possible CPU, and records for each CPU
 * that is or has been online. A machine of many possible CPUs pays for those
 * that it has. The reader maps all rings as one region; the records of a CPU
 * that comes online later are found there by its page faults.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/cpuhotplug.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/vmalloc.h>

#include "deltascope.h"

DEFINE_PER_CPU(struct ds_counters, ds_counters);

static void *headers;
static size_t stride;
static unsigned int ring_records;
static u64 load_id;
static int hotplug_state;

struct deltascope_ring_header *ds_ring_header(unsigned int cpu)
{
	return headers + cpu * PAGE_SIZE;
}

/* Before the CPU runs. Without memory it comes online all the same, and its events are lost `ring`. */
static int ring_prepare(unsigned int cpu)
{
	struct ds_counters *counters = per_cpu_ptr(&ds_counters, cpu);

	if (counters->capacity)
		return 0;
	WRITE_ONCE(counters->records, vmalloc_user(stride - PAGE_SIZE));
	if (!counters->records) {
		pr_warn("no memory for the ring of CPU %u: its events are lost\n", cpu);
		return 0;
	}
	counters->capacity = ring_records;
	return 0;
}

static void fill_headers(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		struct deltascope_ring_header *page = ds_ring_header(cpu);

		page->magic = DELTASCOPE_RING_MAGIC;
		page->version = DELTASCOPE_RING_VERSION;
		page->record_bytes = sizeof(struct deltascope_ring_record);
		page->records = ring_records;
		page->cpu = cpu;
		page->rings = nr_cpu_ids;
		page->stride = stride;
		page->load_id = load_id;
		page->judge_after_ms = ds_settings.judge_after_ms;
		page->sampling_shift = ds_settings.sampling_shift;
	}
}

static bool have_rings(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		if (!per_cpu_ptr(&ds_counters, cpu)->capacity)
			return false;
	}
	return true;
}

int ds_ring_create(unsigned int records)
{
	unsigned int cpu;

	BUILD_BUG_ON(DELTASCOPE_RING_HEADER_BYTES != PAGE_SIZE);
	ring_records = records;
	stride = PAGE_SIZE + PAGE_ALIGN((size_t)records * sizeof(struct deltascope_ring_record));
	load_id = get_random_u64();
	headers = vmalloc_user(nr_cpu_ids * PAGE_SIZE);
	if (!headers)
		return -ENOMEM;
	fill_headers();
	for_each_possible_cpu(cpu) {
		struct ds_counters *counters = per_cpu_ptr(&ds_counters, cpu);

		counters->page = ds_ring_header(cpu);
		counters->sampling_shift = ds_settings.sampling_shift;
	}
	/* Calls ring_prepare() for each CPU that is online. */
	hotplug_state = cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "deltascope:ring", ring_prepare, NULL);
	if (hotplug_state >= 0 && have_rings())
		return 0;
	ds_ring_destroy();
	return hotplug_state < 0 ? hotplug_state : -ENOMEM;
}

void ds_ring_destroy(void)
{
	unsigned int cpu;

	if (hotplug_state >= 0)
		cpuhp_remove_state_nocalls(hotplug_state);
	for_each_possible_cpu(cpu) {
		struct ds_counters *counters = per_cpu_ptr(&ds_counters, cpu);

		vfree(counters->records);
		counters->records = NULL;
		counters->capacity = 0;
	}
	vfree(headers);
	headers = NULL;
}

size_t ds_ring_bytes(void)
{
	return stride * nr_cpu_ids;
}

struct page *ds_ring_page(unsigned long index)
{
	unsigned long cpu = index / (stride >> PAGE_SHIFT), rest = index % (stride >> PAGE_SHIFT);
	void *records;

	if (cpu >= nr_cpu_ids)
		return NULL;
	if (!rest)
		return vmalloc_to_page(ds_ring_header(cpu));
	records = cpu_possible(cpu) ? READ_ONCE(per_cpu_ptr(&ds_counters, cpu)->records) : NULL;
	return records ? vmalloc_to_page(records + (rest - 1) * PAGE_SIZE) : NULL;
}

unsigned int ds_ring_records(void)
{
	return ring_records;
}

u64 ds_ring_load_id(void)
{
	return load_id;
}

void ds_ring_set_judge_time(unsigned int ms)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		WRITE_ONCE(ds_ring_header(cpu)->judge_after_ms, ms);
}

/* No record with an address is written any more. */
void ds_ring_hide_addresses(void)
{
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		struct deltascope_ring_record *records = per_cpu_ptr(&ds_counters, cpu)->records;

		for (i = 0; i < per_cpu_ptr(&ds_counters, cpu)->capacity; i++) {
			if (!(records[i].flags & DELTASCOPE_FLAG_ADDRESS))
				continue;
			records[i].key = ds_token(records[i].unit, records[i].key);
			records[i].flags &= ~DELTASCOPE_FLAG_ADDRESS;
		}
		cond_resched();
	}
}
