// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copy-on-write: a probe on the act itself. wp_page_copy() calls
 * ptep_clear_flush() once it has copied the page, holds the page-table lock and
 * has found the entry unchanged; it does so once for each copy and never for a
 * fault that copies nothing or that another thread was faster with.
 *
 * So there is no return to wait for, and nothing that a process which sleeps
 * in its fault could hold. The page that is being replaced still has what the
 * new one was given, is read-only to all, and is hot: it is what is hashed.
 *
 * Two more probes end what waits: unmap_page_range(), before pages are taken
 * away, whose frames the next fault may get again; and exit_mmap().
 */
#include <linux/highmem.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched/task_stack.h>

#include "deltascope.h"

#define COPY_HOOK "ptep_clear_flush"
#define UNMAP_HOOK "unmap_page_range"
/* Its name in 7.3. */
#define NEWER_UNMAP_HOOK "__zap_vma_range"
#define EXIT_HOOK "exit_mmap"
/* Words of the stack above a call that may hold the pointer to the fault. */
#define STACK_WORDS 32

/* The handlers read these arguments; a kernel that changes one does not build this file. */
static_assert(__same_type(ptep_clear_flush, pte_t (struct vm_area_struct *, unsigned long, pte_t *)));
static_assert(__same_type(exit_mmap, void (struct mm_struct *)));

static struct kprobe copy_probe, unmap_probe, exit_probe;
static bool copies_armed, ends_armed;

/* The stack holds other functions' variables, with the marks of KASAN between them. */
static __no_sanitize_address bool is_fault(unsigned long candidate, const struct vm_area_struct *vma,
					   unsigned long addr, const pte_t *ptep)
{
	unsigned long stack = (unsigned long)task_stack_page(current);
	const struct vm_fault *fault = (const void *)candidate;

	if (candidate % sizeof(long) || candidate < stack || candidate > stack + THREAD_SIZE - sizeof(*fault))
		return false;
	return fault->vma == vma && fault->pte == ptep && (fault->address & PAGE_MASK) == addr;
}

/*
 * The fault's flags, which are not among the arguments: the caller has a pointer
 * to its struct vm_fault in a register that calls preserve, or on its stack. What
 * is taken for it is in this task's stack and names the same VMA, address and
 * entry. 0 when there is none.
 */
static __no_sanitize_address unsigned int fault_flags(const struct pt_regs *regs, const struct vm_area_struct *vma,
						      unsigned long addr, const pte_t *ptep)
{
	const unsigned long held[] = { regs->bx, regs->bp, regs->r12, regs->r13, regs->r14, regs->r15 };
	const unsigned long *stack = (const void *)regs->sp;
	const unsigned long *end = task_stack_page(current) + THREAD_SIZE;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(held); i++) {
		if (is_fault(held[i], vma, addr, ptep))
			return ((const struct vm_fault *)held[i])->flags;
	}
	for (i = 0; i < STACK_WORDS && stack + i < end; i++) {
		if (is_fault(stack[i], vma, addr, ptep))
			return ((const struct vm_fault *)stack[i])->flags;
	}
	return 0;
}

static void copied(const struct pt_regs *regs, struct vm_area_struct *vma, unsigned long addr, const pte_t *ptep)
{
	pte_t pte = READ_ONCE(*ptep);
	struct ds_copy copy = { .mm = vma->vm_mm, .addr = addr };

	if (ds_reader_is_current()) {
		ds_seen(DS_SEEN_READER_COPY);
	} else if (vma->vm_mm != current->mm) {
		ds_seen(DS_SEEN_REMOTE);
	} else if (fault_flags(regs, vma, addr, ptep) & FAULT_FLAG_UNSHARE) {
		ds_seen(DS_SEEN_UNSHARE);
	} else if (!pte_present(pte) || !pfn_valid(pte_pfn(pte)) || is_zero_pfn(pte_pfn(pte))) {
		ds_seen(DS_SEEN_ZERO);
	} else if (!PageAnon(pte_page(pte))) {
		ds_seen(DS_SEEN_FILE);
	} else if (!ds_is_filtered()) {
		copy.page = pte_page(pte);
		copy.unit = ds_unit((uintptr_t)copy.mm);
		ds_pending_add(&copy);
	}
}

