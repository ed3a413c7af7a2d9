# SPDX-License-Identifier: GPL-2.0-only
# Phases that compare counts with a workload of which they are known, and the module's life. See init.sh.

# The known work in two cgroups at once, counted by the engine on the host.
phase_exact() {
	load
	set_to judge_after_ms 500
	check hook ptep_clear_flush "$(get hook)"
	agent_start --no-sampling
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
	silence
	check exact_pending 0 "$(get pending)"
	check exact_blind 0 "$(get blind)"
	check exact_zero_fills 1 $(($(get zero_fills) >= 32))
	check exact_over_budget 0 "$(get over_budget)"
	agent_stop exact
	check exact_encrypted 5 "$(reported encrypted_sends)"
	unload exact
}

# Sends by content, of two containers at once that send the same bodies: in every scope what the workload itself found.
phase_content() {
	load
	# An agent that is killed leaves the setting, and the next one puts it right.
	SENDS_BY=content agent_start --no-sampling
	check content_is_set 1 "$(get send_content)"
	kill -9 $AGENT
	wait $AGENT
	check content_is_left 1 "$(get send_content)"
	agent_start --no-sampling
	check content_is_put_right 0 "$(get send_content)"
	agent_stop content_by_socket
	set_to judge_after_ms 300
	SENDS_BY=content agent_start --no-sampling --scope connection --contexts 8192
	work a content 66 | sed 's/^REFERENCE/CONTENT content/' &
	A=$!
	work b content 40 | sed 's/^REFERENCE/CONTENT content/'
	wait $A
	silence
	agent_stop content
	check content_is_cleared 0 "$(get send_content)"
	check content_lost 0 "$(get content_bytes_lost)"
	unload content
}

# The same where a ring is full: lost bytes are in the law of bytes.
phase_content_overflow() {
	load ring_records=64
	SENDS_BY=content agent_start --no-sampling
	kill -STOP $AGENT
	work a content 66 | sed 's/^REFERENCE/CONTENT content_overflow/'
	kill -CONT $AGENT
	silence
	agent_stop content_overflow
	check content_overflow_loses 1 $(($(get content_bytes_lost) > 0))
	unload content_overflow
}

# An agent that is killed: the next one counts each body once, and may find less repeats, but no others.
phase_content_resume() {
	load
	SENDS_BY=content agent_start --no-sampling
	work a content 22 | sed 's/^REFERENCE/CONTENT content_resume/'
	# The agent reports its position to the server twice a second.
	sleep 1.1
	kill -9 $AGENT
	wait $AGENT
	work a content 22 | sed 's/^REFERENCE/CONTENT content_resume/'
	SENDS_BY=content agent_start --no-sampling
	work a content 22 | sed 's/^REFERENCE/CONTENT content_resume/'
	silence
	agent_stop content_resume
	check content_resume_loses_nothing 0 "$(reported agent_restart)"
	unload content_resume
}

# Switched off while it runs the agent has the module capture nothing and its counters stay; switched on again, and at its
# end, the module captures what it did before.
phase_switch() {
	load
	set_to judge_after_ms 300
	set_to capture_sends 0
	echo "off = false" > /tmp/agent.toml
	agent_start --no-sampling --config /tmp/agent.toml
	more a mixed 64
	switch_to true
	check switch_pages_off 0 "$(get capture_pages)"
	sleep 1.2
	before=$(reported captured)
	more a mixed 64
	sleep 1.2
	check switch_captures_nothing "$before" "$(reported captured)"
	switch_to false
	check switch_pages_on 1 "$(get capture_pages)"
	check switch_sends_stay_off 0 "$(get capture_sends)"
	more a mixed 64
	sleep 1.2
	check switch_captures_again 1 $(($(reported captured) >= before + 64))
	switch_to true
	kill -TERM $AGENT
	wait $AGENT
	check switch_ends 0 $?
	check switch_end_restores 1 "$(get capture_pages)"
	unload switch
}

# A reader that is stopped: the ring overflows, and every event is still explained.
phase_overflow() {
	load ring_records=64
	agent_start --no-sampling
	kill -STOP $AGENT
	more a mixed 1000
	kill -CONT $AGENT
	silence
	agent_stop overflow
	unload overflow
}

