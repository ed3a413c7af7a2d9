//! `deltascope doctor`: each fault in a tree of /proc and /sys is noticed by its check and by no other, and the real machine
//! is examined as root and as a user without privileges.

#[path = "doctor/machine.rs"]
mod machine;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use deltascope_testkit::programs::copy_program;
use machine::Fault::{self, All, Link, Missing, Part, Text};
use machine::{machine, write};
use serde_json::Value;
use support::board::Board;
use support::{AGENT, agent, finish};

/// Faults, and the check that must notice each.
const FAULTS: &[(&str, &str, Fault)] = &[
    ("CAP_SYS_ADMIN is missing", "cap_sys_admin", Part("proc/self/status", "000001ffffffffff", "000001ffffdfffff")),
    (
        "CAP_SYS_PTRACE is missing",
        "cap_sys_ptrace",
        All(&[
            Part("proc/self/status", "000001ffffffffff", "000001fffff7ffff"),
            Text("proc/sys/kernel/yama/ptrace_scope", "0\n"),
        ]),
    ),
    ("CAP_DAC_READ_SEARCH is missing", "cap_dac_read_search", Part("proc/self/status", "1ffffffffff", "1fffffffffb")),
    ("no pagemap", "pagemap", Missing(&["proc/self/pagemap"])),
    (
        "a PID namespace",
        "pid_namespace",
        All(&[Link("proc/1/ns/pid", "pid:[4026532177]"), Link("proc/self/ns/pid", "pid:[4026532177]")]),
    ),
    ("a cgroup namespace", "cgroup_namespace", Link("proc/self/ns/cgroup", "cgroup:[4026532180]")),
    ("a network namespace", "network_namespace", Link("proc/self/ns/net", "net:[4026532181]")),
    (
        "hidepid for everybody who may not trace",
        "hidepid",
        Part("proc/self/mountinfo", "proc proc rw", "proc proc rw,hidepid=ptraceable"),
    ),
    ("Yama forbids tracing", "ptrace_scope", Text("proc/sys/kernel/yama/ptrace_scope", "3\n")),
    ("version 1", "cgroups", Part("proc/self/mountinfo", "cgroup2 cgroup2 rw,nsdelegate", "cgroup cgroup rw,memory")),
    (
        "hybrid",
        "cgroups",
        Text(
            "proc/self/mountinfo",
            "22 27 0:21 / /proc rw - proc proc rw\n39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n\
         41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
        ),
    ),
    ("no control groups", "cgroups", Text("proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n")),
    ("a kubelet without a socket", "names_cri", Text("var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\n")),
    (
        "damaged state of Docker",
        "names_docker",
        Text(
            "var/lib/docker/containers/0b4810aa0b4810aa0b4810aa0b4810aa0b4810aa0b4810aa0b4810aa0b4810aa/config.v2.json",
            "{",
        ),
    ),
    (
        "damaged state of Podman",
        "names_podman",
        Text("var/lib/containers/storage/overlay-containers/containers.json", "[{\"id\""),
    ),
    ("kprobes disarmed", "kprobes", Text("sys/kernel/debug/kprobes/enabled", "0\n")),
    (
        "no kprobes",
        "kprobes",
        All(&[Missing(&["sys/kernel/debug"]), Part("proc/kallsyms", "register_kprobe", "register_key")]),
    ),
    ("ftrace off", "ftrace", Text("proc/sys/kernel/ftrace_enabled", "0\n")),
    ("no do_wp_page", "hook_symbols", Part("proc/kallsyms", "do_wp_page", "do_wp_pages")),
    ("no tcp_sendmsg", "hook_symbols", Part("proc/kallsyms", "tcp_sendmsg", "tcp_sendpage")),
    ("no BTF", "btf", Missing(&["sys/kernel/btf"])),
    ("no module is loaded any more", "module", Text("proc/sys/kernel/modules_disabled", "1\n")),
    ("lockdown integrity", "lockdown", Text("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")),
    (
        "lockdown confidentiality",
        "lockdown",
        Text("sys/kernel/security/lockdown", "none integrity [confidentiality]\n"),
    ),
    ("psi=0", "psi", All(&[Missing(&["proc/pressure"]), Text("proc/cmdline", "quiet psi=0\n")])),
    ("no PSI", "psi", Missing(&["proc/pressure"])),
    ("KSM costs more than it gives", "ksm", Text("sys/kernel/mm/ksm/general_profit", "-4096\n")),
    ("no kpageflags", "kpageflags", Missing(&["proc/kpageflags"])),
    ("few open files", "open_files", Part("proc/self/limits", "524288", "1024  ")),
    ("a full file table", "file_table", Text("proc/sys/fs/file-nr", "95000\t0\t100000\n")),
    ("100 Mbit/s", "nic_link", Text("sys/class/net/eth0/speed", "100\n")),
    ("half duplex", "nic_link", Text("sys/class/net/eth0/duplex", "half\n")),
    ("no link", "nic_link", Text("sys/class/net/eth0/operstate", "down\n")),
    ("a ring overflows", "nic_drops", Text("sys/class/net/eth0/statistics/rx_missed_errors", "90000\n")),
    ("a bad cable", "nic_errors", Text("sys/class/net/eth0/statistics/rx_crc_errors", "1234\n")),
    (
        "one queue",
        "nic_queues",
        Missing(&[
            "sys/class/net/eth0/queues/rx-1",
            "sys/class/net/eth0/queues/rx-2",
            "sys/class/net/eth0/queues/rx-3",
        ]),
    ),
    (
        "interrupts on one processor",
        "nic_interrupts",
        Text(
            "proc/interrupts",
            "           CPU0       CPU1       CPU2       CPU3\n\
         40:      90000          0         12          0  IR-PCI-MSIX    0-edge      eth0-TxRx-0\n\
         41:      80000          3          0          0  IR-PCI-MSIX    1-edge      eth0-TxRx-1\n\
         42:      70000          0          0          0  IR-PCI-MSIX    2-edge      eth0-TxRx-2\n\
         43:      60000          9          0          0  IR-PCI-MSIX    3-edge      eth0-TxRx-3\n",
        ),
    ),
    ("backlog overflows", "backlog_drops", Text("proc/net/softnet_stat", "00100000 00001000 00000000 00000000\n")),
    ("rounds end early", "softirq_squeezed", Text("proc/net/softnet_stat", "00100000 00000000 00010000 00000000\n")),
    (
        "a processor in softirq",
        "softirq_share",
        Part("proc/stat", "cpu2 1000 0 1000 20000 0 0 100", "cpu2 1000 0 1000 1000 0 0 19000"),
    ),
    (
        "a slow clock source",
        "clocksource",
        Text("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n"),
    ),
];

