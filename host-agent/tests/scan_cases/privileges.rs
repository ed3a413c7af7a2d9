//! What is missing is named with its effect, and nothing is called exact that was not read.

use std::process::Command;

use super::Test;
use super::family::Family;
use super::look::{Found, behind};
use super::support::{AGENT, Outcome, boardd, finish, with_daemon};

/// The tests of this file.
pub const TESTS: &[Test] = &[
    ("missing_capabilities_are_named", missing_capabilities_are_named),
    ("without_dac_read_search_nothing_is_exact", without_dac_read_search_nothing_is_exact),
    ("a_user_who_may_read_nobody_sees_nothing", a_user_who_may_read_nobody_sees_nothing),
    ("a_pid_namespace_of_its_own_is_named", a_pid_namespace_of_its_own_is_named),
    ("a_foreign_proc_is_used_with_its_numbers", a_foreign_proc_is_used_with_its_numbers),
    ("a_machine_without_proc_is_named", a_machine_without_proc_is_named),
    ("a_pagemap_that_is_missing_or_denied_is_named", a_pagemap_that_is_missing_or_denied_is_named),
    ("contents_that_are_denied_leave_copies_unjudged", contents_that_are_denied_leave_copies_unjudged),
];

/// Asserts that a scan of a plain family is right or reports that it is not whole, and names what it lacks.
fn is_honest(found: &Found, has: &[&str], label: &str) {
    if found.scan.mode == "exact" {
        assert_eq!((found.copies, found.redundant), (100, 50), "{label}: {found:#?}");
        return;
    }
    found.is_bracketed(100);
    let lacks =
        ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"].into_iter().filter(|name| !has.contains(name));
    if found.scan.mode == "nothing_seen" {
        assert!(found.not_seen.is_some(), "{label}: {found:#?}");
    }
    if found.unread("permission") > 0 {
        let named = lacks.clone().filter(|name| *name != "CAP_SYS_ADMIN").all(|name| found.misses(name));
        assert!(named, "{label}: {found:#?}");
    }
    if found.scan.frames == "exclusive_bit" {
        assert!(found.misses("CAP_SYS_ADMIN") || found.misses("the first user namespace"), "{label}: {found:#?}");
    }
}

fn missing_capabilities_are_named() {
    let families = [Family::start(&["plain"]), Family::start_as_nobody(&["plain"])];
    let all = ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"];
    let bounding = |list: &str| {
        let set = format!("-all{list}");
        ["setpriv".into(), format!("--bounding-set={set}"), format!("--inh-caps={set}")]
    };
    for family in &families {
        behind(&[], family.root(), &family.range, &[]).is_exactly(100, 50);
        for (list, has) in [
            ("", &[] as &[&str]),
            (",+sys_admin", &["CAP_SYS_ADMIN"]),
            (",+sys_ptrace", &["CAP_SYS_PTRACE"]),
            (",+sys_ptrace,+sys_admin", &["CAP_SYS_ADMIN", "CAP_SYS_PTRACE"]),
            (",+sys_ptrace,+sys_admin,+dac_read_search", &all),
            (",+chown,+dac_override,+fowner,+kill,+setgid,+setuid,+sys_chroot,+mknod", &[]),
        ] {
            let prefix = bounding(list);
            let prefix: Vec<&str> = prefix.iter().map(String::as_str).collect();
            let found = behind(&prefix, family.root(), &family.range, &[]);
            is_honest(&found, has, list);
            if has.len() == 3 {
                found.is_exactly(100, 50);
            }
        }
        let found = behind(&["unshare", "-Ur"], family.root(), &family.range, &[]);
        is_honest(&found, &[], "root of a user namespace");
        assert!(found.misses("the first user namespace"), "{found:#?}");
    }
}

fn without_dac_read_search_nothing_is_exact() {
    let family = Family::start_as_nobody(&["plain"]);
    let with = |list: &str| {
        let ambient = format!("--ambient-caps=-all,{list}");
        let inherited = format!("--inh-caps=-all,{list}");
        let prefix = ["setpriv", "--reuid", "10001", "--regid", "10001", "--clear-groups", &inherited, &ambient];
        behind(&prefix, family.root(), &family.range, &[])
    };
    let found = with("+sys_admin,+sys_ptrace");
    assert_eq!(found.scan.mode, "nothing_seen", "{found:#?}");
    assert_eq!((found.unread("permission"), found.scan.coverage.members.read), (2, 0), "{found:#?}");
    assert!(found.misses("CAP_DAC_READ_SEARCH") && !found.misses("CAP_SYS_PTRACE"), "{found:#?}");
    with("+sys_admin,+sys_ptrace,+dac_read_search").is_exactly(100, 50);
    let found = with("+sys_ptrace,+dac_read_search");
    assert_eq!((found.copies, found.scan.frames.as_str()), (100, "exclusive_bit"), "{found:#?}");
    assert!(found.misses("CAP_SYS_ADMIN"), "{found:#?}");
    is_honest(&with("+sys_admin,+dac_read_search"), &["CAP_SYS_ADMIN", "CAP_DAC_READ_SEARCH"], "no ptrace");
}