phase_pending_full() {
	load pending_pages=64
	set_to judge_after_ms 60000
	set_to capture_sends 0
	before=$(get captured)
	more b changed 256
	check pending_full_captures 1 $(($(get captured) - before >= 256))
	check pending_full_loses 1 $(($(get lost_pending_full) >= 192))
	check pending_full_refused_budget 0 "$(get over_budget)"
	unload pending_full
}

# With an exit budget of 10 the rest of the pages is left unjudged, and nothing is lost.
phase_budget() {
	load
	set_to judge_after_ms 60000
	set_to exit_budget 10
	more b early_exit 50
	wait_for 'over_budget' 30
	check budget_exceeded 1 $(($(get over_budget) >= 30))
	unload budget
}

# p set by hand: in-band, nested, exact; and what the loss records say is what the headers hold.
phase_sampling() {
	load sampling_seed=1 ring_records=256
	reader_start read-losses-until
	set_to sampling_shift 2
	for i in 1 2; do
		more a storm 32
	done
	set_to sampling_shift 0
	sleep 0.3
	# One event on each CPU makes it report what it has lost.
	taskset 1 workload /sys/fs/cgroup/a duplicates 2 > /dev/null
	taskset 2 workload /sys/fs/cgroup/a duplicates 2 > /dev/null
	reader_stop
	cat /tmp/read
	check sampling_loses 1 $(($(get lost_sampled) > 0))
	check sampling_keeps 1 $(($(get lost_sampled) < $(get captured)))
	check sampling_captures_all 1 $(($(get captured) >= 256))
	unload sampling
}

# An agent that falls behind leaves out units by itself, and none when it has caught up.
phase_follow() {
	load ring_records=128
	agent_start
	for i in 1 2 3; do
		kill -STOP $AGENT
		more a storm 64
		kill -CONT $AGENT
		sleep 0.5
	done
	check follow_raises 1 $(($(get sampling_shift) > 0))
	more b storm 256
	more b duplicates 40
	check follow_leaves_out 1 $(($(get lost_sampled) > 0))
	n=0
	until [ "$(get sampling_shift)" = 0 ] || [ $n -gt 60 ]; do
		n=$((n + 1))
		sleep 0.5
	done
	check follow_lowers 0 "$(get sampling_shift)"
	# Each ring reports it with its next event.
	taskset 1 workload /sys/fs/cgroup/a duplicates 2 > /dev/null
	taskset 2 workload /sys/fs/cgroup/a duplicates 2 > /dev/null
	silence
	sleep 0.5
	agent_stop follow
	check follow_reported_raised 1 $(($(reported sampling_raised) > 0))
	check follow_reported_lowered "$(reported sampling_raised)" "$(reported sampling_lowered)"
	check follow_sampled_is_exact "$(get lost_sampled)" "$(reported sampled)"
	check follow_shift_in_force 0 "$(reported sampling_shift)"
	unload follow
}

# Little memory, pages moved and swapped while they wait: every copy is still counted once.
phase_pressure() {
	load
	reader_start
	dd if=/dev/zero of=/tmp/hog bs=1M count=330 2> /dev/null &
	H=$!
	(for i in 1 2 3 4 5 6; do echo 1 > /proc/sys/vm/compact_memory; sleep 0.3; done) &
	C=$!
	work b same 600 | sed 's/^REFERENCE/PRESSURE/'
	wait $H $C
	rm /tmp/hog
	reader_stop
	sed 's/^COUNT/PRESSURE COUNT/; s/^CHECK /CHECK pressure_/' /tmp/read
	echo "PRESSURE CGROUP $(stat -c %i /sys/fs/cgroup/b)"
	unload pressure
}

