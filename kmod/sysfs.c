// SPDX-License-Identifier: GPL-2.0-only
/* Settings and counters under /sys/class/misc/deltascope; see ABI/sysfs-class-misc-deltascope. */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "deltascope.h"

struct setting {
	struct device_attribute attribute;
	unsigned int *value;
	unsigned int low, high;
};

struct counter {
	struct device_attribute attribute;
	size_t offset;
};

static ssize_t setting_show(struct device *dev, struct device_attribute *attribute, char *text)
{
	const struct setting *setting = container_of(attribute, struct setting, attribute);

	return sysfs_emit(text, "%u\n", READ_ONCE(*setting->value));
}

static ssize_t setting_store(struct device *dev, struct device_attribute *attribute,
			     const char *text, size_t count)
{
	const struct setting *setting = container_of(attribute, struct setting, attribute);
	unsigned int high = setting->high, value;
	int error = kstrtouint(text, 0, &value);

	if (error)
		return error;
	if (setting->value == &ds_settings.wake_records)
		high = ds_ring_records();
	if (value < setting->low || value > high)
		return -EINVAL;
	WRITE_ONCE(*setting->value, value);
	if (setting->value == &ds_settings.judge_after_ms)
		ds_ring_set_judge_time(value);
	return count;
}

#define SETTING(name, lowest, highest)					\
	static struct setting setting_##name = {			\
		.attribute = __ATTR(name, 0644, setting_show, setting_store), \
		.value = &ds_settings.name,				\
		.low = (lowest),					\
		.high = (highest),					\
	}

SETTING(judge_after_ms, 1, 60000);
SETTING(sampling_shift, 0, 63);
SETTING(send_limit, 1, 1 << 20);
SETTING(send_content, 0, 1);
SETTING(max_overhead_ppm, 1, 1000000);
SETTING(max_cpu_overhead_ppm, 1, 1000000);
SETTING(max_group_overhead_ppm, 1, 1000000000);
SETTING(wake_records, 1, 0);
SETTING(exit_budget, 0, 4096);

static ssize_t counter_show(struct device *dev, struct device_attribute *attribute, char *text)
{
	const struct counter *counter = container_of(attribute, struct counter, attribute);

	return sysfs_emit(text, "%llu\n", ds_counters_sum(counter->offset));
}

#define COUNTER(name, field)						\
	static struct counter counter_##name = {			\
		.attribute = __ATTR(name, 0444, counter_show, NULL),	\
		.offset = offsetof(struct ds_counters, field),		\
	}

COUNTER(captured, captured);
COUNTER(pending, pending);
COUNTER(records, head);
COUNTER(control_records, controls);
COUNTER(lost_ring, lost[DELTASCOPE_LOST_RING]);
COUNTER(lost_sampled, lost[DELTASCOPE_LOST_SAMPLED]);
COUNTER(lost_pending_full, lost[DELTASCOPE_LOST_PENDING_FULL]);
COUNTER(file_first_writes, file_first_writes);
COUNTER(zero_fills, zero_fills);
COUNTER(unshares, unshares);
COUNTER(remote_faults, remote_faults);
COUNTER(over_budget, over_budget);
COUNTER(late, late);
COUNTER(discarded, discarded);
COUNTER(filtered, filtered);
COUNTER(reader_copies, reader_copies);
COUNTER(reader_sends, reader_sends);
COUNTER(content_bytes, content_bytes);
COUNTER(content_bytes_lost, content_bytes_lost);
COUNTER(bad_tails, bad_tails);
COUNTER(handler_ns, handler_ns);

static ssize_t switch_show(unsigned long what, char *text)
{
	return sysfs_emit(text, "%d\n", !!(ds_control_capturing() & what));
}

static ssize_t switch_store(unsigned long what, const char *text, size_t count)
{
	bool on;
	int error = kstrtobool(text, &on) ?: ds_control_switch(what, on);

	return error ?: count;
}

