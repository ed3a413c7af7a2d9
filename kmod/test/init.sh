#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The guest's first process: does the work, prints what happened on the console, powers off.
#
# BOARDD_PORT  port of the board server on the host
# PHASES       what to do, by name
#
# Lines that the host reads: CHECK name expected found, REFERENCE cgroup case ..., AGENT phase json.

export PATH=/bin
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /tmp
for module in /modules/*.ko; do
	insmod "$module"
done
echo "+memory +pids" > /sys/fs/cgroup/cgroup.subtree_control
# The firmware leaves its console in the middle of a line.
echo
mkdir /sys/fs/cgroup/a /sys/fs/cgroup/b
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
mkswap /dev/ram0 > /dev/null && swapon /dev/ram0

S=/sys/class/misc/deltascope

# check NAME EXPECTED FOUND
check() { echo "CHECK $1 $2 $3"; }
get() { cat $S/$1; }
set_to() { echo "$2" > $S/$1; }
work() { workload /sys/fs/cgroup/$1 $2 $3 || check "workload_$2" ok failed; }
# A simulated machine is slow: the kill switch is out of the way, from the start, unless a phase wants it.
load() {
	insmod /deltascope.ko start=0 "$@" || check load ok failed
	set_to max_overhead_ppm 1000000
	set_to max_cpu_overhead_ppm 1000000
	set_to max_group_overhead_ppm 1000000000
	default_send_limit=$(get send_limit)
	set_to send_limit 16384
	set_to capture_pages 1
	set_to capture_sends 1
}
# silence: nothing is captured any more, and nothing waits any more
silence() {
	set_to capture_pages 0
	set_to capture_sends 0
	[ "$(get judge_after_ms)" -gt 500 ] && set_to judge_after_ms 100
	sleep 1.2
}
# unload NAME: with the counters balanced and nothing pending
unload() {
	silence
	rings balance "$1_balance"
	check "$1_pending" 0 "$(get pending)"
	rmmod deltascope
	check "$1_unload" 0 $?
}
# wait_for NAME LEAST: until a counter has reached a value, for at most 60 s
wait_for() {
	n=0
	until [ "$(get $1)" -ge $2 ] || [ $n -gt 600 ]; do
		n=$((n + 1))
		sleep 0.1
	done
}
# reader_start [COMMAND]: a reader of all records; reader_stop: when no copy waits any more
reader_start() {
	rm -f /tmp/read-on
	rings ${1:-read-until} /tmp/read-on > /tmp/read &
	until_line /tmp/read READING
}
reader_stop() {
	set_to capture_pages 0
	set_to capture_sends 0
	until_zero pending
	: > /tmp/read-on
	until_line /tmp/read CHANGES
}
until_zero() {
	n=0
	until [ "$(get $1)" = 0 ] || [ $n -gt 600 ]; do
		n=$((n + 1))
		sleep 0.1
	done
}
group() { stat -c %i /sys/fs/cgroup/$1; }
# counted GROUP NAME: a number that the reader has printed; 0 without a line of that group
counted() { awk -v g="$(group $1)" -v n="$2" '$1 == "COUNT" && $2 == g { for (i = 3; i < NF; i += 2) if ($i == n) v = $(i + 1) } END { print v + 0 }' /tmp/read; }
# Probes of the module that are armed.
probes() { grep -E 'ptep_clear_flush|unmap_page_range|__zap_vma_range|exit_mmap|tcp_sendmsg_locked|mptcp_sendmsg' /sys/kernel/debug/kprobes/list; }
armed() { probes | grep -vc DISABLED; }
# exec_in_group GROUP COMMAND...: becomes a program in a cgroup; in the background, so that $! is the program
exec_in_group() { echo 0 > /sys/fs/cgroup/$1/cgroup.procs; shift; exec "$@"; }
# in_group GROUP COMMAND...: runs a program in a cgroup
in_group() { (exec_in_group "$@"); }
# until_line FILE TEXT: until a program has written a line
until_line() {
	n=0
	until grep -q "$2" $1 || [ $n -gt 600 ]; do
		n=$((n + 1))
		sleep 0.1
	done
}
now() { cut -d' ' -f1 /proc/uptime; }

# agent_start [OPTION...]: returns when it has connected and counted once. Sends are by socket unless SENDS_BY is set.
agent_start() {
	rm -f /tmp/agent
	deltascope run --source kmod --insecure-peer 10.0.2.2:$BOARDD_PORT --timeout 60 --interval 0.5 \
		--json-lines --sends-by ${SENDS_BY:-socket} "$@" > /tmp/agent 2> /tmp/agent-error &
	AGENT=$!
	n=0
	until [ -s /tmp/agent ]; do
		n=$((n + 1))
		[ $n -gt 600 ] && break
		kill -0 $AGENT 2> /dev/null || break
		sleep 0.1
	done
}
# work whose copies and sends the agent does not compare one by one
more() { work "$@" > /dev/null; }

# agent_stop PHASE: the last report is exact after everything before it
agent_stop() {
	kill -TERM $AGENT
	wait $AGENT
	check "agent_status_$1" 0 $?
	cat /tmp/agent-error
	print_report $1
}

. /agent.sh
. /phases.sh
. /hostile.sh
for phase in $(echo $PHASES | tr , ' '); do
	begun=$(now)
	phase_$phase
	echo "PHASE $phase $begun $(now)"
done
check probes_left 0 "$(probes | wc -l)"
dmesg | sed 's/^/KLOG /'
echo "GUEST DONE"
poweroff -f
