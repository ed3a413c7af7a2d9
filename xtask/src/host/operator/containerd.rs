//! A real containerd, and pods that it runs as kubelet asks for them.

use super::agent::LIMIT;
use super::workload::{Family, remove_groups};
use crate::cargo::{build, release_folder};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The image of every container, that of the pods' own processes too.
pub const IMAGE: &str = "localhost/deltascope/waste:1";
/// The namespace of Kubernetes.
const NAMESPACE: &str = "shop";

/// A containerd of its own. It ends with this.
pub struct Containerd {
    child: Child,
    folder: PathBuf,
    /// Root folder of the host that has its socket.
    pub host: PathBuf,
}

impl Containerd {
    /// Starts containerd, with its socket where it is below a root folder of the host in `folder`, and gives it the image.
    pub fn start(folder: &Path, image: &Path) -> Result<Containerd> {
        build(&["-p", "deltascope-agent", "--example", "cri_pod"])?;
        let host = folder.join("host");
        fs::create_dir_all(host.join("run/containerd"))?;
        let own = folder.join("containerd");
        fs::create_dir(&own)?;
        let config = format!(
            "version = 2\nroot = \"{0}/root\"\nstate = \"{0}/state\"\n[grpc]\naddress = \"{1}\"\n\
             [plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"{IMAGE}\"\ndisable_apparmor = true\n\
             restrict_oom_score_adj = true\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\nsnapshotter = \"native\"\n",
            own.display(),
            socket(&host).display()
        );
        fs::write(own.join("config.toml"), config)?;
        let log = fs::File::create(own.join("log"))?;
        let mut command = Command::new("containerd");
        command.arg("--config").arg(own.join("config.toml")).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().context("starting containerd")?;
        let mut containerd = Containerd { child, folder: own, host };
        let begun = Instant::now();
        while !containerd.ctr(&["version"])?.status.success() {
            ensure!(begun.elapsed() < LIMIT && containerd.child.try_wait()?.is_none(), "{}", containerd.log());
            std::thread::sleep(Duration::from_millis(100));
        }
        let image = image.to_str().context("a path")?;
        let imported = containerd.ctr(&["images", "import", "--snapshotter", "native", image])?;
        ensure!(imported.status.success(), "ctr images import: {}", String::from_utf8_lossy(&imported.stderr));
        Ok(containerd)
    }

    fn ctr(&self, arguments: &[&str]) -> Result<std::process::Output> {
        let mut command = Command::new("ctr");
        command.arg("--address").arg(socket(&self.host)).args(["--namespace", "k8s.io"]).args(arguments);
        command.output().context("starting ctr")
    }

    /// The last lines of its log.
    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }

    /// Runs the program that wastes `pages` in a pod with one container, and waits until it has written everything.
    pub fn pod(&self, pod: &str, number: u32, pages: u64) -> Result<Pod> {
        let uid = format!("{:08x}-0000-4000-8000-{number:012x}", std::process::id());
        let parent = format!("/kubepods/besteffort/pod{uid}");
        let logs = self.folder.join(&uid);
        fs::create_dir(&logs)?;
        let mut command = Command::new(release_folder()?.join("examples/cri_pod"));
        command.arg(socket(&self.host)).args([IMAGE, NAMESPACE, pod, &uid, "server", &parent]);
        command.arg(&logs).args(["/waste", &pages.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting cri_pod")?;
        let mut line = String::new();
        let output = child.stdout.take().context("the program has no output")?;
        let read = BufReader::new(output).read_line(&mut line);
        let family = Family { name: format!("{NAMESPACE}/{pod}/server"), cgroup: String::new(), pid: 0, pages };
        let mut pod = Pod { child, parent, family };
        read?;
        let [_, id] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            bail!("expected the ids of pod and container, found {line:?}; containerd: {}", self.log());
        };
        let tasks = String::from_utf8(self.ctr(&["tasks", "list"])?.stdout)?;
        let task = tasks.lines().find(|line| line.starts_with(id)).with_context(|| format!("no task {id}: {tasks}"))?;
        pod.family.pid = task.split_whitespace().nth(1).and_then(|pid| pid.parse().ok()).context("no process")?;
        let groups = fs::read_to_string(format!("/proc/{}/cgroup", pod.family.pid))?;
        let cgroup = groups.lines().find_map(|line| line.strip_prefix("0::")).context("no group of version 2")?;
        ensure!(cgroup.starts_with(&pod.parent), "the container is in {cgroup}, expected below {}", pod.parent);
        pod.family.cgroup = cgroup.to_owned();
        let begun = Instant::now();
        while !fs::read_to_string(logs.join("server.log")).is_ok_and(|log| log.contains("stdout F")) {
            ensure!(begun.elapsed() < LIMIT, "the container prints nothing; containerd: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(pod)
    }
}

/// Where containerd has its socket below the root folder of a host.
fn socket(host: &Path) -> PathBuf {
    host.join("run/containerd/containerd.sock")
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let _ = Command::new("sh").args(["-c", "kill \"$1\"", "sh", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// A pod with one container. It ends with this.
pub struct Pod {
    child: Child,
    /// Control group of the pod.
    parent: String,
    /// What is known of its container.
    pub family: Family,
}

impl Drop for Pod {
    fn drop(&mut self) {
        // The end of its input makes the client remove the pod.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        // The groups above it are those that kubelet makes and removes.
        remove_groups(&self.parent);
    }
}
