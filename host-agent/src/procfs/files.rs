//! Opening and reading the files, each with a bound.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::{
    CgroupMount, CgroupPaths, Mapping, MappingParser, Pagemap, ParseError, ProcError, ProcessMemory, ProcessStat,
    ProcessStatus, parse_cgroup, parse_mountinfo, parse_stat, parse_status,
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
        Self::new("/proc")
    }
}

impl ProcFs {
    /// Uses the proc file system, or a tree that looks like one, at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn path(&self, pid: u32, name: &str) -> PathBuf {
        self.root.join(pid.to_string()).join(name)
    }

    /// The numbers of all processes, ascending.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub fn pids(&self) -> Result<Vec<u32>, ProcError> {
        let io = |source| ProcError::from_io(&self.root, source);
        let mut pids = Vec::new();
        for entry in std::fs::read_dir(&self.root).map_err(io)? {
            let name = entry.map_err(io)?.file_name();
            if let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) {
                pids.push(pid);
            }
        }
        pids.sort_unstable();
        Ok(pids)
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
    pub fn status(&self, pid: u32) -> Result<ProcessStatus, ProcError> {
        parsed(&self.path(pid, "status"), SMALL, parse_status)
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

    /// Reads `/proc/PID/smaps`, line by line: it is long where there are many mappings.
    ///
    /// # Errors
    /// The process is gone, the caller may not look at it, the text is not understood or is
    /// longer than its bound.
    pub fn mappings(&self, pid: u32) -> Result<Vec<Mapping>, ProcError> {
        let path = self.path(pid, "smaps");
        let io = |source| ProcError::from_io(&path, source);
        let mut reader = BufReader::with_capacity(64 << 10, File::open(&path).map_err(io)?);
        let mut parser = MappingParser::new();
        let (mut line, mut offset) = (Vec::new(), 0u64);
        loop {
            line.clear();
            let length = reader.by_ref().take(LINE).read_until(b'\n', &mut line).map_err(io)? as u64;
            if length == 0 {
                return Ok(parser.finish());
            }
            let whole = line.strip_suffix(b"\n");
            if length == LINE && whole.is_none() {
                return Err(too_large(&path, LINE));
            }
            parser.line(whole.unwrap_or(&line), offset).map_err(|source| ProcError::from_parse(&path, source))?;
            offset += length;
            if offset > SMAPS {
                return Err(too_large(&path, SMAPS));
            }
        }
    }

    /// Opens `/proc/PID/pagemap`.
    ///
    /// # Errors
    /// The process is gone or the caller may not look at it.
    pub fn pagemap(&self, pid: u32) -> Result<Pagemap, ProcError> {
        Pagemap::open(self.path(pid, "pagemap"))
    }

    /// Prepares to read the memory of a process; nothing is opened yet.
    pub fn memory(&self, pid: u32) -> ProcessMemory {
        ProcessMemory::new(self.path(pid, "mem"))
    }
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
