//! What the path of a control group reports about the container behind it.

/// What kind of thing a control group holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerKind {
    /// A container of an engine such as Docker, CRI-O, containerd or Podman.
    Container {
        /// What started it, as its group is called: `docker`, `crio`, `cri-containerd`,
        /// `libpod`, `lxc`; `kubernetes` where the path shows the pod only.
        runtime: String,
        /// The whole id; the name for LXC.
        id: String,
        /// Uid of its pod under Kubernetes.
        pod: Option<String>,
    },
    /// A pod of Kubernetes, outside its containers.
    Pod {
        /// Its uid.
        uid: String,
    },
    /// A service, scope or slice of systemd.
    Unit,
    /// A group of some other making.
    Group,
    /// The root of the hierarchy.
    Root,
    /// It could not be found out.
    Unknown,
}

/// A container as its path describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The part of the path that is the container. Groups below it (crun's `container`, the
    /// units of a systemd inside, the steps of a batch job) belong to it.
    pub path: String,
    /// A name for people: `docker/0123456789ab`, `kubernetes/<pod uid>/0123456789ab`,
    /// `nginx.service`, `user-1000/app-editor.scope`, `slurmstepd.scope/job_17`, else the path without its first `/`.
    /// Different paths may have the same name.
    pub name: String,
    /// What it is.
    pub kind: ContainerKind,
}

/// Names that engines put before the id in the group's name.
const RUNTIMES: [&str; 5] = ["docker", "crio", "cri-containerd", "libpod", "nerdctl"];
/// Digits of a full id, and the fewest that count as one behind the name of an engine.
const FULL_ID: usize = 64;
const SHORT_ID: usize = 12;

/// Describes the group at a path of `/proc/PID/cgroup`. Where containers are nested, the
/// innermost counts.
pub fn describe(path: &str) -> Description {
    // The kernel's mark of a group that was removed.
    const REMOVED: &str = " (deleted)";
    if let Some(before) = path.strip_suffix(REMOVED) {
        let Description { path, name, kind } = describe(before);
        return Description { path: path + REMOVED, name: name + REMOVED, kind };
    }
    let mut pod: Option<(usize, String)> = None;
    let mut container: Option<(usize, String, String)> = None;
    let mut unit: Option<(usize, String)> = None;
    let mut user: Option<String> = None;
    let mut parent = "";
    let mut end = 0;
    for component in path.split('/') {
        // Byte position behind this component in `path`.
        end += component.len();
        if let Some(uid) = pod_uid(component, parent) {
            pod = Some((end, uid));
        }
        if let Some((runtime, id)) = container_id(component, parent) {
            container = Some((end, runtime, id));
        } else if is_unit(component) {
            unit = Some((end, unescape(component)));
        }
        if let Some(number) = component.strip_prefix("user-").and_then(|rest| rest.strip_suffix(".slice")) {
            user = Some(format!("user-{number}"));
        }
        parent = component;
        end += 1;
    }
    if let Some((end, runtime, id)) = container {
        let pod = pod.filter(|(at, _)| *at <= end).map(|(_, uid)| uid);
        let short = short(&id);
        let name = match &pod {
            Some(uid) => format!("kubernetes/{uid}/{short}"),
            None => format!("{runtime}/{short}"),
        };
        let kind = ContainerKind::Container { runtime, id, pod };
        return described(&path[..end], name, kind);
    }
    if let Some((end, uid)) = pod {
        let name = format!("kubernetes/{uid}");
        return described(&path[..end], name, ContainerKind::Pod { uid });
    }
    if let Some((end, unit)) = unit {
        let name = match user.filter(|user| !unit.starts_with(user.as_str())) {
            Some(user) => format!("{user}/{unit}"),
            None => unit,
        };
        let below = delegated(&path[end..]);
        if below > 0 {
            let end = end + below;
            return described(&path[..end], format!("{name}{}", &path[end - below..end]), ContainerKind::Group);
        }
        return described(&path[..end], name, ContainerKind::Unit);
    }
    if path == "/" {
        return described(path, "/".to_owned(), ContainerKind::Root);
    }
    if let Some(slice) = parent.strip_suffix(".slice") {
        let name = format!("{}.slice", unescape(slice));
        return described(path, name, ContainerKind::Unit);
    }
    let name = path.trim_start_matches('/').to_owned();
    described(path, name, ContainerKind::Group)
}

