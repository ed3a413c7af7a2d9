//! The kernel, and whether its pages are those that the agent reads.

use super::finding::Finding;
use super::{Context, Probe};
use crate::procfs::{PAGE_SIZE, sys};

pub(super) const PROBES: &[Probe] = &[
    Probe { name: "kernel", why: "the scan reads pages of 4,096 bytes", look: kernel },
    Probe { name: "pagemap", why: "the scan finds copies in /proc/PID/pagemap", look: pagemap },
];

fn kernel(context: &Context<'_>) -> Finding {
    const RELEASE: &str = "proc/sys/kernel/osrelease";
    let release = match context.machine.text(RELEASE) {
        Ok(release) => release,
        Err(error) => return Finding::unread(RELEASE, &error),
    };
    if !context.machine.is_live() {
        return Finding::ok(format!("Linux {release}"));
    }
    let size = sys::page_size();
    if size != PAGE_SIZE as u64 {
        let action = "use a kernel with pages of 4,096 bytes; --source pcap and synth work with any";
        return Finding::failed(format!("Linux {release}, pages of {size} bytes"), action);
    }
    Finding::ok(format!("Linux {release}, {}, pages of {size} bytes", std::env::consts::ARCH))
}

fn pagemap(context: &Context<'_>) -> Finding {
    const OWN: &str = "proc/self/pagemap";
    if context.machine.is_live() {
        return match crate::scan::Probe::new(&context.machine.proc()) {
            Ok(_) => Finding::ok("it shows a page of this process"),
            Err(error) => Finding::failed(error.to_string(), "the scan needs it; --source bpf and kmod do not"),
        };
    }
    if context.machine.has(OWN) {
        return Finding::ok(format!("/{OWN} is there"));
    }
    Finding::failed(format!("no /{OWN}"), "use a kernel with CONFIG_PROC_PAGE_MONITOR, or --source bpf or kmod")
}
