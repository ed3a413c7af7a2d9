//! What `--source bpf` and `kmod` need of the kernel.

use super::finding::Finding;
use super::{Context, Probe, sys};

pub(super) const PROBES: &[Probe] = &[
    Probe { name: "kprobes", why: "bpf and kmod capture through probes of kernel functions", look: kprobes },
    Probe { name: "ftrace", why: "probes at the start of a function are placed by ftrace", look: ftrace },
    Probe { name: "hook_symbols", why: "each of the three probes needs its function", look: symbols },
    Probe { name: "bpf", why: "--source bpf loads programs", look: bpf },
    Probe { name: "btf", why: "the programs find fields of kernel types by BTF", look: btf },
    Probe { name: "module", why: "--source kmod needs the capture module", look: module },
    Probe { name: "lockdown", why: "a kernel that is locked down refuses probes and unsigned modules", look: lockdown },
];

const SCAN: &str = "the scan needs none of it";

/// Whether the kernel has one of the functions; `None` where it names none at all.
fn has_symbols(context: &Context<'_>, wanted: &[&str]) -> std::io::Result<Vec<bool>> {
    let mut found = vec![false; wanted.len()];
    context.machine.lines("proc/kallsyms", |line| {
        let name = line.split_whitespace().nth(2).unwrap_or_default();
        if let Some(at) = wanted.iter().position(|&symbol| symbol == name) {
            found[at] = true;
        }
    })?;
    Ok(found)
}

fn kprobes(context: &Context<'_>) -> Finding {
    const ENABLED: &str = "sys/kernel/debug/kprobes/enabled";
    match context.machine.text(ENABLED).as_deref() {
        Ok("0") => return Finding::warning("disarmed", format!("write 1 to /{ENABLED}; {SCAN}")),
        Ok(_) => return Finding::ok("armed"),
        Err(_) => {}
    }
    // Without debugfs: whether the kernel has them.
    match has_symbols(context, &["register_kprobe"]).as_deref() {
        Ok([true]) => Finding::ok("the kernel has them"),
        Ok(_) => Finding::warning("the kernel has none", format!("use a kernel with CONFIG_KPROBES; {SCAN}")),
        Err(error) => Finding::unread("proc/kallsyms", error),
    }
}

fn ftrace(context: &Context<'_>) -> Finding {
    const ENABLED: &str = "proc/sys/kernel/ftrace_enabled";
    match context.machine.number(ENABLED) {
        Ok(0) => Finding::warning("off", format!("set kernel.ftrace_enabled to 1; {SCAN}")),
        Ok(_) => Finding::ok("on"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding::ok("the kernel has none; probes are breakpoints, which cost more")
        }
        Err(error) => Finding::unread(ENABLED, &error),
    }
}

fn symbols(context: &Context<'_>) -> Finding {
    let wanted = ["wp_page_copy", "do_wp_page", "tcp_sendmsg", "exit_mmap"];
    let found = match has_symbols(context, &wanted) {
        Ok(found) => found,
        Err(error) => return Finding::unread("proc/kallsyms", &error),
    };
    let hook = if found[0] { wanted[0] } else { wanted[1] };
    let mut missing = Vec::new();
    if !found[0] && !found[1] {
        missing.push("wp_page_copy and do_wp_page");
    }
    missing.extend(wanted.iter().zip(&found).skip(2).filter(|(_, found)| !**found).map(|(name, _)| *name));
    if missing.is_empty() {
        return Finding::ok(format!("{hook}, {}, {}", wanted[2], wanted[3]));
    }
    let missing = missing.join(", ");
    Finding::warning(format!("the kernel has no {missing}"), format!("use a kernel that was not built without; {SCAN}"))
}

fn bpf(context: &Context<'_>) -> Finding {
    let built = if cfg!(feature = "bpf") { "" } else { "; this agent was built without the programs" };
    if !context.machine.is_live() {
        return Finding::not_tried();
    }
    match sys::load_program() {
        Ok(()) => Finding::ok(format!("a program was loaded{built}")),
        Err(error) => Finding::warning(
            format!("a program was refused: {error}{built}"),
            format!("run as root or with CAP_BPF and CAP_PERFMON, on a kernel with CONFIG_BPF_SYSCALL; {SCAN}"),
        ),
    }
}

fn btf(context: &Context<'_>) -> Finding {
    const TYPES: &str = "sys/kernel/btf/vmlinux";
    if context.machine.has(TYPES) {
        return Finding::ok(format!("/{TYPES} is there"));
    }
    Finding::warning(
        format!("no /{TYPES}"),
        format!("use a kernel with CONFIG_DEBUG_INFO_BTF, or --source kmod; {SCAN}"),
    )
}

fn module(context: &Context<'_>) -> Finding {
    const MODULE: &str = "sys/module/deltascope";
    const DISABLED: &str = "proc/sys/kernel/modules_disabled";
    if context.machine.has(MODULE) {
        return match context.machine.is_live() {
            true => device(),
            false => Finding::ok("loaded"),
        };
    }
    match context.machine.number(DISABLED) {
        Ok(0) => Finding::ok("not loaded; bpf and the scan need none"),
        Ok(_) => {
            let action = "restart without kernel.modules_disabled, or use --source bpf or scan";
            Finding::warning("not loaded, and this kernel loads no module until it is restarted", action)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding::ok("the kernel loads no modules; bpf and the scan need none")
        }
        Err(error) => Finding::unread(DISABLED, &error),
    }
}

/// Opens the device of the module that is loaded. The open file is closed again, which captures nothing.
fn device() -> Finding {
    let path = crate::sources::DEVICE;
    match std::fs::File::open(path) {
        Ok(_) => Finding::ok(format!("loaded; {path} can be opened")),
        Err(error) => Finding::warning(
            format!("loaded, but {path}: {error}"),
            "run as root, or let the group of the device read it; look at `dmesg` if it is missing",
        ),
    }
}

fn lockdown(context: &Context<'_>) -> Finding {
    const LOCKDOWN: &str = "sys/kernel/security/lockdown";
    let text = match context.machine.text(LOCKDOWN) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Finding::ok("none that is shown"),
        Err(error) => return Finding::unread(LOCKDOWN, &error),
    };
    let mode = text.split_whitespace().find_map(|word| word.strip_prefix('[')?.strip_suffix(']'));
    match mode {
        Some("none") => Finding::ok("none"),
        Some("integrity") => Finding::warning(
            "integrity: modules without a known signature are refused",
            "sign deltascope.ko with a key of the machine owner (MOK), or use --source bpf or scan",
        ),
        Some("confidentiality") => Finding::warning(
            "confidentiality: probes, BPF reads of kernel memory and unsigned modules are refused",
            "use --source scan, or boot with lockdown=integrity or none",
        ),
        _ => Finding::unknown(format!("/{LOCKDOWN}: expected a mode in brackets, found {text:?}"), "report it"),
    }
}
