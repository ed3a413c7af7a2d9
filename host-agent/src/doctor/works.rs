//! What works with which privilege.

use serde::Serialize;

use super::finding::{Check, State};
use super::machine::Machine;
use crate::scan::{Capability, Privileges};
use crate::sources::Capture;

/// Something that the agent does, and what it needs for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Works {
    /// What it is.
    pub what: &'static str,
    /// The privilege that it needs.
    pub privilege: &'static str,
    /// Whether this process holds the privilege; null where it is not one capability.
    pub held: Option<bool>,
    /// Whether it works here, as the checks found; null where that is unknown.
    pub works: Option<bool>,
    /// What is missed without it.
    pub without: &'static str,
}

/// The checks that something rests on: it works if all of them are well.
struct Row {
    what: &'static str,
    privilege: &'static str,
    checks: &'static [&'static str],
    without: &'static str,
}

const ROWS: [(&str, Capability, &str); 3] = [
    ("scan: frame numbers", Capability::SysAdmin, "cap_sys_admin"),
    ("scan: memory of other users", Capability::SysPtrace, "cap_sys_ptrace"),
    ("scan: files of other users", Capability::DacReadSearch, "cap_dac_read_search"),
];

const CAPTURE: &str = "source capture";

const OTHER: [Row; 6] = [
    Row {
        what: "scan: processes of the machine",
        privilege: "the PID namespace of the host",
        checks: &["pid_namespace", "hidepid"],
        without: "only processes of the own namespace are seen",
    },
    Row {
        what: "source bpf",
        privilege: "CAP_BPF, CAP_PERFMON and CAP_SYS_RESOURCE",
        checks: &["bpf", "btf", "kprobes", "hook_symbols", "lockdown"],
        without: "copies and sends are not captured as they happen",
    },
    Row {
        what: "source kmod",
        privilege: "the capture module, and reading its device",
        checks: &["module", "kprobes", "hook_symbols"],
        without: "copies and sends are not captured as they happen",
    },
    Row {
        what: CAPTURE,
        privilege: "CAP_NET_RAW; CAP_SYS_ADMIN and CAP_SYS_PTRACE for containers",
        checks: &[],
        without: "sends are not compared by content as they happen",
    },
    Row {
        what: "names of containers",
        privilege: "reading the sockets and the state of runtimes: root",
        checks: &["names_cri", "names_docker", "names_podman"],
        without: "containers are called by their ids",
    },
    Row { what: "pressure", privilege: "none", checks: &["psi"], without: "waste is not weighed by pressure" },
];

/// Makes the table from checks that are done.
pub(super) fn works(machine: &Machine, checks: &[Check]) -> Vec<Works> {
    let privileges = Privileges::probe(&machine.proc(), false);
    let state = |name: &str| checks.iter().find(|check| check.name == name).map_or(State::Unknown, |check| check.state);
    let all = |names: &[&str]| match names.iter().map(|name| state(name)).max() {
        Some(State::Ok) => Some(true),
        Some(State::Warning | State::Failed) => Some(false),
        _ => None,
    };
    let capabilities = ROWS.iter().map(|&(what, capability, check)| Works {
        what,
        privilege: capability.name(),
        held: Some(privileges.has(capability)),
        works: all(&[check]),
        without: capability.effect(),
    });
    let others = OTHER.iter().map(|row| {
        let built = row.what != "source bpf" || cfg!(feature = "bpf");
        let loaded = row.what != "source kmod" || machine.has("sys/module/deltascope");
        Works {
            what: row.what,
            privilege: row.privilege,
            held: None,
            works: match row.what {
                CAPTURE => machine.is_live().then(Capture::is_permitted),
                _ if built && loaded => all(row.checks),
                _ => Some(false),
            },
            without: row.without,
        }
    });
    capabilities.chain(others).collect()
}
