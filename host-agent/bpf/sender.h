/* SPDX-License-Identifier: GPL-2.0-only */
/* Who sends, and to whom: by content, bodies of one sender are compared with each other. */
#ifndef DS_SENDER_H
#define DS_SENDER_H

#include "hash.h"

/*
 * A user in a cgroup, and at the root of the hierarchy, where there may be several
 * containers (version 1), a process. It is a keyed hash, which no other sender can choose.
 */
DS_INLINE __u64 ds_sender(__u64 cgroup)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 users = (__u64)BPF_CORE_READ(task, cred, uid.val) << 32 | BPF_CORE_READ(task, cred, euid.val);
	__u64 place = ds_unit(cgroup);

	if (cgroup == DS_ROOT_CGROUP)
		place = ds_unit(place ^ BPF_CORE_READ(task, group_leader, start_boottime)) ^
			bpf_get_current_pid_tgid() >> 32;
	return ds_unit(ds_unit(place) ^ users);
}

/* The remote address and the local port, as they are to one sender. */
DS_INLINE __u64 ds_peer(struct sock *sk, __u64 sender)
{
	/* IPv4 as a socket of IPv6 has it. */
	__u64 high = 0, low = (__u64)sk->__sk_common.skc_daddr << 32 | 0xffff0000ULL;

	if (sk->__sk_common.skc_family == DS_AF_INET6 && bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) {
		const __u32 *words = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32;

		high = (__u64)words[1] << 32 | words[0];
		low = (__u64)words[3] << 32 | words[2];
	}
	return ds_unit(ds_unit(ds_unit(sender ^ high) ^ low) ^ sk->__sk_common.skc_num);
}

#endif
