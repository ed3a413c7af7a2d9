// SPDX-License-Identifier: GPL-2.0-only
/* A reader that tries to find a password in a message that is known but for it, from fingerprints. */
#include "rings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CANDIDATES 1000000

/* CRC32C (Castagnoli), bit by bit. */
static uint32_t crc32c(const char *bytes, size_t length)
{
	uint32_t crc = ~0U;
	size_t i;
	int bit;

	for (i = 0; i < length; i++) {
		crc ^= (uint8_t)bytes[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static uint32_t fingerprint_of(unsigned int candidate)
{
	char message[64];
	int length = snprintf(message, sizeof(message), "POST /login user=alice&otp=%06u&go=1\n", candidate);

	return crc32c(message, length);
}

/* The fingerprints of the next two sends of the message's length, by whichever processes. */
static void next_sends(const struct rings *rings, uint32_t found[2], uint64_t sockets[2])
{
	size_t length = strlen("POST /login user=alice&otp=000000&go=1\n");
	unsigned int count = 0, cpu;

	while (count < 2) {
		for (cpu = 0; cpu < rings->count && count < 2; cpu++) {
			struct deltascope_ring_header *header = ring_of(rings, cpu);
			uint64_t head = __atomic_load_n(&header->head, __ATOMIC_ACQUIRE), tail = header->tail;

			for (; tail != head && count < 2; tail++) {
				const struct deltascope_ring_record *record = record_of(rings, cpu, tail);

				if (record->kind != DELTASCOPE_KIND_SEND || record->length != length)
					continue;
				sockets[count] = record->unit;
				found[count++] = record->before;
			}
			__atomic_store_n(&header->tail, tail, __ATOMIC_RELEASE);
		}
		usleep(10000);
	}
}

void find_password(const char *digits)
{
	struct rings rings = rings_open();
	unsigned int candidate, matches = 0;
	uint32_t found[2], secret = 0;
	uint64_t sockets[2];
	bool right = false;

	puts("READING");
	fflush(stdout);
	next_sends(&rings, found, sockets);
	sscanf(digits, "%u", &secret);
	for (candidate = 0; candidate < CANDIDATES; candidate++) {
		if (fingerprint_of(candidate) != found[0] && fingerprint_of(candidate) != found[1])
			continue;
		matches++;
		right |= candidate == secret;
	}
	printf("CANDIDATES %u\n", matches);
	check_true("password_not_found_by_its_hash", !right);
	check_true("password_two_sockets", sockets[0] != sockets[1]);
	check_true("password_not_found_by_equal_sends", found[0] != found[1]);
	rings_close(&rings);
}
