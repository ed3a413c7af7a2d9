//! The programs in the kernel: loaded, attached, run, asked what they missed.

use std::io::Read;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use deltascope_abi::bpf::{BpfConfig, BpfSettings};
use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::Func;
use libbpf_rs::{
    ErrorKind, Link, MapCore, MapFlags, MapHandle, Object, ObjectBuilder, OpenObject, PrintLevel, ProgramInput,
    ProgramMut,
};

use super::counters::CounterMap;
use super::{BpfError, BpfOptions};

static OBJECT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/deltascope.bpf.o"));
/// Functions of the kernel, the program on each, and whether there is no capture without it.
const HOOKS: [(&str, &str, bool); 6] = [
    ("do_wp_page", "ds_copy", true),
    ("exit_mmap", "ds_exit_mmap", true),
    ("unmap_page_range", "ds_unmap_page_range", false),
    ("__zap_vma_range", "ds_zap_vma_range", false),
    ("tcp_sendmsg_locked", "ds_send", true),
    ("mptcp_sendmsg", "ds_send_mptcp", false),
];
/// One function by its names: the second one since 7.3. There is no capture without either.
const UNMAP: [&str; 2] = ["ds_unmap_page_range", "ds_zap_vma_range"];
/// Programs that judge what was captured.
const ENDERS: [&str; 3] = ["ds_exit_mmap", UNMAP[0], UNMAP[1]];
const JUDGE: &str = "ds_judge_due";
const SETUP: &str = "ds_setup";
/// Entries that one run of the judge passes at most: `DS_JUDGE_BATCH`.
const JUDGE_BATCH: u32 = 1_024;
/// Time between two runs of the judge.
const JUDGE_INTERVAL: Duration = Duration::from_millis(10);
/// Bytes of libbpf's messages that are kept.
const LOG_BYTES: usize = 4_096;

/// What libbpf wrote since it was last asked.
static LOG: Mutex<String> = Mutex::new(String::new());

fn keep_log(_level: PrintLevel, text: String) {
    let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    log.push_str(&text);
    // The reason is at the end, after what the verifier has tried.
    let mut excess = log.len().saturating_sub(LOG_BYTES);
    while !log.is_char_boundary(excess) {
        excess += 1;
    }
    log.drain(..excess);
}

fn take_log() -> String {
    let log = std::mem::take(&mut *LOG.lock().unwrap_or_else(PoisonError::into_inner));
    if log.is_empty() { log } else { format!("\n{}", log.trim_end()) }
}

/// An error of a step, with what libbpf wrote about it.
fn system(step: &'static str) -> impl Fn(libbpf_rs::Error) -> BpfError {
    move |error| {
        let kind = match error.kind() {
            ErrorKind::PermissionDenied => std::io::ErrorKind::PermissionDenied,
            ErrorKind::NotFound => std::io::ErrorKind::NotFound,
            ErrorKind::OutOfMemory => std::io::ErrorKind::OutOfMemory,
            _ => std::io::ErrorKind::Other,
        };
        BpfError::System { step, source: std::io::Error::new(kind, error.to_string()), log: take_log() }
    }
}

fn missing(step: &'static str, name: &str) -> BpfError {
    let source = std::io::Error::new(std::io::ErrorKind::NotFound, format!("the object has no {name}"));
    BpfError::System { step, source, log: String::new() }
}

fn config(options: &BpfOptions) -> Result<BpfConfig, BpfError> {
    let mut words = [0; 6];
    let mut bytes = [0; 48];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|source| BpfError::System { step: "read a key from /dev/urandom", source, log: String::new() })?;
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    }
    let [a, b, c, d, e, f] = words;
    Ok(BpfConfig {
        fingerprint_key: [a, b, c, d],
        unit_key: [e, f],
        judge_after_ns: options.judge_after.as_nanos() as u64,
        send_limit: options.send_limit,
        exit_budget: options.exit_budget,
        pending_pages: options.pending_pages,
        filter_cgroups: options.cgroups.len() as u32,
        send_content: options.by_content.into(),
        pad: 0,
    })
}

