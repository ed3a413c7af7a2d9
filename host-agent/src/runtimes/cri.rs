//! Pods and containers of Kubernetes, through the container runtime interface: `runtime.v1.RuntimeService`, or `v1alpha2` of
//! older runtimes. Field numbers are those of kubernetes/cri-api `pkg/apis/runtime/v1/api.proto`; both versions have the same.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::{Runtime, RuntimeError, RuntimeNames};

/// Longest time for a connection, and for each call.
const LIMIT: Duration = Duration::from_secs(5);
/// Longest answer: some 10,000 containers with their annotations.
const ANSWER_BYTES: usize = 64 << 20;
const VERSIONS: [&str; 2] = ["v1", "v1alpha2"];

#[derive(Clone, PartialEq, Message)]
struct Everything {}

#[derive(Clone, PartialEq, Message)]
struct Sandboxes {
    #[prost(message, repeated, tag = "1")]
    items: Vec<Sandbox>,
}

#[derive(Clone, PartialEq, Message)]
struct Sandbox {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(message, optional, tag = "2")]
    metadata: Option<SandboxMetadata>,
}

#[derive(Clone, PartialEq, Message)]
struct SandboxMetadata {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    uid: String,
    #[prost(string, tag = "3")]
    namespace: String,
}

#[derive(Clone, PartialEq, Message)]
struct Containers {
    #[prost(message, repeated, tag = "1")]
    containers: Vec<Container>,
}

#[derive(Clone, PartialEq, Message)]
struct Container {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    pod_sandbox_id: String,
    #[prost(message, optional, tag = "3")]
    metadata: Option<ContainerMetadata>,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerMetadata {
    #[prost(string, tag = "1")]
    name: String,
}

/// One socket.
pub(super) struct Cri {
    socket: PathBuf,
    connection: Option<Connection>,
}

struct Connection {
    runtime: tokio::runtime::Runtime,
    channel: Channel,
    version: &'static str,
}

impl Cri {
    pub(super) fn new(socket: PathBuf) -> Cri {
        Cri { socket, connection: None }
    }

    fn error(&self, message: String) -> RuntimeError {
        RuntimeError::Socket { socket: self.socket.clone(), message }
    }

    fn connect(&self) -> Result<Connection, RuntimeError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| self.error(error.to_string()))?;
        let endpoint = Endpoint::from_shared(format!("unix://{}", self.socket.display()));
        let endpoint = endpoint.map_err(|error| self.error(error.to_string()))?;
        let connected = runtime.block_on(async { tokio::time::timeout(LIMIT, endpoint.connect()).await });
        match connected {
            Ok(Ok(channel)) => Ok(Connection { runtime, channel, version: VERSIONS[0] }),
            Ok(Err(error)) => Err(self.error(format!("cannot connect: {}", causes(&error)))),
            Err(_) => Err(self.error(format!("no connection within {} s", LIMIT.as_secs()))),
        }
    }
}

/// An error with what is behind it: tonic's own text is `transport error`.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text += &format!(": {cause}");
        next = cause.source();
    }
    text
}

impl Connection {
    fn call<T: Message + Default + 'static>(&mut self, method: &str) -> Result<T, Status> {
        let path = format!("/runtime.{}.RuntimeService/{method}", self.version);
        let path = PathAndQuery::from_maybe_shared(path).map_err(|error| Status::internal(error.to_string()))?;
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES);
        let answer = self.runtime.block_on(async {
            let call = async {
                grpc.ready().await.map_err(|error| Status::unavailable(causes(&error)))?;
                grpc.unary(Request::new(Everything {}), path, ProstCodec::<Everything, T>::default()).await
            };
            tokio::time::timeout(LIMIT, call).await
        });
        let late = |_| Status::deadline_exceeded(format!("no answer to {method} within {} s", LIMIT.as_secs()));
        Ok(answer.map_err(late)??.into_inner())
    }

    fn list(&mut self) -> Result<(Sandboxes, Containers), Status> {
        let sandboxes = match self.call("ListPodSandbox") {
            Err(status) if status.code() == Code::Unimplemented && self.version == VERSIONS[0] => {
                self.version = VERSIONS[1];
                self.call("ListPodSandbox")?
            }
            answer => answer?,
        };
        Ok((sandboxes, self.call("ListContainers")?))
    }
}

impl Cri {
    /// Asks for all pods and containers.
    fn list(&mut self) -> Result<(Sandboxes, Containers), RuntimeError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let listed = connection.list().map_err(|status| {
            let why = format!("{:?}: {}", status.code(), status.message());
            self.error(format!("expected the container runtime interface, found {why}"))
        })?;
        self.connection = Some(connection);
        Ok(listed)
    }
}

impl Runtime for Cri {
    fn known(&mut self) -> Result<Option<usize>, RuntimeError> {
        Ok(Some(self.list()?.1.containers.len()))
    }

    fn find(&mut self, wanted: &[String]) -> Result<Vec<(String, RuntimeNames)>, RuntimeError> {
        let (sandboxes, containers) = self.list()?;
        let mut known = names(&sandboxes, &containers);
        Ok(wanted.iter().filter_map(|id| known.remove_entry(id)).collect())
    }
}

/// Names of containers by id, of sandboxes by id, and of pods by uid.
fn names(sandboxes: &Sandboxes, containers: &Containers) -> HashMap<String, RuntimeNames> {
    let (mut names, mut pods) = (HashMap::new(), HashMap::new());
    for sandbox in &sandboxes.items {
        let Some(metadata) = &sandbox.metadata else { continue };
        let pod = RuntimeNames {
            namespace: Some(metadata.namespace.clone()),
            pod: Some(metadata.name.clone()),
            ..RuntimeNames::default()
        };
        names.insert(metadata.uid.clone(), pod.clone());
        // The sandbox's own process holds the namespaces of the pod.
        names.insert(sandbox.id.clone(), RuntimeNames { container: Some("POD".to_owned()), ..pod.clone() });
        pods.insert(sandbox.id.as_str(), pod);
    }
    for container in &containers.containers {
        let name = container.metadata.as_ref().map(|metadata| metadata.name.clone());
        if let Some(pod) = pods.get(container.pod_sandbox_id.as_str()) {
            names.insert(container.id.clone(), RuntimeNames { container: name, ..pod.clone() });
        }
    }
    names
}
