// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copy-on-write: a return probe on wp_page_copy() or, where the compiler has
 * inlined that, on do_wp_page(); and a probe at the start of exit_mmap().
 *
 * One pair of handlers serves both functions. A copy was made if and only if
 * the frame in the page-table entry is another one at the return than the one
 * that faulted (vmf->orig_pte). The new page is hashed there, where the kernel
 * has just written it and it is hot; that is the only hash of a fault.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/kprobes.h>
#include <linux/mm.h>

#include "deltascope.h"

#define EXIT_HOOK "exit_mmap"

enum kind { COPY, FILE_WRITE, ZERO_FILL, UNSHARE, REMOTE };

struct fault {
	struct mm_struct *mm;
	unsigned long addr;
	unsigned long old_pfn;
	enum kind kind;
};

static const char *const page_hooks[] = { "wp_page_copy", "do_wp_page" };

static struct kretprobe page_probe;
static struct kprobe exit_probe;

static enum kind kind_of(const struct vm_fault *vmf, unsigned long pfn)
{
	if (vmf->vma->vm_mm != current->mm)
		return REMOTE;
	if (vmf->flags & FAULT_FLAG_UNSHARE)
		return UNSHARE;
	if (is_zero_pfn(pfn) || !pfn_valid(pfn))
		return ZERO_FILL;
	return PageAnon(pfn_to_page(pfn)) ? COPY : FILE_WRITE;
}

static int fault_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct vm_fault *vmf = (const void *)regs_get_kernel_argument(regs, 0);
	struct fault *fault = (void *)instance->data;
	u64 start;

	/* A shared mapping is written in place. */
	if (vmf->vma->vm_flags & (VM_SHARED | VM_MAYSHARE))
		return 1;
	if (ds_reader_is_current())
		return 1;
	start = ds_handler_start();
	fault->old_pfn = pte_pfn(vmf->orig_pte);
	fault->kind = kind_of(vmf, fault->old_pfn);
	fault->mm = vmf->vma->vm_mm;
	fault->addr = vmf->address & PAGE_MASK;
	ds_handler_end(start);
	/* The only owner writes in place; no return is worth waiting for. */
	return fault->kind == COPY && PageAnonExclusive(pfn_to_page(fault->old_pfn));
}
NOKPROBE_SYMBOL(fault_entry);

/* The fault still holds its lock, so the page tables stay, unless it gave the lock up. */
static bool gave_up(vm_fault_t result)
{
	return result & (VM_FAULT_ERROR | VM_FAULT_RETRY | VM_FAULT_COMPLETED);
}

static void note_copy(const struct fault *fault)
{
	struct ds_copy copy = {
		.mm = fault->mm,
		.addr = fault->addr,
		.old_pfn = fault->old_pfn,
		.unit = ds_unit((uintptr_t)fault->mm),
	};
	bool kept = ds_kept(copy.unit, READ_ONCE(ds_settings.sampling_shift));
	enum ds_look hashed = kept ? DS_LOOK_OTHER : DS_LOOK_GONE;

	if (ds_look(copy.mm, copy.addr, copy.old_pfn, hashed, &copy.pfn, &copy.crc) != DS_LOOK_OTHER)
		return;
	if (kept)
		ds_pending_add(&copy);
	else
		ds_capture_lost(DELTASCOPE_LOST_SAMPLED);
}

static void note_other(const struct fault *fault, enum ds_seen what)
{
	unsigned long pfn;
	u32 crc;

	if (ds_look(fault->mm, fault->addr, fault->old_pfn, DS_LOOK_GONE, &pfn, &crc) == DS_LOOK_OTHER)
		ds_seen(what);
}

static int fault_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct fault *fault = (void *)instance->data;
	u64 start = ds_handler_start();

	if (gave_up((vm_fault_t)regs_return_value(regs)))
		return 0;
	switch (fault->kind) {
	case COPY:
		note_copy(fault);
		break;
	case FILE_WRITE:
		note_other(fault, DS_SEEN_FILE);
		break;
	case ZERO_FILL:
		note_other(fault, DS_SEEN_ZERO);
		break;
	case UNSHARE:
		note_other(fault, DS_SEEN_UNSHARE);
		break;
	case REMOTE:
		note_other(fault, DS_SEEN_REMOTE);
		break;
	}
	ds_handler_end(start);
	return 0;
}
NOKPROBE_SYMBOL(fault_return);

static int exit_entry(struct kprobe *probe, struct pt_regs *regs)
{
	u64 start = ds_handler_start();

	ds_pending_exit((struct mm_struct *)regs_get_kernel_argument(regs, 0));
	ds_handler_end(start);
	return 0;
}
NOKPROBE_SYMBOL(exit_entry);

/* A probe that was refused cannot be registered again as it is. */
static int register_page(const char *symbol)
{
	page_probe = (struct kretprobe) {
		.kp.symbol_name = symbol,
		.kp.flags = KPROBE_FLAG_DISABLED,
		.entry_handler = fault_entry,
		.handler = fault_return,
		.data_size = sizeof(struct fault),
		.maxactive = max(256U, 32 * num_possible_cpus()),
	};
	return register_kretprobe(&page_probe);
}

static int register_first(const char *wanted)
{
	int error = -ENOENT;
	size_t i;

	if (wanted && *wanted)
		return register_page(wanted);
	for (i = 0; i < ARRAY_SIZE(page_hooks) && error == -ENOENT; i++)
		error = register_page(page_hooks[i]);
	return error;
}

int ds_cow_register(const char *wanted)
{
	int error;

	exit_probe = (struct kprobe) { .symbol_name = EXIT_HOOK, .pre_handler = exit_entry };
	error = register_kprobe(&exit_probe);
	if (error) {
		pr_err("refused: this kernel has no hook %s (error %d)\n", EXIT_HOOK, error);
		return error;
	}
	error = register_first(wanted);
	if (error) {
		pr_err("refused: this kernel has no hook %s (error %d)\n",
		       wanted && *wanted ? wanted : "wp_page_copy or do_wp_page", error);
		unregister_kprobe(&exit_probe);
	}
	return error;
}

void ds_cow_unregister(void)
{
	unregister_kretprobe(&page_probe);
	unregister_kprobe(&exit_probe);
}

const char *ds_cow_hook(void)
{
	return page_probe.kp.symbol_name;
}

u64 ds_cow_blind(void)
{
	return (u64)page_probe.nmissed + page_probe.kp.nmissed;
}

int ds_cow_arm(bool on)
{
	return on ? enable_kretprobe(&page_probe) : disable_kretprobe(&page_probe);
}
