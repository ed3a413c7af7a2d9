#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# First process of the guest that counts instructions of the BPF programs. Lines that the host reads:
# COST mode case ticks T events E.

export PATH=/bin
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /tmp
for module in /modules/*.ko; do
	insmod "$module"
done
# The firmware leaves its console in the middle of a line.
echo
mkdir /sys/fs/cgroup/a
ip link set lo up

measure() {
	for i in 1 2 3; do
		for one in "cost_copy 1000" "cost_reuse 1000" "cost_exit 1000" "cost_send 100" "cost_send 1000" "cost_send 16000"; do
			workload /sys/fs/cgroup/a $one | sed "s/^REFERENCE [^ ]* cost_\([a-z]*\) .* ticks/COST $1 \1_${one##* } ticks/"
		done
	done
}

# with MODE OPTION...: the agent stands still meanwhile, so that nothing of its own is counted
with() {
	mode=$1
	shift
	deltascope record /tmp/events --force --source bpf --no-sampling --judge-after 60000 "$@" > /tmp/agent 2>&1 &
	agent=$!
	# The recording is made when the programs are attached.
	until [ -e /tmp/events ]; do
		kill -0 $agent || break
		sleep 0.1
	done
	kill -STOP $agent
	measure $mode
	kill -CONT $agent
	kill -KILL $agent
	wait $agent
	cat /tmp/agent
	rm -f /tmp/events
}

with bpf
with bpf_whole --send-limit 16384
echo "GUEST DONE"
poweroff -f
