# SPDX-License-Identifier: GPL-2.0-only
# Phases with processes, settings and limits under which the module could miss or misjudge events. See init.sh.

# stopped: the state of a stop of the kill switch, read while it lasts; a stop lasts twice as long as the one before it
stopped() {
	n=0
	while :; do
		kills=$(get kills)
		state="$(get capture_pages)$(get capture_sends)"
		left=$(get stopped_s)
		[ "$state" = 00 ] && [ "$left" -ge 1 ] && [ "$kills" = "$(get kills)" ] && return
		n=$((n + 1))
		[ $n -gt 600 ] && return
		sleep 0.1
	done
}

# Less is captured first, then nothing, and after a while everything again.
phase_kill() {
	load
	set_to max_overhead_ppm 1
	hostile busy 600 &
	H=$!
	wait_for throttle 2
	check kill_switch_samples_first 1 $(($(get sampling_shift) >= 2))
	wait_for kills 1
	check kill_switch_kills 1 $(($(get kills) >= 1))
	stopped
	check kill_switch_captures_off 00 $state
	check kill_switch_says_until 1 $((left >= 1))
	check kill_switch_log_line 1 $(($(dmesg | grep -c 'deltascope: kill switch: handlers took') >= 1))
	wait_for kills 2
	check kill_switch_resumes_and_stops 1 $(($(get kills) >= 2))
	set_to max_overhead_ppm 1000000
	wait_for capture_pages 1
	check kill_switch_resumes 1 "$(get capture_pages)"
	kill $H
	wait $H
	until_zero throttle
	check kill_switch_takes_its_steps_back 0 "$(get sampling_shift)"
	captured=$(get captured)
	more a changed 50
	check switched_on_again 1 $(($(get captured) >= captured + 50))
	unload switched_on
	# One CPU, and one workload, each over its limit and not the machine.
	for limit in cpu group; do
		load
		set_to max_${limit}_overhead_ppm 1
		exec_in_group a hostile busy 600 &
		H=$!
		wait_for throttle 2
		check ${limit}_limit_throttles 1 $(($(get throttle) >= 2))
		kill $H
		wait $H
		set_to max_${limit}_overhead_ppm 1000000
		unload ${limit}_limit
	done
	check cpu_limit_named 1 $(($(dmesg | grep -c 'ppm of CPU') >= 1))
	check group_limit_named 1 $(($(dmesg | grep -c 'handlers of cgroup') >= 1))
}

# Unprivileged processes that sleep in the hooked functions: the copies and sends of others are still seen.
phase_blinded() {
	load send_instances=1024
	ulimit -n 8192
	reader_start
	hostile blockers 1100 > /tmp/blockers 2>&1 &
	B=$!
	until_line /tmp/blockers BLOCKERS
	# More than all instances of the first pool are held.
	sleep 3
	in_group a hostile sends 50
	check blockers_blind 0 "$(get blind)"
	check blockers_grow 1 $(($(dmesg | grep -c 'tcp_sendmsg_locked: .* calls under way can be seen') >= 1))
	kill -9 $B
	wait $B
	echo 1 > /proc/sys/vm/unprivileged_userfaultfd
	hostile userfault 270 > /tmp/parked 2>&1 &
	U=$!
	until_line /tmp/parked PARKED
	sleep 3
	in_group a hostile copies 200 0
	check userfault_blind 0 "$(get blind)"
	kill -9 $U
	wait $U
	reader_stop
	check blockers_sends 50 "$(counted a sends)"
	check userfault_copies 200 "$(counted a region_copies)"
	grep ^CHECK /tmp/read
	unload blinded
}

# Threads that fault on one page make one copy.
phase_one_page() {
	load
	set_to judge_after_ms 300
	reader_start
	in_group a hostile one-page 4 400
	in_group a hostile one-page 2 400
	reader_stop
	check one_page_copies 800 "$(counted a region_copies)"
	check one_page_redundant 0 "$(counted a region_redundant)"
	grep ^CHECK /tmp/read
	unload one_page
}

# A page that was discarded is not judged by what came to its address, whatever frame that is in.
phase_discarded() {
	load
	set_to judge_after_ms 400
	reader_start
	in_group a hostile discarded 200 > /tmp/discarded
	reader_stop
	# Since 6.13 or later the allocator seldom gives the same frame back; then this states less.
	echo "SAME_FRAME $(sed -n "s/^SAME_FRAME //p" /tmp/discarded)"
	check discarded_copies 200 "$(counted a region_copies)"
	check discarded_unjudged 200 "$(counted a region_unjudged)"
	check discarded_counted 1 $(($(get discarded) >= 200))
	grep ^CHECK /tmp/read
	unload discarded
}

# A process that holds its own mmap_lock delays no judgement of another one.
phase_lock_held() {
	load
	reader_start
	exec_in_group b hostile lock-holder 16 30 > /tmp/holder &
	H=$!
	until_line /tmp/holder HOLDING
	for i in 1 2 3 4 5; do in_group a hostile copies 100 400; done
	kill $H
	wait $H
	reader_stop
	check lock_held_copies 500 "$(counted a region_copies)"
	check lock_held_judged 0 "$(counted a region_unjudged)"
	check lock_held_late_is_reported "$(get late)" "$(awk '$1 == "COUNT" { for (i = 3; i < NF; i += 2) if ($i == "late") v += $(i + 1) } END { print v + 0 }' /tmp/read)"
	sed 's/^COUNT/JUDGED/' /tmp/read
	cat /tmp/holder
	check lock_held_delay_below_1000 1 $(($(counted a judged_most_ms) < 1000))
	grep ^CHECK /tmp/read
	unload lock_held
}

