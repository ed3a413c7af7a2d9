/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keyed hashes. The engine needs equality of fingerprints only; without the key of
 * this load, which stays in the kernel and in the agent's memory, a fingerprint
 * gives nothing away about the bytes.
 */
#ifndef DS_HASH_H
#define DS_HASH_H

#include "state.h"

/* Odd, so that each step is a bijection of the word and of the lane. */
#define DS_STEP 0x6a09e667

DS_INLINE __u64 ds_rotate(__u64 x, int bits)
{
	return x << bits | x >> (64 - bits);
}

/*
 * A byte swap carries the high bits, which a product leaves where they are, to the
 * low ones, from where the next product spreads them: one instruction, where a
 * rotation is four in BPF.
 */
#define ds_step(lane, word) ((lane) = __builtin_bswap64((lane) ^ (word)) * DS_STEP)

/* Finaliser of MurmurHash3. */
DS_INLINE __u64 ds_mix(__u64 x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

#define ds_sip_round(v0, v1, v2, v3)            \
	do {                                    \
		v0 += v1;                       \
		v1 = ds_rotate(v1, 13) ^ v0;    \
		v0 = ds_rotate(v0, 32);         \
		v2 += v3;                       \
		v3 = ds_rotate(v3, 16) ^ v2;    \
		v0 += v3;                       \
		v3 = ds_rotate(v3, 21) ^ v0;    \
		v2 += v1;                       \
		v1 = ds_rotate(v1, 17) ^ v2;    \
		v2 = ds_rotate(v2, 32);         \
	} while (0)

/* SipHash-1-3 of one word. */
DS_INLINE __u64 ds_sip(__u64 word, __u64 first_key, __u64 second_key)
{
	__u64 v0 = first_key ^ 0x736f6d6570736575ULL;
	__u64 v1 = second_key ^ 0x646f72616e646f6dULL;
	__u64 v2 = first_key ^ 0x6c7967656e657261ULL;
	__u64 v3 = second_key ^ 0x7465646279746573ULL;
	const __u64 length = 8ULL << 56;

	v3 ^= word;
	ds_sip_round(v0, v1, v2, v3);
	v0 ^= word;
	v3 ^= length;
	ds_sip_round(v0, v1, v2, v3);
	v0 ^= length;
	v2 ^= 0xff;
	ds_sip_round(v0, v1, v2, v3);
	ds_sip_round(v0, v1, v2, v3);
	ds_sip_round(v0, v1, v2, v3);
	return v0 ^ v1 ^ v2 ^ v3;
}

/* Sampling unit: its name outside gives nothing away about an address of the kernel. */
DS_INLINE __u64 ds_unit(__u64 word)
{
	return ds_sip(word, config.unit_key[0], config.unit_key[1]);
}

/* Four lanes side by side, as a multiplication waits for the one before it. */
struct ds_lanes {
	__u64 a, b, c, d;
};

/*
 * `place` is the socket, or mm and address: equal bytes in two places have different
 * fingerprints, so that no process learns from its own what another one has. The place
 * is known to others (a socket's inode number), and the step that takes the second word
 * is an exclusive or: the place itself would cancel against bytes of another process's
 * choice, so its keyed hash is used.
 */
DS_INLINE struct ds_lanes ds_hash_begin(__u32 length, __u64 place)
{
	struct ds_lanes lanes = {
		config.fingerprint_key[0] ^ length,
		config.fingerprint_key[1] ^ ds_sip(place, config.fingerprint_key[2], config.fingerprint_key[3]),
		config.fingerprint_key[2],
		config.fingerprint_key[3],
	};

	return lanes;
}

#define ds_hash_words(lanes, words)              \
	do {                                     \
		ds_step((lanes).a, (words)[0]);  \
		ds_step((lanes).b, (words)[1]);  \
		ds_step((lanes).c, (words)[2]);  \
		ds_step((lanes).d, (words)[3]);  \
	} while (0)

DS_INLINE __u32 ds_hash_end(struct ds_lanes lanes)
{
	__u64 hash = ds_mix(lanes.a ^ config.fingerprint_key[2]);

	hash = ds_mix(hash ^ lanes.b);
	hash = ds_mix(hash ^ lanes.c);
	return ds_mix(hash ^ lanes.d ^ config.fingerprint_key[3]) >> 32;
}

/* Fingerprint of a page of an mm. */
DS_INLINE __u32 ds_hash_page(const __u64 *words, __u64 mm, __u64 address)
{
	struct ds_lanes lanes = ds_hash_begin(DS_PAGE_BYTES, ds_mix(mm) ^ address);
	int i;

#pragma clang loop unroll_count(4)
	for (i = 0; i < DS_PAGE_BYTES / 8; i += 4)
		ds_hash_words(lanes, words + i);
	return ds_hash_end(lanes);
}

#endif
