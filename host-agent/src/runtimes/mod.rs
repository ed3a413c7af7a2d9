//! What container runtimes call their containers: names for people, beside the path that identifies each.
//!
//! | file | content |
//! |---|---|
//! | `name_cache.rs` | names that are known, and those that are asked for; never waits |
//! | `asking.rs` | the thread that asks, with back-off for each runtime and each container |
//! | `places.rs` | where runtimes have their sockets and state |
//! | `cri.rs` | pods and containers of Kubernetes, from the runtime's socket |
//! | `docker.rs`, `podman.rs` | the state folders of these |

mod asking;
mod cri;
mod docker;
mod name_cache;
mod places;
mod podman;
#[cfg(test)]
mod tests;

pub use asking::ask;
pub use name_cache::{NameCache, NameCacheStatus, RuntimeStatus};
pub use places::Places;

use cri::Cri;
use docker::Docker;
use podman::Podman;

/// What a runtime calls a container or a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuntimeNames {
    /// Its namespace, under Kubernetes.
    pub namespace: Option<String>,
    /// The name of its pod.
    pub pod: Option<String>,
    /// Its own name; none of a pod.
    pub container: Option<String>,
    /// The runtime, where the name is one of a machine only: `docker`, `podman`.
    pub runtime: Option<&'static str>,
}

impl RuntimeNames {
    /// Returns the names as one: `NAMESPACE/POD/CONTAINER`, `NAMESPACE/POD`, `docker/NAME`.
    pub fn whole(&self) -> String {
        let first = if self.pod.is_some() { None } else { self.runtime };
        let parts = [first, self.namespace.as_deref(), self.pod.as_deref(), self.container.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("/")
    }

    /// Names that kubelet gives a container as labels; none without them.
    fn of_labels<'a>(label: impl Fn(&str) -> Option<&'a str>) -> Option<RuntimeNames> {
        let own = |name| label(name).map(str::to_owned);
        Some(RuntimeNames {
            namespace: own("io.kubernetes.pod.namespace"),
            pod: Some(own("io.kubernetes.pod.name")?),
            container: own("io.kubernetes.container.name"),
            runtime: None,
        })
    }
}

/// Why a runtime cannot be asked.
#[derive(Debug, thiserror::Error)]
enum RuntimeError {
    /// A file of its state cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A file of its state is not what it is known to be.
    #[error("{}: expected the runtime's JSON, found {source}", path.display())]
    Json {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Its socket does not answer.
    #[error("{}: {message}", socket.display())]
    Socket {
        /// The socket.
        socket: std::path::PathBuf,
        /// What went wrong.
        message: String,
    },
}

/// What there is of a kind of runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// The runtimes that answer, with the number of containers that each knows.
    pub known: Vec<(String, usize)>,
    /// Why others cannot be asked.
    pub failed: Vec<String>,
}

/// Looks once at what there is of a kind of runtimes, by their names.
fn look(runtimes: impl Iterator<Item = (String, Box<dyn Runtime>)>) -> Look {
    let mut look = Look { known: Vec::new(), failed: Vec::new() };
    for (name, mut runtime) in runtimes {
        match runtime.known() {
            Ok(Some(containers)) => look.known.push((name, containers)),
            Ok(None) => {}
            Err(error) => look.failed.push(error.to_string()),
        }
    }
    look
}

/// Asks every socket of a container runtime that is there.
pub(crate) fn look_at_sockets(places: &Places) -> Look {
    let sockets = places.sockets().into_iter();
    look(sockets.map(|socket| (socket.display().to_string(), Box::new(Cri::new(socket)) as Box<dyn Runtime>)))
}

/// Reads the state of Docker.
pub(crate) fn look_at_docker(places: &Places) -> Look {
    look(std::iter::once(("docker".to_owned(), Box::new(Docker::new(places)) as Box<dyn Runtime>)))
}

/// Reads the state of Podman.
pub(crate) fn look_at_podman(places: &Places) -> Look {
    look(std::iter::once(("podman".to_owned(), Box::new(Podman::new(places)) as Box<dyn Runtime>)))
}

/// Something that knows names.
trait Runtime: Send {
    /// The number of containers that it knows; `None` where there is no such runtime.
    fn known(&mut self) -> Result<Option<usize>, RuntimeError>;

    /// The names of those that it knows among `wanted`: ids of containers and uids of pods.
    fn find(&mut self, wanted: &[String]) -> Result<Vec<(String, RuntimeNames)>, RuntimeError>;
}