# By default a send is compared up to 512 bytes: a longer one is counted, and never redundant.
phase_default_limit() {
	load
	set_to send_limit $default_send_limit
	reader_start
	more a duplicates 10
	more b sockets 4
	reader_stop
	check default_limit 512 $default_send_limit
	check default_limit_long 0 "$(counted a send_redundant)"
	check default_limit_short 8 "$(counted b send_redundant)"
	grep ^CHECK /tmp/read
	unload default_limit
}

# Only what is in the cgroups of the filter, and below them.
phase_filter() {
	mkdir /sys/fs/cgroup/a/below
	load
	set_to cgroups "$(group a)"
	check filter_set "$(group a)" "$(get cgroups)"
	reader_start
	more a mixed 100
	more a/below duplicates 5
	more b mixed 100
	more b duplicates 5
	reader_stop
	check filter_copies 100 "$(counted a copies)"
	check filter_below 1 $(($(counted a/below sends) >= 5))
	check filter_other_copies 0 "$(counted b copies)"
	check filter_other_sends 0 "$(counted b sends)"
	check filter_counts 1 $(($(get filtered) >= 105))
	grep ^CHECK /tmp/read
	set_to cgroups ""
	check filter_empty 0 "$(get cgroups | wc -w)"
	before=$(get captured)
	set_to capture_pages 1
	more b mixed 100
	check filter_is_off 1 $(($(get captured) - before >= 100))
	unload filter
	rmdir /sys/fs/cgroup/a/below
}

# What is not a copy by a write, and what is not a send by tcp_sendmsg.
phase_coverage() {
	load
	reader_start
	in_group a hostile unshared 32
	in_group a hostile mptcp-sends 10
	reader_stop
	# Until 6.3 a write past the page cache did not pin, and so did not copy.
	case "$(uname -r)" in
	6.1.*) ;;
	*) check unshared_counted 1 $(($(get unshares) >= 32)) ;;
	esac
	check unshared_no_copies 1 $(($(counted a region_copies) < 10))
	check mptcp_sends 10 "$(counted a sends)"
	grep ^CHECK /tmp/read
	unload coverage
}

# A password in a known message is not found from its record, nor by sending all candidates oneself: by socket, and by
# content in another container or as another user.
phase_secret() {
	load
	for other in "0 b 0" "1 b 0" "1 a 1000"; do
		set -- $other
		set_to send_content $1
		rings password 482913 > /tmp/read &
		until_line /tmp/read READING
		in_group a hostile password 482913 0
		in_group $2 hostile password 482913 $3
		wait
		grep '^CHECK' /tmp/read
	done
	set_to send_content 0
	unload secret
}

# reported_becomes NAME VALUE: until that is in the agent's last line
reported_becomes() {
	n=0
	until [ "$(reported $1)" = "$2" ] || [ $n -gt 600 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	check alive_$3 $2 "$(reported $1)"
}

# Probes that are switched off behind the module's back: the agent reports it.
phase_alive() {
	load
	agent_start --no-sampling
	reported_becomes copies_alive 1 copies
	reported_becomes sends_alive 1 sends
	check alive_nothing_unseen 0 "$(reported copies_unseen)"
	check alive_capturing 11 "$(reported capturing_pages)$(reported capturing_sends)"
	echo 0 > /sys/kernel/debug/kprobes/enabled
	reported_becomes copies_alive 0 kprobes_off_copies
	reported_becomes sends_alive 0 kprobes_off_sends
	check alive_kprobes_off_counted 1 $(($(reported copies_unseen) > 0))
	echo 1 > /sys/kernel/debug/kprobes/enabled
	reported_becomes copies_alive 1 kprobes_on_copies
	# Newer kernels may refuse it while probes are armed.
	if echo 0 > /proc/sys/kernel/ftrace_enabled; then
		reported_becomes copies_alive 0 ftrace_off_copies
		reported_becomes sends_alive 0 ftrace_off_sends
		echo 1 > /proc/sys/kernel/ftrace_enabled
		reported_becomes copies_alive 1 ftrace_on_copies
	fi
	set_to capture_sends 0
	reported_becomes capturing_sends 0 capturing_sends_off
	reported_becomes sends_alive 0 sends_off
	work a mixed 64 | sed 's/^REFERENCE/SUM alive/'
	silence
	agent_stop alive
	unload alive
}

# Random operations on memory, judged after 1 ms: the counters balance, and the kernel does not complain.
phase_chaos() {
	load pending_pages=1024
	set_to judge_after_ms 1
	echo 1 > /sys/kernel/mm/ksm/run 2> /dev/null
	in_group a chaos 3 20
	check chaos_captures 1 $(($(get captured) > 1000))
	check chaos_discards 1 $(($(get discarded) > 0))
	unload chaos
	echo 0 > /sys/kernel/mm/ksm/run 2> /dev/null
}

# Off is off: no probe is armed, no work is done.
phase_off() {
	load
	more a changed 20
	silence
	n=0
	until [ "$(armed)" = 0 ] || [ $n -gt 600 ]; do n=$((n + 1)); sleep 0.1; done
	check off_probes_armed 0 "$(armed)"
	set_to capture_pages 1
	check on_probes_armed 3 "$(armed)"
	set_to capture_pages 0
	unload off
	insmod /deltascope.ko start=0
	check start_0_probes_armed 0 "$(armed)"
	check start_0_captures 00 "$(get capture_pages)$(get capture_sends)"
	rmmod deltascope
	insmod /deltascope.ko
	check start_1_captures 11 "$(get capture_pages)$(get capture_sends)"
	unload start_1
}
