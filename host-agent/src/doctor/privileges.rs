//! The capabilities of the scan, each tried where something is there to try it on.

use std::fs::File;
use std::io::ErrorKind;

use super::finding::Finding;
use super::{Context, Probe};
use crate::scan::{Capability, FrameAccess, Privileges};

pub(super) const PROBES: &[Probe] = &[
    Probe { name: "cap_sys_admin", why: "frame numbers distinguish pages that several processes have", look: admin },
    Probe { name: "cap_sys_ptrace", why: "the scan compares the memory of other users' processes", look: ptrace },
    Probe {
        name: "cap_dac_read_search",
        why: "files of other users' processes in /proc have mode 0400",
        look: dac_read_search,
    },
];

fn admin(context: &Context<'_>) -> Finding {
    let shown =
        || crate::scan::Probe::new(&context.machine.proc()).is_ok_and(|probe| probe.access == FrameAccess::Frames);
    let tried = context.machine.is_live().then(|| match shown() {
        true => Ok("pagemap shows frame numbers".to_owned()),
        false => Err("pagemap hides frame numbers".to_owned()),
    });
    judge(context, Capability::SysAdmin, tried)
}

fn ptrace(context: &Context<'_>) -> Finding {
    // Reading the link asks for PTRACE_MODE_READ and for no permission of the file system.
    let attempt = |pid: u32| context.machine.link(&format!("proc/{pid}/ns/mnt")).map(|_| ());
    judge(context, Capability::SysPtrace, other_users(context, "namespaces", attempt))
}

fn dac_read_search(context: &Context<'_>) -> Finding {
    let attempt = |pid: u32| File::open(context.machine.path(&format!("proc/{pid}/pagemap"))).map(|_| ());
    judge(context, Capability::DacReadSearch, other_users(context, "pagemap", attempt))
}

/// Tries something on a process of another user that has memory; `None` where there is none.
fn other_users(
    context: &Context<'_>,
    what: &str,
    attempt: impl Fn(u32) -> std::io::Result<()>,
) -> Option<Result<String, String>> {
    if !context.machine.is_live() {
        return None;
    }
    let proc = context.machine.proc();
    let own = proc.own_status().ok()?.user;
    for pid in proc.pids().unwrap_or_default() {
        let Ok(status) = proc.status(pid) else { continue };
        if status.user == own || status.resident_anonymous.is_none() {
            continue;
        }
        match attempt(pid) {
            Ok(()) => return Some(Ok(format!("{what} of process {pid} of another user can be read"))),
            // It ended meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Some(Err(format!("{what} of process {pid} of another user: {error}"))),
        }
    }
    None
}

fn judge(context: &Context<'_>, capability: Capability, tried: Option<Result<String, String>>) -> Finding {
    let privileges = Privileges::probe(&context.machine.proc(), false);
    let grant = format!("give the process {} (root has it; AmbientCapabilities= of a unit)", capability.name());
    match (privileges.has(capability), tried) {
        (true, Some(Ok(used))) => Finding::ok(format!("held; {used}")),
        (true, None) if privileges.user_namespace => Finding::warning("held in a user namespace only", grant),
        (true, None) => Finding::ok("held; there is nothing to try it on"),
        (true, Some(Err(refused))) => Finding::warning(
            format!("held, and refused all the same: {refused}"),
            "look at the profile of AppArmor, SELinux or seccomp that this process runs under",
        ),
        (false, Some(Ok(used))) => Finding::ok(format!("not held, and not needed: {used}")),
        (false, _) => Finding::warning(format!("missing: {}", capability.effect()), grant),
    }
}
