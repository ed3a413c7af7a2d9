#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# First process of the guest that tests the source bpf: does the work, prints what happened on the console, powers off.
#
# BOARDD_PORT  port of the board server on the host
# PHASES       what to do, by name
#
# Lines that the host reads: CHECK name expected found, REFERENCE cgroup case ..., SUM phase ..., AGENT phase json.

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
echo "+memory +pids" > /sys/fs/cgroup/cgroup.subtree_control
# The firmware leaves its console in the middle of a line.
echo
mkdir /sys/fs/cgroup/a /sys/fs/cgroup/b
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
mkswap /dev/ram0 > /dev/null && swapon /dev/ram0

# check NAME EXPECTED FOUND
check() { echo "CHECK $1 $2 $3"; }
work() { workload /sys/fs/cgroup/$1 $2 $3 || check "workload_$2" ok failed; }
# work whose copies and sends the agent does not compare one by one
more() { work "$@" > /dev/null; }
now() { cut -d' ' -f1 /proc/uptime; }

# agent_start [OPTION...]: returns when the programs are attached and the agent has counted once. Sends are by socket unless
# SENDS_BY is set.
agent_start() {
	rm -f /tmp/agent
	deltascope run --source bpf --insecure-peer 10.0.2.2:$BOARDD_PORT --timeout 60 --interval 0.5 \
		--json-lines --sends-by ${SENDS_BY:-socket} "$@" > /tmp/agent 2> /tmp/agent-error &
	AGENT=$!
	until [ -s /tmp/agent ]; do
		if ! kill -0 $AGENT 2> /dev/null; then
			check agent_starts ok failed
			cat /tmp/agent-error
			break
		fi
		sleep 0.1
	done
}
# counted CGROUP NAME: a counter of one container in the agent's last report
counted() { last_report | sed 's/"name":/\n/g' | sed -n "s/^\"$1\".*\"$2\":\([0-9]*\).*/\1/p"; }
# in_group CGROUP COMMAND...: runs it there
in_group() { (echo 0 > /sys/fs/cgroup/$1/cgroup.procs; shift; exec "$@"); }
# until_line FILE WORD
until_line() {
	n=0
	until grep -q "^$2" $1 || [ $n -gt 600 ]; do
		n=$((n + 1))
		sleep 0.1
	done
}
# until_reported NAME VALUE: waits until the agent's last report has it
until_reported() {
	n=0
	until [ "$(reported $1)" = "$2" ] || [ $n -gt 600 ]; do
		n=$((n + 1))
		sleep 0.1
	done
}
# settled: two more lines
settled() { sleep 1.2; }
# agent_stop PHASE: the agent stops capturing, waits for every judgement, and its last line is exact. It has 1.9 s, so T is less.
agent_stop() {
	kill -TERM $AGENT
	wait $AGENT
	check "agent_status_$1" 0 $?
	cat /tmp/agent-error
	# Of events; behind it is that of bytes.
	check "$1_seen" $(($(reported captured) + $(reported blind))) \
		"$(last_report | head -n 1 | grep -o '"seen":[0-9]*' | head -n 1 | cut -d: -f2)"
	print_report $1
}

# The known work in two cgroups at once, counted by the engine on the host.
phase_exact() {
	agent_start --no-sampling --judge-after 500 --send-limit 16384
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
	settled
	until_reported capture_pages 1
	check exact_captures_pages 1 "$(reported capture_pages)"
	check exact_captures_sends 1 "$(reported capture_sends)"
	check exact_blind 0 "$(reported blind)"
	check exact_zero_fills 1 $(($(reported zero_fills) >= 32))
	check exact_over_budget 0 "$(reported over_budget)"
	agent_stop exact
	check exact_encrypted 5 "$(reported encrypted_sends)"
	check exact_truncated 3 "$(reported truncated_sends)"
	check exact_partial 0 "$(reported partial_sends)"
}

# Sends by content, of two containers at once that send the same bodies: in every scope what the workload itself found.
phase_content() {
	SENDS_BY=content agent_start --no-sampling --judge-after 300 --send-limit 16384 --scope connection --contexts 8192
	work a content 66 | sed 's/^REFERENCE/CONTENT content/' &
	A=$!
	work b content 40 | sed 's/^REFERENCE/CONTENT content/'
	wait $A
	settled
	agent_stop content
}

# The same where a ring is full: lost bytes are in the law of bytes.
phase_content_overflow() {
	SENDS_BY=content agent_start --no-sampling --ring-bytes 4096
	kill -STOP $AGENT
	work a content 66 | sed 's/^REFERENCE/CONTENT content_overflow/'
	kill -CONT $AGENT
	agent_stop content_overflow
	check content_overflow_loses 1 $(($(reported ring) > 0))
}

