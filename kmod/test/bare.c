// SPDX-License-Identifier: GPL-2.0-only
#include "bare.h"

#include <asm/unistd.h>
#include <linux/mman.h>
#include <linux/sched.h>

#define STACK_BYTES (64 * 1024UL)
#define SIGCHLD 17

long sys(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall" : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

long sys_open(const char *path, long flags)
{
	return sys(__NR_open, (long)path, flags, 0, 0, 0, 0);
}

long sys_write(long fd, const void *bytes, unsigned long length)
{
	return sys(__NR_write, fd, (long)bytes, length, 0, 0, 0);
}

long sys_close(long fd)
{
	return sys(__NR_close, fd, 0, 0, 0, 0, 0);
}

void sys_exit(int status)
{
	for (;;)
		sys(__NR_exit_group, status, 0, 0, 0, 0, 0);
}

void sleep_ms(unsigned long ms)
{
	long time[2] = { ms / 1000, ms % 1000 * 1000000 };

	sys(__NR_nanosleep, (long)time, 0, 0, 0, 0, 0);
}

void stay_on_cpu(void)
{
	unsigned int cpu = 0;
	unsigned long mask[16] = { 0 };

	check("getcpu", sys(__NR_getcpu, (long)&cpu, 0, 0, 0, 0, 0));
	if (cpu >= sizeof(mask) * 8)
		die("a CPU of a number that the mask does not hold");
	mask[cpu / 64] = 1UL << cpu % 64;
	check("sched_setaffinity", sys(__NR_sched_setaffinity, 0, sizeof(mask), (long)mask, 0, 0, 0));
}

unsigned long ticks(void)
{
	unsigned int low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (unsigned long)high << 32 | low;
}

/* What is said and not yet written. */
static char said[1024];
static unsigned long said_bytes;

/* One line, one write: two processes that say something at once do not tear each other's lines. */
static void write_said(void)
{
	sys_write(1, said, said_bytes);
	said_bytes = 0;
}

void say_text(const char *text)
{
	for (; *text; text++) {
		said[said_bytes++] = *text;
		if (*text == '\n' || said_bytes == sizeof(said))
			write_said();
	}
}

/* The decimal digits of `value` at the end of `text`. */
static char *digits(char text[24], unsigned long value)
{
	char *at = text + 23;

	*at = 0;
	do {
		*--at = '0' + value % 10;
		value /= 10;
	} while (value);
	return at;
}

void say_number(const char *before, unsigned long value)
{
	char text[24];

	say_text(before);
	say_text(digits(text, value));
}

void text_number(char *to, unsigned long size, const char *before, unsigned long value)
{
	char text[24];

	text_join(to, size, before, digits(text, value));
}

void die(const char *what)
{
	say_text("WORKLOAD FAILED ");
	say_text(what);
	say_text("\n");
	sys_exit(1);
}

long check(const char *what, long result)
{
	if (result < 0) {
		say_number("errno ", -result);
		say_text(": ");
		die(what);
	}
	return result;
}

static void *map(unsigned long bytes, int flags)
{
	long at = check("mmap", sys(__NR_mmap, 0, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0));

	sys(__NR_madvise, at, bytes, MADV_NOHUGEPAGE, 0, 0, 0);
	return (void *)at;
}

void *map_private(unsigned long bytes)
{
	return map(bytes, MAP_PRIVATE);
}

void *map_shared(unsigned long bytes)
{
	return map(bytes, MAP_SHARED);
}

/* The child finds its function and argument on its stack, ends when the function returns. */
long clone_onto(long flags, void *stack);
__asm__("clone_onto:\n"
	"\tmov $56, %eax\n"
	"\txor %edx, %edx\n"
	"\txor %r10d, %r10d\n"
	"\txor %r8d, %r8d\n"
	"\tsyscall\n"
	"\ttest %rax, %rax\n"
	"\tjnz 1f\n"
	"\tpop %rax\n"
	"\tpop %rdi\n"
	"\tcall *%rax\n"
	"\txor %edi, %edi\n"
	"\tmov $60, %eax\n"
	"\tsyscall\n"
	"1:\tret\n");

long spawn(void (*run)(void *), void *argument, int thread)
{
	long flags = thread ? CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD : SIGCHLD;
	char *stack = map_shared(STACK_BYTES);
	void **top = (void **)(stack + STACK_BYTES) - 4;

	top[0] = (void *)run;
	top[1] = argument;
	return check("clone", clone_onto(flags, top));
}

void await(long pid)
{
	int status = 0;

	check("wait4", sys(__NR_wait4, pid, (long)&status, 0, 0, 0, 0));
	if (status)
		die("a process of the workload failed");
}

void text_join(char *to, unsigned long size, const char *a, const char *b)
{
	char *end = to + size - 1;

	while (*a && to < end)
		*to++ = *a++;
	while (*b && to < end)
		*to++ = *b++;
	*to = 0;
}

void *memset(void *to, int value, unsigned long bytes)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(value) : "memory");
	return to;
}

void *memcpy(void *to, const void *from, unsigned long bytes)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes) : : "memory");
	return to;
}
