//! Names from state folders as Docker and Podman write them, and from a server that speaks CRI and was made by other code.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{NameCache, NameCacheStatus, Places, ask};

/// For hangs only.
const LIMIT: Duration = Duration::from_secs(60);

fn id(number: u8) -> String {
    format!("{number:02x}").repeat(32)
}

fn write(root: &Path, below: &str, text: &str) {
    let path = root.join(below);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// Waits until a cache has what is wanted of it.
fn until<T>(cache: &NameCache, mut what: impl FnMut(&NameCache) -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(found) = what(cache) {
            return found;
        }
        assert!(Instant::now() < deadline, "{:?}", cache.status());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn name(cache: &NameCache, path: &str) -> Option<String> {
    cache.of_path(path).map(|names| names.whole())
}

fn of_runtime(status: &NameCacheStatus, name: &str) -> (u64, u64, Option<String>) {
    let found = status.runtimes.iter().find(|one| one.runtime.contains(name));
    found.map_or((0, 0, None), |one| (one.lookups, one.failures, one.error.clone()))
}

#[test]
fn docker_and_podman_name_containers_by_their_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let docker = |number: u8, text: &str| {
        write(root, &format!("var/lib/docker/containers/{}/config.v2.json", id(number)), text);
    };
    docker(1, r#"{"ID":"x","Name":"/web","Config":{"Hostname":"h","Labels":null},"State":{"Running":true}}"#);
    docker(
        2,
        r#"{"Name":"/k8s_app_pod-1_prod_uid_0","Config":{"Labels":{"io.kubernetes.pod.name":"pod-1",
            "io.kubernetes.pod.namespace":"prod","io.kubernetes.container.name":"app"}}}"#,
    );
    let storage = |number: u8, name: &str| format!(r#"[{{"id":"{}","names":["{name}"],"image":"i"}}]"#, id(number));
    write(root, "var/lib/containers/storage/overlay-containers/containers.json", &storage(3, "db"));
    write(root, "var/lib/containers/storage/vfs-containers/volatile-containers.json", &storage(4, "job"));
    write(root, "etc/passwd", "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbad\n");
    write(root, "home/ann/.local/share/containers/storage/overlay-containers/containers.json", &storage(5, "mine"));
    let cache = NameCache::default();
    ask(&cache, Places::of(Some(root), Path::new("/proc"), &[])).expect("a thread");
    for (path, expected) in [
        (format!("/system.slice/docker-{}.scope", id(1)), "docker/web"),
        (format!("/kubepods/poda-b/docker/{}", id(2)), "prod/pod-1/app"),
        (format!("/machine.slice/libpod-{}.scope/container", id(3)), "podman/db"),
        (format!("/machine.slice/libpod-{}.scope", id(4)), "podman/job"),
        (format!("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{}.scope", id(5)), "podman/mine"),
    ] {
        assert_eq!(until(&cache, |cache| name(cache, &path)), expected, "{path}");
    }
    // A name stays when its container is gone, and what no runtime knows is counted.
    fs::remove_dir_all(root.join("var/lib/docker")).expect("ours");
    assert_eq!(name(&cache, &format!("/docker/{}", id(1))).as_deref(), Some("docker/web"));
    assert_eq!(name(&cache, &format!("/docker/{}", id(9))), None);
    let status = until(&cache, |cache| Some(cache.status()).filter(|status| status.missing == 1));
    assert_eq!((status.named, status.waiting), (5, 0));
    assert!(status.runtimes.iter().all(|runtime| runtime.error.is_none()), "{status:?}");
    // Neither units nor LXC's containers, whose ids are names, are asked for.
    for path in ["/system.slice/nginx.service", "/lxc/web", "/", "unknown"] {
        assert_eq!(name(&cache, path), None);
    }
    assert_eq!(cache.status().named + cache.status().waiting + cache.status().missing, 6);
}

#[test]
fn file_of_a_user_that_is_no_file_costs_nobody_else_a_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let below = "var/lib/containers/storage/overlay-containers/containers.json";
    write(root, below, &format!(r#"[{{"id":"{}","names":["db"]}}]"#, id(3)));
    write(root, "etc/passwd", "ann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n");
    for (user, file) in [("ann", "containers.json"), ("bob", "volatile-containers.json")] {
        let path = root.join("home").join(user).join(".local/share/containers/storage/overlay-containers").join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        match user {
            "ann" => assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success()),
            _ => symlink("/dev/zero", &path).expect("a link"),
        }
    }
    let cache = NameCache::default();
    ask(&cache, Places::of(Some(root), Path::new("/proc"), &[])).expect("a thread");
    let path = format!("/machine.slice/libpod-{}.scope", id(3));
    assert_eq!(until(&cache, |cache| name(cache, &path)), "podman/db");
}

