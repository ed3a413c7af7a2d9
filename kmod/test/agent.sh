# SPDX-License-Identifier: GPL-2.0-only
# Reading what the agent reports. A report longer than 16,000 bytes is several lines: the first one has every field but
# the containers that found no room in it. See init.sh and init-bpf.sh.

# last_report: the lines of the agent's last report
last_report() { awk '!/"part":/ || /"part":1,/ { n = 0 } { line[n++] = $0 } END { for (i = 0; i < n; i++) print line[i] }' /tmp/agent; }
# reported NAME: a number of the agent's last report
reported() { last_report | head -n 1 | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"; }
# print_report PHASE: the last report, for the host
print_report() { last_report | sed "s/^/AGENT $1 /"; }
# switch_to true|false: writes the agent's setting `off`, has it read again, and waits until the last report has it
switch_to() {
	echo "off = $1" > /tmp/agent.toml
	kill -HUP $AGENT
	[ $1 = true ] && wanted=1 || wanted=0
	n=0
	until [ "$(last_report | grep -c '"off":"off = true')" = $wanted ] || [ $n -gt 600 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	check "switch_off_is_$1" $wanted "$(last_report | grep -c '"off":"off = true')"
}
