/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sends, at the return, where it is known what was taken: the iterator stands
 * behind those bytes, and going back over it finds them. A send longer than the
 * limit cannot match and is not hashed. By content (send_content) the head of an
 * HTTP/1 response is not hashed, as its date makes it another one each time.
 */
#ifndef DS_SEND_H
#define DS_SEND_H

#include "hash.h"
#include "record.h"
#include "sender.h"

/* Bytes in which a head must end. */
#define DS_HEAD_BYTES 4096
#define DS_RESPONSE 0x2e312f50545448ULL /* "HTTP/1." */
#define DS_RESPONSE_MASK 0x00ffffffffffffffULL
/* Parts of a send that are gone back over. */
#define DS_PARTS 16
#define DS_TLS_HEADER 5
/* Room behind the longest send for the part that is being added. */
#define DS_PAYLOAD_BYTES (2 * DELTASCOPE_BPF_SEND_LIMIT)

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[DS_PAYLOAD_BYTES]);
} payload SEC(".maps");

/* Where the bytes that were taken begin. */
struct ds_begin {
	const void *part;
	__u64 offset;
	__u32 type;
};

/* A part of a vector, whatever its memory. */
struct ds_part {
	__u64 address;
	__u64 bytes;
};

#define DS_TYPE(name) bpf_core_enum_value(enum iter_type, name)

DS_INLINE int ds_part_at(const void *at, __u32 type, struct ds_part *part)
{
	if (type == DS_TYPE(ITER_BVEC)) {
		const struct bio_vec *vector = at;
		__u64 page = (__u64)BPF_CORE_READ(vector, bv_page);

		if (!page)
			return 0;
		part->address = page_offset +
				((page - vmemmap) / bpf_core_type_size(struct page) << DS_PAGE_SHIFT) +
				BPF_CORE_READ(vector, bv_offset);
		part->bytes = BPF_CORE_READ(vector, bv_len);
	} else {
		const struct kvec *vector = at;

		part->address = (__u64)BPF_CORE_READ(vector, iov_base);
		part->bytes = BPF_CORE_READ(vector, iov_len);
	}
	return 1;
}

DS_INLINE __u64 ds_part_size(__u32 type)
{
	return type == DS_TYPE(ITER_BVEC) ? bpf_core_type_size(struct bio_vec) : bpf_core_type_size(struct kvec);
}

/* As iov_iter_revert() of the kernel does. */
DS_INLINE int ds_go_back(struct msghdr *msg, __u32 taken, struct ds_begin *begin)
{
	__u64 offset = msg->msg_iter.iov_offset, back = taken;
	const void *at = msg->msg_iter.kvec;
	int i;

	for (i = 0; i < DS_PARTS; i++) {
		struct ds_part part;

		if (back <= offset) {
			begin->part = at;
			begin->offset = offset - back;
			return 1;
		}
		back -= offset;
		at -= ds_part_size(begin->type);
		if (!ds_part_at(at, begin->type, &part))
			return 0;
		offset = part.bytes;
	}
	return 0;
}

DS_INLINE int ds_read(void *to, __u64 bytes, __u64 from, __u32 type)
{
	if (type == DS_TYPE(ITER_UBUF) || type == DS_TYPE(ITER_IOVEC))
		return !bpf_probe_read_user(to, bytes, (void *)from);
	return !bpf_probe_read_kernel(to, bytes, (void *)from);
}

/* The compiler knows these bounds and would leave them out; the verifiers of older kernels do not. */
#define ds_bound(number, mask) asm volatile("%0 &= %1" : "+r"(number) : "i"(mask))

