/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copy-on-write: what do_wp_page() did. A copy was made if and only if another
 * frame is in the entry of the page table than the one that faulted.
 */
#ifndef DS_COPY_H
#define DS_COPY_H

#include "pending.h"

DS_INLINE int ds_is_anonymous(struct page *page)
{
	__u64 head = 0;

	if (bpf_core_field_exists(page->compound_head))
		head = BPF_CORE_READ(page, compound_head);
	else if (bpf_core_field_exists(((struct page___named_info *)page)->compound_info))
		head = BPF_CORE_READ((struct page___named_info *)page, compound_info);
	if (head & 1)
		page = (struct page *)(head - 1);
	return (__u64)BPF_CORE_READ(page, mapping) & DS_MAPPING_ANON;
}

/* The kinds of faults that put another frame in place and are no copy of this mm's own. */
DS_INLINE int ds_is_other(struct vm_fault *vmf, struct mm_struct *mm)
{
	struct page *page = vmf->page;

	if (mm != bpf_get_current_task_btf()->mm)
		ds_count(remote_faults);
	else if (vmf->flags & bpf_core_enum_value(enum fault_flag, FAULT_FLAG_UNSHARE))
		ds_count(unshares);
	else if (!page)
		ds_count(zero_fills);
	else if (!ds_is_anonymous(page))
		ds_count(file_first_writes);
	else
		return 0;
	return 1;
}

DS_INLINE void ds_lost_copy(__u32 reason)
{
	struct deltascope_bpf_counters *row = ds_enter();

	ds_add(row->captured, 1);
	if (reason == DELTASCOPE_LOST_SAMPLED)
		ds_add(row->lost[DELTASCOPE_LOST_SAMPLED], 1);
	else
		ds_add(row->lost[DELTASCOPE_LOST_PENDING_FULL], 1);
	ds_leave(row);
}

/*
 * Judges the earlier copy of this address that still waits: what it held at the end
 * is what the new one starts with. Returns 0 when the new one is no copy of its own.
 */
DS_INLINE int ds_meet_earlier(const struct ds_pending *entry)
{
	__u64 number = ds_find(entry->address_before, entry->mm, entry->address);
	struct ds_pending *earlier;

	if (!number)
		return 1;
	earlier = ds_entry_of(number);
	/* Another thread has made this copy; the fault of this one only found it. */
	if (earlier->frame == entry->frame && earlier->old_frame == entry->old_frame)
		return 0;
	if (!ds_claim(earlier, number))
		return 1;
	if (earlier->frame == entry->old_frame)
		ds_judged(earlier, DELTASCOPE_FLAG_AFTER_T, entry->fingerprint);
	else
		ds_judged(earlier, DELTASCOPE_FLAG_UNJUDGED, 0);
	ds_set_state(earlier, number, DS_DONE);
	return 1;
}

DS_INLINE void ds_wait_for_judgement(const struct ds_pending *copy)
{
	__u64 waiting = ds_once(newest) - ds_once(oldest), number;
	struct deltascope_bpf_counters *row;
	struct ds_pending *entry;

	/* No slot that is in use is given out, even when every CPU has passed here at once. */
	if (waiting >= config.pending_pages || waiting >= DELTASCOPE_BPF_PENDING_PAGES - DS_MARGIN) {
		ds_lost_copy(DELTASCOPE_LOST_PENDING_FULL);
		return;
	}
	number = ds_add(newest, 1);
	entry = ds_entry_of(number);
	entry->mm = copy->mm;
	entry->address = copy->address;
	entry->frame = copy->frame;
	entry->old_frame = copy->old_frame;
	entry->entry_at = copy->entry_at;
	entry->table_at = copy->table_at;
	entry->table = copy->table;
	entry->time_ns = copy->time_ns;
	entry->cgroup = copy->cgroup;
	entry->unit = copy->unit;
	entry->fingerprint = copy->fingerprint;
	entry->tgid = copy->tgid;
	/* Claimed until it is in its chains. */
	ds_set_state(entry, number, DS_CLAIMED);
	ds_enter_chain(ds_mm_chain(copy->mm), &entry->mm_before, number);
	ds_enter_chain(ds_address_chain(copy->mm, copy->address), &entry->address_before, number);
	if (!ds_meet_earlier(entry)) {
		ds_set_state(entry, number, DS_DONE);
		ds_count(lost_races);
		return;
	}
	row = ds_enter();
	ds_add(row->captured, 1);
	ds_add(row->pending, 1);
	ds_leave(row);
	ds_set_state(entry, number, DS_LIVE);
}

DS_INLINE void ds_fault(struct vm_fault *vmf, unsigned int result)
{
	__u64 old_frame = ds_frame(vmf->orig_pte.pte);
	__u64 value = ds_entry_at(vmf->pte);
	struct ds_pending copy = {};
	__u32 which = DS_SCRATCH_COPY;
	struct mm_struct *mm;
	void *bytes;

	if (ds_frame(value) == old_frame || !(value & DS_PRESENT_BITS) || result & DS_FAULT_GAVE_UP)
		return;
	if (vmf->vma->vm_flags & DS_VM_SHARED || !ds_is_wanted(DS_COPIES))
		return;
	mm = vmf->vma->vm_mm;
	if (ds_is_other(vmf, mm))
		return;
	bytes = bpf_map_lookup_elem(&scratch, &which);
	if (!bytes)
		return;
	copy.mm = ds_number(mm, bytes);
	copy.unit = ds_unit(copy.mm);
	if (!ds_kept(copy.unit)) {
		ds_lost_copy(DELTASCOPE_LOST_SAMPLED);
		return;
	}
	copy.frame = ds_frame(value);
	if (bpf_probe_read_kernel(bytes, DS_PAGE_BYTES, (void *)(page_offset + (copy.frame << DS_PAGE_SHIFT)))) {
		ds_count(unreadable);
		return;
	}
	copy.address = vmf->address & ~(DS_PAGE_BYTES - 1UL);
	copy.fingerprint = ds_hash_page(bytes, copy.mm, copy.address);
	copy.old_frame = old_frame;
	copy.entry_at = (__u64)vmf->pte;
	copy.table_at = (__u64)vmf->pmd;
	copy.table = ds_frame(ds_entry_at(vmf->pmd));
	copy.time_ns = bpf_ktime_get_ns();
	copy.cgroup = bpf_get_current_cgroup_id();
	copy.tgid = bpf_get_current_pid_tgid() >> 32;
	ds_wait_for_judgement(&copy);
}

#endif
