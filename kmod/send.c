// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends: a return probe on tcp_sendmsg().
 *
 * The payload is hashed at the entry, before the call consumes its iterator,
 * and becomes an event at the return, when it is known what was taken: a call
 * that took nothing (EAGAIN) is no send, or its repetition would look
 * redundant. The bytes are copied with page faults off into a page of this
 * CPU; what is not in memory makes the send PARTIAL, which never matches.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <net/sock.h>

#include "deltascope.h"

#define SEND_HOOK "tcp_sendmsg"
#define TLS_HEADER 5

struct send {
	u64 inode;
	u64 unit;
	size_t size;
	u32 crc;
	u16 flags;
	bool hashed;
};

static struct kretprobe send_probe;
static void __percpu *scratch;

/* RFC 8446 section 5.1: content type 20..24, version 3.x, at most 2^14 + 2048 bytes (RFC 5246 6.2.3). */
static bool is_tls(const u8 *bytes, size_t length)
{
	unsigned int body;

	if (length < TLS_HEADER || bytes[0] < 20 || bytes[0] > 24 || bytes[1] != 3 || bytes[2] > 4)
		return false;
	body = bytes[3] << 8 | bytes[4];
	return body && body <= (1 << 14) + 2048;
}

/* Hashes the payload, as far as the limit and the pages in memory allow. */
static void hash_payload(struct send *send, const struct msghdr *msg)
{
	size_t limit = min_t(size_t, send->size, READ_ONCE(ds_settings.send_limit)), done = 0;
	struct iov_iter iter = msg->msg_iter;
	u8 *bytes = this_cpu_ptr(scratch);
	u32 crc = DS_CRC_START;

	pagefault_disable();
	while (done < limit) {
		size_t count = copy_from_iter(bytes, min_t(size_t, limit - done, PAGE_SIZE), &iter);

		if (!count)
			break;
		if (!done && is_tls(bytes, count))
			send->flags |= DELTASCOPE_FLAG_ENCRYPTED;
		crc = ds_crc32c(crc, bytes, count);
		done += count;
	}
	pagefault_enable();
	if (done < limit)
		send->flags |= DELTASCOPE_FLAG_PARTIAL;
	else if (limit < send->size)
		send->flags |= DELTASCOPE_FLAG_TRUNCATED;
	send->crc = DS_CRC_END(crc);
}

static int send_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct sock *sk = (struct sock *)regs_get_kernel_argument(regs, 0);
	const struct msghdr *msg = (const void *)regs_get_kernel_argument(regs, 1);
	struct send *send = (void *)instance->data;
	u64 start;

	if (ds_reader_is_current())
		return 1;
	start = ds_handler_start();
	*send = (struct send) {
		.inode = sk->sk_socket ? SOCK_INODE(sk->sk_socket)->i_ino : 0,
		.size = regs_get_kernel_argument(regs, 2),
	};
	send->unit = ds_unit(send->inode);
	send->hashed = ds_kept(send->unit, READ_ONCE(ds_settings.sampling_shift));
	if (send->hashed)
		hash_payload(send, msg);
	ds_handler_end(start);
	return 0;
}
NOKPROBE_SYMBOL(send_entry);

static int send_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct send *send = (void *)instance->data;
	int taken = (int)regs_return_value(regs);
	struct deltascope_ring_record record;
	u64 start = ds_handler_start();

	if (taken <= 0)
		return 0;
	if (!send->hashed) {
		ds_capture_left_out_send(taken);
	} else {
		record = (struct deltascope_ring_record) {
			.time_ns = ktime_get_mono_fast_ns(),
			.key = send->inode,
			.length = taken,
			.before = send->crc,
			.tgid = current->tgid,
			.kind = DELTASCOPE_KIND_SEND,
			.flags = send->flags,
			.unit = send->unit,
		};
		/* The fingerprint covers bytes that this call did not take. */
		if (taken < send->size)
			record.flags |= DELTASCOPE_FLAG_PARTIAL;
		record.cgroup = ds_cgroup(&record.flags);
		ds_capture_send(&record);
	}
	ds_handler_end(start);
	return 0;
}
NOKPROBE_SYMBOL(send_return);

int ds_send_create(void)
{
	scratch = __alloc_percpu(PAGE_SIZE, 64);
	return scratch ? 0 : -ENOMEM;
}

void ds_send_destroy(void)
{
	free_percpu(scratch);
}

int ds_send_register(unsigned int instances)
{
	int error;

	send_probe = (struct kretprobe) {
		.kp.symbol_name = SEND_HOOK,
		.kp.flags = KPROBE_FLAG_DISABLED,
		.entry_handler = send_entry,
		.handler = send_return,
		.data_size = sizeof(struct send),
		.maxactive = instances,
	};
	error = register_kretprobe(&send_probe);
	if (error)
		pr_err("refused: this kernel has no hook %s (error %d)\n", SEND_HOOK, error);
	return error;
}

void ds_send_unregister(void)
{
	unregister_kretprobe(&send_probe);
}

u64 ds_send_blind(void)
{
	return (u64)send_probe.nmissed + send_probe.kp.nmissed;
}

int ds_send_arm(bool on)
{
	return on ? enable_kretprobe(&send_probe) : disable_kretprobe(&send_probe);
}