/// Bytes of a path below a unit up to the group that the unit delegates: the first one that a number distinguishes from its
/// siblings, as of a batch job. 0 without one: then the groups are the unit's own.
fn delegated(below: &str) -> usize {
    let mut end = 0;
    for component in below.split('/').skip(1) {
        end += 1 + component.len();
        if component.bytes().any(|byte| byte.is_ascii_digit()) {
            return end;
        }
    }
    0
}

fn described(path: &str, name: String, kind: ContainerKind) -> Description {
    Description { path: path.to_owned(), name, kind }
}

fn short(id: &str) -> &str {
    id.get(..SHORT_ID).filter(|_| is_hex(id, SHORT_ID)).unwrap_or(id)
}

fn is_hex(text: &str, at_least: usize) -> bool {
    (at_least..=FULL_ID).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A service or scope; slices only group them.
fn is_unit(component: &str) -> bool {
    component.ends_with(".service") || component.ends_with(".scope")
}

/// The pod that a component names: `kubepods-burstable-pod<uid>.slice` (with `_` for `-`, since
/// `-` nests slices), or `pod<uid>` below a `kubepods` group.
fn pod_uid(component: &str, parent: &str) -> Option<String> {
    // containerd without systemd's help writes slice, prefix and id into one component.
    let component = component.split(':').next()?;
    let uid = match component.strip_suffix(".slice") {
        Some(slice) if slice.contains("kubepods") => slice.rsplit_once("-pod")?.1,
        Some(_) => return None,
        None if matches!(parent, "kubepods" | "burstable" | "besteffort") => component.strip_prefix("pod")?,
        None => return None,
    };
    let plausible = !uid.is_empty() && uid.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b'_'));
    plausible.then(|| uid.replace('_', "-"))
}

/// The engine and the id of the container that a component names.
fn container_id(component: &str, parent: &str) -> Option<(String, String)> {
    if let Some(name) = component.strip_prefix("lxc.payload.") {
        return (!name.is_empty()).then(|| ("lxc".to_owned(), name.to_owned()));
    }
    if parent == "lxc" || parent == "lxc.payload" {
        return (!component.is_empty()).then(|| ("lxc".to_owned(), component.to_owned()));
    }
    if let [_, runtime, id] = component.split(':').collect::<Vec<_>>()[..] {
        return is_hex(id, SHORT_ID).then(|| (runtime.to_owned(), id.to_owned()));
    }
    let name = component.strip_suffix(".scope").unwrap_or(component);
    if let Some((prefix, id)) = name.rsplit_once('-') {
        // `crio-conmon-<id>` and `libpod-conmon-<id>` hold the monitor, not the container.
        let known = RUNTIMES.contains(&prefix) && is_hex(id, SHORT_ID);
        let clear = is_hex(id, FULL_ID) && !prefix.ends_with("conmon") && !prefix.is_empty();
        return (known || clear).then(|| (prefix.to_owned(), id.to_owned()));
    }
    if is_hex(name, FULL_ID) {
        let runtime = match parent {
            "" => "container",
            _ if parent.starts_with("pod") => "kubernetes",
            _ => parent.trim_end_matches("_parent"),
        };
        return Some((runtime.to_owned(), name.to_owned()));
    }
    None
}

/// Undoes systemd's `\x2d` for characters that unit names cannot hold.
fn unescape(unit: &str) -> String {
    let mut plain = String::with_capacity(unit.len());
    let mut rest = unit;
    while let Some(at) = rest.find("\\x") {
        plain.push_str(&rest[..at]);
        let code = rest
            .get(at + 2..at + 4)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(u8::is_ascii_graphic);
        match code {
            Some(code) => {
                plain.push(char::from(code));
                rest = &rest[at + 4..];
            }
            None => {
                plain.push_str("\\x");
                rest = &rest[at + 2..];
            }
        }
    }
    plain + rest
}
