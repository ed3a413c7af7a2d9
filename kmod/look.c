// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is at an address of an mm: compared by frame number and hashed under
 * the page-table lock, without a reference. A reference would make the kernel
 * copy at the next write where it would have reused the page.
 *
 * The caller keeps page tables from being freed:
 * - the return of a fault: the fault still holds the mmap or VMA lock;
 * - the judge: mmap_lock for reading, and a VMA that covers the address (a
 *   munmap that has gone down to the read lock has taken its VMAs out first);
 * - exit: no users are left and exit_mmap() has not begun.
 * Under the page-table lock no present page can leave its entry.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "deltascope.h"

static pmd_t *pmd_of(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d;
	pud_t *pud;

	if (pgd_none(*pgd) || pgd_bad(*pgd))
		return NULL;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d) || p4d_bad(*p4d))
		return NULL;
	pud = pud_offset(p4d, addr);
	if (pud_none(*pud) || pud_bad(*pud))
		return NULL;
	return pmd_offset(pud, addr);
}

/* A table of entries, and not a huge page or nothing. */
static bool is_table(pmd_t pmd)
{
	return !pmd_none(pmd) && pmd_present(pmd) && !pmd_bad(pmd);
}

enum ds_look ds_look(struct mm_struct *mm, unsigned long addr, unsigned long pfn,
		     enum ds_look hashed, unsigned long *found, u32 *crc)
{
	enum ds_look result = DS_LOOK_GONE;
	pmd_t *pmdp = pmd_of(mm, addr);
	spinlock_t *lock;
	pmd_t pmd;
	pte_t pte;

	if (!pmdp)
		return DS_LOOK_GONE;
	pmd = READ_ONCE(*pmdp);
	if (!is_table(pmd))
		return DS_LOOK_GONE;
	lock = pte_lockptr(mm, &pmd);
	spin_lock(lock);
	if (unlikely(pmd_val(READ_ONCE(*pmdp)) != pmd_val(pmd)))
		goto out;
	pte = READ_ONCE(*((pte_t *)pmd_page_vaddr(pmd) + pte_index(addr)));
	if (!pte_present(pte) || !pfn_valid(pte_pfn(pte)))
		goto out;
	*found = pte_pfn(pte);
	result = *found == pfn ? DS_LOOK_SAME : DS_LOOK_OTHER;
	if (result == hashed) {
		void *bytes = kmap_local_page(pte_page(pte));

		*crc = DS_CRC_END(ds_crc32c(DS_CRC_START, bytes, PAGE_SIZE));
		kunmap_local(bytes);
	}
out:
	spin_unlock(lock);
	return result;
}
