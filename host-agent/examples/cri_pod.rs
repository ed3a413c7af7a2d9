//! Runs one container in a pod of a container runtime, as kubelet does, until the end of standard input.
//!
//! Prints the ids of pod and container. What the program prints is in `CONTAINER.log` in the folder LOGS.
//! The pod is on the host's network, so that nothing is needed to set one up. Used by `cargo xtask host operator --full`.
//! Messages and field numbers are those of kubernetes/cri-api `pkg/apis/runtime/v1/api.proto`; nothing is shared with the
//! agent's own client.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

/// Longest time for a call: a bound for hangs.
const LIMIT: Duration = Duration::from_secs(120);
/// `NamespaceMode.NODE`: that of the host.
const NODE: i32 = 2;

#[derive(Clone, PartialEq, Message)]
struct Nothing {}

#[derive(Clone, PartialEq, Message)]
struct Id {
    #[prost(string, tag = "1")]
    id: String,
}

#[derive(Clone, PartialEq, Message)]
struct RunPodSandbox {
    #[prost(message, optional, tag = "1")]
    config: Option<PodSandboxConfig>,
}

#[derive(Clone, PartialEq, Message)]
struct PodSandboxConfig {
    #[prost(message, optional, tag = "1")]
    metadata: Option<PodSandboxMetadata>,
    #[prost(string, tag = "3")]
    log_directory: String,
    #[prost(message, optional, tag = "8")]
    linux: Option<LinuxPodSandboxConfig>,
}

#[derive(Clone, PartialEq, Message)]
struct PodSandboxMetadata {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    uid: String,
    #[prost(string, tag = "3")]
    namespace: String,
}

#[derive(Clone, PartialEq, Message)]
struct LinuxPodSandboxConfig {
    #[prost(string, tag = "1")]
    cgroup_parent: String,
    #[prost(message, optional, tag = "2")]
    security_context: Option<SecurityContext>,
}

#[derive(Clone, PartialEq, Message)]
struct SecurityContext {
    #[prost(message, optional, tag = "1")]
    namespaces: Option<Namespaces>,
}

#[derive(Clone, PartialEq, Message)]
struct Namespaces {
    #[prost(int32, tag = "1")]
    network: i32,
}

#[derive(Clone, PartialEq, Message)]
struct CreateContainer {
    #[prost(string, tag = "1")]
    pod_sandbox_id: String,
    #[prost(message, optional, tag = "2")]
    config: Option<ContainerConfig>,
    #[prost(message, optional, tag = "3")]
    sandbox_config: Option<PodSandboxConfig>,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerConfig {
    #[prost(message, optional, tag = "1")]
    metadata: Option<Name>,
    #[prost(message, optional, tag = "2")]
    image: Option<Name>,
    #[prost(string, repeated, tag = "3")]
    command: Vec<String>,
    /// Below the log directory of the pod.
    #[prost(string, tag = "11")]
    log_path: String,
    /// Standard input stays open.
    #[prost(bool, tag = "12")]
    stdin: bool,
}

/// A message whose first field is a name: of a container, of an image.
#[derive(Clone, PartialEq, Message)]
struct Name {
    #[prost(string, tag = "1")]
    name: String,
}

/// A connection to the runtime.
struct Runtime {
    tokio: tokio::runtime::Runtime,
    channel: Channel,
}

impl Runtime {
    fn connect(socket: &str) -> Result<Runtime> {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let endpoint = Endpoint::from_shared(format!("unix://{socket}"))?;
        let channel = tokio.block_on(endpoint.connect()).with_context(|| format!("connecting to {socket}"))?;
        Ok(Runtime { tokio, channel })
    }

    fn call<Q, A>(&self, method: &str, request: Q) -> Result<A>
    where
        Q: Message + Send + 'static,
        A: Message + Default + Send + 'static,
    {
        let path = PathAndQuery::from_maybe_shared(format!("/runtime.v1.RuntimeService/{method}"))?;
        let mut grpc = Grpc::new(self.channel.clone());
        let call = async {
            grpc.ready().await?;
            let codec = ProstCodec::<Q, A>::default();
            anyhow::Ok(grpc.unary(tonic::Request::new(request), path, codec).await?.into_inner())
        };
        let answered = self.tokio.block_on(async { tokio::time::timeout(LIMIT, call).await });
        answered
            .with_context(|| format!("{method}: no answer within {} s", LIMIT.as_secs()))?
            .context(method.to_owned())
    }

    fn remove(&self, pod: &str) -> Result<()> {
        self.call::<_, Nothing>("StopPodSandbox", Id { id: pod.to_owned() })?;
        self.call::<_, Nothing>("RemovePodSandbox", Id { id: pod.to_owned() })?;
        Ok(())
    }
}

#[derive(Parser)]
#[command(about = "Runs one container in a pod of a container runtime until the end of standard input")]
struct Arguments {
    /// Socket of the runtime
    socket: String,
    /// Image of the container
    image: String,
    /// Namespace of the pod
    namespace: String,
    /// Name of the pod
    pod: String,
    /// Unique id of the pod
    uid: String,
    /// Name of the container
    container: String,
    /// Control group above that of the pod
    cgroup_parent: String,
    /// Folder for what the program prints
    logs: String,
    /// Program with its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

fn main() -> Result<()> {
    let Arguments { socket, image, namespace, pod, uid, container, cgroup_parent, logs, command } = Arguments::parse();
    let runtime = Runtime::connect(&socket)?;
    let metadata = PodSandboxMetadata { name: pod, uid, namespace };
    let security_context = SecurityContext { namespaces: Some(Namespaces { network: NODE }) };
    let linux = LinuxPodSandboxConfig { cgroup_parent, security_context: Some(security_context) };
    let sandbox = PodSandboxConfig { metadata: Some(metadata), log_directory: logs, linux: Some(linux) };
    let pod: Id = runtime.call("RunPodSandbox", RunPodSandbox { config: Some(sandbox.clone()) })?;
    let run = || {
        let config = ContainerConfig {
            metadata: Some(Name { name: container.clone() }),
            image: Some(Name { name: image }),
            command,
            log_path: format!("{container}.log"),
            stdin: true,
        };
        let request =
            CreateContainer { pod_sandbox_id: pod.id.clone(), config: Some(config), sandbox_config: Some(sandbox) };
        let container: Id = runtime.call("CreateContainer", request)?;
        runtime.call::<_, Nothing>("StartContainer", container.clone())?;
        println!("{} {}", pod.id, container.id);
        std::io::stdin().read_to_end(&mut Vec::new())?;
        anyhow::Ok(())
    };
    let ran = run();
    let removed = runtime.remove(&pod.id);
    ran.and(removed)
}
