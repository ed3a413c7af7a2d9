#!/bin/sh
# First process of the emulated Zynq: one job, then off. The job is the word JOB of the kernel's command line.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev 2>/dev/null
/bin/busybox mount -t debugfs debug /sys/kernel/debug
/bin/busybox ip link set lo up
/bin/busybox ip address add 10.0.2.15/24 dev eth0
/bin/busybox ip link set eth0 up

echo "BOOTED $(/bin/busybox uname -rm)"
for class in uio fpga_manager; do
    for device in /sys/class/$class/*; do
        echo "DEVICE $class $(/bin/busybox cat "$device/name")"
    done
done

case "$JOB" in
boot)
    ;;
probe)
    /bin/mailbox-probe /dev/uio0
    echo "PROBE ENDED $?"
    /bin/uio-probe
    echo "UIO ENDED $?"
    ;;
selftest)
    report=$(/bin/deltascope-boardd selftest --engine uio --json)
    echo "SELFTEST $? $report"
    report=$(/bin/deltascope-boardd bench --engine uio --json --time 300)
    echo "BENCH $? $report"
    ;;
raw)
    # Each word on the console asks for one replay. Megabytes through the console would take minutes.
    while read -r word && [ "$word" = replay ]; do
        /bin/busybox nc -l -p 5770 < /dev/null > /records
        echo "RECEIVED $(/bin/busybox wc -c < /records)"
        /bin/deltascope-boardd --engine uio --raw /records > /answers
        echo "RAW ENDED $?"
        /bin/busybox nc -l -p 5771 < /answers
    done
    ;;
serve)
    /bin/deltascope-boardd --engine uio --insecure --listen 10.0.2.15:5770 &
    daemon=$!
    # A line on the console ends it.
    { read -r _ < /dev/console; kill -TERM $daemon; } &
    wait $daemon
    echo "DAEMON ENDED $?"
    ;;
esac
/bin/busybox grep deltascope /proc/interrupts | while read -r _ count _; do
    echo "INTERRUPTS $count"
done
echo "GUEST DONE"
/bin/busybox reboot -f
