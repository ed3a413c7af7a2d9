#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# First process of the guest that has udev: who may do what with the device, and signatures. Lines that the host reads:
# CHECK name expected found.

export PATH=/bin
/bin/busybox mkdir -p /proc /sys /dev /run /etc/udev/rules.d
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
for module in /modules/*.ko; do
	insmod "$module"
done
# The firmware leaves its console in the middle of a line.
echo
cp /rules/70-deltascope.rules /etc/udev/rules.d/
ln -s /bin/udevadm /bin/systemd-udevd
# Two users, one of them in the group.
echo "agent:x:1000:1000::/:/bin/sh" >> /etc/passwd
echo "other:x:1001:1001::/:/bin/sh" >> /etc/passwd
sed -i 's/^deltascope:.*:$/&agent/' /etc/group

S=/sys/class/misc/deltascope
check() { echo "CHECK package_$1 $2 $3"; }

systemd-udevd --daemon --resolve-names=early
check udev_runs 0 $?
# The module comes after udev, as on a machine that has started.
insmod /signed.ko
check loads_without_enforcement 0 $?
udevadm settle --timeout=20
check hook ptep_clear_flush "$(cat $S/hook)"
check device_group deltascope "$(stat -c %G /dev/deltascope)"
check device_mode 660 "$(stat -c %a /dev/deltascope)"
for own in sampling_shift send_content; do
	check "${own}_group" deltascope "$(stat -c %G $S/$own)"
	check "${own}_mode" 664 "$(stat -c %a $S/$own)"
done
for other in capture_pages judge_after_ms max_overhead_ppm; do
	check "${other}_group" root "$(stat -c %G $S/$other)"
	check "${other}_mode" 644 "$(stat -c %a $S/$other)"
done
# may USER COMMAND
may() { su "$1" -s /bin/sh -c "$2" 2> /dev/null && echo yes || echo no; }
check agent_opens yes "$(may agent 'exec 3<>/dev/deltascope')"
check other_opens no "$(may other 'exec 3<>/dev/deltascope')"
check agent_samples yes "$(may agent "echo 1 > $S/sampling_shift")"
check other_samples no "$(may other "echo 2 > $S/sampling_shift")"
check agent_sets_content yes "$(may agent "echo 1 > $S/send_content")"
check other_sets_content no "$(may other "echo 1 > $S/send_content")"
check agent_switches no "$(may agent "echo 0 > $S/capture_pages")"
check sampling_was_set 1 "$(cat $S/sampling_shift)"
check udev_log 0 "$(udevadm test $S 2>&1 | grep -ci 'invalid\|unknown group\|unknown key')"
rmmod deltascope
check unloads 0 $?

# From here on only modules with a signature that this kernel knows: as under Secure Boot.
echo Y > /sys/module/module/parameters/sig_enforce
for module in unsigned signed; do
	said=$(insmod /$module.ko 2>&1)
	check "${module}_is_refused_when_enforced" 1 $(($? != 0))
	case "$said" in
	*[Kk]ey*) check "${module}_refusal_names_the_key" 1 1 ;;
	*) check "${module}_refusal_names_the_key" key "$(echo "$said" | tr ' ' _)" ;;
	esac
done
dmesg | sed 's/^/KLOG /'
echo "GUEST DONE"
poweroff -f
