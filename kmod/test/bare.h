/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls and a little text, without a C library (x86-64). */
#ifndef BARE_H
#define BARE_H

#include <linux/types.h>

#define PAGE 4096UL

long sys(long number, long a, long b, long c, long d, long e, long f);
long sys_open(const char *path, long flags);
long sys_write(long fd, const void *bytes, unsigned long length);
long sys_close(long fd);
void sys_exit(int status) __attribute__((noreturn));
void sleep_ms(unsigned long ms);
/* From now on the calling thread runs on the CPU that it is on, and so does what it spawns. */
void stay_on_cpu(void);
/* The time-stamp counter: instructions, on a machine that counts them. */
unsigned long ticks(void);

/* Ends everything with a message on a result below 0; gives the result else. */
long check(const char *what, long result);
void die(const char *what) __attribute__((noreturn));

/* Private and shared anonymous memory, zeroed, without huge pages. */
void *map_private(unsigned long bytes);
void *map_shared(unsigned long bytes);

/* A process (or with THREAD a thread) that runs `run` on a stack of its own in shared memory. */
#define THREAD 1
long spawn(void (*run)(void *), void *argument, int thread);
/* Waits for a process; anything but exit status 0 ends everything. */
void await(long pid);

void text_join(char *to, unsigned long size, const char *a, const char *b);
/* `before` and a number. */
void text_number(char *to, unsigned long size, const char *before, unsigned long value);
/* Reports it with the end of its line, in one write. */
void say_text(const char *text);
void say_number(const char *before, unsigned long value);
void *memset(void *to, int value, unsigned long bytes);
void *memcpy(void *to, const void *from, unsigned long bytes);

#endif
