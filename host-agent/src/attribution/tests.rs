//! Names from paths, and the resolver on trees of our own making.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::fresh_map::FreshMap;
use super::walk::walk;
use super::*;
use crate::procfs::ProcFs;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn name(path: &str) -> String {
    describe(&path.replace("<id>", ID)).name
}

#[test]
fn containers_are_named_after_engine_and_id() {
    for (path, expected) in [
        ("/system.slice/docker-<id>.scope", "docker/0123456789ab"),
        ("/docker/<id>", "docker/0123456789ab"),
        ("/machine.slice/libpod-<id>.scope/container", "libpod/0123456789ab"),
        ("/libpod_parent/libpod-<id>", "libpod/0123456789ab"),
        ("/user.slice/user-7.slice/user@7.service/user.slice/libpod-<id>.scope", "libpod/0123456789ab"),
        ("/system.slice/docker-<id>.scope/system.slice/cron.service", "docker/0123456789ab"),
        (&format!("/docker/<id>/docker/{}", "f".repeat(64)), "docker/ffffffffffff"),
        ("/default/<id>", "default/0123456789ab"),
        ("/system.slice/strange-engine-<id>.scope", "strange-engine/0123456789ab"),
        ("/lxc.payload.web/init.scope", "lxc/web"),
        ("/lxc/web", "lxc/web"),
    ] {
        assert_eq!(name(path), expected, "{path}");
    }
}

#[test]
fn pods_of_kubernetes_carry_their_uid() {
    let uid = "8f3d1c2e-0a1b-4c5d-9e8f-001122334455";
    let slice = format!("kubepods-burstable-pod{}.slice", uid.replace('-', "_"));
    let container = format!("kubernetes/{uid}/0123456789ab");
    for path in [
        format!("/kubepods.slice/kubepods-burstable.slice/{slice}/cri-containerd-<id>.scope"),
        format!("/kubepods.slice/kubepods-burstable.slice/{slice}/crio-<id>.scope/container"),
        format!("/kubepods.slice/kubepods-burstable.slice/{slice}/docker-<id>.scope"),
        format!("/kubepods/burstable/pod{uid}/<id>"),
        format!("/kubepods/pod{uid}/<id>"),
        format!("/system.slice/containerd.service/{slice}:cri-containerd:<id>"),
    ] {
        assert_eq!(name(&path), container, "{path}");
    }
    let pod = describe(&format!("/kubepods.slice/{slice}"));
    assert_eq!(pod.name, format!("kubernetes/{uid}"));
    assert_eq!(pod.kind, ContainerKind::Pod { uid: uid.to_owned() });
    let inside = describe(&format!("/kubepods.slice/{slice}/crio-{ID}.scope"));
    let kind = ContainerKind::Container { runtime: "crio".to_owned(), id: ID.to_owned(), pod: Some(uid.to_owned()) };
    assert_eq!(inside.kind, kind);
}