/* Gathers what was taken, as far as `wanted`. */
DS_INLINE int ds_gather(struct msghdr *msg, __u32 taken, __u32 wanted, __u8 *bytes)
{
	struct ds_begin begin = { .type = msg->msg_iter.iter_type };
	__u64 done = 0;
	int i;

	if (begin.type == DS_TYPE(ITER_UBUF)) {
		__u64 from = (__u64)msg->msg_iter.ubuf + msg->msg_iter.iov_offset - taken, count = wanted;

		ds_bound(count, DS_PAYLOAD_BYTES - 1);
		return ds_read(bytes, count, from, begin.type);
	}
	if (begin.type != DS_TYPE(ITER_IOVEC) && begin.type != DS_TYPE(ITER_KVEC) &&
	    begin.type != DS_TYPE(ITER_BVEC))
		return 0;
	if (!ds_go_back(msg, taken, &begin))
		return 0;
	for (i = 0; i <= DS_PARTS; i++) {
		struct ds_part part;
		__u64 count;

		if (done >= wanted)
			return 1;
		if (!ds_part_at(begin.part, begin.type, &part) || part.bytes < begin.offset)
			return 0;
		part.bytes -= begin.offset;
		count = part.bytes < wanted - done ? part.bytes : wanted - done;
		ds_bound(done, DELTASCOPE_BPF_SEND_LIMIT - 1);
		ds_bound(count, DS_PAYLOAD_BYTES - 1);
		if (count > DELTASCOPE_BPF_SEND_LIMIT)
			return 0;
		if (count && !ds_read(bytes + done, count, part.address + begin.offset, begin.type))
			return 0;
		done += count;
		begin.offset = 0;
		begin.part += ds_part_size(begin.type);
	}
	return done >= wanted;
}

/* RFC 8446 section 5.1: content type 20..24, version 3.x, at most 2^14 + 2048 bytes (RFC 5246 6.2.3). */
DS_INLINE int ds_is_tls(const __u8 *bytes, __u32 length)
{
	__u32 body = bytes[3] << 8 | bytes[4];

	return length >= DS_TLS_HEADER && bytes[0] >= 20 && bytes[0] <= 24 && bytes[1] == 3 && bytes[2] <= 4 && body &&
	       body <= (1 << 14) + 2048;
}

/* Fingerprint of `length` bytes at a place; the 32 bytes behind them are zero as far as they are hashed. */
DS_INLINE __u32 ds_hash_payload(__u8 *bytes, __u32 length, __u64 place)
{
	struct ds_lanes lanes = ds_hash_begin(length, place);
	const __u64 *words = (const __u64 *)bytes;
	__u32 i, groups = (length + 31) / 32;

	for (i = 0; i < DELTASCOPE_BPF_SEND_LIMIT / 32; i++) {
		if (i >= groups)
			break;
		ds_hash_words(lanes, words + 4 * i);
	}
	return ds_hash_end(lanes);
}

/* A search for the end of a head. */
struct ds_search {
	__u8 *bytes;
	__u32 length;
};

/* Where it keeps the last four bytes, and its result: behind everything that is gathered. */
struct ds_found {
	__u32 window;
	__u32 head;
};

#define ds_found_in(bytes) ((volatile struct ds_found *)((bytes) + DS_PAYLOAD_BYTES - sizeof(struct ds_found)))

/* Bytes of one step. */
#define DS_STEP_BYTES 64

static long ds_search_step(__u64 step, struct ds_search *search)
{
	volatile struct ds_found *found = ds_found_in(search->bytes);
	__u64 from = step * DS_STEP_BYTES;
	__u32 window = found->window;
	int i;

	ds_bound(from, DS_HEAD_BYTES - DS_STEP_BYTES);
	for (i = 0; i < DS_STEP_BYTES; i++) {
		if (from + i >= search->length)
			return 1;
		window = window << 8 | search->bytes[from + i];
		if (window == 0x0d0a0d0a || (window & 0xffff) == 0x0a0a) {
			found->head = from + i + 1;
			return 1;
		}
	}
	found->window = window;
	return 0;
}

/*
 * Bytes of a head (RFC 9112) up to and with its empty line; 0 when that is not among the first `length`. In memory while
 * it is looked for: the verifier would follow the program from each number that it can be.
 */
DS_INLINE __u32 ds_head_length(__u8 *bytes, __u32 length)
{
	struct ds_search search = { bytes, length };
	volatile struct ds_found *found = ds_found_in(bytes);

	found->window = 0;
	found->head = 0;
	bpf_loop(DS_HEAD_BYTES / DS_STEP_BYTES, ds_search_step, &search, 0);
	return found->head;
}

/* What a send is, before it is a record. */
struct ds_payload {
	/* Where equal bytes have equal fingerprints: the keyed socket, or the sender. */
	__u64 place;
	__u32 fingerprint;
	__u32 head;
	__u16 flags;
};

