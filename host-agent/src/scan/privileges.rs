//! What this process may do, and what it lacks for a whole result.

use crate::procfs::ProcFs;

/// A capability that a scan uses (`capabilities(7)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Shows frame numbers.
    SysAdmin,
    /// Opens the memory of other users' processes.
    SysPtrace,
    /// Passes the modes of other users' files in `/proc`.
    DacReadSearch,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::SysAdmin, Self::SysPtrace, Self::DacReadSearch];

    /// Its name in the manual.
    pub fn name(self) -> &'static str {
        match self {
            Self::SysAdmin => "CAP_SYS_ADMIN",
            Self::SysPtrace => "CAP_SYS_PTRACE",
            Self::DacReadSearch => "CAP_DAC_READ_SEARCH",
        }
    }

    /// What is missed without it.
    pub fn effect(self) -> &'static str {
        match self {
            Self::SysAdmin => "frame numbers are hidden: pages that several processes have cannot be distinguished",
            Self::SysPtrace => "memory of other users' processes cannot be read",
            Self::DacReadSearch => "files of other users' processes in /proc cannot be opened",
        }
    }

    fn number(self) -> u32 {
        match self {
            Self::SysAdmin => 21,
            Self::SysPtrace => 19,
            Self::DacReadSearch => 2,
        }
    }
}

/// What this process may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Privileges {
    /// The effective capabilities, bit by number; `None` where they cannot be read.
    effective: Option<u64>,
    /// The capabilities are those of a user namespace and count for nothing outside.
    pub user_namespace: bool,
    /// `/proc` shows a PID namespace below that of the machine.
    pub pid_namespace: bool,
    /// `/proc` is that of another PID namespace than ours; its numbers are used.
    pub foreign_proc: bool,
    /// The kernel does not compare memories for us (`kcmp`).
    pub kcmp_refused: bool,
    /// The kernel does not give the flags of mappings without a look at all their pages (`bpf`), and a large process was read.
    pub mapping_flags_refused: bool,
    /// Frame numbers are shown, and not what the kernel knows of frames (`/proc/kpageflags`, `/proc/kpagecount`).
    pub frame_flags_refused: bool,
}

impl Privileges {
    /// Reads them from the files of this process.
    pub(crate) fn probe(proc: &ProcFs, kcmp_refused: bool) -> Self {
        let status = proc.own_text("status").unwrap_or_default();
        let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
        let map = proc.own_text("uid_map").unwrap_or_default();
        let numbers: Vec<&str> = map.split_whitespace().collect();
        Self {
            effective: effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()),
            // user_namespaces(7): the first namespace maps every id to itself.
            user_namespace: !numbers.is_empty() && numbers != ["0", "0", "4294967295"],
            pid_namespace: nested(proc),
            foreign_proc: proc.own_pid().is_ok_and(|pid| pid != std::process::id()),
            kcmp_refused,
            mapping_flags_refused: false,
            frame_flags_refused: false,
        }
    }

    /// Whether this process has a capability that counts for the whole machine.
    pub fn has(&self, capability: Capability) -> bool {
        !self.user_namespace && self.effective.is_some_and(|bits| bits >> capability.number() & 1 == 1)
    }

    /// The capabilities that are missing.
    pub fn missing(&self) -> impl Iterator<Item = Capability> + '_ {
        Capability::ALL.into_iter().filter(|&capability| !self.has(capability))
    }
}

/// Whether `/proc` shows a PID namespace below the first one: that of its process 1, or as far as we may not see
/// that, our own.
fn nested(proc: &ProcFs) -> bool {
    /// `PROC_PID_INIT_INO` (`include/linux/proc_ns.h`).
    const FIRST: &str = "pid:[4026531836]";
    proc.link("1/ns/pid").or_else(|_| proc.link("self/ns/pid")).is_ok_and(|link| link != FIRST)
}