#[test]
fn services_scopes_and_the_rest_keep_their_names() {
    for (path, expected) in [
        ("/", "/"),
        ("/system.slice/nginx.service", "nginx.service"),
        ("/system.slice/docker.service", "docker.service"),
        ("/system.slice/nginx.service/worker", "nginx.service"),
        ("/user.slice/user-1000.slice/session-3.scope", "user-1000/session-3.scope"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/app-vi.scope", "user-1000/app-vi.scope"),
        ("/machine.slice/machine-my\\x2dbox.scope", "machine-my-box.scope"),
        ("/system.slice", "system.slice"),
        ("/init.scope", "init.scope"),
        ("/some/thing", "some/thing"),
        ("/machine.slice/libpod-conmon-<id>.scope", &format!("libpod-conmon-{ID}.scope")),
        ("/kubepods.slice/crio-conmon-<id>.scope", &format!("crio-conmon-{ID}.scope")),
        ("/system.slice/docker-cleanup.scope", "docker-cleanup.scope"),
        ("/kubepods/podcast", "kubepods/podcast"),
        ("/../../other.slice/b.service", "b.service"),
    ] {
        assert_eq!(name(path), expected, "{path}");
    }
}

#[test]
fn groups_below_a_container_belong_to_it() {
    let path = format!("/machine.slice/libpod-{ID}.scope");
    for below in ["", "/container", "/init.scope", "/system.slice/a.service"] {
        assert_eq!(describe(&format!("{path}{below}")).path, path);
    }
    assert_eq!(describe("/system.slice/a.service/x/y").path, "/system.slice/a.service");
}

/// A tree with processes and, if asked for, a version 2 hierarchy.
struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    fn new(mounted: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tree = Self { folder };
        std::fs::create_dir_all(tree.path("proc/self")).unwrap();
        std::fs::create_dir_all(tree.path("cg")).unwrap();
        if mounted {
            let line = format!("1 2 0:3 / {} rw - cgroup2 none rw\n", tree.path("cg").display());
            std::fs::write(tree.path("proc/self/mountinfo"), line).unwrap();
        }
        tree
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn process(&self, pid: u32, cgroup: &str) {
        std::fs::create_dir_all(self.path(&format!("proc/{pid}"))).unwrap();
        std::fs::write(self.path(&format!("proc/{pid}/cgroup")), cgroup).unwrap();
    }

    fn group(&self, path: &str) -> u64 {
        use std::os::unix::fs::MetadataExt;
        let folder = self.path("cg").join(path);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::metadata(folder).unwrap().ino()
    }

    fn attribution(&self, limits: AttributionLimits) -> Attribution {
        Attribution::new(ProcFs::new(self.path("proc")), limits)
    }
}

#[test]
fn a_process_and_the_id_of_its_group_come_to_the_same_container() {
    let tree = Tree::new(true);
    let id = tree.group("system.slice/a.service");
    let below = tree.group("system.slice/a.service/below");
    tree.process(7, "0::/system.slice/a.service\n");
    let mut attribution = tree.attribution(AttributionLimits::default());
    assert_eq!(attribution.hierarchy(), Hierarchy::V2);
    let now = Instant::now();
    let container = attribution.resolve_pid(7, now);
    let known = attribution.container(container);
    assert_eq!((known.name.as_str(), known.cgroup_id), ("a.service", Some(id)));
    assert_eq!(attribution.resolve_cgroup_id(id, now), container);
    let later = now + Duration::from_secs(1);
    assert_eq!(attribution.resolve_cgroup_id(below, later), container);
    let counts = attribution.counts();
    assert_eq!((counts.resolved, counts.unknown, counts.walks), (3, 0, 1));
}

#[test]
fn without_a_version_2_hierarchy_processes_have_containers_and_no_ids() {
    let tree = Tree::new(false);
    tree.process(7, "4:memory:/docker/x\n2:pids:/\n");
    tree.process(8, "2:pids:/\n");
    let mut attribution = tree.attribution(AttributionLimits::default());
    assert_eq!(attribution.hierarchy(), Hierarchy::V1);
    let now = Instant::now();
    let container = attribution.resolve_pid(7, now);
    let known = attribution.container(container);
    assert_eq!((known.name.as_str(), known.cgroup_id), ("docker/x", None));
    let root = attribution.resolve_pid(8, now);
    assert_eq!(attribution.container(root).kind, ContainerKind::Root);
    assert_eq!(attribution.resolve_cgroup_id(1, now), ContainerId::UNKNOWN);
    assert_eq!(attribution.counts().walks, 0);
}

#[test]
fn what_is_gone_or_broken_is_unknown_and_counted() {
    let tree = Tree::new(true);
    tree.process(7, "nonsense");
    tree.process(8, "");
    let mut attribution = tree.attribution(AttributionLimits::default());
    for pid in [7, 8, 9] {
        let id = attribution.resolve_pid(pid, Instant::now());
        assert_eq!(id, ContainerId::UNKNOWN);
        assert_eq!(attribution.container(id).name, "unknown");
    }
    assert_eq!(attribution.counts().unknown, 3);
}

#[test]
fn group_that_a_walk_has_met_keeps_its_container_when_it_is_gone() {
    let tree = Tree::new(true);
    let (first, second) = (tree.group("a.service"), tree.group("b.service"));
    let mut attribution = tree.attribution(AttributionLimits::default());
    let now = Instant::now();
    attribution.resolve_cgroup_id(first, now);
    std::fs::remove_dir(tree.path("cg/b.service")).unwrap();
    let found = attribution.resolve_cgroup_id(second, now + Duration::from_secs(5));
    assert_eq!(attribution.container(found).name, "b.service");
    assert_eq!(attribution.counts().walks, 1);
}

#[test]
fn group_that_a_later_walk_does_not_meet_is_gone() {
    let tree = Tree::new(true);
    let mut attribution = tree.attribution(AttributionLimits::default());
    let start = Instant::now();
    let at = |millis| start + Duration::from_millis(millis);
    attribution.resolve_cgroup_id(tree.group("a.service"), start);
    let late = tree.group("late.service");
    assert_eq!(attribution.resolve_cgroup_id_of(late, at(100), at(500)), None, "no walk since");
    std::fs::remove_dir(tree.path("cg/late.service")).unwrap();
    assert_eq!(attribution.resolve_cgroup_id_of(late, at(100), at(1_100)), Some(ContainerId::UNKNOWN));
    assert_eq!(attribution.resolve_cgroup_id_of(late, at(1_200), at(1_300)), Some(ContainerId::UNKNOWN), "for good");
}

#[test]
fn an_unknown_id_is_looked_for_again_after_its_time_and_never_too_often() {
    let tree = Tree::new(true);
    let limits = AttributionLimits { ttl: Duration::from_secs(10), ..AttributionLimits::default() };
    let mut attribution = tree.attribution(limits);
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let id = tree.group("late.service");
    std::fs::remove_dir(tree.path("cg/late.service")).unwrap();
    assert_eq!(attribution.resolve_cgroup_id(id, at(0)), ContainerId::UNKNOWN);
    assert_eq!(attribution.resolve_cgroup_id(id + 1000, at(0)), ContainerId::UNKNOWN);
    assert_eq!(attribution.counts().walks, 1, "one walk for two ids at once");
    assert_eq!(attribution.resolve_cgroup_id(id, at(9)), ContainerId::UNKNOWN);
    assert_eq!(attribution.counts().walks, 1, "the answer still counts");
    let again = tree.group("late.service");
    let found = attribution.resolve_cgroup_id(again, at(20));
    assert_eq!(attribution.container(found).name, "late.service");
}

#[test]
fn a_service_that_was_restarted_keeps_its_handle_and_gets_its_new_id() {
    let tree = Tree::new(true);
    tree.group("a.service");
    tree.process(7, "0::/a.service\n");
    let mut attribution = tree.attribution(AttributionLimits::default());
    let now = Instant::now();
    let container = attribution.resolve_pid(7, now);
    // The old directory stays under another name, so that the new one has another inode.
    std::fs::rename(tree.path("cg/a.service"), tree.path("cg/old")).unwrap();
    let id = tree.group("a.service");
    assert_ne!(attribution.container(container).cgroup_id, Some(id));
    assert_eq!(attribution.resolve_pid(7, now + Duration::from_secs(60)), container);
    assert_eq!(attribution.container(container).cgroup_id, Some(id));
}

#[test]
fn paths_are_keys_and_forgotten_handles_are_unknown() {
    let tree = Tree::new(true);
    tree.process(1, "0::/one/a.service\n");
    tree.process(2, "0::/two/a.service\n");
    tree.process(3, "0::/unknown\n");
    let limits = AttributionLimits { containers: 2, ..AttributionLimits::default() };
    let mut attribution = tree.attribution(limits);
    let now = Instant::now();
    let [one, two] = [1, 2].map(|pid| attribution.resolve_pid(pid, now));
    assert_eq!(attribution.container(one).name, "a.service");
    assert_eq!(attribution.container(two).name, "a.service", "names may be equal");
    assert_eq!([one, two].map(|id| attribution.container(id).key()), ["/one/a.service", "/two/a.service"]);
    let three = attribution.resolve_pid(3, now);
    assert_eq!(attribution.container(three).key(), "/unknown");
    assert_eq!(attribution.container(ContainerId::UNKNOWN).key(), "unknown");
    assert_eq!(attribution.container(one).kind, ContainerKind::Unknown, "it was forgotten");
    assert_eq!(attribution.counts().evicted, 1);
    let again = attribution.resolve_pid(1, now);
    assert!(again != one && again != two, "no handle is used twice");
    assert_eq!(attribution.container(again).name, "a.service");
}

#[test]
fn walk_stops_at_its_bound_and_reports_it() {
    let tree = Tree::new(true);
    for number in 0..20 {
        tree.group(&format!("{number}/below"));
    }
    let whole = walk(&tree.path("cg"), 1000);
    assert_eq!((whole.groups.len(), whole.cut), (41, false));
    let cut = walk(&tree.path("cg"), 10);
    assert_eq!((cut.groups.len(), cut.cut), (10, true));
    assert!(walk(&tree.path("nowhere"), 10).groups.is_empty());
}

#[test]
fn the_processes_of_this_machine_have_containers() {
    let mut attribution = Attribution::new(ProcFs::default(), AttributionLimits::default());
    let now = Instant::now();
    let own = attribution.resolve_pid(std::process::id(), now);
    assert_ne!(own, ContainerId::UNKNOWN);
    assert_eq!(attribution.resolve_pid(std::process::id(), now), own);
}

/// What the map must do, the slow way: keys from the one used longest ago on.
fn naive(capacity: usize, uses: &[(u8, bool)]) -> Vec<u8> {
    let mut order: Vec<u8> = Vec::new();
    for &(key, insert) in uses {
        let known = order.iter().position(|other| *other == key);
        if let Some(place) = known {
            order.remove(place);
        } else if !insert {
            continue;
        }
        order.push(key);
        if order.len() > capacity {
            order.remove(0);
        }
    }
    order
}

proptest! {
    #[test]
    fn the_map_forgets_what_was_used_least_recently(
        capacity in 1..6usize,
        uses in proptest::collection::vec((0u8..10, any::<bool>()), 0..60),
    ) {
        let now = Instant::now();
        let mut map = FreshMap::new(capacity, Duration::from_secs(1));
        for &(key, insert) in &uses {
            if insert {
                map.insert(key, key, now);
            } else {
                let found = map.get(&key, now).map(|(value, fresh)| (*value, fresh));
                prop_assert!(found.is_none_or(|found| found == (key, true)));
            }
        }
        let kept = naive(capacity, &uses);
        let late = now + Duration::from_secs(1);
        for key in 0..10 {
            let found = map.get(&key, late).map(|(_, fresh)| fresh);
            prop_assert_eq!(found, kept.contains(&key).then_some(false));
        }
    }

    #[test]
    fn no_path_makes_the_naming_panic(path in "[/a-f0-9.:_\\\\x-]{0,60}|\\PC{0,30}") {
        let described = describe(&path);
        prop_assert!(path.starts_with(&described.path));
    }
}

#[test]
fn container_is_found_by_its_key_as_by_its_handle() {
    let mut attribution = Attribution::new(ProcFs::default(), AttributionLimits::default());
    let id = attribution.resolve_pid(std::process::id(), Instant::now());
    let container = attribution.container(id).clone();
    let expected = if id == ContainerId::UNKNOWN { None } else { Some(&container) };
    assert_eq!(attribution.keyed(container.key()), expected);
    assert_eq!(attribution.keyed("/no such path"), None);
}
