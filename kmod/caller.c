// SPDX-License-Identifier: GPL-2.0-only
/*
 * From where the kernel calls a probed function: by the return address, whose
 * function is looked up by name once for each call site.
 *
 * The compiler may inline wp_page_copy() into do_wp_page(), or give either of
 * them a suffix (.isra.0); a prefix of the name covers that. A return address
 * that another tracer has replaced names no caller: such a call is counted as
 * blind.
 */
#include <linux/kallsyms.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "deltascope.h"

#define SITES 32

struct site {
	unsigned long address;
	enum ds_caller caller;
};

static struct site sites[SITES];
static unsigned int site_count;
static DEFINE_RAW_SPINLOCK(site_lock);

static enum ds_caller look_up(unsigned long address)
{
	char name[KSYM_SYMBOL_LEN];

	/* The call may be the last instruction of its function. */
	sprint_symbol_no_offset(name, address - 1);
	if (str_has_prefix(name, "wp_page_copy") || str_has_prefix(name, "do_wp_page"))
		return DS_CALLER_COPIES;
	if (str_has_prefix(name, "0x") || strstr(name, "trampoline") || strstr(name, "return_to_handler"))
		return DS_CALLER_HIDDEN;
	return DS_CALLER_OTHER;
}

static void remember(unsigned long address, enum ds_caller caller)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&site_lock, flags);
	if (site_count < SITES) {
		sites[site_count] = (struct site) { address, caller };
		smp_store_release(&site_count, site_count + 1);
	}
	raw_spin_unlock_irqrestore(&site_lock, flags);
}

enum ds_caller ds_caller_of(const struct pt_regs *regs)
{
	unsigned long address = READ_ONCE_NOCHECK(*(unsigned long *)regs->sp);
	unsigned int count = smp_load_acquire(&site_count), i;
	enum ds_caller caller;

	for (i = 0; i < count; i++) {
		if (sites[i].address == address)
			return sites[i].caller;
	}
	caller = look_up(address);
	/* A trampoline is no call site: what is behind it differs from call to call. */
	if (caller != DS_CALLER_HIDDEN)
		remember(address, caller);
	return caller;
}
