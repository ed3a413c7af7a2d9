// SPDX-License-Identifier: GPL-2.0-only
/* Parameters, and the order in which the parts come and go. */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/init.h>
#include <linux/log2.h>
#include <linux/module.h>

#include "deltascope.h"

static unsigned int ring_records = 8192;
module_param(ring_records, uint, 0444);
MODULE_PARM_DESC(ring_records, "Records in each CPU's ring, a power of two from 64 to 1048576");

static unsigned int pending_pages = 65536;
module_param(pending_pages, uint, 0444);
MODULE_PARM_DESC(pending_pages, "Copies that may wait for their judgement, a power of two from 64 to 4194304");

static unsigned int send_instances = 1024;
module_param(send_instances, uint, 0444);
MODULE_PARM_DESC(send_instances, "Sends under way at once for which room is made at the start, 16 to 4096");

static unsigned long sampling_seed;
module_param(sampling_seed, ulong, 0400);
MODULE_PARM_DESC(sampling_seed, "Seed of the choice of sampled units (0: random)");

static char *btf = "/sys/kernel/btf/vmlinux";
module_param(btf, charp, 0400);
MODULE_PARM_DESC(btf, "File with the kernel's types, of which the hooked functions are checked");

static bool start = true;
module_param(start, bool, 0444);
MODULE_PARM_DESC(start, "Capture from the start");

static bool is_size(unsigned int value, unsigned int low, unsigned int high, const char *name)
{
	if (is_power_of_2(value) && value >= low && value <= high)
		return true;
	pr_err("refused: %s=%u is not a power of two from %u to %u\n", name, value, low, high);
	return false;
}

static bool are_parameters_good(void)
{
	if (!is_size(ring_records, 64, 1 << 20, "ring_records") ||
	    !is_size(pending_pages, 64, 1 << 22, "pending_pages"))
		return false;
	if (send_instances < 16 || send_instances > 4096) {
		pr_err("refused: send_instances=%u is not from 16 to 4096\n", send_instances);
		return false;
	}
	return true;
}

static int start_captures(void)
{
	int error;

	if (!start)
		return 0;
	error = ds_control_switch(DS_PAGES, true);
	return error ?: ds_control_switch(DS_SENDS, true);
}

static int __init deltascope_init(void)
{
	int error;

	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		pr_err("refused: the page-table lock sleeps on PREEMPT_RT\n");
		return -EOPNOTSUPP;
	}
	if (!are_parameters_good())
		return -EINVAL;
	error = ds_prototypes_check(btf);
	if (error)
		return error;
	ds_settings.wake_records = ring_records / 2;
	ds_keys_create(sampling_seed);
	error = ds_ring_create(ring_records);
	if (error)
		return error;
	error = ds_pending_create(pending_pages);
	if (error)
		goto ring;
	error = ds_scratch_create();
	if (error)
		goto pending;
	error = ds_control_create();
	if (error)
		goto send;
	error = ds_send_register(send_instances);
	if (error)
		goto control;
	error = ds_cow_register();
	if (error)
		goto send_probe;
	error = ds_device_register();
	if (error) {
		pr_err("refused: no device (error %d)\n", error);
		goto cow_probe;
	}
	error = start_captures();
	if (error) {
		pr_err("refused: the probes cannot be armed (error %d)\n", error);
		goto device;
	}
	pr_info("copies at %s, sends at tcp_sendmsg_locked, %u records in the ring of each of %u CPUs\n",
		ds_cow_hook(), ring_records, num_online_cpus());
	return 0;

device:
	ds_cow_unregister();
	ds_send_unregister();
	ds_device_unregister();
	goto control;
cow_probe:
	ds_cow_unregister();
send_probe:
	ds_send_unregister();
control:
	ds_control_stop();
send:
	ds_scratch_destroy();
pending:
	ds_pending_destroy();
ring:
	ds_ring_destroy();
	return error;
}

static void __exit deltascope_exit(void)
{
	/* First, or the kill switch may disarm a probe that is gone. */
	ds_control_stop();
	ds_cow_unregister();
	ds_send_unregister();
	ds_device_unregister();
	ds_filter_destroy();
	ds_pending_destroy();
	ds_scratch_destroy();
	ds_ring_destroy();
}

module_init(deltascope_init);
module_exit(deltascope_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Fingerprints of copied pages and TCP sends, for every container");
MODULE_VERSION("0.1.0");
MODULE_SOFTDEP("pre: crc32c");
