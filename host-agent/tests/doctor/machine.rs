//! A tree of /proc and /sys of a machine where all is well but for a fault.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Files of a machine where all is well: 4 processors, an interface with 4 queues.
const FILES: &[(&str, &str)] = &[
    ("proc/sys/kernel/osrelease", "6.12.43-amd64\n"),
    ("proc/self/pagemap", ""),
    ("proc/self/status", "Name:\tdeltascope\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n"),
    ("proc/self/uid_map", "         0          0 4294967295\n"),
    (
        "proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n\
                          Max open files            1024                 524288               files     \n",
    ),
    (
        "proc/self/mountinfo",
        "22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw\n\
         31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
    ),
    ("proc/sys/kernel/yama/ptrace_scope", "1\n"),
    ("proc/sys/kernel/ftrace_enabled", "1\n"),
    ("proc/sys/kernel/modules_disabled", "0\n"),
    ("proc/sys/fs/file-nr", "4000\t0\t9223372\n"),
    ("proc/sys/net/core/netdev_max_backlog", "1000\n"),
    (
        "proc/kallsyms",
        "0000000000000000 T register_kprobe\n0000000000000000 t do_wp_page\n\
         0000000000000000 T tcp_sendmsg\n0000000000000000 T exit_mmap\n0000000000000000 t helper\t[mod]\n",
    ),
    ("proc/kpageflags", ""),
    ("proc/cmdline", "root=/dev/sda1 quiet\n"),
    (
        "proc/pressure/memory",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
    ),
    (
        "proc/net/route",
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
         eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
    ),
    ("proc/net/softnet_stat", "00100000 00000000 00000002 00000000\n00100000 00000000 00000000 00000000\n"),
    (
        "proc/stat",
        "cpu  4000 0 4000 80000 0 0 400 0 0 0\ncpu0 1000 0 1000 20000 0 0 100 0 0 0\ncpu1 1000 0 1000 20000 0 0 100 0 0 0\n\
         cpu2 1000 0 1000 20000 0 0 100 0 0 0\ncpu3 1000 0 1000 20000 0 0 100 0 0 0\nintr 5\n",
    ),
    (
        "proc/interrupts",
        "           CPU0       CPU1       CPU2       CPU3\n\
         8:          1          0          0          0  IR-IO-APIC    8-edge      rtc0\n\
         40:      90000          0         12          0  IR-PCI-MSIX-0000:01:00.0    0-edge      eth0-TxRx-0\n\
         41:          3      80000          0          0  IR-PCI-MSIX-0000:01:00.0    1-edge      eth0-TxRx-1\n\
         42:          0          0      70000          0  IR-PCI-MSIX-0000:01:00.0    2-edge      eth0-TxRx-2\n\
         43:          0          9          0      60000  IR-PCI-MSIX-0000:01:00.0    3-edge      eth0-TxRx-3\n\
         44:          2          0          0          0  IR-PCI-MSIX-0000:01:00.0    4-edge      eth0\n\
         NMI:          1          1          1          1   Non-maskable interrupts\n",
    ),
    ("sys/kernel/debug/kprobes/enabled", "1\n"),
    ("sys/kernel/btf/vmlinux", ""),
    ("sys/kernel/security/lockdown", "[none] integrity confidentiality\n"),
    ("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"),
    ("sys/kernel/mm/ksm/run", "1\n"),
    ("sys/kernel/mm/ksm/pages_sharing", "5000\n"),
    ("sys/kernel/mm/ksm/general_profit", "20000000\n"),
    ("sys/class/net/eth0/operstate", "up\n"),
    ("sys/class/net/eth0/speed", "1000\n"),
    ("sys/class/net/eth0/duplex", "full\n"),
    ("sys/class/net/eth0/statistics/rx_packets", "90000000\n"),
    ("sys/class/net/eth0/statistics/tx_packets", "80000000\n"),
    ("sys/class/net/eth0/statistics/rx_missed_errors", "3\n"),
    ("sys/class/net/eth0/statistics/rx_crc_errors", "0\n"),
    ("sys/class/net/eth0/queues/rx-0/rps_cpus", "0\n"),
    ("sys/class/net/eth0/queues/rx-1/rps_cpus", "0\n"),
    ("sys/class/net/eth0/queues/rx-2/rps_cpus", "0\n"),
    ("sys/class/net/eth0/queues/rx-3/rps_cpus", "0\n"),
    ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
];

/// Links of that machine, with the numbers of the first namespaces.
const LINKS: &[(&str, &str)] = &[
    ("proc/1/ns/pid", "pid:[4026531836]"),
    ("proc/1/ns/net", "net:[4026531833]"),
    ("proc/self/ns/pid", "pid:[4026531836]"),
    ("proc/self/ns/cgroup", "cgroup:[4026531835]"),
    ("proc/self/ns/net", "net:[4026531833]"),
];

/// What differs from the machine where all is well.
pub enum Fault {
    /// A file has another text.
    Text(&'static str, &'static str),
    /// A part of a file is replaced.
    Part(&'static str, &'static str, &'static str),
    /// A link names something else.
    Link(&'static str, &'static str),
    /// A file or folder is missing.
    Missing(&'static [&'static str]),
    /// Several of them.
    All(&'static [Fault]),
}

use Fault::{All, Link, Missing, Part, Text};

pub fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn link(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    if path.is_symlink() {
        fs::remove_file(&path).expect("a link");
    }
    symlink(text, path).expect("a link");
}

fn apply(root: &Path, fault: &Fault) {
    match fault {
        Text(path, text) => write(root, path, text),
        Part(path, part, other) => {
            let text = fs::read_to_string(root.join(path)).expect("a file");
            assert_eq!(text.matches(part).count(), 1, "{part:?} in {path}");
            write(root, path, &text.replace(part, other));
        }
        Link(path, text) => link(root, path, text),
        Missing(paths) => {
            for path in *paths {
                let path = root.join(path);
                let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                removed.expect("it was there");
            }
        }
        All(faults) => faults.iter().for_each(|fault| apply(root, fault)),
    }
}

/// A machine where all is well but for a fault.
pub fn machine(fault: Option<&Fault>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    FILES.iter().for_each(|(path, text)| write(folder.path(), path, text));
    LINKS.iter().for_each(|(path, text)| link(folder.path(), path, text));
    if let Some(fault) = fault {
        apply(folder.path(), fault);
    }
    folder
}
