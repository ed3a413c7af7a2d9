// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registering the probes: each by name, disarmed, and refused where the kernel
 * would run it from a breakpoint.
 *
 * A probe that is not on an ftrace site runs from int3, in a context like that
 * of an NMI: without FPU, so that CRC32C takes its slow path with a warning.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/kprobes.h>

#include "deltascope.h"

static bool is_on_ftrace(const struct kprobe *probe)
{
	if (probe->flags & KPROBE_FLAG_FTRACE)
		return true;
	pr_err("refused: %s has no ftrace site (CONFIG_FUNCTION_TRACER); its probe would run like an NMI\n",
	       probe->symbol_name);
	return false;
}

static int register_one(struct kprobe *probe, const char *symbol, kprobe_pre_handler_t handler)
{
	/* A probe that was refused cannot be registered again as it is. */
	*probe = (struct kprobe) {
		.symbol_name = symbol,
		.flags = KPROBE_FLAG_DISABLED,
		.pre_handler = handler,
	};
	return register_kprobe(probe);
}

int ds_probe_register(struct kprobe *probe, const char *symbol, const char *other, kprobe_pre_handler_t handler)
{
	int error = register_one(probe, symbol, handler);

	if (error == -ENOENT && other)
		error = register_one(probe, other, handler);
	if (error)
		pr_err("refused: this kernel has no hook %s%s%s (error %d)\n", symbol, other ? " or " : "",
		       other ?: "", error);
	if (!error && !is_on_ftrace(probe)) {
		unregister_kprobe(probe);
		error = -EOPNOTSUPP;
	}
	return error;
}

int ds_return_probe_register(struct kretprobe *probe, bool optional)
{
	int error = register_kretprobe(probe);

	if (error && (error != -ENOENT || !optional))
		pr_err("refused: this kernel has no hook %s (error %d)\n", probe->kp.symbol_name, error);
	if (!error && !is_on_ftrace(&probe->kp)) {
		unregister_kretprobe(probe);
		error = -EOPNOTSUPP;
	}
	return error;
}
