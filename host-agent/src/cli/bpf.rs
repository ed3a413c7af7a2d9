//! Options of the source `bpf`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use deltascope_agent::sources::BpfOptions;

/// Options of the source `bpf`.
#[derive(Args, Debug)]
pub struct BpfArguments {
    /// bpf: milliseconds after which a copied page is judged [default: 100]
    #[arg(long, value_name = "MS")]
    judge_after: Option<u32>,
    /// bpf: longest send that is compared; a longer one never counts as redundant [default: 512]
    #[arg(long, value_name = "BYTES")]
    send_limit: Option<u32>,
    /// bpf: pages judged at most when one process exits [default: 4096]
    #[arg(long, value_name = "PAGES")]
    exit_budget: Option<u32>,
    /// bpf: copied pages that may wait for their judgement [default: 32768]
    #[arg(long, value_name = "PAGES", value_parser = clap::value_parser!(u32).range(1..))]
    pending_pages: Option<u32>,
    /// bpf: bytes of the ring, a power of two [default: 4194304]; capture: of that of each network namespace
    /// [default: 16777216 of the own one, 4194304 of others]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..))]
    ring_bytes: Option<u32>,
    /// bpf: capture this cgroup only, with all below it (may be given up to 16 times)
    #[arg(long = "cgroup", value_name = "FOLDER")]
    cgroups: Vec<PathBuf>,
}

impl BpfArguments {
    /// Bytes of a ring, where they were given.
    pub fn ring_bytes(&self) -> Option<u32> {
        self.ring_bytes
    }

    /// The options, `sampling` and `by_content` among them.
    pub fn options(&self, sampling: bool, by_content: bool) -> BpfOptions {
        let default = BpfOptions::default();
        BpfOptions {
            judge_after: self.judge_after.map_or(default.judge_after, |ms| Duration::from_millis(ms.into())),
            send_limit: self.send_limit.unwrap_or(default.send_limit),
            exit_budget: self.exit_budget.unwrap_or(default.exit_budget),
            pending_pages: self.pending_pages.unwrap_or(default.pending_pages),
            ring_bytes: self.ring_bytes.unwrap_or(default.ring_bytes),
            cgroups: self.cgroups.clone(),
            sampling,
            by_content,
        }
    }
}