/// The programs whose function the kernel has.
pub(super) fn present(has: impl Fn(&str) -> bool) -> Result<Vec<&'static str>, BpfError> {
    let absent = |functions: &str| {
        let expected = format!("the function {functions} in /sys/kernel/btf/vmlinux");
        BpfError::Kernel { what: "BPF hooks", expected, option: "CONFIG_DEBUG_INFO_BTF" }
    };
    let mut present = Vec::new();
    for (function, program, needed) in HOOKS {
        if has(function) {
            present.push(program);
        } else if needed {
            return Err(absent(function));
        }
    }
    if present.iter().any(|program| UNMAP.contains(program)) {
        Ok(present)
    } else {
        Err(absent("unmap_page_range or __zap_vma_range"))
    }
}

/// Leaves out the programs whose function this kernel does not have.
fn choose(object: &mut OpenObject, kernel: &Btf<'_>) -> Result<Vec<&'static str>, BpfError> {
    let attached = present(|function| kernel.type_by_name::<Func<'_>>(function).is_some())?;
    for (_, program, _) in HOOKS.iter().filter(|(_, program, _)| !attached.contains(program)) {
        object.progs_mut().filter(|found| found.name() == *program).for_each(|mut found| found.set_autoload(false));
    }
    Ok(attached)
}

/// Programs that run until this is dropped.
#[derive(Debug)]
pub(super) struct Programs {
    object: Arc<Object>,
    attached: Vec<&'static str>,
    links: Vec<(&'static str, Link)>,
    judge: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    /// The counters that the programs keep.
    pub(super) counters: CounterMap,
    /// The ring that they write.
    pub(super) ring: MapHandle,
}

impl Programs {
    /// Loads the programs and attaches them.
    pub(super) fn start(options: &BpfOptions) -> Result<Programs, BpfError> {
        libbpf_rs::set_print(Some((PrintLevel::Warn, keep_log)));
        if !std::path::Path::new("/sys/kernel/btf/vmlinux").exists() {
            let expected = "/sys/kernel/btf/vmlinux".to_owned();
            return Err(BpfError::Kernel { what: "BPF types", expected, option: "CONFIG_DEBUG_INFO_BTF" });
        }
        let kernel = Btf::from_vmlinux().map_err(system("read the kernel's types"))?;
        let mut object = ObjectBuilder::default().open_memory(OBJECT).map_err(system("open the BPF programs"))?;
        let attached = choose(&mut object, &kernel)?;
        let config = words(&config(options)?.to_words());
        for mut map in object.maps_mut() {
            let changed = match map.name().to_str() {
                Some(".rodata.config") => map.set_initial_value(&config),
                Some("ring") => map.set_max_entries(options.ring_bytes),
                _ => Ok(()),
            };
            changed.map_err(system("set up the BPF maps"))?;
        }
        let object = object.load().map_err(system("load the BPF programs"))?;
        let map =
            |name: &str| object.maps().find(|map| map.name() == name).ok_or_else(|| missing("use a BPF map", name));
        let handle = |name: &str| MapHandle::try_from(&map(name)?).map_err(system("use a BPF map"));
        let counters = CounterMap::new(handle(".bss.counters")?).map_err(|source| BpfError::System {
            step: "map the BPF counters",
            source,
            log: take_log(),
        })?;
        let ring = handle("ring")?;
        let cgroups = handle("cgroups")?;
        for (index, path) in (0u32..).zip(&options.cgroups) {
            let fail = |source| BpfError::Cgroup { path: path.clone(), source };
            let folder = std::fs::File::open(path).map_err(fail)?;
            let (index, folder) = (index.to_ne_bytes(), folder.as_raw_fd().to_ne_bytes());
            let put = cgroups.update(&index, &folder, MapFlags::ANY);
            put.map_err(|error| fail(std::io::Error::other(error.to_string())))?;
        }
        let mut programs = Programs {
            object: Arc::new(object),
            attached,
            links: Vec::new(),
            judge: None,
            stop: Arc::default(),
            counters,
            ring,
        };
        if run(&programs.program(SETUP)?, "set up the BPF programs")? != 0 {
            let source = std::io::Error::other("the addresses of its memory are hidden (kernel.kptr_restrict)");
            return Err(BpfError::System { step: "learn where the kernel's memory is", source, log: take_log() });
        }
        // Judging first: what is captured is judged from the first one on.
        programs.judge()?;
        programs.start_capture()?;
        Ok(programs)
    }

    /// Attaches what is not attached.
    pub(super) fn start_capture(&mut self) -> Result<(), BpfError> {
        for name in self.attached.clone() {
            if self.links.iter().all(|(attached, _)| *attached != name) {
                let link = self.program(name)?.attach().map_err(system("attach the BPF programs"))?;
                self.links.push((name, link));
            }
        }
        Ok(())
    }

    fn program(&self, name: &str) -> Result<ProgramMut<'_>, BpfError> {
        find(&self.object, name).ok_or_else(|| missing("use a BPF program", name))
    }

    /// Judges what is due, again and again, in a thread of its own: a sink that blocks must not make judgements late.
    fn judge(&mut self) -> Result<(), BpfError> {
        let (object, stop) = (self.object.clone(), self.stop.clone());
        self.program(JUDGE)?;
        let judge = move || {
            while !stop.load(Ordering::Relaxed) {
                let passed = find(&object, JUDGE).map(|program| run(&program, "judge"));
                if !matches!(passed, Some(Ok(JUDGE_BATCH))) {
                    std::thread::sleep(JUDGE_INTERVAL);
                }
            }
        };
        let thread = std::thread::Builder::new().name("judge".to_owned()).spawn(judge);
        let fail = |source| BpfError::System { step: "start a thread", source, log: String::new() };
        self.judge = Some(thread.map_err(fail)?);
        Ok(())
    }

    /// Detaches what captures. What ends the waiting of captured pages stays.
    pub(super) fn stop_capture(&mut self) {
        self.links.retain(|(name, _)| ENDERS.contains(name));
    }

    /// Sets k of the sampling probability p = 2^-k.
    pub(super) fn set_sampling(&self, shift: u32) -> Result<(), BpfError> {
        let settings = words(&BpfSettings { sampling_shift: shift.into() }.to_words());
        let map = self.object.maps().find(|map| map.name() == ".data.settings");
        let map = map.ok_or_else(|| missing("use a BPF map", ".data.settings"))?;
        map.update(&0u32.to_ne_bytes(), &settings, MapFlags::ANY).map_err(system("change the sampling"))
    }

    /// Calls of the observed functions at which the kernel did not run the program, because another task of that CPU
    /// was in it.
    pub(super) fn blind(&self) -> Result<u64, BpfError> {
        let mut blind = 0;
        for name in &self.attached {
            let path = format!("/proc/self/fdinfo/{}", self.program(name)?.as_fd().as_raw_fd());
            let fail = |source| BpfError::System { step: "read what BPF programs missed", source, log: String::new() };
            let text = std::fs::read_to_string(&path).map_err(fail)?;
            blind +=
                misses(&text).ok_or_else(|| fail(std::io::Error::other(format!("{path}: no recursion_misses"))))?;
        }
        Ok(blind)
    }

    /// Names of the functions that are observed.
    pub(super) fn has(&self, function: &str) -> bool {
        HOOKS.iter().any(|(hook, program, _)| *hook == function && self.attached.contains(program))
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        self.links.clear();
        self.stop.store(true, Ordering::Relaxed);
        if let Some(judge) = self.judge.take() {
            // It ends by itself; a panic in it was printed.
            let _ = judge.join();
        }
    }
}

/// The kernel's count in what it states of a program's descriptor.
pub(super) fn misses(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("recursion_misses:")).and_then(|count| count.trim().parse().ok())
}

fn find<'o>(object: &'o Object, name: &str) -> Option<ProgramMut<'o>> {
    object.progs_mut().find(|program| program.name() == name)
}

fn run(program: &ProgramMut<'_>, step: &'static str) -> Result<u32, BpfError> {
    Ok(program.test_run(ProgramInput::default()).map_err(system(step))?.return_value)
}

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}