# Switched off while it runs the agent captures nothing and its counters stay; switched on again it captures.
phase_switch() {
	echo "off = false" > /tmp/agent.toml
	agent_start --no-sampling --judge-after 300 --config /tmp/agent.toml
	more a mixed 64
	switch_to true
	settled
	before=$(reported captured)
	more a mixed 64
	settled
	check switch_captures_nothing "$before" "$(reported captured)"
	check switch_counters_stay 1 $(($(counted a cow_copies) >= 64))
	switch_to false
	until_reported capture_pages 1
	more a mixed 64
	settled
	check switch_captures_again 1 $(($(reported captured) >= before + 64))
	agent_stop switch
}

# A reader that stands still: the ring overflows, and every event is still explained.
phase_overflow() {
	agent_start --no-sampling --ring-bytes 4096
	kill -STOP $AGENT
	for i in 1 2 3 4; do
		more a duplicates 40
	done
	kill -CONT $AGENT
	agent_stop overflow
}

# By default a send is compared up to 512 bytes: a longer one never counts as redundant.
phase_default_limit() {
	agent_start --no-sampling
	work a duplicates 10 > /tmp/long
	work b sockets 4 > /tmp/short
	agent_stop default_limit
	check default_limit_truncated 10 "$(reported truncated_sends)"
	check default_limit_redundant 8 "$(counted b net_redundant)"
	check default_limit_none 0 "$(counted a net_redundant)"
}

phase_pending_full() {
	agent_start --no-sampling --pending-pages 64 --judge-after 1500
	more b changed 256
	agent_stop pending_full
	check pending_full_loses 1 $(($(reported pending_full) >= 192))
	check pending_full_budget 0 "$(reported over_budget)"
}

# With an exit budget of 10 the rest of the pages is left unjudged, and nothing is lost.
phase_budget() {
	agent_start --no-sampling --exit-budget 10 --judge-after 1500
	work b early_exit 50 | sed 's/^REFERENCE/BUDGET/'
	agent_stop budget
	check budget_exceeded 1 $(($(reported over_budget) >= 40))
	check budget_loses_nothing 0 "$(reported pending_full)"
}

# Only what is in the cgroup of the filter, and below it.
phase_filter() {
	mkdir /sys/fs/cgroup/a/below
	agent_start --no-sampling --judge-after 500 --cgroup /sys/fs/cgroup/a
	work a mixed 100 | sed 's/^REFERENCE/SUM filter/'
	work a/below duplicates 5 | sed 's/^REFERENCE/SUM filter/'
	more b mixed 100
	more b duplicates 5
	agent_stop filter
	check filter_passes_by 1 $(($(reported filtered) >= 105))
	check filter_names_no_other 0 "$(last_report | grep -c '"name":"b"')"
	check filter_copies 100 "$(counted a cow_copies)"
	rmdir /sys/fs/cgroup/a/below
	deltascope run --source bpf --cgroup /proc --insecure-peer 10.0.2.2:$BOARDD_PORT 2> /tmp/refused
	check filter_refuses_no_cgroup 1 $(($? != 0))
	check filter_names_folder 1 "$(grep -c -- '--cgroup /proc' /tmp/refused)"
}

