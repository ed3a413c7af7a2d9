// SPDX-License-Identifier: GPL-2.0-only
/* The cgroup of the current task. */
#include <linux/cgroup.h>

#include "deltascope.h"

u64 ds_cgroup(u16 *flags)
{
	struct cgroup *cgroup;
	u64 id;

	rcu_read_lock();
	cgroup = task_dfl_cgroup(current);
	id = cgroup_id(cgroup);
	if (!cgroup->level)
		*flags |= DELTASCOPE_FLAG_NO_CGROUP;
	rcu_read_unlock();
	return id;
}
