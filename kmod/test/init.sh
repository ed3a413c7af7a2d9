#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The guest's first process: does the work, says what happened on the console, powers off.
#
# BOARDD_PORT  port of the board server on the host
# PHASES       what to do, by name
#
# Lines that the host reads: CHECK name expected found, TRUTH cgroup case ..., AGENT phase json.

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
# A simulated machine is slow: the kill switch is out of the way unless a phase wants it.
load() {
	insmod /deltascope.ko "$@" || check load ok failed
	set_to max_overhead_ppm 1000000
}
explained() {
	echo $(($(get records) - $(get control_records) + $(get pending) + $(get lost_ring) + \
		$(get lost_sampled) + $(get lost_pending_full)))
}
# quiet NAME: nothing happens any more, so that the figures of sysfs belong together
quiet() {
	sleep 1
	check "$1_books" "$(get captured)" "$(explained)"
}
now() { cut -d' ' -f1 /proc/uptime; }

agent_start() {
	deltascope run --source kmod --insecure-peer 10.0.2.2:$BOARDD_PORT --timeout 60 --interval 0.5 \
		--json-lines > /tmp/agent 2> /tmp/agent-error &
	AGENT=$!
	n=0
	until [ -s /tmp/agent ]; do
		n=$((n + 1))
		[ $n -gt 200 ] && break
		sleep 0.1
	done
}

# agent_stop PHASE: the last line is exact after everything before it
agent_stop() {
	kill -TERM $AGENT
	wait $AGENT
	check "agent_status_$1" 0 $?
	cat /tmp/agent-error
	echo "AGENT $1 $(tail -n 1 /tmp/agent)"
}

# The known work in two cgroups at once, counted by the engine on the host.
phase_exact() {
	load
	set_to judge_after_ms 500
	check hook "$HOOK" "$(get hook)"
	agent_start
	for one in "same 256" "early_exit 300" "threads 128" "munmap 64" "twice 64" "zero 32" "storm 160" \
		"duplicates 10" "alternating 10" "sockets 64"; do
		work a $one
	done &
	A=$!
	for one in "changed 64" "mixed 256" "parent 200" "mremap 64" "pageout 64" "reuse 64" \
		"writev 5" "large 3" "tls 5" "socket_reuse 20" "again 5"; do
		work b $one
	done
	wait $A
	sleep 2
	check exact_pending 0 "$(get pending)"
	check exact_blind 0 "$(get blind)"
	check exact_zero_fills 32 "$(get zero_fills)"
	check exact_over_budget 0 "$(get over_budget)"
	agent_stop exact
	quiet exact
	rmmod deltascope
}

# A reader that stands still: the ring overflows, and every event is still explained.
phase_overflow() {
	load ring_records=64
	agent_start
	kill -STOP $AGENT
	work a mixed 1000
	kill -CONT $AGENT
	work a mixed 20
	sleep 1
	agent_stop overflow
	quiet overflow
	rmmod deltascope
}

phase_pending_full() {
	load pending_pages=64
	set_to judge_after_ms 60000
	set_to capture_sends 0
	before=$(get captured)
	work b changed 256
	check pending_full_captures 1 $(($(get captured) - before >= 256))
	check pending_full_loses 1 $(($(get lost_pending_full) >= 192))
	check pending_full_refused_budget 0 "$(get over_budget)"
	quiet pending_full
	rmmod deltascope
}

# With an exit budget of 10 the rest of the pages is left unjudged, and nothing is lost.
phase_budget() {
	load
	set_to judge_after_ms 60000
	set_to exit_budget 10
	work b early_exit 50
	check budget_exceeded 1 $(($(get over_budget) >= 40))
	quiet budget
	rmmod deltascope
}

phase_kill() {
	load
	set_to max_overhead_ppm 1
	work a mixed 200
	sleep 2
	check kill_switch_kills 1 "$(get kills)"
	check kill_switch_pages_off 0 "$(get capture_pages)"
	check kill_switch_sends_off 0 "$(get capture_sends)"
	check kill_switch_log_line 1 "$(dmesg | grep -c 'deltascope: kill switch: handlers took')"
	sleep 1
	captured=$(get captured)
	work a changed 50
	check killed_captures_nothing "$captured" "$(get captured)"
	quiet killed
	set_to max_overhead_ppm 1000000
	set_to capture_pages 1
	work a changed 50
	check switched_on_again 1 $(($(get captured) >= captured + 50))
	quiet switched_on
	rmmod deltascope
}

