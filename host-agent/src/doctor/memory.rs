//! Facilities of the kernel's memory management.

use std::io::ErrorKind;

use super::finding::Finding;
use super::{Context, Probe};
use crate::procfs::sys::ProbePages;
use crate::procfs::{PAGE_SIZE, PageEntry};

pub(super) const PROBES: &[Probe] = &[
    Probe { name: "psi", why: "waste matters most where memory is under pressure", look: psi },
    Probe { name: "thp", why: "a fork copies parts of huge pages, after they are split", look: thp },
    Probe { name: "ksm", why: "KSM is what gives redundant pages back", look: ksm },
    Probe {
        name: "soft_dirty",
        why: "other tools find written pages by it; the scan does not need it",
        look: soft_dirty,
    },
    Probe { name: "pagemap_scan", why: "with it the scan passes over holes and finds huge pages", look: pagemap_scan },
    Probe { name: "kpageflags", why: "it shows which frames KSM has merged", look: kpageflags },
];

fn psi(context: &Context<'_>) -> Finding {
    const PRESSURE: &str = "proc/pressure/memory";
    let error = match context.machine.text(PRESSURE) {
        Ok(text) if text.starts_with("some ") => {
            let some = text.lines().next().unwrap_or_default();
            return Finding::ok(some.split(" total").next().unwrap_or(some));
        }
        Ok(text) => return Finding::unknown(format!("/{PRESSURE}: expected `some`, found {text:?}"), "report it"),
        Err(error) => error,
    };
    // Not supported is what the files of a kernel say that has it switched off.
    let off = error.raw_os_error() == Some(libc::EOPNOTSUPP);
    if error.kind() != ErrorKind::NotFound && !off {
        return Finding::unread(PRESSURE, &error);
    }
    let line = context.machine.text("proc/cmdline").unwrap_or_default();
    let last = line.split_whitespace().rev().find_map(|word| word.strip_prefix("psi="));
    match last {
        Some("0" | "off" | "n" | "no") => {
            Finding::warning("switched off by psi=0 on the command line of the kernel", "boot without psi=0")
        }
        _ => Finding::warning("the kernel shows none", "boot with psi=1, or use a kernel with CONFIG_PSI"),
    }
}

fn thp(context: &Context<'_>) -> Finding {
    const ENABLED: &str = "sys/kernel/mm/transparent_hugepage/enabled";
    match context.machine.text(ENABLED) {
        Ok(text) => match text.split_whitespace().find_map(|word| word.strip_prefix('[')?.strip_suffix(']')) {
            Some(mode) => Finding::ok(mode),
            None => Finding::unknown(format!("/{ENABLED}: expected a mode in brackets, found {text:?}"), "report it"),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Finding::ok("the kernel has none"),
        Err(error) => Finding::unread(ENABLED, &error),
    }
}

fn ksm(context: &Context<'_>) -> Finding {
    const FOLDER: &str = "sys/kernel/mm/ksm";
    let read = |name: &str| context.machine.text(&format!("{FOLDER}/{name}"));
    let run = match read("run") {
        Ok(run) => run,
        Err(error) if error.kind() == ErrorKind::NotFound => return Finding::ok("the kernel has none"),
        Err(error) => return Finding::unread("sys/kernel/mm/ksm/run", &error),
    };
    let sharing = read("pages_sharing").unwrap_or_default();
    let profit = read("general_profit").ok().and_then(|text| text.parse::<i64>().ok());
    match (run.as_str(), profit) {
        ("1", Some(loss @ ..0)) => Finding::warning(
            format!("on, {sharing} pages saved, at a loss of {} bytes for its own tables", loss.unsigned_abs()),
            "switch it off where nothing is merged (/sys/kernel/mm/ksm/run), or advise fewer processes (MADV_MERGEABLE)",
        ),
        ("1", Some(profit)) => Finding::ok(format!("on, {sharing} pages saved, {profit} bytes net of its own tables")),
        ("1", None) => Finding::ok(format!("on, {sharing} pages saved")),
        (run, _) => Finding::ok(format!("off (run is {run}), {sharing} pages saved")),
    }
}

/// What is shown of a page that was just written, with what `look` needs.
fn with_own_page<T>(
    context: &Context<'_>,
    look: impl FnOnce(&crate::procfs::Pagemap, u64) -> Result<T, String>,
) -> Result<T, String> {
    let pages = ProbePages::new().map_err(|error| error.to_string())?;
    let pagemap = context.machine.proc().own_pagemap().map_err(|error| error.to_string())?;
    look(&pagemap, pages.address())
}

fn soft_dirty(context: &Context<'_>) -> Finding {
    if !context.machine.is_live() {
        return Finding::not_tried();
    }
    // Bit 55; a mapping is born with it.
    let entry = with_own_page(context, |pagemap, address| {
        let mut entries = [PageEntry::default()];
        pagemap.read(address, &mut entries).map_err(|error| error.to_string())?;
        Ok(entries[0])
    });
    match entry {
        Ok(entry) if entry.0 >> 55 & 1 == 1 => Finding::ok("a written page has its bit"),
        Ok(_) => Finding::ok("the kernel has none: a written page does not have its bit"),
        Err(error) => Finding::unknown(error, "see the check pagemap"),
    }
}

fn pagemap_scan(context: &Context<'_>) -> Finding {
    if !context.machine.is_live() {
        return Finding::not_tried();
    }
    let found = with_own_page(context, |pagemap, address| {
        pagemap.populated(address..address + PAGE_SIZE as u64, 0).map_err(|error| error.to_string())
    });
    match found {
        Ok(ranges) if !ranges.is_empty() => Finding::ok("it finds a page of this process"),
        Ok(_) => Finding::warning("it does not find a page of this process", "report it with the kernel's release"),
        Err(error) => Finding::warning(
            format!("{error}: holes are read entry by entry, and without CAP_SYS_ADMIN huge pages are guessed"),
            "use Linux 6.7 or newer",
        ),
    }
}

fn kpageflags(context: &Context<'_>) -> Finding {
    const FLAGS: &str = "proc/kpageflags";
    let opened = std::fs::File::open(context.machine.path(FLAGS));
    match opened {
        Ok(_) => Finding::ok("can be opened"),
        Err(error) => Finding::warning(
            format!("{error}: frames in mergeable memory that are mapped more than once count as merged"),
            "run as root; the kernel needs CONFIG_PROC_PAGE_MONITOR",
        ),
    }
}
