// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/deltascope: one reader at a time maps the rings and polls.
 *
 * Two mappings are allowed, shared and from offset 0: one page, the header of
 * the first ring, from which the reader learns the rest; and all rings. The
 * mapping holds the file, so the device counts as open until both are gone.
 */
#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <linux/wait.h>

#include "deltascope.h"

static atomic_t is_open;

static int device_open(struct inode *inode, struct file *file)
{
	if (atomic_cmpxchg(&is_open, 0, 1)) {
		ds_reader_refuse();
		return -EBUSY;
	}
	ds_reader_set(current->tgid);
	return nonseekable_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	ds_reader_set(0);
	atomic_set(&is_open, 0);
	return 0;
}

static vm_fault_t region_fault(struct vm_fault *fault)
{
	struct page *page = ds_ring_page(fault->pgoff);

	if (!page)
		return VM_FAULT_SIGBUS;
	get_page(page);
	fault->page = page;
	return 0;
}

static const struct vm_operations_struct region_operations = {
	.fault = region_fault,
};

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long length = vma->vm_end - vma->vm_start;

	if (vma->vm_pgoff || !(vma->vm_flags & VM_SHARED) || (vma->vm_flags & VM_EXEC) ||
	    (length != ds_ring_bytes() && length != DELTASCOPE_RING_HEADER_BYTES)) {
		ds_reader_refuse();
		return -EINVAL;
	}
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYEXEC);
#else
	vma->vm_flags |= VM_DONTEXPAND | VM_DONTDUMP;
	vma->vm_flags &= ~VM_MAYEXEC;
#endif
	vma->vm_ops = &region_operations;
	return 0;
}

static __poll_t device_poll(struct file *file, poll_table *table)
{
	poll_wait(file, &ds_readers, table);
	return ds_ring_high() ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.mmap = device_mmap,
	.poll = device_poll,
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	.llseek = no_llseek,
#endif
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = DS_NAME,
	.fops = &operations,
	.groups = ds_sysfs_groups,
	.mode = 0600,
};

int ds_device_register(void)
{
	ds_reader_create();
	return misc_register(&device);
}

void ds_device_unregister(void)
{
	ds_reader_destroy();
	misc_deregister(&device);
}
