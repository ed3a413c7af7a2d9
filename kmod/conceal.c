// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys of this load, and what leaves the module through them: units of
 * sampling, tokens in place of addresses, and fingerprints.
 *
 * CRC32C has no key and is linear: with the CRC of a message of which all but
 * 32 bits are known, those bits are known. So a record never holds a CRC, but
 * its image under a permutation of the 32-bit words. Equality stays what it
 * was, and that is all that the engine asks.
 *
 * The permutation is another one for each socket and for each page of each mm,
 * because a process of the attacker's own that sends the candidates would
 * otherwise find the one that has the victim's fingerprint. By content (see
 * send.c) it is another one for each sender: a user in a cgroup.
 */
#include <linux/bitops.h>
#include <linux/cred.h>
#include <linux/in6.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/siphash.h>
#include <linux/user_namespace.h>

#include "deltascope.h"

#define ROUNDS 22

static siphash_key_t unit_key, token_key, fingerprint_key;

void ds_keys_create(u64 seed)
{
	get_random_bytes(&unit_key, sizeof(unit_key));
	get_random_bytes(&token_key, sizeof(token_key));
	get_random_bytes(&fingerprint_key, sizeof(fingerprint_key));
	if (seed)
		unit_key = (siphash_key_t) { { seed, ~seed } };
}

u64 ds_unit(u64 what)
{
	return siphash_1u64(what, &unit_key);
}

u64 ds_token(u64 owner, u64 address)
{
	return siphash_2u64(owner, address, &token_key);
}

u64 ds_permutation(u64 owner, u64 address)
{
	return siphash_2u64(owner, address, &fingerprint_key);
}

/* What a process does as another user, it does as both. */
static u64 current_users(void)
{
	return (u64)from_kuid(&init_user_ns, current_uid()) << 32 | from_kuid(&init_user_ns, current_euid());
}

u64 ds_sender(u64 cgroup, u16 flags)
{
	/* At the root of the hierarchy there may be several containers (version 1): each process is a sender of its own. */
	if (flags & DELTASCOPE_FLAG_NO_CGROUP)
		return siphash_3u64(current->tgid, current->group_leader->start_boottime, current_users(), &token_key);
	return siphash_3u64(cgroup, 0, current_users(), &token_key);
}

u64 ds_peer(u64 sender, const struct in6_addr *remote, u16 port)
{
	struct {
		u64 sender;
		struct in6_addr remote;
		u64 port;
	} peer = { sender, *remote, port };

	return siphash(&peer, sizeof(peer), &token_key);
}

/* Speck32/64 (Beaulieu et al. 2013): a block cipher of 32-bit blocks under a 64-bit key. */
u32 ds_conceal(u64 permutation, u32 crc)
{
	u16 left = crc >> 16, right = crc, key = permutation;
	u16 more[3] = { permutation >> 16, permutation >> 32, permutation >> 48 };
	u16 round;

	for (round = 0; round < ROUNDS; round++) {
		u16 *next = &more[round % 3];

		left = (ror16(left, 7) + right) ^ key;
		right = rol16(right, 2) ^ left;
		*next = (u16)(key + ror16(*next, 7)) ^ round;
		key = rol16(key, 2) ^ *next;
	}
	return (u32)left << 16 | right;
}
