//! Options that name containers as their runtimes do.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use deltascope_agent::procfs;
use deltascope_agent::runtimes::{NameCache, Places, ask};

/// Where names come from.
#[derive(Args, Clone, Debug)]
pub struct NameArguments {
    /// Call containers by their ids: ask no runtime (Kubernetes' CRI, Docker, Podman) for names
    #[arg(long)]
    no_names: bool,
    /// Socket of a container runtime that has CRI (may be given more than once) [default: those of containerd, k3s, k0s,
    /// MicroK8s, CRI-O and cri-dockerd that are there, and kubelet's]
    #[arg(long, value_name = "SOCKET", conflicts_with = "no_names")]
    cri: Vec<PathBuf>,
    /// Root folder of the host, for sockets and state of runtimes [default: / and that of process 1]
    #[arg(long, value_name = "DIR", conflicts_with = "no_names")]
    host_root: Option<PathBuf>,
}

impl NameArguments {
    /// The cache of names, with a thread that fills it; `None` where no runtime is to be asked.
    pub fn cache(&self) -> Result<Option<NameCache>> {
        if self.no_names {
            return Ok(None);
        }
        let cache = NameCache::default();
        let places = Places::of(self.host_root.as_deref(), procfs::proc_root(), &self.cri);
        ask(&cache, places).context("cannot start a thread that asks for names; raise the limit of threads")?;
        Ok(Some(cache))
    }
}
