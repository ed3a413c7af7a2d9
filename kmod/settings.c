// SPDX-License-Identifier: GPL-2.0-only
/* What may be set while the module works, as it is at the start. */
#include "deltascope.h"

struct ds_settings ds_settings = {
	.judge_after_ms = 100,
	.send_limit = 512,
	.max_overhead_ppm = 10000,
	.max_cpu_overhead_ppm = 100000,
	.max_group_overhead_ppm = 200000,
	.exit_budget = 512,
};