phase_bad_input() {
	load
	set_to max_overhead_ppm 1000000
	rings bad-input
	rmmod deltascope
	for bad in ring_records=63 ring_records=0 ring_records=2097152 pending_pages=1 send_instances=1; do
		insmod /deltascope.ko $bad 2> /dev/null
		check "refuses_$bad" 0 "$([ -e /dev/deltascope ] && echo 1 || echo 0)"
	done
	# The same module, for which the name of one function of the kernel was made one that it does not have.
	for hidden in exit_mmap tcp_sendmsg_locked ptep_clear_flush unmap_page_range; do
		insmod /deltascope-without-$hidden.ko 2> /dev/null
		check missing_${hidden}_refused 1 $(($? != 0))
		check missing_${hidden}_named 1 $(($(dmesg | grep -ci "refused: this kernel has no hook .*$hidden") > 0))
		check missing_${hidden}_no_device 0 "$([ -e /dev/deltascope ] && echo 1 || echo 0)"
		check missing_${hidden}_no_probe 0 "$(probes | wc -l)"
		check missing_${hidden}_no_module 0 "$(grep -c '^deltascope' /proc/modules)"
	done
	# The same with a function that is not traced, as all are on a kernel without the function tracer.
	insmod /deltascope-untraced.ko btf=/none 2> /dev/null
	check untraced_refused 1 $(($? != 0))
	check untraced_named 1 $(($(dmesg | grep -c 'refused: copy_page has no ftrace site') > 0))
	check untraced_no_module 0 "$(grep -c '^deltascope' /proc/modules)"
	# Types of a kernel whose function has another argument, and a file that holds none.
	sed 's/zap_details/zap_detailx/g' /sys/kernel/btf/vmlinux > /tmp/btf
	insmod /deltascope.ko btf=/tmp/btf 2> /dev/null
	check other_prototype_refused 1 $(($? != 0))
	check other_prototype_named 1 $(($(dmesg | grep -c 'refused: .*: expected .*zap_details), found .*zap_detailx)') > 0))
	head -c 100 /tmp/btf > /tmp/cut
	insmod /deltascope.ko btf=/tmp/cut 2> /dev/null
	check cut_btf_refused 1 $(($? != 0))
	rm /tmp/btf /tmp/cut
}

# A reader that is not the agent counts the same.
phase_other_reader() {
	load
	reader_start
	work a mixed 100 | sed 's/^REFERENCE/OTHER/'
	more b tls 5
	more b duplicates 3
	reader_stop
	check encrypted_sends 5 "$(counted b encrypted)"
	sed 's/^COUNT/OTHER COUNT/; s/^CHECK /CHECK other_reader_/' /tmp/read
	echo "OTHER CGROUP $(group a)"
	unload other_reader
}

# Senders that wait inside the probed function while the module goes and comes.
phase_blocked() {
	load
	more a blocked 4 &
	sleep 2
	rmmod deltascope
	check unload_under_blocked_senders 0 $?
	wait
	load
	unload blocked
}

# 1,000 cgroups created, worked in and removed, and meanwhile the module loaded and unloaded 100 times.
phase_churn() {
	(
		workload /sys/fs/cgroup/a churned 1000 > /tmp/churned
		until [ -e /tmp/loaded ]; do
			more a churned 100
		done
	) &
	CHURN=$!
	i=0
	failed=0
	while [ $i -lt 100 ]; do
		insmod /deltascope.ko ring_records=64 pending_pages=64 send_instances=16 || failed=$((failed + 1))
		[ $((i % 20)) = 0 ] && rings balance churn_$i
		rmmod deltascope || failed=$((failed + 1))
		i=$((i + 1))
	done
	touch /tmp/loaded
	check loads_and_unloads_failed 0 $failed
	wait $CHURN
	check churned_cgroups 1000 "$(sed 's/.* sends \([0-9]*\) .*/\1/' /tmp/churned)"
}

# Many short processes, and many cgroups with a short life each: every event reaches the engine, under whatever name.
phase_storm() {
	load
	set_to judge_after_ms 500
	agent_start --no-sampling
	work a storm 1024 | sed 's/^REFERENCE/SUM storm/'
	work a churned 1000 | sed 's/^REFERENCE/SUM storm/'
	silence
	check storm_lost 0 $(($(get captured) - $(get records) + $(get control_records)))
	agent_stop storm
	unload storm
}