static ssize_t capture_pages_show(struct device *dev, struct device_attribute *attribute, char *text)
{
	return switch_show(DS_PAGES, text);
}

static ssize_t capture_pages_store(struct device *dev, struct device_attribute *attribute,
				   const char *text, size_t count)
{
	return switch_store(DS_PAGES, text, count);
}

static ssize_t capture_sends_show(struct device *dev, struct device_attribute *attribute, char *text)
{
	return switch_show(DS_SENDS, text);
}

static ssize_t capture_sends_store(struct device *dev, struct device_attribute *attribute,
				   const char *text, size_t count)
{
	return switch_store(DS_SENDS, text, count);
}

static DEVICE_ATTR_RW(capture_pages);
static DEVICE_ATTR_RW(capture_sends);

static struct device_attribute dev_attr_cgroups = __ATTR(cgroups, 0644, ds_filter_show, ds_filter_store);

#define VALUE(name, format, expression)					\
	static ssize_t name##_show(struct device *dev,			\
				   struct device_attribute *attribute, char *text) \
	{								\
		return sysfs_emit(text, format "\n", expression);	\
	}								\
	static DEVICE_ATTR_RO(name)

VALUE(hook, "%s", ds_cow_hook());
VALUE(load_id, "%016llx", ds_ring_load_id());
VALUE(blind, "%llu", ds_cow_blind() + ds_send_blind());
VALUE(kills, "%llu", ds_kills());
VALUE(overhead_ppm, "%llu", ds_overhead_ppm());
VALUE(throttle, "%u", ds_throttle());
VALUE(stopped_s, "%llu", ds_stopped_s());
VALUE(ring_records, "%u", ds_ring_records());
VALUE(pending_capacity, "%u", ds_pending_capacity());

static struct attribute *attributes[] = {
	&setting_judge_after_ms.attribute.attr,
	&setting_sampling_shift.attribute.attr,
	&setting_send_limit.attribute.attr,
	&setting_send_content.attribute.attr,
	&setting_max_overhead_ppm.attribute.attr,
	&setting_max_cpu_overhead_ppm.attribute.attr,
	&setting_max_group_overhead_ppm.attribute.attr,
	&setting_wake_records.attribute.attr,
	&setting_exit_budget.attribute.attr,
	&counter_captured.attribute.attr,
	&counter_pending.attribute.attr,
	&counter_records.attribute.attr,
	&counter_control_records.attribute.attr,
	&counter_lost_ring.attribute.attr,
	&counter_lost_sampled.attribute.attr,
	&counter_lost_pending_full.attribute.attr,
	&counter_file_first_writes.attribute.attr,
	&counter_zero_fills.attribute.attr,
	&counter_unshares.attribute.attr,
	&counter_remote_faults.attribute.attr,
	&counter_over_budget.attribute.attr,
	&counter_late.attribute.attr,
	&counter_discarded.attribute.attr,
	&counter_filtered.attribute.attr,
	&counter_reader_copies.attribute.attr,
	&counter_reader_sends.attribute.attr,
	&counter_content_bytes.attribute.attr,
	&counter_content_bytes_lost.attribute.attr,
	&counter_bad_tails.attribute.attr,
	&counter_handler_ns.attribute.attr,
	&dev_attr_capture_pages.attr,
	&dev_attr_capture_sends.attr,
	&dev_attr_cgroups.attr,
	&dev_attr_hook.attr,
	&dev_attr_load_id.attr,
	&dev_attr_blind.attr,
	&dev_attr_kills.attr,
	&dev_attr_throttle.attr,
	&dev_attr_stopped_s.attr,
	&dev_attr_overhead_ppm.attr,
	&dev_attr_ring_records.attr,
	&dev_attr_pending_capacity.attr,
	NULL,
};

static const struct attribute_group group = { .attrs = attributes };

const struct attribute_group *ds_sysfs_groups[] = { &group, NULL };
