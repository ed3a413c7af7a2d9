//! Texts of any form end in a state and never in a panic.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::{Machine, State, examine, render};

/// Files that checks read and take apart.
const FILES: [&str; 17] = [
    "proc/sys/kernel/yama/ptrace_scope",
    "proc/self/status",
    "proc/self/uid_map",
    "proc/self/limits",
    "proc/self/mountinfo",
    "proc/sys/fs/file-nr",
    "proc/kallsyms",
    "proc/pressure/memory",
    "proc/net/softnet_stat",
    "proc/net/ipv6_route",
    "proc/stat",
    "proc/interrupts",
    "sys/kernel/security/lockdown",
    "sys/kernel/mm/ksm/general_profit",
    "sys/class/net/eth0/speed",
    "sys/class/net/eth0/statistics/rx_packets",
    "sys/class/net/eth0/queues/rx-0/rps_cpus",
];
const ROUTE: &str = "Iface D G F R U M M\neth0 00000000 0 0003 0 0 0 00000000\n";

fn write(root: &Path, path: &str, text: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..60),
        "[a-z0-9:\\[\\] \\-/,\n]{0,80}".prop_map(String::into_bytes),
        "(cpu[0-9]? ([0-9]{1,20} ){8,10}\n){0,3}".prop_map(String::into_bytes),
        "( *CPU0 CPU1\n)([0-9]{1,2}: [0-9]{1,20} [0-9]{1,20} MSI eth0-[0-9]\n){0,3}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_text_ends_in_a_state(texts in proptest::collection::vec(text(), FILES.len())) {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "proc/net/route", ROUTE.as_bytes());
        for (path, text) in FILES.iter().zip(&texts) {
            write(folder.path(), path, text);
        }
        let examination = examine(&Machine::tree(folder.path()), None);
        let lines = render(&examination);
        prop_assert!(lines.lines().count() > examination.checks.len());
        for check in &examination.checks {
            prop_assert!((check.state == State::Ok) == check.action.is_empty(), "{check:?}");
        }
    }
}