fn a_user_who_may_read_nobody_sees_nothing() {
    let family = Family::start(&["plain"]);
    let prefix = ["setpriv", "--reuid", "10001", "--regid", "10001", "--clear-groups"];
    let found = behind(&prefix, family.root(), &family.range, &[]);
    assert_eq!(found.scan.mode, "nothing_seen", "{found:#?}");
    let text = found.not_seen.clone().expect("a message");
    assert!(text.contains("permission") && text.contains("CAP_SYS_PTRACE"), "{text}");
    found.is_bracketed(100);
    // On the machine there is nothing of this user.
    let found = behind(&prefix, 0, &family.range, &[]);
    assert_eq!((found.scan.mode.as_str(), found.not_seen.is_some()), ("nothing_seen", true), "{found:#?}");
}

fn a_pid_namespace_of_its_own_is_named() {
    let own = ["unshare", "-pf", "--mount-proc"];
    let found = behind(&own, 0, &(0..0), &[]);
    assert_eq!((found.scan.mode.as_str(), found.scan.coverage.scope.as_str()), ("nothing_seen", "pid_namespace"));
    assert!(found.not_seen.as_ref().is_some_and(|text| text.contains("hostPID")), "{found:#?}");
    let outcome = finish(command(&own, &["scan"]));
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(outcome.err.contains("hostPID"), "{outcome:?}");
    reports_nothing_false(&outcome);
}

fn a_foreign_proc_is_used_with_its_numbers() {
    let family = Family::start(&["plain"]);
    let found = behind(&["unshare", "-pf"], family.root(), &family.range, &[]);
    assert_eq!((found.copies, found.redundant), (100, 50), "{found:#?}");
    assert!(found.misses("/proc of the own PID namespace"), "{found:#?}");
}

/// The agent behind a command that runs another one.
fn command(prefix: &[&str], arguments: &[&str]) -> Command {
    let mut command = Command::new(prefix[0]);
    command.args(&prefix[1..]).arg(AGENT).args(arguments).arg("--boardd").arg(boardd());
    command
}

/// Asserts that an output does not claim what was not looked at.
fn reports_nothing_false(outcome: &Outcome) {
    for claim in ["exact", "nothing was copied"] {
        assert!(!outcome.out.contains(claim), "{claim:?}: {outcome:?}");
    }
}

/// The agent on a kernel where opening a file below `/proc/PID` fails with an error.
fn denied(file: &str, error: i32, arguments: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, library) = (folder.path().join("deny_open.c"), folder.path().join("deny_open.so"));
    std::fs::write(&source, include_str!("deny_open.c")).expect("my file");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).arg("-ldl");
    assert!(compiler.status().expect("a C compiler").success());
    let mut command = Command::new(AGENT);
    command.args(arguments).arg("--boardd").arg(boardd());
    command.env("LD_PRELOAD", &library).env("DENIED_FILE", file).env("DENIED_ERROR", error.to_string());
    finish(command)
}

fn a_machine_without_proc_is_named() {
    let script = "umount -l /proc; exec \"$0\" \"$@\"";
    let without = ["unshare", "-m", "sh", "-c", script];
    let outcome = finish(command(&without, &["scan"])).fails(&["/proc: expected the proc file system", "mount"]);
    reports_nothing_false(&outcome);
    let mut command = Command::new(without[0]);
    command.args(&without[1..]).args([AGENT, "scan"]);
    finish(command).fails(&["/proc/self/exe", "mount /proc"]);
}

fn a_pagemap_that_is_missing_or_denied_is_named() {
    let missing = denied("pagemap", libc::ENOENT, &["scan"]).fails(&["/proc/self/pagemap", "CONFIG_PROC_PAGE_MONITOR"]);
    reports_nothing_false(&missing);
    for error in [libc::EACCES, libc::EPERM] {
        let outcome = denied("pagemap", error, &["scan"]).fails(&["/proc/self/pagemap", "security module"]);
        reports_nothing_false(&outcome);
        assert!(!outcome.err.contains("the process is gone"), "{outcome:?}");
    }
}

fn contents_that_are_denied_leave_copies_unjudged() {
    let family = Family::start(&["plain"]);
    let pid = family.root().to_string();
    let whole = with_daemon(&["scan", "--json", "--pid", &pid]).ok().json();
    let outcome = denied("mem", libc::EACCES, &["scan", "--json", "--pid", &pid]).ok();
    let report = outcome.json();
    assert_eq!(report["copies"], whole["copies"], "frames are seen: {report}");
    assert_ne!(report["mode"], "exact");
    assert_eq!(report["coverage"]["contents_denied"], 2, "{report}");
    assert_eq!(report["origins"]["inherited_unjudged"], report["copies"]["at_least"], "{report}");
    assert_eq!(report["containers"][0]["cow_unjudged"], report["copies"]["at_least"], "{report}");
    assert_eq!(report["redundant"]["at_least"], 0);
}
