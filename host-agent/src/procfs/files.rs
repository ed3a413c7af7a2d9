//! Opening and reading the files, each with a bound.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::holds::HeldFile;
use super::roots;
use super::sockets::{self, TcpSocket};
use super::{
    CgroupMount, CgroupPaths, Mapping, MappingParser, Pagemap, ParseError, ProcError, ProcessMemory, ProcessStat,
    ProcessStatus, TaskId, parse_cgroup, parse_mountinfo, parse_stat, parse_status,
};

/// Bound of the small text files, bytes.
const SMALL: u64 = 64 << 10;
/// Bound of `mountinfo`, bytes: hosts with thousands of containers have long ones.
const MOUNTS: u64 = 16 << 20;
/// Bound of `smaps`, bytes: 2^20 mappings of about 1 KiB.
const SMAPS: u64 = 1 << 30;
/// Bound of one line of `smaps`, bytes: a path of 4,096 bytes, escaped, and the fields before.
const LINE: u64 = 32 << 10;

/// A mounted proc file system.
#[derive(Debug, Clone)]
pub struct ProcFs {
    root: PathBuf,
}

impl Default for ProcFs {
    fn default() -> Self {
        Self::new(roots::proc())
    }
}

impl ProcFs {
    /// Uses the proc file system, or a tree that looks like one, at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn path(&self, task: impl Into<TaskId>, name: &str) -> PathBuf {
        let TaskId { pid, thread } = task.into();
        let mut path = self.root.join(pid.to_string());
        if let Some(thread) = thread {
            path.push("task");
            path.push(thread.to_string());
        }
        path.join(name)
    }

    /// Opens a file that belongs to no process.
    pub(crate) fn open(&self, name: &str) -> std::io::Result<File> {
        File::open(self.root.join(name))
    }

    /// Returns the number of the calling process as this file system has it, which differs from that of the
    /// system calls where the file system belongs to another PID namespace.
    ///
    /// # Errors
    /// `self` is missing: the calling process is in no namespace that this file system shows.
    pub fn own_pid(&self) -> Result<u32, ProcError> {
        let path = self.root.join("self").join("stat");
        Ok(parsed(&path, SMALL, parse_stat)?.pid)
    }

    /// Reads a symbolic link.
    pub(crate) fn link(&self, name: &str) -> std::io::Result<String> {
        let link = std::fs::read_link(self.root.join(name))?;
        Ok(link.to_string_lossy().into_owned())
    }

    /// Returns what a path leads to: a link of a namespace leads to the namespace.
    pub(crate) fn metadata(&self, name: &str) -> std::io::Result<std::fs::Metadata> {
        std::fs::metadata(self.root.join(name))
    }

    /// Returns the numbers (inodes) of the sockets that a process has open, as far as the caller may see them.
    pub(crate) fn socket_inodes(&self, pid: u32) -> Vec<u64> {
        sockets::inodes(&self.root.join(pid.to_string())).collect()
    }

    /// Reads `/proc/PID/status` of the calling process.
    ///
    /// # Errors
    /// `self` is missing: the calling process is in no namespace that this file system shows.
    pub fn own_status(&self) -> Result<ProcessStatus, ProcError> {
        parsed(&self.root.join("self").join("status"), SMALL, parse_status)
    }

    /// Reads a small file of the calling process.
    pub(crate) fn own_text(&self, name: &str) -> Result<String, ProcError> {
        let path = self.root.join("self").join(name);
        parsed(&path, SMALL, |bytes| Ok(String::from_utf8_lossy(bytes).into_owned()))
    }

    /// The TCP sockets of a process; none of one that is gone or denied.
    pub fn sockets(&self, pid: u32) -> Vec<TcpSocket> {
        sockets::sockets(&self.root.join(pid.to_string()))
    }

    /// The numbers of all processes, ascending.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub fn pids(&self) -> Result<Vec<u32>, ProcError> {
        numbers(&self.root)
    }

    /// Reads `/proc/PID/stat` and, where the first thread has ended and others have not, takes state, layout and
    /// files from one that lives. The flags stay those of the first thread: every other one has `PF_FORKNOEXEC`.
    ///
    /// # Errors
    /// The process is gone, or the text is not understood.
    pub fn process(&self, pid: u32) -> Result<ProcessStat, ProcError> {
        let mut process = self.stat(pid)?;
        if process.ended() && process.threads > 1 {
            for thread in self.threads(pid)? {
                let task = TaskId { pid, thread: Some(thread) };
                match parsed(&self.path(task, "stat"), SMALL, parse_stat) {
                    Ok(living) if !living.ended() => {
                        process.layout = living.layout;
                        process.thread = Some(thread);
                        break;
                    }
                    // One that ends meanwhile is passed over.
                    _ => {}
                }
            }
        }
        Ok(process)
    }

    /// The process of which `number` is a thread and not the first.
    pub fn thread_of(&self, number: u32) -> Option<u32> {
        let path = self.path(number, "status");
        let text = parsed(&path, SMALL, |bytes| Ok(String::from_utf8_lossy(bytes).into_owned())).ok()?;
        let process = text.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()?;
        (process != number).then_some(process)
    }

    /// The numbers of the threads of a process, ascending.
    ///
    /// # Errors
    /// The process is gone.
    pub fn threads(&self, pid: u32) -> Result<Vec<u32>, ProcError> {
        numbers(&self.path(pid, "task"))
    }

    /// Reads `/proc/PID/stat`.
    ///
    /// # Errors
    /// The process is gone, or the text is not understood.
    pub fn stat(&self, pid: u32) -> Result<ProcessStat, ProcError> {
        parsed(&self.path(pid, "stat"), SMALL, parse_stat)
    }

    /// Reads `/proc/PID/status`.
    ///
    /// # Errors
    /// The process is gone, or the text is not understood.
    pub fn status(&self, task: impl Into<TaskId>) -> Result<ProcessStatus, ProcError> {
        parsed(&self.path(task, "status"), SMALL, parse_status)
    }

    /// Reads the lines of `/proc/PID/status` that count memory. They are equal for two processes with one memory.
    ///
    /// # Errors
    /// The process is gone.
    pub(crate) fn memory_lines(&self, task: impl Into<TaskId>) -> Result<String, ProcError> {
        parsed(&self.path(task, "status"), SMALL, |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let counts = text.lines().filter(|line| line.starts_with("Vm") || line.starts_with("Rss"));
            Ok(counts.collect::<Vec<_>>().join("\n"))
        })
    }

    /// Reads the number that exec put into `AT_RANDOM` of the memory: 16 bytes that fork hands down.
    ///
    /// # Errors
    /// The process is gone, or its memory may not be read.
    pub(crate) fn exec_nonce(&self, task: impl Into<TaskId>) -> Result<[u8; 16], ProcError> {
        const AT_RANDOM: u64 = 25;
        let task = task.into();
        let auxiliary = self.path(task, "auxv");
        let words: Vec<u64> = parsed(&auxiliary, SMALL, |bytes| {
            Ok(bytes.as_chunks::<8>().0.iter().map(|word| u64::from_ne_bytes(*word)).collect())
        })?;
        let address = words.as_chunks::<2>().0.iter().find(|[key, _]| *key == AT_RANDOM);
        let Some([_, address]) = address else {
            return Err(ProcError::Vanished { path: auxiliary.display().to_string() });
        };
        let path = self.path(task, "mem");
        let mut nonce = [0; 16];
        File::open(&path)
            .and_then(|file| file.read_exact_at(&mut nonce, *address))
            .map_err(|source| ProcError::from_io(&path, source))?;
        Ok(nonce)
    }

    /// Whether exec puts a process, and those that it forks, at random addresses: as its personality (`personality(2)`) and
    /// the machine's setting say. `None` where that cannot be read.
    pub(crate) fn has_random_addresses(&self, task: impl Into<TaskId>) -> Option<bool> {
        /// `ADDR_NO_RANDOMIZE` (`include/uapi/linux/personality.h`).
        const FIXED: u64 = 0x0004_0000;
        let personality = std::fs::read_to_string(self.path(task, "personality")).ok()?;
        let personality = u64::from_str_radix(personality.trim(), 16).ok()?;
        let setting = std::fs::read_to_string(self.root.join("sys/kernel/randomize_va_space")).ok()?;
        Some(personality & FIXED == 0 && setting.trim() != "0")
    }

    /// Reads `/proc/PID/cgroup`.
    ///
    /// # Errors
    /// The process is gone, or the text is not understood.
    pub fn cgroup(&self, pid: u32) -> Result<CgroupPaths, ProcError> {
        parsed(&self.path(pid, "cgroup"), SMALL, parse_cgroup)
    }

    /// Reads the mounts of the version 2 hierarchy from `/proc/self/mountinfo`.
    ///
    /// # Errors
    /// The file cannot be read or is not understood.
    pub fn cgroup_mounts(&self) -> Result<Vec<CgroupMount>, ProcError> {
        let path = self.root.join("self").join("mountinfo");
        parsed(&path, MOUNTS, parse_mountinfo)
    }

    /// Returns where the whole version 2 hierarchy is mounted; only there are the paths that `/proc/PID/cgroup` shows.
    pub fn version_2_groups(&self) -> Option<PathBuf> {
        if let Some(groups) = roots::groups().filter(|_| self.root == roots::proc()) {
            return Some(groups);
        }
        let mounts = self.cgroup_mounts().unwrap_or_default();
        mounts.into_iter().find(|mount| mount.root == "/").map(|mount| PathBuf::from(mount.point))
    }

    /// Returns where the whole version 2 hierarchy is for a process in a control group namespace of its own: a mount of this
    /// process that begins above the root of the namespace, or that of process 1, reached through its file system.
    pub fn groups_above(&self) -> Option<PathBuf> {
        if let Some(groups) = roots::groups().filter(|_| self.root == roots::proc()) {
            return Some(groups);
        }
        let above =
            |mount: &CgroupMount| mount.root.starts_with('/') && mount.root[1..].split('/').all(|part| part == "..");
        let own = self.cgroup_mounts().unwrap_or_default();
        // The one that begins highest has all.
        if let Some(mount) = own.into_iter().filter(above).max_by_key(|mount| mount.root.len()) {
            return Some(PathBuf::from(mount.point));
        }
        let mounts = parsed(&self.path(1, "mountinfo"), MOUNTS, parse_mountinfo).ok()?;
        let point = mounts.into_iter().next()?.point;
        let folder = self.path(1, "root").join(point.trim_start_matches('/'));
        folder.is_dir().then_some(folder)
    }

    /// Reads `/proc/PID/smaps`, line by line: it is long where there are many mappings.
    ///
    /// # Errors
    /// The process is gone, the caller may not look at it, the text is not understood or is
    /// longer than its bound.
    pub fn mappings(&self, task: impl Into<TaskId>) -> Result<Vec<Mapping>, ProcError> {
        self.mapping_lines(&self.path(task, "smaps")).map(MappingParser::finish)
    }

    /// Reads `/proc/PID/maps`: the mappings without their counts.
    ///
    /// # Errors
    /// As [`ProcFs::mappings`].
    pub fn bare_mappings(&self, task: impl Into<TaskId>) -> Result<Vec<Mapping>, ProcError> {
        self.mapping_lines(&self.path(task, "maps")).map(MappingParser::finish)
    }

    /// Reads `/proc/PID/maps` without joining what belongs together.
    ///
    /// # Errors
    /// As [`ProcFs::mappings`].
    pub(crate) fn mapping_pieces(&self, task: impl Into<TaskId>) -> Result<Vec<Mapping>, ProcError> {
        self.mapping_lines(&self.path(task, "maps")).map(MappingParser::pieces)
    }

    /// The name of the first thread of a process, as far as it can be read; bytes that are not UTF-8 are kept apart.
    pub(crate) fn command(&self, pid: u32) -> String {
        let name = std::fs::read(self.path(pid, "comm")).unwrap_or_default();
        super::lossless::text(name.strip_suffix(b"\n").unwrap_or(&name))
    }

    /// Pages of a process that the kernel has merged with equal ones (KSM); `None` where it does not count them.
    pub(crate) fn merged_pages(&self, task: impl Into<TaskId>) -> Option<u64> {
        let text = std::fs::read_to_string(self.path(task, "ksm_merging_pages")).ok()?;
        text.trim().parse().ok()
    }

    fn mapping_lines(&self, path: &Path) -> Result<MappingParser, ProcError> {
        let io = |source| ProcError::from_io(path, source);
        let mut reader = BufReader::with_capacity(64 << 10, HeldFile(File::open(path).map_err(io)?));
        let mut parser = MappingParser::new();
        let (mut line, mut offset) = (Vec::new(), 0u64);
        loop {
            line.clear();
            let length = reader.by_ref().take(LINE).read_until(b'\n', &mut line).map_err(io)? as u64;
            if length == 0 {
                return Ok(parser);
            }
            let whole = line.strip_suffix(b"\n");
            if length == LINE && whole.is_none() {
                return Err(too_large(path, LINE));
            }
            parser.line(whole.unwrap_or(&line), offset).map_err(|source| ProcError::from_parse(path, source))?;
            offset += length;
            if offset > SMAPS {
                return Err(too_large(path, SMAPS));
            }
        }
    }

    /// Opens `/proc/PID/pagemap`.
    ///
    /// # Errors
    /// The process is gone or the caller may not look at it.
    pub fn pagemap(&self, task: impl Into<TaskId>) -> Result<Pagemap, ProcError> {
        Pagemap::open(self.path(task, "pagemap"))
    }

    /// Opens the pagemap of the calling process. Its number is not used: it may be that of another process where
    /// this file system belongs to another PID namespace.
    ///
    /// # Errors
    /// There is no such file, or it is denied.
    pub fn own_pagemap(&self) -> Result<Pagemap, std::io::Error> {
        let path = self.root.join("self").join("pagemap");
        File::open(&path).map(|file| Pagemap::new(file, path))
    }

    /// Prepares to read the memory of a process; nothing is opened yet.
    pub fn memory(&self, task: impl Into<TaskId>) -> ProcessMemory {
        ProcessMemory::new(self.path(task, "mem"))
    }
}

/// The names in a directory that are numbers, ascending.
fn numbers(directory: &Path) -> Result<Vec<u32>, ProcError> {
    let io = |source| ProcError::from_io(directory, source);
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        if let Some(number) = name.to_str().and_then(|name| name.parse().ok()) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn too_large(path: &Path, limit: u64) -> ProcError {
    ProcError::TooLarge { path: path.display().to_string(), limit }
}

fn parsed<T>(path: &Path, limit: u64, parse: impl FnOnce(&[u8]) -> Result<T, ParseError>) -> Result<T, ProcError> {
    let io = |source| ProcError::from_io(path, source);
    let mut bytes = Vec::new();
    // One byte more than the bound distinguishes a full file from a longer one.
    let length = File::open(path).map_err(io)?.take(limit + 1).read_to_end(&mut bytes).map_err(io)?;
    if length as u64 > limit {
        return Err(too_large(path, limit));
    }
    parse(&bytes).map_err(|source| ProcError::from_parse(path, source))
}
