/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing an event into the ring, and counting it there or as lost. */
#ifndef DS_RECORD_H
#define DS_RECORD_H

#include "state.h"

/*
 * Writes an event that has everything but its sequence and CPU. A send is
 * captured here; a page was when it began to wait, which ends here.
 */
DS_INLINE void ds_write(const struct deltascope_ring_record *event)
{
	struct deltascope_ring_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	struct deltascope_bpf_counters *row = ds_enter();
	int by_content = config.send_content && event->flags & DELTASCOPE_FLAG_CONTENT;
	__u64 sequence = 0;

	if (event->kind == DELTASCOPE_KIND_PAGE)
		ds_add(row->pending, -1);
	else
		ds_add(row->captured, 1);
	if (by_content)
		ds_add(row->content_bytes, event->length);
	if (event->flags & DELTASCOPE_FLAG_LATE)
		ds_add(row->late, 1);
	if (record)
		sequence = ds_add(row->written, 1);
	else
		ds_add(row->lost[DELTASCOPE_LOST_RING], 1);
	if (by_content && !record)
		ds_add(row->content_bytes_lost, event->length);
	/* Before the reader can see the record: it never has more than is written. */
	ds_leave(row);
	if (!record)
		return;
	*record = *event;
	record->sequence = sequence;
	record->cpu = bpf_get_smp_processor_id();
	if (record->cgroup == DS_ROOT_CGROUP)
		record->flags |= DELTASCOPE_FLAG_NO_CGROUP;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

#endif
