/* SPDX-License-Identifier: GPL-2.0-only */
/* The pool of copies that wait, for the part that judges them. */
#ifndef PENDING_H
#define PENDING_H

#include "deltascope.h"

enum state { FREE, FILLING, LIVE, CLAIMED };

struct pending {
	struct hlist_node chain;
	struct hlist_node of_mm;
	struct list_head line;
	struct mm_struct *mm;
	unsigned long addr;
	u64 cgroup;
	u64 time_ns;
	u64 unit;
	u32 before;
	u32 tgid;
	atomic_t state;
	u16 flags;
	u32 home;
};

/* Hook. An entry of this CPU, else of one of the next CPUs; none when they are all in use. */
struct pending *pending_take(void);
/* Hook. Puts an entry that was taken and filled into the lists. */
void pending_insert(struct pending *entry);
/* What is claimed is in no list but its line's, and must be given back. */
/* Hook. Claims the entry of a page, if one waits. */
struct pending *pending_claim_page(const struct mm_struct *mm, unsigned long addr);
/* Hook. Claims up to `most` entries of an mm with addresses from start to below end. */
unsigned int pending_claim_mm(const struct mm_struct *mm, unsigned long start, unsigned long end,
			      struct pending **batch, unsigned int most);
/* Claims up to `most` entries that a CPU captured and that are due; with `all` also those of an mm without users. */
unsigned int pending_claim_due(unsigned int cpu, u64 now, bool all, struct pending **batch, unsigned int most);
/* Hook. */
void pending_give_back(struct pending *entry);

#endif