static int copy_entry(struct kprobe *probe, struct pt_regs *regs)
{
	enum ds_caller caller = ds_caller_of(regs);
	u64 start;

	if (caller == DS_CALLER_OTHER)
		return 0;
	if (caller == DS_CALLER_HIDDEN) {
		ds_seen(DS_SEEN_HIDDEN);
		return 0;
	}
	start = ds_handler_start();
	copied(regs, (void *)regs_get_kernel_argument(regs, 0), regs_get_kernel_argument(regs, 1) & PAGE_MASK,
	       (const void *)regs_get_kernel_argument(regs, 2));
	ds_handler_end(start);
	return 0;
}
NOKPROBE_SYMBOL(copy_entry);

/* (struct mmu_gather *, struct vm_area_struct *, unsigned long start, unsigned long end, struct zap_details *) */
static int unmap_entry(struct kprobe *probe, struct pt_regs *regs)
{
	const struct vm_area_struct *vma = (const void *)regs_get_kernel_argument(regs, 1);
	struct mm_struct *mm = vma->vm_mm;
	u64 start;

	/* At the end of an mm exit_mmap() has judged what its budget allows. */
	if (!atomic_read(&mm->mm_users) || !ds_pending_of(mm))
		return 0;
	start = ds_handler_start();
	ds_pending_discard(mm, regs_get_kernel_argument(regs, 2), regs_get_kernel_argument(regs, 3));
	ds_handler_end(start);
	return 0;
}
NOKPROBE_SYMBOL(unmap_entry);

static int exit_entry(struct kprobe *probe, struct pt_regs *regs)
{
	struct mm_struct *mm = (struct mm_struct *)regs_get_kernel_argument(regs, 0);
	u64 start;

	if (!ds_pending_of(mm))
		return 0;
	start = ds_handler_start();
	ds_pending_exit(mm);
	ds_handler_end(start);
	return 0;
}
NOKPROBE_SYMBOL(exit_entry);

int ds_cow_register(void)
{
	int error = ds_probe_register(&exit_probe, EXIT_HOOK, NULL, exit_entry);

	if (error)
		return error;
	error = ds_probe_register(&unmap_probe, UNMAP_HOOK, NEWER_UNMAP_HOOK, unmap_entry);
	if (error)
		goto exit;
	error = ds_probe_register(&copy_probe, COPY_HOOK, NULL, copy_entry);
	if (!error)
		return 0;
	unregister_kprobe(&unmap_probe);
exit:
	unregister_kprobe(&exit_probe);
	return error;
}

void ds_cow_unregister(void)
{
	unregister_kprobe(&copy_probe);
	unregister_kprobe(&unmap_probe);
	unregister_kprobe(&exit_probe);
}

const char *ds_cow_hook(void)
{
	return COPY_HOOK;
}

u64 ds_cow_blind(void)
{
	return (u64)copy_probe.nmissed + ds_counters_sum(offsetof(struct ds_counters, hidden));
}

static int arm(struct kprobe *probe, bool *armed, bool on)
{
	int error;

	if (*armed == on)
		return 0;
	error = on ? enable_kprobe(probe) : disable_kprobe(probe);
	if (!error)
		*armed = on;
	return error;
}

int ds_cow_arm(bool on)
{
	return arm(&copy_probe, &copies_armed, on);
}

int ds_cow_arm_ends(bool on)
{
	bool unmap_armed = ends_armed;
	int error = arm(&unmap_probe, &unmap_armed, on);

	return error ?: arm(&exit_probe, &ends_armed, on);
}
