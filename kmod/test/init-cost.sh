#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# First process of the guest that counts instructions. Lines that the host reads: COST mode case ticks T events E.

export PATH=/bin
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for module in /modules/*.ko; do
	insmod "$module"
done
# The firmware leaves its console in the middle of a line.
echo
mkdir /sys/fs/cgroup/a
ip link set lo up
S=/sys/class/misc/deltascope

measure() {
	for i in 1 2 3; do
		for one in "cost_copy 1000" "cost_reuse 1000" "cost_exit 1000" "cost_send 100" "cost_send 1000" "cost_send 16000" \
			"cost_response 1000"; do
			workload /sys/fs/cgroup/a $one | sed "s/^REFERENCE [^ ]* cost_\([a-z]*\) .* ticks/COST $1 \1_${one##* } ticks/"
		done
	done
}

measure without
insmod /deltascope.ko start=0
echo 1000000 > $S/max_overhead_ppm
echo 1000000 > $S/max_cpu_overhead_ppm
echo 1000000000 > $S/max_group_overhead_ppm
measure off
echo 63 > $S/sampling_shift
echo 1 > $S/capture_pages
echo 1 > $S/capture_sends
measure left_out
echo 0 > $S/sampling_shift
measure captured
echo 16384 > $S/send_limit
measure hashed
echo 1 > $S/send_content
measure content
echo "GUEST DONE"
poweroff -f