phase_sampling() {
	load sampling_seed=1
	rings read 6 > /tmp/read &
	sleep 1
	set_to sampling_shift 2
	for i in 1 2; do
		work a storm 32
	done
	wait
	cat /tmp/read
	check sampling_loses 1 $(($(get lost_sampled) > 0))
	check sampling_keeps 1 $(($(get lost_sampled) < $(get captured)))
	check sampling_captures_all 1 $(($(get captured) >= 256))
	quiet sampling
	rmmod deltascope
}

# Little memory, pages moved and swapped while they wait: every copy is still counted once.
phase_pressure() {
	load
	rings read 9 > /tmp/read &
	sleep 1
	dd if=/dev/zero of=/tmp/hog bs=1M count=330 2> /dev/null &
	(for i in 1 2 3 4 5 6; do echo 1 > /proc/sys/vm/compact_memory; sleep 0.3; done) &
	work b same 600 | sed 's/^TRUTH/PRESSURE/'
	wait
	rm /tmp/hog
	sed 's/^COUNT/PRESSURE COUNT/; s/^CHECK /CHECK pressure_/' /tmp/read
	echo "PRESSURE CGROUP $(stat -c %i /sys/fs/cgroup/b)"
	quiet pressure
	rmmod deltascope
}

phase_bad_input() {
	load
	set_to max_overhead_ppm 1000000
	rings bad-input
	rmmod deltascope
	for bad in ring_records=63 ring_records=0 ring_records=2097152 pending_pages=1 send_instances=1 page_hook=vmalloc; do
		insmod /deltascope.ko $bad 2> /dev/null
		check "refuses_$bad" 0 "$([ -e /dev/deltascope ] && echo 1 || echo 0)"
	done
	insmod /deltascope-hookless.ko 2> /dev/null
	check missing_hook_refused 1 $(($? != 0))
	check missing_hook_named 1 "$(dmesg | grep -c 'refused: this kernel has no hook exit_mmap_of_another_kernel')"
	check missing_hook_no_device 0 "$([ -e /dev/deltascope ] && echo 1 || echo 0)"
	check missing_hook_no_probe 0 "$(grep -c deltascope /sys/kernel/debug/kprobes/list)"
	check missing_hook_no_module 0 "$(grep -c '^deltascope' /proc/modules)"
}

# The other hook, where this kernel has it, counts the same.
phase_other_hook() {
	if insmod /deltascope.ko page_hook=do_wp_page; then
		set_to max_overhead_ppm 1000000
		rings read 5 > /tmp/read &
		sleep 1
		work a mixed 100 | sed 's/^TRUTH/OTHER/'
		wait
		sed 's/^COUNT/OTHER COUNT/; s/^CHECK /CHECK other_hook_/' /tmp/read
		echo "OTHER CGROUP $(stat -c %i /sys/fs/cgroup/a)"
		rmmod deltascope
	fi
	if [ "$HOOK" = do_wp_page ]; then
		insmod /deltascope.ko page_hook=wp_page_copy 2> /dev/null
		check inlined_hook_refused 1 $(($? != 0))
		check inlined_hook_named 1 "$(dmesg | grep -c 'refused: this kernel has no hook wp_page_copy')"
	fi
}

# Senders that wait inside the probed function while the module goes and comes.
phase_blocked() {
	load
	work a blocked 4 > /dev/null &
	sleep 2
	rmmod deltascope
	check unload_under_blocked_senders 0 $?
	wait
	load
	quiet blocked
	rmmod deltascope
}

# 1,000 cgroups created and removed, and meanwhile the module loaded and unloaded 100 times.
phase_churn() {
	(
		i=0
		while [ $i -lt 1000 ]; do
			group=/sys/fs/cgroup/churn$i
			mkdir $group
			(read pid rest < /proc/self/stat; echo $pid > $group/cgroup.procs)
			rmdir $group
			i=$((i + 1))
		done
		echo 1000 > /tmp/churned
	) &
	CHURN=$!
	i=0
	failed=0
	while [ $i -lt 100 ]; do
		insmod /deltascope.ko ring_records=64 pending_pages=64 send_instances=16 || failed=$((failed + 1))
		[ $((i % 20)) = 0 ] && rings books churn_$i
		rmmod deltascope || failed=$((failed + 1))
		i=$((i + 1))
	done
	check loads_and_unloads_failed 0 $failed
	wait $CHURN
	check churned_cgroups 1000 "$(cat /tmp/churned)"
}

for phase in $(echo $PHASES | tr , ' '); do
	begun=$(now)
	phase_$phase
	echo "PHASE $phase $begun $(now)"
done
check probes_left 0 "$(grep -c deltascope /sys/kernel/debug/kprobes/list)"
dmesg | sed 's/^/KLOG /'
echo "GUEST DONE"
poweroff -f
