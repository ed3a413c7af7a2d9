// SPDX-License-Identifier: GPL-2.0-only
/* Which cgroups are captured: all, or those that are named and what is below them. */
#include <linux/cgroup.h>
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "deltascope.h"

#define MOST 16

struct filter {
	struct rcu_head rcu;
	unsigned int count;
	u64 cgroups[MOST];
};

static struct filter __rcu *filter;
static DEFINE_MUTEX(filter_lock);

static bool has(const struct filter *wanted, u64 id)
{
	unsigned int i;

	for (i = 0; i < wanted->count; i++) {
		if (wanted->cgroups[i] == id)
			return true;
	}
	return false;
}

bool ds_is_filtered(void)
{
	const struct filter *wanted;
	struct cgroup *cgroup;
	bool filtered = false;

	rcu_read_lock();
	wanted = rcu_dereference(filter);
	if (wanted) {
		for (cgroup = task_dfl_cgroup(current); cgroup; cgroup = cgroup_parent(cgroup)) {
			if (has(wanted, cgroup_id(cgroup)))
				break;
		}
		filtered = !cgroup;
	}
	rcu_read_unlock();
	if (unlikely(filtered))
		ds_seen(DS_SEEN_FILTERED);
	return filtered;
}

static void use(struct filter *wanted)
{
	struct filter *before;

	mutex_lock(&filter_lock);
	before = rcu_replace_pointer(filter, wanted, lockdep_is_held(&filter_lock));
	mutex_unlock(&filter_lock);
	if (before)
		kfree_rcu(before, rcu);
}

ssize_t ds_filter_show(struct device *dev, struct device_attribute *attribute, char *text)
{
	const struct filter *wanted;
	unsigned int i;
	int length = 0;

	rcu_read_lock();
	wanted = rcu_dereference(filter);
	for (i = 0; wanted && i < wanted->count; i++)
		length += sysfs_emit_at(text, length, "%s%llu", i ? " " : "", wanted->cgroups[i]);
	rcu_read_unlock();
	return length + sysfs_emit_at(text, length, "\n");
}

static int parse(struct filter *wanted, char *text)
{
	char *word;
	int error;

	while ((word = strsep(&text, " \t\n"))) {
		if (!*word)
			continue;
		if (wanted->count == MOST)
			return -E2BIG;
		error = kstrtou64(word, 0, &wanted->cgroups[wanted->count++]);
		if (error)
			return error;
	}
	return 0;
}

ssize_t ds_filter_store(struct device *dev, struct device_attribute *attribute, const char *text, size_t count)
{
	struct filter *wanted = kzalloc(sizeof(*wanted), GFP_KERNEL);
	char *copy = kstrdup(text, GFP_KERNEL);
	int error = wanted && copy ? parse(wanted, copy) : -ENOMEM;

	kfree(copy);
	if (error || !wanted->count) {
		kfree(wanted);
		wanted = NULL;
	}
	if (error)
		return error;
	/* No cgroup is no filter. */
	use(wanted);
	return count;
}

void ds_filter_destroy(void)
{
	use(NULL);
}