# An agent that falls behind leaves out units by itself, and none when it has caught up.
phase_follow() {
	agent_start --ring-bytes 8192
	for i in 1 2 3; do
		kill -STOP $AGENT
		more a storm 64
		more a duplicates 40
		kill -CONT $AGENT
		sleep 0.5
	done
	n=0
	until [ "$(reported sampling_raised)" -gt 0 ] || [ $n -gt 100 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	more b storm 256
	until_reported sampling_shift 0
	agent_stop follow
	check follow_reported_raised 1 $(($(reported sampling_raised) > 0))
	check follow_reported_lowered "$(reported sampling_raised)" "$(reported sampling_lowered)"
	check follow_leaves_out 1 $(($(reported sampled) > 0))
	check follow_shift_in_force 0 "$(reported sampling_shift)"
}

# Many short processes, and many cgroups with a short life each: every event reaches the engine, under whatever name.
phase_storm() {
	agent_start --no-sampling --judge-after 500
	work a storm 1024 | sed 's/^REFERENCE/SUM storm/'
	work a churned 1000 | sed 's/^REFERENCE/SUM storm/'
	agent_stop storm
	check storm_ring 0 "$(reported ring)"
}

# The CPUs that there are come and go.
phase_hotplug() {
	agent_start --no-sampling --judge-after 500
	work a mixed 64 | sed 's/^REFERENCE/SUM hotplug/' &
	W=$!
	sleep 0.3
	echo 0 > /sys/devices/system/cpu/cpu1/online
	check cpu_offline 0 "$(cat /sys/devices/system/cpu/cpu1/online)"
	wait $W
	work a mixed 64 | sed 's/^REFERENCE/SUM hotplug/'
	echo 1 > /sys/devices/system/cpu/cpu1/online
	work a mixed 64 | sed 's/^REFERENCE/SUM hotplug/'
	agent_stop hotplug
}

# Switching tracing off is refused while the programs are attached, or said in every line.
phase_ftrace_off() {
	agent_start --no-sampling --judge-after 500
	until_reported capture_pages 1
	check ftrace_on_pages 1 "$(reported capture_pages)"
	echo 0 > /proc/sys/kernel/ftrace_enabled 2> /dev/null
	enabled=$(cat /proc/sys/kernel/ftrace_enabled)
	sleep 3
	check ftrace_off_is_reported "$enabled" "$(reported capture_pages)"
	more a mixed 64
	echo "PHASE_NOTE ftrace_enabled $enabled"
	echo 1 > /proc/sys/kernel/ftrace_enabled 2> /dev/null
	until_reported capture_pages 1
	work a mixed 64 > /dev/null
	agent_stop ftrace_off
	check ftrace_off_sees_again 1 "$(reported capture_pages)"
}

# Senders that wait inside the observed function while the programs go and come.
phase_blocked() {
	more a blocked 4 &
	sleep 1
	agent_start --no-sampling
	sleep 0.5
	agent_stop blocked_first
	wait
	agent_start --no-sampling
	agent_stop blocked
}

# Processes that sleep in the observed functions, of both kinds at once: the copies and sends of others are all seen.
phase_blinded() {
	ulimit -n 8192
	agent_start --no-sampling --send-limit 16384
	hostile blockers 1100 > /tmp/blockers 2>&1 &
	B=$!
	until_line /tmp/blockers BLOCKERS
	echo 1 > /proc/sys/vm/unprivileged_userfaultfd
	hostile userfault 270 > /tmp/parked 2>&1 &
	U=$!
	until_line /tmp/parked PARKED
	sleep 3
	in_group a hostile sends 50
	in_group a hostile copies 200 0
	settled
	check blinded_blind 0 "$(reported blind)"
	kill -9 $B $U
	wait $B $U
	agent_stop blinded
	check blinded_sends 50 "$(counted a net_sends)"
	# The C library makes a few more.
	check blinded_copies 1 $(($(counted a cow_copies) >= 200))
}

# Threads that fault on one page make one copy.
phase_one_page() {
	agent_start --no-sampling --judge-after 300
	in_group a hostile one-page 4 400
	in_group a hostile one-page 2 400
	agent_stop one_page
	check one_page_at_least 1 $(($(counted a cow_copies) >= 800))
	check one_page_no_second_event 1 $(($(counted a cow_copies) < 900))
	echo "PHASE_NOTE one_page copies $(counted a cow_copies) lost_races $(reported lost_races)"
}

# A page that was discarded is not judged by what came to its address, whatever frame that is in.
phase_discarded() {
	agent_start --no-sampling --judge-after 400
	in_group a hostile discarded 200 > /tmp/discarded
	agent_stop discarded
	check discarded_came_back 1 $(($(sed -n 's/^SAME_FRAME //p' /tmp/discarded) > 100))
	check discarded_unjudged 1 $(($(counted a cow_unjudged) >= 200))
	check discarded_counted 1 $(($(reported discarded) >= 200))
}

# Multipath TCP takes its bytes by another path than TCP; unshare faults are no copies by a write.
phase_coverage() {
	agent_start --no-sampling
	in_group a hostile mptcp-sends 10
	in_group b hostile unshared 32
	agent_stop coverage
	check mptcp_sends 10 "$(counted a net_sends)"
	check mptcp_observed 1 "$(reported capture_mptcp)"
}

# Without the right to load programs: a clear error, and nothing left behind.
phase_refused() {
	deltascope run --source bpf --send-limit 16385 --insecure-peer 10.0.2.2:$BOARDD_PORT 2> /tmp/refused
	check refuses_send_limit 1 "$(grep -c -- '--send-limit: expected 0 to 16384, found 16385' /tmp/refused)"
	su nobody -s /bin/sh -c "deltascope run --source bpf --insecure-peer 10.0.2.2:$BOARDD_PORT" 2> /tmp/refused
	check refuses_users 1 "$(grep -c 'CAP_BPF' /tmp/refused)"
}

. /agent.sh
mkdir -p /etc
echo "root:x:0:0::/:/bin/sh" > /etc/passwd
echo "nobody:x:65534:65534::/:/bin/sh" >> /etc/passwd
for phase in $(echo $PHASES | tr , ' '); do
	begun=$(now)
	phase_$phase
	echo "PHASE $phase $begun $(now)"
done
dmesg | sed 's/^/KLOG /'
echo "GUEST DONE"
poweroff -f
