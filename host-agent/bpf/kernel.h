/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs read of the kernel, and nothing else of it. Offsets are those
 * of the running kernel: libbpf takes them from its BTF when the programs are loaded.
 */
#ifndef DS_KERNEL_H
#define DS_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define DS_CORE __attribute__((preserve_access_index))
#define DS_INLINE static __always_inline

#define DS_PAGE_SHIFT 12
#define DS_PAGE_BYTES 4096
/* Intel SDM volume 3 4.5: bits 51:12 of an entry are the frame. PRESENT, and GLOBAL without it: PROT_NONE. */
#define DS_FRAME_BITS 0x000ffffffffff000ULL
#define DS_PRESENT_BITS 0x101ULL
/* VM_SHARED and VM_MAYSHARE. */
#define DS_VM_SHARED 0x88UL
/* VM_FAULT_ERROR, VM_FAULT_RETRY and VM_FAULT_COMPLETED: the fault has given its locks up. */
#define DS_FAULT_GAVE_UP 0x4c73U
/* PAGE_MAPPING_ANON. */
#define DS_MAPPING_ANON 1UL
/* Inode of the root of the cgroup v2 hierarchy. */
#define DS_ROOT_CGROUP 1ULL

typedef struct {
	unsigned long pte;
} DS_CORE pte_t;

typedef struct {
	unsigned long pmd;
} DS_CORE pmd_t;

typedef struct {
	int counter;
} DS_CORE atomic_t;

struct mm_struct {
	atomic_t mm_users;
} DS_CORE;

struct mmu_gather;

typedef struct {
	__u32 val;
} DS_CORE kuid_t;

struct cred {
	kuid_t uid;
	kuid_t euid;
} DS_CORE;

struct task_struct {
	struct mm_struct *mm;
	const struct cred *cred;
	struct task_struct *group_leader;
	__u64 start_boottime;
} DS_CORE;

struct vm_area_struct {
	struct mm_struct *vm_mm;
	unsigned long vm_flags;
} DS_CORE;

struct address_space;

struct page {
	unsigned long compound_head;
	struct address_space *mapping;
} DS_CORE;

/* From 7.0 on. */
struct page___named_info {
	unsigned long compound_info;
} DS_CORE;

enum fault_flag {
	FAULT_FLAG_UNSHARE = 1 << 10,
};

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long address;
	enum fault_flag flags;
	pmd_t *pmd;
	pte_t orig_pte;
	struct page *page;
	pte_t *pte;
} DS_CORE;

struct inode {
	unsigned long i_ino;
} DS_CORE;

struct file {
	struct inode *f_inode;
} DS_CORE;

struct socket {
	struct file *file;
} DS_CORE;

struct in6_addr {
	union {
		__u32 u6_addr32[4];
	} in6_u;
};

struct sock_common {
	__u32 skc_daddr;
	__u16 skc_num;
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr;
} DS_CORE;

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
} DS_CORE;

#define DS_AF_INET6 10

enum iter_type {
	ITER_UBUF,
	ITER_IOVEC,
	ITER_KVEC,
	ITER_BVEC,
};

/* One part of a send: kernel and user vectors have the same layout. */
struct kvec {
	void *iov_base;
	unsigned long iov_len;
} DS_CORE;

struct bio_vec {
	struct page *bv_page;
	unsigned int bv_len;
	unsigned int bv_offset;
} DS_CORE;

struct iov_iter {
	__u8 iter_type;
	unsigned long iov_offset;
	void *ubuf;
	const struct kvec *kvec;
	const struct bio_vec *bvec;
} DS_CORE;

struct msghdr {
	struct iov_iter msg_iter;
} DS_CORE;

/* Where the direct map and the array of pages begin; constants on a kernel that does not move them. */
extern const void page_offset_base __ksym __weak;
extern const void vmemmap_base __ksym __weak;
#define DS_PAGE_OFFSET 0xffff888000000000ULL
#define DS_VMEMMAP 0xffffea0000000000ULL

/* From 6.10 on. */
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

/*
 * A preempted program makes the kernel pass by for all other tasks of its CPU
 * that come to the same program, and count a recursion miss: none where the
 * kernel lets preemption be switched off.
 */
#define ds_begin()                               \
	do {                                     \
		if (bpf_preempt_disable)         \
			bpf_preempt_disable();   \
	} while (0)

#define ds_end()                                 \
	do {                                     \
		if (bpf_preempt_enable)          \
			bpf_preempt_enable();    \
	} while (0)

/* An entry of a page table, read in place. Zero where it cannot be read. */
struct ds_entry {
	unsigned long value;
};

#define ds_entry_at(pointer) (((struct ds_entry *)(pointer))->value)

DS_INLINE __u64 ds_frame(__u64 entry)
{
	return (entry & DS_FRAME_BITS) >> DS_PAGE_SHIFT;
}

#endif
