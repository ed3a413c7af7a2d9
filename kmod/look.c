// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is at an address of an mm: read without a lock of that mm and without a
 * reference. A lock would make the judge wait for a process that holds it, and
 * that process for the judge; a reference would make the kernel copy at the
 * next write where it would have reused the page.
 *
 * Interrupts are off from the first entry that is read to the last: page tables
 * are freed after a grace period of RCU, or after an interrupt that every CPU
 * has answered. So the entry is read, the page is copied to a page of this CPU,
 * and the entry is read again: when it has the same frame, the page was there.
 * A frame that was taken away meanwhile may be unmapped from the kernel too, so
 * it is copied by the function that survives that. pgd and mm_struct stay
 * because the caller holds the mm (mmgrab).
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/uaccess.h>

#include "deltascope.h"

#ifndef CONFIG_MMU_GATHER_RCU_TABLE_FREE
#error "page tables of this kernel are freed without a grace period (CONFIG_MMU_GATHER_RCU_TABLE_FREE)"
#endif

static void __percpu *scratch;

int ds_scratch_create(void)
{
	scratch = __alloc_percpu(PAGE_SIZE, 64);
	return scratch ? 0 : -ENOMEM;
}

void ds_scratch_destroy(void)
{
	free_percpu(scratch);
}

void *ds_scratch(void)
{
	return this_cpu_ptr(scratch);
}

/* The entry of an address; none where there is no table of entries. */
static pte_t entry_of(struct mm_struct *mm, unsigned long addr)
{
	pgd_t pgd = READ_ONCE(*pgd_offset(mm, addr));
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;
	pmd_t *pmdp, pmd;

	if (pgd_none(pgd) || pgd_bad(pgd))
		return __pte(0);
	p4dp = p4d_offset_lockless(pgd_offset(mm, addr), pgd, addr);
	p4d = READ_ONCE(*p4dp);
	if (p4d_none(p4d) || p4d_bad(p4d))
		return __pte(0);
	pudp = pud_offset_lockless(p4dp, p4d, addr);
	pud = READ_ONCE(*pudp);
	if (pud_none(pud) || pud_bad(pud))
		return __pte(0);
	pmdp = pmd_offset_lockless(pudp, pud, addr);
	pmd = READ_ONCE(*pmdp);
	if (pmd_none(pmd) || !pmd_present(pmd) || pmd_bad(pmd))
		return __pte(0);
	return READ_ONCE(*((pte_t *)pmd_page_vaddr(pmd) + pte_index(addr)));
}

static bool has_page(pte_t pte)
{
	return pte_present(pte) && pfn_valid(pte_pfn(pte));
}

bool ds_look(struct mm_struct *mm, unsigned long addr, u32 *crc)
{
	unsigned long flags;
	bool seen = false;
	pte_t pte, again;

	lockdep_assert_preemption_disabled();
	local_irq_save(flags);
	pte = entry_of(mm, addr);
	if (has_page(pte) && !copy_from_kernel_nofault(ds_scratch(), page_address(pte_page(pte)), PAGE_SIZE)) {
		smp_rmb();
		again = entry_of(mm, addr);
		seen = has_page(again) && pte_pfn(again) == pte_pfn(pte);
	}
	local_irq_restore(flags);
	if (seen)
		*crc = DS_CRC_END(ds_crc32c(DS_CRC_START, ds_scratch(), PAGE_SIZE));
	return seen;
}
