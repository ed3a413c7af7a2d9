//! Where runtimes have their sockets and their state.

use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::RuntimeError;

/// Sockets of the container runtime interface: containerd, k3s, k0s, MicroK8s, CRI-O, cri-dockerd.
const SOCKETS: [&str; 8] = [
    "run/containerd/containerd.sock",
    "run/k3s/containerd/containerd.sock",
    "run/k0s/containerd.sock",
    "var/snap/microk8s/common/run/containerd.sock",
    "run/crio/crio.sock",
    "var/run/crio/crio.sock",
    "run/cri-dockerd.sock",
    "var/run/cri-dockerd.sock",
];
/// Files in which kubelet is told its runtime's socket, and the word before it.
const KUBELET: [(&str, &str); 3] = [
    ("var/lib/kubelet/config.yaml", "containerRuntimeEndpoint:"),
    ("var/lib/kubelet/kubeadm-flags.env", "--container-runtime-endpoint="),
    ("etc/kubernetes/kubelet.env", "--container-runtime-endpoint="),
];
/// Longest such file that is read.
const FILE_BYTES: u64 = 1 << 20;

/// Where to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Root folders of the host; the first that has something counts.
    pub roots: Vec<PathBuf>,
    /// Sockets to use instead of those that are found.
    pub sockets: Vec<PathBuf>,
}

impl Places {
    /// Those of a host whose root folder is this one, or the one that process 1 of `proc` has.
    pub fn of(root: Option<&Path>, proc: &Path, sockets: &[PathBuf]) -> Places {
        let roots = match root {
            Some(root) => vec![root.to_path_buf()],
            None => vec![PathBuf::from("/"), proc.join("1/root")],
        };
        Places { roots, sockets: sockets.to_vec() }
    }

    /// A file or folder below the first root that has it.
    pub(super) fn first(&self, below: &str) -> Option<PathBuf> {
        self.roots.iter().map(|root| root.join(below)).find(|path| path.exists())
    }

    /// A file or folder of a runtime below the first root that has it.
    ///
    /// # Errors
    /// This process may not see what the first root has there.
    pub(super) fn of_runtime(&self, below: &str) -> Result<Option<PathBuf>, RuntimeError> {
        // The root of process 1 cannot be read without the right to trace it; that is no failure of the runtime.
        if let Some(path) = self.roots.first().map(|root| root.join(below))
            && let Err(source) = path.metadata()
            && source.kind() == ErrorKind::PermissionDenied
        {
            return Err(RuntimeError::File { path, source });
        }
        Ok(self.first(below))
    }

    /// Whether there is a kubelet, whose containers a runtime with a socket has.
    pub(crate) fn has_kubelet(&self) -> bool {
        self.first("var/lib/kubelet/config.yaml").is_some()
    }

    /// The sockets that are there now.
    pub(super) fn sockets(&self) -> Vec<PathBuf> {
        if !self.sockets.is_empty() {
            return self.sockets.clone();
        }
        let (mut found, mut seen): (Vec<PathBuf>, Vec<PathBuf>) = (Vec::new(), Vec::new());
        let known = SOCKETS.iter().map(|path| (*path).to_owned()).chain(self.of_kubelet());
        for below in known {
            let Some(path) = self.first(&below).filter(|path| is_socket(path)) else { continue };
            // One socket has several names: /var/run is /run.
            let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            if !seen.contains(&real) {
                seen.push(real);
                found.push(path);
            }
        }
        found
    }

    /// Sockets that kubelet was told, as paths below a root.
    fn of_kubelet(&self) -> Vec<String> {
        let sockets = KUBELET.iter().filter_map(|(file, word)| {
            let path = self.first(file).filter(|path| path.metadata().is_ok_and(|file| file.len() <= FILE_BYTES))?;
            socket_in(&std::fs::read_to_string(path).ok()?, word)
        });
        sockets.collect()
    }
}

/// The path of the socket that follows a word.
fn socket_in(text: &str, word: &str) -> Option<String> {
    let ends = |character: char| character.is_whitespace() || matches!(character, '"' | '\'');
    text.lines().filter(|line| !line.trim_start().starts_with('#')).find_map(|line| {
        let (_, value) = line.split_once(word)?;
        let value = value.trim_start_matches(ends).split(ends).next()?;
        let path = value.strip_prefix("unix://").unwrap_or(value);
        path.strip_prefix('/').map(str::to_owned)
    })
}

fn is_socket(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.file_type().is_socket())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn sockets_are_found_once_where_runtimes_and_kubelet_have_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        for below in ["run/crio", "run/containerd", "var", "var/lib/kubelet", "opt/own"] {
            std::fs::create_dir_all(root.join(below)).expect("a folder");
        }
        std::os::unix::fs::symlink("../run", root.join("var/run")).expect("a link");
        let bound: Vec<UnixListener> = ["run/crio/crio.sock", "opt/own/cri.sock"]
            .iter()
            .map(|socket| UnixListener::bind(root.join(socket)).expect("a socket"))
            .collect();
        std::fs::write(root.join("run/containerd/containerd.sock"), "no socket").expect("a file");
        let config =
            "# containerRuntimeEndpoint: unix:///none\ncontainerRuntimeEndpoint: \"unix:///opt/own/cri.sock\"\n";
        std::fs::write(root.join("var/lib/kubelet/config.yaml"), config).expect("a file");
        let places = Places::of(Some(root), Path::new("/proc"), &[]);
        assert_eq!(places.sockets(), [root.join("run/crio/crio.sock"), root.join("opt/own/cri.sock")]);
        let given = Places { sockets: vec!["/a".into()], ..places };
        assert_eq!(given.sockets(), [PathBuf::from("/a")]);
        drop(bound);
    }

    #[test]
    fn socket_of_kubelet_is_read_as_it_is_written() {
        let flags = "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/x.sock --pod=1\"\n";
        assert_eq!(socket_in(flags, KUBELET[1].1).as_deref(), Some("run/x.sock"));
        assert_eq!(socket_in("containerRuntimeEndpoint: /run/y.sock", KUBELET[0].1).as_deref(), Some("run/y.sock"));
        assert_eq!(socket_in("containerRuntimeEndpoint: ''\n", KUBELET[0].1), None);
        assert_eq!(socket_in("kind: KubeletConfiguration\n", KUBELET[0].1), None);
    }
}