DS_INLINE void ds_left_out_send(__u32 taken)
{
	struct deltascope_bpf_counters *row = ds_enter();

	ds_add(row->captured, 1);
	ds_add(row->lost[DELTASCOPE_LOST_SAMPLED], 1);
	ds_add(row->sampled_sends, 1);
	ds_add(row->sampled_send_bytes, taken);
	if (config.send_content) {
		ds_add(row->content_bytes, taken);
		ds_add(row->content_bytes_lost, taken);
	}
	ds_leave(row);
}

/* The zeros behind the payload: where a body begins at any byte, its last words end at any byte. */
DS_INLINE int ds_pad(__u8 *bytes, __u32 length)
{
	__u64 end = length;
	int i;

	ds_bound(end, DS_PAYLOAD_BYTES - 1);
	if (end > DELTASCOPE_BPF_SEND_LIMIT)
		return 0;
	for (i = 0; i < 4; i++)
		*(__u64 *)(bytes + end + 8 * i) = 0;
	return 1;
}

/* By content: skips the head, and hashes what is behind it. */
DS_INLINE void ds_hash_body(__u8 *bytes, __u32 length, struct ds_payload *payload)
{
	__u64 head = 0;

	if (!ds_pad(bytes, length))
		return;
	if (length >= 7 && (*(__u64 *)bytes & DS_RESPONSE_MASK) == DS_RESPONSE) {
		head = ds_head_length(bytes, length);
		if (!head) {
			payload->flags |= DELTASCOPE_FLAG_PARTIAL;
			return;
		}
	}
	ds_bound(head, 2 * DS_HEAD_BYTES - 1);
	if (head > DS_HEAD_BYTES || head > length)
		return;
	payload->head = head;
	payload->fingerprint = ds_hash_payload(bytes + head, length - head, payload->place);
}

/* Fingerprint and flags of what was taken. */
DS_INLINE void ds_look_at(struct msghdr *msg, __u32 taken, __u8 *bytes, struct ds_payload *payload)
{
	__u32 whole = taken <= config.send_limit, wanted = whole ? taken : DS_TLS_HEADER;
	__u64 *tail;

	if (!whole)
		payload->flags |= DELTASCOPE_FLAG_TRUNCATED;
	if (wanted > DELTASCOPE_BPF_SEND_LIMIT)
		return;
	tail = (__u64 *)bytes + (wanted / 32) * 4;
	tail[0] = tail[1] = tail[2] = tail[3] = 0;
	if (!ds_gather(msg, taken, wanted, bytes)) {
		payload->flags |= whole ? DELTASCOPE_FLAG_PARTIAL : 0;
		return;
	}
	if (ds_is_tls(bytes, wanted))
		payload->flags |= DELTASCOPE_FLAG_ENCRYPTED;
	if (!whole)
		return;
	if (!config.send_content)
		payload->fingerprint = ds_hash_payload(bytes, wanted, payload->place);
	else if (!(payload->flags & DELTASCOPE_FLAG_ENCRYPTED))
		ds_hash_body(bytes, wanted, payload);
}

DS_INLINE void ds_sent(struct sock *sk, struct msghdr *msg, int result)
{
	struct deltascope_ring_record event = {};
	struct ds_payload sent = {};
	__u64 key, unit;
	__u32 zero = 0;
	__u8 *bytes;

	if (result <= 0 || !ds_is_wanted(DS_SENDS))
		return;
	bytes = bpf_map_lookup_elem(&payload, &zero);
	if (!bytes)
		return;
	key = sk->sk_socket->file->f_inode->i_ino;
	/* A socket of the kernel has no inode: a number of its own, which no inode has. */
	if (!key)
		key = ds_unit(ds_number(sk, bytes)) | 1ULL << 63;
	unit = ds_unit(key);
	if (!ds_kept(unit)) {
		ds_left_out_send(result);
		return;
	}
	event.time_ns = bpf_ktime_get_ns();
	event.cgroup = bpf_get_current_cgroup_id();
	if (config.send_content) {
		sent.place = ds_sender(event.cgroup);
		sent.flags = DELTASCOPE_FLAG_CONTENT;
		key = ds_peer(sk, sent.place);
	} else {
		sent.place = ds_mix(key);
	}
	ds_look_at(msg, result, bytes, &sent);
	event.before = sent.fingerprint;
	event.after = sent.head;
	event.flags = sent.flags;
	event.key = key;
	event.length = result;
	event.tgid = bpf_get_current_pid_tgid() >> 32;
	event.kind = DELTASCOPE_KIND_SEND;
	event.unit = unit;
	ds_write(&event);
}

#endif