#[test]
fn damaged_state_is_a_counted_failure_with_its_reason_and_a_pause() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = format!("var/lib/docker/containers/{}/config.v2.json", id(1));
    write(folder.path(), &file, "{\"Name\": ");
    let cache = NameCache::default();
    ask(&cache, Places::of(Some(folder.path()), Path::new("/proc"), &[])).expect("a thread");
    let path = format!("/docker/{}", id(1));
    until(&cache, |cache| {
        assert_eq!(name(cache, &path), None);
        Some(()).filter(|()| of_runtime(&cache.status(), "docker").1 >= 2)
    });
    let (lookups, failures, error) = of_runtime(&cache.status(), "docker");
    assert!(error.is_some_and(|error| error.contains("config.v2.json: expected the runtime's JSON")));
    assert_eq!(lookups, failures);
    write(folder.path(), &file, "{\"Name\": \"/late\"}");
    assert_eq!(until(&cache, |cache| name(cache, &path)), "docker/late");
    assert_eq!(of_runtime(&cache.status(), "docker").2, None);
}

/// A field of protobuf: a number of two, bytes behind their length.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut length = Vec::new();
    let mut rest = bytes.len();
    while rest > 127 {
        length.push(128 | (rest & 127) as u8);
        rest >>= 7;
    }
    length.push(rest as u8);
    [&[number << 3 | 2][..], &length, bytes].concat()
}

fn text(number: u8, text: &str) -> Vec<u8> {
    field(number, text.as_bytes())
}

fn sandbox(id: &str, [name, uid, namespace]: [&str; 3]) -> Vec<u8> {
    // A label and the time of creation, which were not asked for, are among the fields.
    let label = field(5, &[text(1, "app"), text(2, "x")].concat());
    let metadata = field(2, &[text(1, name), text(2, uid), text(3, namespace), vec![4 << 3, 3]].concat());
    [text(1, id), metadata, vec![4 << 3, 0x80, 1], label].concat()
}

fn container(id: &str, sandbox: &str, name: &str) -> Vec<u8> {
    [text(1, id), text(2, sandbox), field(3, &text(1, name)), field(4, &text(1, "image"))].concat()
}

/// How a server answers.
#[derive(Clone, Copy, PartialEq)]
enum Answers {
    /// Every call.
    All,
    /// Calls of the older version only.
    Older,
    /// Nothing, indefinitely.
    Never,
}

/// A runtime: its answers by method, from a socket.
struct Server {
    calls: Arc<AtomicU64>,
}

impl Server {
    fn start(socket: PathBuf, answers: Answers, sandboxes: &[Vec<u8>], containers: &[Vec<u8>]) -> Server {
        let list = |items: &[Vec<u8>]| items.iter().flat_map(|item| field(1, item)).collect::<Vec<u8>>();
        let bodies = HashMap::from([("ListPodSandbox", list(sandboxes)), ("ListContainers", list(containers))]);
        let calls = Arc::new(AtomicU64::new(0));
        let counted = calls.clone();
        let (ready, started) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let tasks = tokio::task::LocalSet::new();
            tasks.block_on(&runtime, async {
                let listener = tokio::net::UnixListener::bind(socket).expect("a socket");
                ready.send(()).expect("the test waits");
                let bodies = std::rc::Rc::new(bodies);
                while let Ok((stream, _)) = listener.accept().await {
                    let (bodies, counted) = (bodies.clone(), counted.clone());
                    tokio::task::spawn_local(async move {
                        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
                        // A call that is dropped would be ended.
                        let mut unanswered = Vec::new();
                        while let Some(Ok((request, respond))) = connection.accept().await {
                            counted.fetch_add(1, Ordering::Relaxed);
                            match answers {
                                Answers::Never => unanswered.push(respond),
                                _ => answer(answers, &bodies, request.uri().path(), respond),
                            }
                        }
                    });
                }
            });
        });
        started.recv().expect("the server listens");
        Server { calls }
    }
}