# Pages of memory that the module's rings have.
ring_pages() { grep -E 'ds_ring_create|ring_prepare' /proc/vmallocinfo | sed -n 's/.* pages=\([0-9]*\) .*/\1/p' | awk '{ n += $1 } END { print n + 0 }'; }

# The CPUs that there are come and go; one that was never there costs a header.
phase_hotplug() {
	echo 0 > /sys/devices/system/cpu/cpu1/online
	load
	one=$(ring_pages)
	echo 1 > /sys/devices/system/cpu/cpu1/online
	# 8,192 records of 64 bytes.
	check hotplug_ring_when_online 128 $(($(ring_pages) - one))
	check hotplug_ring_and_headers 130 $one
	set_to judge_after_ms 500
	agent_start --no-sampling
	work a mixed 64 | sed 's/^REFERENCE/SUM hotplug/' &
	W=$!
	sleep 0.3
	echo 0 > /sys/devices/system/cpu/cpu1/online
	check cpu_offline 0 "$(cat /sys/devices/system/cpu/cpu1/online)"
	wait $W
	work a mixed 64 | sed 's/^REFERENCE/SUM hotplug/'
	echo 1 > /sys/devices/system/cpu/cpu1/online
	work a mixed 64 | sed 's/^REFERENCE/SUM hotplug/'
	silence
	agent_stop hotplug
	unload hotplug
}

# An agent that is killed: the next one resumes at the rings, and every event is counted once.
phase_resume() {
	load
	set_to judge_after_ms 500
	agent_start --no-sampling
	for one in "a mixed 100" "b duplicates 10"; do
		work $one | sed 's/^REFERENCE/SUM resume/'
	done
	work a mixed 200 > /tmp/late &
	W=$!
	# Some pages are counted, some in the rings, some wait for their judgement.
	until [ "$(get pending)" -gt 100 ]; do sleep 0.1; done
	sleep 0.3
	kill -9 $AGENT
	wait $AGENT
	work b duplicates 10 | sed 's/^REFERENCE/SUM resume/'
	wait $W
	sed 's/^REFERENCE/SUM resume/' /tmp/late
	check resume_leaves_something 1 $(($(get records) > 200))
	agent_start --no-sampling
	work a changed 50 | sed 's/^REFERENCE/SUM resume/'
	silence
	agent_stop resume
	check resume_loses_nothing 0 "$(reported agent_restart)"
	check resume_captured "$(get captured)" "$(reported captured)"
	unload resume
}

# A module that is loaded again while no agent runs: what the first one held is lost, and reported.
phase_reload() {
	load
	set_to judge_after_ms 60000
	agent_start --no-sampling
	rm -f /tmp/release
	more a held 64 &
	W=$!
	until [ "$(get pending)" -ge 64 ]; do sleep 0.1; done
	# The agent reports its position to the server twice a second.
	sleep 1.1
	kill -9 $AGENT
	wait $AGENT
	touch /tmp/release
	wait $W
	unload reload_first
	load
	agent_start --no-sampling
	work a mixed 64 | sed 's/^REFERENCE/SUM reload/'
	silence
	agent_stop reload
	check reload_reports_what_is_lost 1 $(($(reported agent_restart) >= 64))
	unload reload
}

# A host with version 1 of the control groups only: no record has a group, and the agent asks /proc.
phase_v1() {
	rmdir /sys/fs/cgroup/a /sys/fs/cgroup/b
	echo "-memory -pids" > /sys/fs/cgroup/cgroup.subtree_control
	umount /sys/fs/cgroup
	mount -t tmpfs tmpfs /sys/fs/cgroup
	mkdir /sys/fs/cgroup/pids
	mount -t cgroup -o pids cgroup /sys/fs/cgroup/pids || check v1_mount ok failed
	mkdir /sys/fs/cgroup/pids/old
	load
	agent_start --no-sampling
	more pids/old mixed 64
	more pids/old duplicates 5
	silence
	agent_stop v1
	check v1_attribution_none "$(reported captured)" "$(reported attribution_none)"
	check v1_captures 1 $(($(reported captured) >= 69))
	unload v1
}
