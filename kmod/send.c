// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends: return probes on the functions that take the bytes of a TCP or MPTCP
 * socket. tcp_sendmsg_locked() is behind tcp_sendmsg(), kernel TLS, sockmap and
 * espintcp; MPTCP has its own.
 *
 * The payload is hashed at the entry, before the call consumes its iterator,
 * and becomes an event at the return, when it is known what was taken: a call
 * that took nothing (EAGAIN) is no send, or its repetition would look
 * redundant. The bytes are copied with page faults off into a page of this
 * CPU; what is not in memory makes the send PARTIAL, which never matches.
 *
 * By content (send_content) the head of an HTTP/1 response is not hashed, as its
 * date makes it another one each time. It is looked for in the first page of
 * what is hashed anyway; one that does not end there makes the send PARTIAL.
 */
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <net/ipv6.h>
#include <net/mptcp.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "return_pool.h"

#define TLS_HEADER 5
#define RESPONSE "HTTP/1."

/* The handlers read these arguments; a kernel that changes one does not build this file. */
static_assert(__same_type(tcp_sendmsg_locked, int (struct sock *, struct msghdr *, size_t)));

struct send {
	u64 inode;
	u64 unit;
	/* Alive until the call has returned. */
	const struct sock *sk;
	size_t size;
	u32 crc;
	/* Bytes of the HTTP head. */
	u32 head;
	u16 flags;
	bool kept;
	bool is_readers;
	bool by_content;
};

static int tcp_entry(struct kretprobe_instance *instance, struct pt_regs *regs);
static int mptcp_entry(struct kretprobe_instance *instance, struct pt_regs *regs);
static int send_return(struct kretprobe_instance *instance, struct pt_regs *regs);

static struct return_hook tcp_hook = {
	.symbol = "tcp_sendmsg_locked",
	.entry = tcp_entry,
	.exit = send_return,
	.data_bytes = sizeof(struct send),
};

/* A kernel without MPTCP has no such function. */
static struct return_hook mptcp_hook = {
	.symbol = "mptcp_sendmsg",
	.optional = true,
	.entry = mptcp_entry,
	.exit = send_return,
	.data_bytes = sizeof(struct send),
};

/* RFC 8446 section 5.1: content type 20..24, version 3.x, at most 2^14 + 2048 bytes (RFC 5246 6.2.3). */
static bool is_tls(const u8 *bytes, size_t length)
{
	unsigned int body;

	if (length < TLS_HEADER || bytes[0] < 20 || bytes[0] > 24 || bytes[1] != 3 || bytes[2] > 4)
		return false;
	body = bytes[3] << 8 | bytes[4];
	return body && body <= (1 << 14) + 2048;
}

