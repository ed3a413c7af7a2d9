//! Which part of the machine this process sees.

use super::finding::Finding;
use super::{Context, Probe};
use crate::scan::{Capability, Privileges};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "user_namespace",
        why: "capabilities count outside the first user namespace for nothing",
        look: user,
    },
    Probe { name: "pid_namespace", why: "processes outside the own PID namespace are not seen", look: pid },
    Probe {
        name: "cgroup_namespace",
        why: "paths in /proc/PID/cgroup begin at the root of the namespace",
        look: cgroup,
    },
    Probe {
        name: "network_namespace",
        why: "interfaces and their drops are those of the own namespace",
        look: network,
    },
    Probe { name: "hidepid", why: "a /proc that hides processes hides their copies", look: hidepid },
    Probe { name: "ptrace_scope", why: "Yama may forbid reading the memory of processes", look: ptrace_scope },
];

/// Numbers of the first namespaces (`include/linux/proc_ns.h`).
const FIRST_PID: &str = "pid:[4026531836]";
const FIRST_CGROUP: &str = "cgroup:[4026531835]";

fn user(context: &Context<'_>) -> Finding {
    const MAP: &str = "proc/self/uid_map";
    if let Err(error) = context.machine.text(MAP) {
        return Finding::unread(MAP, &error);
    }
    if Privileges::probe(&context.machine.proc(), false).user_namespace {
        let action =
            "run outside of it: a pod without hostUsers: false, docker without userns-remap, no rootless podman";
        return Finding::warning("a user namespace of its own", action);
    }
    Finding::ok("the first one")
}

fn pid(context: &Context<'_>) -> Finding {
    let link = context.machine.link("proc/1/ns/pid").or_else(|_| context.machine.link("proc/self/ns/pid"));
    match link.as_deref() {
        Ok(FIRST_PID) => Finding::ok("that of the machine"),
        Ok(_) => {
            Finding::warning("one of a container", "use hostPID: true in a pod, --pid=host with docker and podman")
        }
        Err(error) => Finding::unread("proc/self/ns/pid", error),
    }
}

fn cgroup(context: &Context<'_>) -> Finding {
    match context.machine.link("proc/self/ns/cgroup").as_deref() {
        Ok(FIRST_CGROUP) => Finding::ok("that of the machine"),
        Ok(_) => Finding::warning(
            "a private one: groups outside of it have paths with /..",
            "use --cgroupns=host with docker and podman; a pod cannot choose",
        ),
        Err(error) => Finding::unread("proc/self/ns/cgroup", error),
    }
}

fn network(context: &Context<'_>) -> Finding {
    let own = match context.machine.link("proc/self/ns/net") {
        Ok(own) => own,
        Err(error) => return Finding::unread("proc/self/ns/net", &error),
    };
    match context.machine.link("proc/1/ns/net") {
        Ok(first) if first == own => Finding::ok("that of process 1"),
        Ok(_) => Finding::warning("not that of process 1", "use hostNetwork: true in a pod, --network=host otherwise"),
        Err(error) => Finding::unread("proc/1/ns/net", &error),
    }
}

/// The option `hidepid` of the first mount of a proc file system at `/proc`.
fn hidepid_of(mountinfo: &str) -> Option<&str> {
    let mounts = mountinfo.lines().filter_map(|line| line.split_once(" - "));
    let mut proc = mounts
        .filter(|(before, after)| before.split(' ').nth(4) == Some("/proc") && after.split(' ').next() == Some("proc"));
    let (_, after) = proc.next()?;
    after.split(' ').nth(2)?.split(',').find_map(|option| option.strip_prefix("hidepid="))
}

fn hidepid(context: &Context<'_>) -> Finding {
    const MOUNTS: &str = "proc/self/mountinfo";
    let mounts = match context.machine.text(MOUNTS) {
        Ok(mounts) => mounts,
        Err(error) => return Finding::unread(MOUNTS, &error),
    };
    match hidepid_of(&mounts) {
        None | Some("0" | "off") => Finding::ok("/proc shows every process"),
        // Who may trace every process is not affected by it (`proc(5)`).
        Some(value) if value != "4" && value != "ptraceable" && sees_all(context) => {
            Finding::ok(format!("hidepid={value}, which CAP_SYS_PTRACE passes"))
        }
        Some(value) => Finding::warning(
            format!("/proc is mounted with hidepid={value}"),
            "give the process CAP_SYS_PTRACE, or mount a /proc for it with gid= or without hidepid",
        ),
    }
}

fn sees_all(context: &Context<'_>) -> bool {
    Privileges::probe(&context.machine.proc(), false).has(Capability::SysPtrace)
}

fn ptrace_scope(context: &Context<'_>) -> Finding {
    const SCOPE: &str = "proc/sys/kernel/yama/ptrace_scope";
    match context.machine.number(SCOPE) {
        Ok(3) => {
            Finding::warning("3: no process may be traced", "set kernel.yama.ptrace_scope to 2 or less and start again")
        }
        Ok(scope @ 1..) if !sees_all(context) => Finding::warning(
            format!("{scope}: without CAP_SYS_PTRACE only descendants can be read"),
            "give the process CAP_SYS_PTRACE",
        ),
        Ok(scope) => Finding::ok(scope.to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Finding::ok("the kernel has no Yama"),
        Err(error) => Finding::unread(SCOPE, &error),
    }
}

#[cfg(test)]
mod tests {
    use super::hidepid_of;

    #[test]
    fn hidepid_is_that_of_the_mount_at_proc() {
        let line = "22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw,gid=4,hidepid=invisible\n";
        assert_eq!(hidepid_of(line), Some("invisible"));
        assert_eq!(hidepid_of("22 27 0:21 / /proc rw - proc proc rw"), None);
        assert_eq!(hidepid_of("22 27 0:21 / /srv/proc rw - proc proc rw,hidepid=2"), None);
        assert_eq!(hidepid_of("22 27 0:21 / /proc"), None);
    }
}