/// Examines a tree: status, and the checks by name.
fn examine(root: &Path) -> (Option<i32>, BTreeMap<String, Value>) {
    let outcome = finish(agent(&["doctor", "--json", "--root", root.to_str().expect("a plain path")]));
    let json = outcome.json();
    (outcome.code, checks(&json))
}

fn checks(json: &Value) -> BTreeMap<String, Value> {
    let checks = json["checks"].as_array().expect("checks");
    checks.iter().map(|check| (check["name"].as_str().expect("a name").to_owned(), check.clone())).collect()
}

fn state(checks: &BTreeMap<String, Value>, name: &str) -> String {
    checks.get(name).unwrap_or_else(|| panic!("no check {name}"))["state"].as_str().expect("a state").to_owned()
}

#[test]
fn each_fault_is_noticed_by_its_check_alone() {
    let healthy = machine(None);
    let (code, well) = examine(healthy.path());
    assert_eq!(code, Some(0), "{well:?}");
    for (name, check) in &well {
        let tried = ["bpf", "soft_dirty", "pagemap_scan", "nic_rings", "clock_synchronised"].contains(&name.as_str());
        assert_eq!(check["state"], if tried { "unknown" } else { "ok" }, "{check}");
    }
    for (fault, noticed, change) in FAULTS {
        let (code, found) = examine(machine(Some(change)).path());
        let differ: Vec<&str> =
            well.keys().filter(|name| state(&found, name) != state(&well, name)).map(String::as_str).collect();
        assert_eq!(differ, [*noticed], "{fault}: {found:?}");
        let check = &found[*noticed];
        let expected = match check["state"].as_str() {
            Some("warning") => 4,
            Some("failed") => 5,
            other => panic!("{fault}: {other:?}"),
        };
        assert_eq!(code, Some(expected), "{fault}");
        assert!(check["do"].as_str().is_some_and(|action| action.len() > 10), "{fault}: {check}");
    }
    let covered: Vec<&str> = FAULTS.iter().map(|(_, name, _)| *name).collect();
    let tried =
        |name: &String| state(&well, name) == "unknown" || ["kernel", "user_namespace", "thp"].contains(&name.as_str());
    let without: Vec<&String> = well.keys().filter(|name| !covered.contains(&name.as_str()) && !tried(name)).collect();
    assert!(without.is_empty(), "checks without a fault: {without:?}");
}

#[test]
fn user_namespace_takes_every_capability_away() {
    let (code, found) = examine(machine(Some(&Text("proc/self/uid_map", "0 100000 65536\n"))).path());
    assert_eq!(code, Some(4));
    for name in ["user_namespace", "cap_sys_admin", "cap_sys_ptrace", "cap_dac_read_search"] {
        assert_eq!(state(&found, name), "warning");
    }
}

#[test]
fn missing_tree_is_an_error_and_an_empty_one_is_unknown() {
    finish(agent(&["doctor", "--root", "/nonexistent"])).fails(&["--root /nonexistent", "expected a folder"]);
    let empty = tempfile::tempdir().expect("a folder");
    let (_, found) = examine(empty.path());
    let well: Vec<&str> = found.keys().filter(|name| state(&found, name) == "ok").map(String::as_str).collect();
    // A machine may have none of these, and then nothing is wrong.
    let none =
        ["ftrace", "ksm", "lockdown", "module", "names_cri", "names_docker", "names_podman", "ptrace_scope", "thp"];
    assert_eq!(well, none, "{found:?}");
}