/* Bytes of a head (RFC 9112) up to and with its empty line; 0 when that is not among them. */
static size_t head_length(const u8 *bytes, size_t length)
{
	size_t i;

	for (i = sizeof(RESPONSE) - 1; i + 1 < length; i++) {
		if (bytes[i] != '\n')
			continue;
		if (bytes[i + 1] == '\n')
			return i + 2;
		if (bytes[i - 1] == '\r' && bytes[i + 1] == '\r' && i + 2 < length && bytes[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

/* Looks at the first bytes. Whether what comes behind a head is worth hashing. */
static bool look_at_beginning(struct send *send, const u8 *bytes, size_t length)
{
	if (is_tls(bytes, length)) {
		send->flags |= DELTASCOPE_FLAG_ENCRYPTED;
		return !send->by_content;
	}
	if (!send->by_content || length < sizeof(RESPONSE) - 1 || memcmp(bytes, RESPONSE, sizeof(RESPONSE) - 1))
		return true;
	send->head = head_length(bytes, length);
	if (!send->head)
		send->flags |= DELTASCOPE_FLAG_PARTIAL;
	return send->head;
}

/* Hashes up to `limit` bytes of the payload, as far as they are in memory, and gives their number. */
static size_t hash_payload(struct send *send, const struct msghdr *msg, size_t limit)
{
	struct iov_iter iter = msg->msg_iter;
	u8 *bytes = ds_scratch();
	u32 crc = DS_CRC_START;
	size_t done = 0;

	pagefault_disable();
	while (done < limit) {
		size_t count = copy_from_iter(bytes, min_t(size_t, limit - done, PAGE_SIZE), &iter);
		size_t skip = 0;

		if (!count)
			break;
		if (!done) {
			if (!look_at_beginning(send, bytes, count)) {
				done = limit;
				break;
			}
			skip = send->head;
		}
		crc = ds_crc32c(crc, bytes + skip, count - skip);
		done += count;
	}
	pagefault_enable();
	send->crc = DS_CRC_END(crc);
	return done;
}

/* What is longer than the limit never matches: of it only the TLS header is looked at. */
static void look_at_payload(struct send *send, const struct msghdr *msg)
{
	if (send->size > READ_ONCE(ds_settings.send_limit)) {
		hash_payload(send, msg, TLS_HEADER);
		send->flags |= DELTASCOPE_FLAG_TRUNCATED;
		send->crc = 0;
	} else if (hash_payload(send, msg, send->size) < send->size) {
		send->flags |= DELTASCOPE_FLAG_PARTIAL;
	}
}

static int send_entry(struct kretprobe_instance *instance, const struct sock *sk, const struct msghdr *msg, size_t size)
{
	struct send *send = (void *)instance->data;
	u64 start = ds_handler_start();

	*send = (struct send) {
		.inode = sk->sk_socket ? SOCK_INODE(sk->sk_socket)->i_ino : 0,
		.sk = sk,
		.size = size,
		.is_readers = ds_reader_is_current(),
		.by_content = READ_ONCE(ds_settings.send_content),
	};
	send->unit = ds_unit(send->inode);
	send->kept = !send->is_readers && ds_kept(send->unit, ds_sampling_shift());
	if (send->kept)
		look_at_payload(send, msg);
	ds_handler_end(start);
	return 0;
}

/* The reader's own sends are counted at their return. */
static bool is_passed_by(void)
{
	return !ds_reader_is_current() && ds_is_filtered();
}

static int tcp_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct sock *sk = (const void *)regs_get_kernel_argument(regs, 0);

	/* A subflow sends what its MPTCP socket was given. */
	if (!return_pool_takes(&tcp_hook, instance) || sk_is_mptcp(sk) || is_passed_by())
		return 1;
	return_pool_entered(&tcp_hook);
	return send_entry(instance, sk, (const void *)regs_get_kernel_argument(regs, 1),
			  regs_get_kernel_argument(regs, 2));
}
NOKPROBE_SYMBOL(tcp_entry);

static int mptcp_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	if (!return_pool_takes(&mptcp_hook, instance) || is_passed_by())
		return 1;
	return_pool_entered(&mptcp_hook);
	return send_entry(instance, (const void *)regs_get_kernel_argument(regs, 0),
			  (const void *)regs_get_kernel_argument(regs, 1), regs_get_kernel_argument(regs, 2));
}
NOKPROBE_SYMBOL(mptcp_entry);

/* The remote address and the local port, as they are to one sender. */
static u64 peer_of(const struct sock *sk, u64 sender)
{
	struct in6_addr remote;

#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		remote = sk->sk_v6_daddr;
	else
#endif
		ipv6_addr_set_v4mapped(sk->sk_daddr, &remote);
	return ds_peer(sender, &remote, sk->sk_num);
}

static void sent(const struct send *send, size_t taken)
{
	struct deltascope_ring_record record = {
		.time_ns = ktime_get_mono_fast_ns(),
		.length = taken,
		.tgid = current->tgid,
		.kind = DELTASCOPE_KIND_SEND,
		.flags = send->flags,
		.unit = send->unit,
	};

	/* The fingerprint covers bytes that this call did not take. */
	if (taken < send->size)
		record.flags |= DELTASCOPE_FLAG_PARTIAL;
	record.cgroup = ds_cgroup(&record.flags);
	if (send->by_content) {
		u64 sender = ds_sender(record.cgroup, record.flags);

		record.flags |= DELTASCOPE_FLAG_CONTENT;
		record.key = peer_of(send->sk, sender);
		record.before = ds_conceal(ds_permutation(sender, 1), send->crc);
		record.after = min_t(size_t, send->head, taken);
	} else {
		record.key = send->inode;
		record.before = ds_conceal(ds_permutation(send->inode, 0), send->crc);
	}
	ds_capture_send(&record);
}

static int send_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct send *send = (void *)instance->data;
	int taken = (int)regs_return_value(regs);
	u64 start = ds_handler_start();

	return_pool_left(instance);
	if (taken > 0) {
		if (send->is_readers)
			ds_seen(DS_SEEN_READER_SEND);
		else if (send->kept)
			sent(send, taken);
		else
			ds_capture_left_out_send(taken, send->by_content);
	}
	ds_handler_end(start);
	return 0;
}
NOKPROBE_SYMBOL(send_return);

int ds_send_register(unsigned int instances)
{
	int error = return_hook_register(&tcp_hook, instances);

	if (error)
		return error;
	error = return_hook_register(&mptcp_hook, instances);
	if (error)
		return_hook_unregister(&tcp_hook);
	return error;
}

void ds_send_unregister(void)
{
	return_hook_unregister(&mptcp_hook);
	return_hook_unregister(&tcp_hook);
}

u64 ds_send_blind(void)
{
	return return_hook_missed(&tcp_hook) + return_hook_missed(&mptcp_hook);
}

int ds_send_arm(bool on)
{
	return return_hook_arm(&tcp_hook, on) ?: return_hook_arm(&mptcp_hook, on);
}

void ds_send_grow(void)
{
	return_hook_grow(&tcp_hook);
	return_hook_grow(&mptcp_hook);
}
