/* A plugin of QEMU: how often each translated block ran, for `cargo xtask board cost`.
 *
 * The release has no qemu-plugin.h, so the prototypes are written down here. They are those of version 1 of QEMU's
 * plugin interface (documentation of QEMU 7.2, "QEMU TCG Plugins", section "API").
 *
 * Argument `out=FILE`. Its lines, at the end of the program: `entry ADDRESS`, then `ADDRESS INSTRUCTIONS` of each
 * block, where INSTRUCTIONS is the length of the block times how often it ran. An instruction that faults in the
 * middle of a block ends it early; it is counted whole.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
typedef uint64_t plugin_id;
typedef void (*translated)(plugin_id, struct qemu_plugin_tb *);
typedef void (*executed)(unsigned int, void *);
typedef void (*ended)(plugin_id, void *);
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, translated);
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, executed, int flags, void *);
extern void qemu_plugin_register_atexit_cb(plugin_id, ended, void *);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
extern uint64_t qemu_plugin_entry_code(void);

int qemu_plugin_version = 1;

/* One translation. A block that is translated again is a new one, with the same address. */
struct block {
	struct block *next;
	uint64_t address, length, runs;
};

static struct block *blocks;
static const char *path;

static void count(unsigned int processor, void *block)
{
	(void)processor;
	__atomic_fetch_add(&((struct block *)block)->runs, 1, __ATOMIC_RELAXED);
}

static void translate(plugin_id id, struct qemu_plugin_tb *tb)
{
	struct block *block = calloc(1, sizeof(*block));

	(void)id;
	if (!block)
		abort();
	block->address = qemu_plugin_tb_vaddr(tb);
	block->length = qemu_plugin_tb_n_insns(tb);
	block->next = __atomic_load_n(&blocks, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&blocks, &block->next, block, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	/* 0: the callback reads no register of the guest. */
	qemu_plugin_register_vcpu_tb_exec_cb(tb, count, 0, block);
}

static void end(plugin_id id, void *data)
{
	FILE *out = fopen(path, "w");

	(void)id;
	(void)data;
	if (!out)
		abort();
	fprintf(out, "entry %" PRIx64 "\n", qemu_plugin_entry_code());
	for (struct block *block = blocks; block; block = block->next)
		fprintf(out, "%" PRIx64 " %" PRIu64 "\n", block->address, block->length * block->runs);
	fclose(out);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return -1;
	path = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_atexit_cb(id, end, NULL);
	return 0;
}
