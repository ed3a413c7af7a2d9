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
#include <linux/irq_work.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "deltascope.h"

static DECLARE_WAIT_QUEUE_HEAD(readers);
static struct irq_work wake_work;
static atomic_t is_open;
static pid_t reader;

static void wake(struct irq_work *work)
{
	wake_up_interruptible(&readers);
}

/* Hook: from here the reader is woken outside the probe. */
void ds_device_wake(void)
{
	irq_work_queue(&wake_work);
}

bool ds_device_is_reader(void)
{
	return current->tgid == READ_ONCE(reader);
}

static int device_open(struct inode *inode, struct file *file)
{
	if (atomic_cmpxchg(&is_open, 0, 1)) {
		ds_control_refused();
		return -EBUSY;
	}
	WRITE_ONCE(reader, current->tgid);
	return nonseekable_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	WRITE_ONCE(reader, 0);
	atomic_set(&is_open, 0);
	return 0;
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long length = vma->vm_end - vma->vm_start;
	size_t bytes;
	void *region = ds_ring_region(&bytes);

	if (vma->vm_pgoff || !(vma->vm_flags & VM_SHARED) || (vma->vm_flags & VM_EXEC) ||
	    (length != bytes && length != DELTASCOPE_RING_HEADER_BYTES)) {
		ds_control_refused();
		return -EINVAL;
	}
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_clear(vma, VM_MAYEXEC);
#else
	vma->vm_flags &= ~VM_MAYEXEC;
#endif
	return remap_vmalloc_range(vma, region, 0);
}

static __poll_t device_poll(struct file *file, poll_table *table)
{
	poll_wait(file, &readers, table);
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
	init_irq_work(&wake_work, wake);
	return misc_register(&device);
}

/* The probes are gone, so nothing queues the work again. */
void ds_device_unregister(void)
{
	irq_work_sync(&wake_work);
	misc_deregister(&device);
}
