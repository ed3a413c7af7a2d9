//! The instructions that the source `bpf` adds to a fault and to a send.

use anyhow::{Context, Result};
use std::time::Duration;

use super::guest::Guest;
use super::packages::{self, Kernel};
use super::{file_system, programs};
use crate::cargo::root;

const LIMIT: Duration = Duration::from_secs(900);

/// Runs the cost cases under the programs, and returns what the guest wrote: as it is by default, and with sends hashed
/// as far as the module does.
pub fn console(kernel: Kernel) -> Result<String> {
    let unpacked = packages::unpack(kernel)?;
    let folder = packages::cache().join(format!("cost-bpf-{}", kernel.name()));
    std::fs::create_dir_all(&folder)?;
    let workload = folder.join("workload");
    programs::workload(&workload)?;
    let files = [("bin/deltascope".to_owned(), programs::agent(&["bpf"])?), ("bin/workload".to_owned(), workload)];
    let initrd = folder.join("initrd");
    std::fs::write(&initrd, file_system(&unpacked, &files, &root().join("kmod/test/init-bpf-cost.sh"))?)?;
    let console = folder.join("console.log");
    let guest = Guest {
        image: &unpacked.image,
        initrd: &initrd,
        console: &console,
        environment: &[],
        counted: true,
        limit: LIMIT,
    };
    guest.run().with_context(|| format!("console {}", console.display()))
}
