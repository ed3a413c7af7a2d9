/* SPDX-License-Identifier: GPL-2.0-only */
/* The rings as a reader sees them. */
#ifndef RINGS_H
#define RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deltascope_ring.h"

#define DEVICE "/dev/deltascope"

struct rings {
	int fd;
	uint8_t *base;
	size_t bytes;
	unsigned int count;
};

/* Opens and maps; ends the program with a message when that fails. */
struct rings rings_open(void);
void rings_close(struct rings *rings);
struct deltascope_ring_header *ring_of(const struct rings *rings, unsigned int cpu);
const struct deltascope_ring_record *record_of(const struct rings *rings, unsigned int cpu, uint64_t number);
/* Sums over all rings, each ring's counters read at one even generation. */
struct counters {
	uint64_t captured, head, controls, pending, lost[DELTASCOPE_LOSS_REASONS];
};
struct counters rings_counters(const struct rings *rings);
uint64_t counters_explained(const struct counters *counters);
/* Reports what a check expected and found; the host reads the line. */
void check_equal(const char *name, uint64_t expected, uint64_t found);
void check_true(const char *name, bool holds);

void bad_input(void);
/*
 * Reads until there is a file, and prints the sums.
 * `with_losses`: an event has followed the last loss of each CPU by then.
 */
void read_until(const char *file, bool with_losses);
/* Reads two sends of equal bytes that hold a password of six digits, and tries to find it. */
void find_password(const char *digits);

#endif