fn answer(
    answers: Answers,
    bodies: &HashMap<&str, Vec<u8>>,
    path: &str,
    mut respond: h2::server::SendResponse<bytes::Bytes>,
) {
    let (service, method) = path.trim_start_matches('/').split_once('/').expect("a method");
    let older = service == "runtime.v1alpha2.RuntimeService";
    assert!(older || service == "runtime.v1.RuntimeService", "{path}");
    let response = http::Response::builder().header("content-type", "application/grpc");
    if answers == Answers::Older && !older {
        // Unimplemented (12), as a server reports it that does not know the service.
        let response = response.header("grpc-status", "12").body(()).expect("a response");
        respond.send_response(response, true).expect("it is sent");
        return;
    }
    let body = &bodies[method];
    let frame = [&[0][..], &(body.len() as u32).to_be_bytes(), body].concat();
    let mut stream = respond.send_response(response.body(()).expect("a response"), false).expect("it is sent");
    stream.send_data(frame.into(), false).expect("it is sent");
    let trailers = [(http::HeaderName::from_static("grpc-status"), http::HeaderValue::from_static("0"))];
    stream.send_trailers(trailers.into_iter().collect()).expect("it is sent");
}

fn pod_path(uid: &str, container: u8) -> String {
    let uid = uid.replace('-', "_");
    format!("/kubepods.slice/kubepods-pod{uid}.slice/cri-containerd-{}.scope", id(container))
}

const UID: &str = "0b4810aa-1111-2222-3333-444455556666";

#[test]
fn pods_and_containers_are_named_through_the_runtimes_socket() {
    for answers in [Answers::All, Answers::Older] {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("run/containerd/containerd.sock");
        fs::create_dir_all(socket.parent().expect("a folder")).expect("a folder");
        let many: Vec<Vec<u8>> = (0..200).map(|at| container(&format!("other-{at}"), &id(7), "other")).collect();
        let containers = [many, vec![container(&id(1), &id(7), "app"), container(&id(2), &id(8), "orphan")]].concat();
        let cache = NameCache::default();
        ask(&cache, Places::of(Some(folder.path()), Path::new("/proc"), &[])).expect("a thread");
        let path = pod_path(UID, 1);
        // The container is there before its runtime is: the name comes once both are.
        until(&cache, |cache| {
            assert_eq!(name(cache, &path), None);
            Some(()).filter(|()| cache.status().waiting == 1)
        });
        let pod = ["web-0", UID, "prod"];
        let server = Server::start(socket, answers, &[sandbox(&id(7), pod)], &containers);
        assert_eq!(until(&cache, |cache| name(cache, &path)), "prod/web-0/app");
        let names = cache.of_path(&path).expect("known");
        assert_eq!(
            [&names.namespace, &names.pod, &names.container].map(Option::as_deref),
            [Some("prod"), Some("web-0"), Some("app")]
        );
        // The pod itself, and the container that holds its namespaces.
        let pod = format!("/kubepods/besteffort/pod{UID}");
        assert_eq!(until(&cache, |cache| name(cache, &pod)), "prod/web-0");
        assert_eq!(until(&cache, |cache| name(cache, &pod_path(UID, 7))), "prod/web-0/POD");
        // What is known is not asked for again, and a container without a pod has no name.
        let calls = server.calls.load(Ordering::Relaxed);
        (0..1_000).for_each(|_| assert!(name(&cache, &path).is_some()));
        assert_eq!(server.calls.load(Ordering::Relaxed), calls);
        assert_eq!(name(&cache, &pod_path(UID, 2)), None);
    }
}

#[test]
fn runtime_that_hangs_delays_nobody_and_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("cri.sock");
    let server = Server::start(socket.clone(), Answers::Never, &[], &[]);
    write(folder.path(), &format!("var/lib/docker/containers/{}/config.v2.json", id(1)), r#"{"Name":"/web"}"#);
    let cache = NameCache::default();
    ask(&cache, Places::of(Some(folder.path()), Path::new("/proc"), &[socket])).expect("a thread");
    let path = pod_path(UID, 2);
    let begun = Instant::now();
    // While a call waits for its answer, a surface gets the names that there are.
    until(&cache, |cache| {
        assert_eq!(name(cache, &path), None);
        Some(()).filter(|()| server.calls.load(Ordering::Relaxed) > 0)
    });
    let mut longest = Duration::ZERO;
    let failed = until(&cache, |cache| {
        let asked = Instant::now();
        assert_eq!(name(cache, &path), None);
        longest = longest.max(asked.elapsed());
        Some(of_runtime(&cache.status(), "cri.sock")).filter(|(_, failures, _)| *failures > 0)
    });
    assert!(failed.2.is_some_and(|error| error.contains("no answer to ListPodSandbox within 5 s")));
    assert!(begun.elapsed() >= Duration::from_secs(5), "the call had its time");
    println!("longest look at the cache beside a runtime that hangs: {longest:?}");
    assert_eq!(until(&cache, |cache| name(cache, &format!("/docker/{}", id(1)))), "docker/web");
}
