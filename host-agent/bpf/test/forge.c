// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a process finds a password in another one's message by sending every candidate on a socket of its own. It knows
 * the inode numbers of both sockets and all fingerprints, and chooses its bytes; it does not know the key of this load.
 * Compiled for the processor that builds, with the hash that the kernel runs. Prints whether the right candidate has the
 * victim's fingerprint as it is, and with its second word changed by the difference of the sockets.
 */
#include <linux/types.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* What hash.h takes from the files of the programs. */
#define DS_STATE_H
#define DS_INLINE static inline __attribute__((always_inline))
#define DS_PAGE_BYTES 4096UL

static struct {
	__u64 fingerprint_key[4];
	__u64 unit_key[2];
} config;

#include "../hash.h"

#define VICTIMS_SOCKET 48211
#define OWN_SOCKET 48377

/* Of 64 bytes, zero behind the message. */
static __u32 fingerprint(const __u64 words[8], __u32 length, __u64 socket)
{
	struct ds_lanes lanes = ds_hash_begin(length, ds_mix(socket));

	ds_hash_words(lanes, words);
	ds_hash_words(lanes, words + 4);
	return ds_hash_end(lanes);
}

static __u32 message(__u64 words[8])
{
	memset(words, 0, 64);
	return snprintf((char *)words, 64, "POST /login user=alice&otp=482913&go=1\n");
}

int main(void)
{
	/* The place is xored into the lane of the second word. */
	const __u64 difference = ds_mix(VICTIMS_SOCKET) ^ ds_mix(OWN_SOCKET);
	unsigned int plain, forged;
	__u64 words[8];
	__u32 length, seen;

	if (getrandom(&config, sizeof(config), 0) != sizeof(config))
		return 1;
	length = message(words);
	seen = fingerprint(words, length, VICTIMS_SOCKET);
	if (fingerprint(words, length, VICTIMS_SOCKET) != seen)
		return 1;
	plain = fingerprint(words, length, OWN_SOCKET) == seen;
	words[1] ^= difference;
	forged = fingerprint(words, length, OWN_SOCKET) == seen;
	printf("plain %u forged %u\n", plain, forged);
	return 0;
}
