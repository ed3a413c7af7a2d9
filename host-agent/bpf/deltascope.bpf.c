// SPDX-License-Identifier: GPL-2.0-only
/*
 * The capture of copies and sends as BPF programs: what the kernel runs, and where.
 * Each of them is short, takes no lock and holds nothing while the observed code sleeps.
 */
#include "copy.h"
#include "judge.h"
#include "send.h"

char LICENSE[] SEC("license") = "GPL";

SEC("fexit/do_wp_page")
int BPF_PROG(ds_copy, struct vm_fault *vmf, unsigned int result)
{
	ds_begin();
	ds_fault(vmf, result);
	ds_end();
	return 0;
}

SEC("fentry/exit_mmap")
int BPF_PROG(ds_exit_mmap, struct mm_struct *mm)
{
	ds_begin();
	ds_exit(mm);
	ds_end();
	return 0;
}

SEC("fentry/unmap_page_range")
int BPF_PROG(ds_unmap_page_range, struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start,
	     unsigned long end)
{
	ds_begin();
	ds_unmap(vma, start, end);
	ds_end();
	return 0;
}

/* The same function by its name since 7.3. */
SEC("fentry/__zap_vma_range")
int BPF_PROG(ds_zap_vma_range, struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start,
	     unsigned long end)
{
	ds_begin();
	ds_unmap(vma, start, end);
	ds_end();
	return 0;
}

/* With the socket locked: the records of a socket are in the order of its bytes. */
SEC("fexit/tcp_sendmsg_locked")
int BPF_PROG(ds_send, struct sock *sk, struct msghdr *msg, unsigned long size, int result)
{
	ds_begin();
	ds_sent(sk, msg, result);
	ds_end();
	return 0;
}

/* Multipath TCP takes its bytes by a path of its own. Only where the kernel has it. */
SEC("fexit/mptcp_sendmsg")
int BPF_PROG(ds_send_mptcp, struct sock *sk, struct msghdr *msg, unsigned long size, int result)
{
	ds_begin();
	ds_sent(sk, msg, result);
	ds_end();
	return 0;
}

/* Run by the agent, every few milliseconds. */
SEC("syscall")
int ds_judge_due(void *context)
{
	return ds_judge();
}

static __u64 ds_base(const void *symbol, __u64 otherwise)
{
	__u64 base = 0;

	if (!symbol)
		return otherwise;
	return bpf_probe_read_kernel(&base, sizeof(base), symbol) ? 0 : base;
}

/* Run by the agent, once, before the others are attached. */
SEC("syscall")
int ds_setup(void *context)
{
	agent_tgid = bpf_get_current_pid_tgid() >> 32;
	page_offset = ds_base(&page_offset_base, DS_PAGE_OFFSET);
	vmemmap = ds_base(&vmemmap_base, DS_VMEMMAP);
	return page_offset && vmemmap ? 0 : 1;
}
