//! How control groups are laid out.

use super::finding::Finding;
use super::{Context, Probe};

pub(super) const PROBES: &[Probe] =
    &[Probe { name: "cgroups", why: "copies and sends are charged to control groups", look: layout }];

/// Types of the mounted hierarchies, and which of version 1 have a controller that names containers.
fn hierarchies(mountinfo: &str) -> (bool, Vec<&str>) {
    let (mut unified, mut controllers) = (false, Vec::new());
    for after in mountinfo.lines().filter_map(|line| Some(line.split_once(" - ")?.1)) {
        let mut fields = after.split(' ');
        match (fields.next(), fields.nth(1)) {
            (Some("cgroup2"), _) => unified = true,
            (Some("cgroup"), Some(options)) => {
                controllers.extend(options.split(',').filter(|name| ["memory", "pids", "cpu"].contains(name)));
            }
            _ => {}
        }
    }
    (unified, controllers)
}

fn layout(context: &Context<'_>) -> Finding {
    const MOUNTS: &str = "proc/self/mountinfo";
    let mounts = match context.machine.text(MOUNTS) {
        Ok(mounts) => mounts,
        Err(error) => return Finding::unread(MOUNTS, &error),
    };
    let action =
        "boot with systemd.unified_cgroup_hierarchy=1; the scan names containers by the paths of version 1 too";
    match hierarchies(&mounts) {
        (true, controllers) if controllers.is_empty() => Finding::ok("version 2"),
        (true, controllers) => Finding::warning(
            format!(
                "hybrid, with {} in version 1: bpf and kmod see groups of version 2 only, which hold no containers then",
                controllers.join(", ")
            ),
            action,
        ),
        (false, controllers) if controllers.is_empty() => Finding::failed(
            "no hierarchy is mounted: everything is charged to one owner",
            "mount cgroup2 at /sys/fs/cgroup",
        ),
        (false, controllers) => Finding::warning(
            format!("version 1 ({}): bpf and kmod cannot charge what they capture", controllers.join(", ")),
            action,
        ),
    }
}