#[test]
fn runtimes_are_found_or_the_reason_is_reported() {
    let folder = machine(None);
    let root = folder.path();
    let (_, found) = examine(root);
    for (name, text) in
        [("names_cri", "no container runtime"), ("names_docker", "no state"), ("names_podman", "no state")]
    {
        let what = found[name]["found"].as_str().expect("a text");
        assert!(state(&found, name) == "ok" && what.contains(text), "{name}: {what}");
    }
    let id = "0b4810aa".repeat(8);
    write(root, &format!("var/lib/docker/containers/{id}/config.v2.json"), "{\"Name\": \"/web\"}");
    let podman = format!("[{{\"id\": \"{id}\", \"names\": [\"db\"]}}]");
    write(root, "var/lib/containers/storage/overlay-containers/containers.json", &podman);
    // A socket on which nothing listens any more, and one behind which something else than a runtime is.
    let socket = root.join("run/containerd/containerd.sock");
    fs::create_dir_all(socket.parent().expect("a folder")).expect("a folder");
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("a socket"));
    let (_, found) = examine(root);
    for name in ["names_docker", "names_podman"] {
        assert_eq!(found[name]["found"], "containers with a name: 1", "{}", found[name]);
    }
    let refused = |found: &BTreeMap<String, Value>, why: &str| {
        let text = found["names_cri"]["found"].as_str().expect("a text");
        assert!(
            state(found, "names_cri") == "warning" && text.contains("containerd.sock") && text.contains(why),
            "{text}"
        );
    };
    refused(&found, "refused");
    fs::remove_file(&socket).expect("it was there");
    let other = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let server = std::thread::spawn(move || drop(other.accept()));
    let (_, found) = examine(root);
    refused(&found, "containerd.sock: ");
    server.join().expect("it ends");
}

/// Effective capabilities of this test.
fn own_capabilities() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("status");
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("CapEff");
    u64::from_str_radix(line.trim(), 16).expect("hexadecimal")
}

#[test]
fn real_machine_is_examined_with_and_without_privileges() {
    let mine = finish(agent(&["doctor", "--json"]));
    let json = mine.json();
    let found = checks(&json);
    let bits = [("cap_sys_admin", 21), ("cap_sys_ptrace", 19), ("cap_dac_read_search", 2)];
    for (name, bit) in bits {
        let held = own_capabilities() >> bit & 1 == 1;
        let text = found[name]["found"].as_str().expect("a text");
        assert_eq!(text.starts_with("held"), held, "{}", found[name]);
    }
    assert!(matches!(mine.code, Some(0 | 4 | 5)), "{mine:?}");
    // The text has a line for each check, and the same result.
    let text = finish(agent(&["doctor"]));
    for name in found.keys() {
        assert!(text.out.lines().any(|line| line.split_whitespace().nth(1) == Some(name)), "{name}: {text:?}");
    }
    if own_capabilities() >> 7 & 1 == 0 {
        println!("as another user: not run, this test may not change its user");
        return;
    }
    // A program below a folder of root's cannot be started by another user.
    let folder = tempfile::tempdir_in("/tmp").expect("a folder");
    let program = folder.path().join("deltascope");
    copy_program(Path::new(AGENT), &program);
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), open).expect("a mode");
    let mut nobody = Command::new("setpriv");
    nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program).args(["doctor", "--json"]);
    let nobody = finish(nobody);
    assert_eq!(nobody.code, Some(4), "{nobody:?}");
    let json = nobody.json();
    let found = checks(&json);
    for (name, _) in bits {
        assert_eq!(state(&found, name), "warning", "{}", found[name]);
        assert!(found[name]["found"].as_str().is_some_and(|text| text.starts_with("missing")), "{}", found[name]);
    }
    let works = json["works"].as_array().expect("works");
    for capability in ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"] {
        let row = works.iter().find(|row| row["privilege"] == capability).expect("a row");
        assert_eq!((&row["held"], &row["works"]), (&Value::Bool(false), &Value::Bool(false)), "{row}");
    }
}

#[test]
fn board_reports_its_engine_or_why_it_does_not() {
    let board = Board::start("127.0.0.1:0", &[]);
    let healthy = machine(None);
    let root = healthy.path().to_str().expect("a plain path");
    let address = board.address.to_string();
    let outcome = finish(agent(&["doctor", "--json", "--root", root, "--connect", &address])).ok();
    let found = checks(&outcome.json());
    let text = found["board"]["found"].as_str().expect("a text");
    assert!(text.contains(&address) && text.contains("engine model") && text.contains("boot id"), "{text}");
    // The way to it is the loopback interface: nothing is said of another one.
    assert_eq!(state(&found, "nic_link"), "unknown");
    drop(board);
    let silent = ["doctor", "--json", "--root", root, "--connect", &address, "--outage", "1"];
    let outcome = finish(agent(&silent));
    assert_eq!(outcome.code, Some(5), "{outcome:?}");
    assert_eq!(state(&checks(&outcome.json()), "board"), "failed");
}
