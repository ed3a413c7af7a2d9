// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sampling key: which unit an event belongs to, as a hash that a seed
 * chooses, so that the units kept at 2^-k differ from load to load.
 */
#include <linux/random.h>

#include "deltascope.h"

static u64 unit_seed;

void ds_unit_create(u64 seed)
{
	unit_seed = seed ? seed : get_random_u64();
}

/* Finaliser of MurmurHash3, twice: every bit of the unit depends on every bit of the seed. */
u64 ds_unit(u64 what)
{
	u64 hash = what ^ unit_seed;
	int round;

	for (round = 0; round < 2; round++) {
		hash ^= hash >> 33;
		hash *= 0xff51afd7ed558ccdULL;
		hash ^= hash >> 33;
		hash *= 0xc4ceb9fe1a85ec53ULL;
		hash ^= hash >> 33;
		hash += unit_seed;
	}
	return hash;
}
