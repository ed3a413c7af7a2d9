//! One scan of a family, in this process or in a copy with other privileges.

use std::ops::Range;
use std::process::{Command, ExitCode};

use deltascope_agent::report::{ScanJson, not_seen_text, scan_lines};
use deltascope_agent::scan::{FrameAccess, Origin, RegionTag, ScanConfig, ScanTarget, Scanner, TaggedRegion, Verdict};
use deltascope_testkit::memory::peak_resident;
use serde::{Deserialize, Serialize};

use super::family::{Family, program};

/// First argument of a copy that scans: number of a process (0: the machine), start and end of its region, options.
pub const LOOK: &str = "look";

/// What a scan found.
#[derive(Debug, Serialize, Deserialize)]
pub struct Found {
    /// Inherited copies in the region.
    pub copies: u64,
    /// Redundant ones among them.
    pub redundant: u64,
    /// Of these, equal to a sibling only.
    pub sibling_only: u64,
    /// Pages of the region that were born after the fork.
    pub born: u64,
    /// Of these, equal to another.
    pub born_equal: u64,
    /// Pages of the region of unknown origin.
    pub unknown: u64,
    /// What was not judged of them.
    pub unjudged: u64,
    /// Everything else that the scan reports.
    pub scan: ScanJson,
    /// Why nothing was seen, if so.
    pub not_seen: Option<String>,
    /// Largest memory of the scanning process.
    pub peak_bytes: i64,
}

impl Found {
    /// Pages in doubt for a reason.
    pub fn doubt(&self, reason: &str) -> u64 {
        self.scan.coverage.pages.unjudged[reason]
    }

    /// Members that were not read for a reason.
    pub fn unread(&self, reason: &str) -> u64 {
        self.scan.coverage.members.unread[reason]
    }

    /// Asserts that the region is counted as it is and that everything was read.
    pub fn is_exactly(&self, copies: u64, redundant: u64) {
        assert_eq!((self.copies, self.redundant), (copies, redundant), "{self:#?}");
        assert_eq!(self.scan.mode, "exact", "{self:#?}");
        assert!(self.text().contains("exact: everything was read"), "{}", self.text());
    }

    /// Asserts that nothing claims to be exact, and that the region's copies are within what is said.
    pub fn is_bracketed(&self, copies: u64) {
        assert_ne!(self.scan.mode, "exact", "{self:#?}");
        assert!(!self.text().contains("exact"), "{}", self.text());
        assert!(self.copies <= copies, "{self:#?}");
        // What is not counted of the region is in the distance between the two ends.
        let most = self.scan.copies.at_most.map(|most| most - self.scan.copies.at_least);
        assert!(most.is_none_or(|distance| self.copies + distance >= copies), "{self:#?}");
    }

    /// What the terminal shows.
    pub fn text(&self) -> String {
        scan_lines(&self.scan)
    }

    /// Whether something is named as missing.
    pub fn misses(&self, name: &str) -> bool {
        self.scan.missing.iter().any(|missing| missing.name == name)
    }
}

/// Whether this process is root.
pub fn is_root() -> bool {
    // SAFETY: geteuid takes nothing, touches nothing and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Scans the family of a process in this process.
pub fn here(pid: u32, range: Range<u64>, access: Option<FrameAccess>) -> Found {
    while_scanning(pid, range, access, &mut || ())
}

/// Scans the family of a process, and does something whenever the scan reports its progress: first behind the listing, before
/// the first member is opened, then behind each piece of memory.
pub fn while_scanning(pid: u32, range: Range<u64>, access: Option<FrameAccess>, action: &mut dyn FnMut()) -> Found {
    let target = if pid == 0 { ScanTarget::Machine } else { ScanTarget::Pids(vec![pid]) };
    let regions = vec![TaggedRegion { pid, range, tag: RegionTag(1) }];
    let config = ScanConfig { target, regions, access, ..ScanConfig::default() };
    let (mut copies, mut redundant, mut sibling_only, mut unjudged) = (0, 0, 0, 0);
    let (mut born, mut born_equal, mut unknown) = (0, 0, 0);
    let summary = Scanner::new(config)
        .scan(
            &mut |record| {
                if record.region.is_none() {
                    return;
                }
                let equal = matches!(record.verdict, Verdict::Judged { before, after } if before == after);
                match record.origin {
                    Origin::Inherited => {
                        copies += 1;
                        redundant += u64::from(equal);
                        sibling_only += u64::from(record.sibling_only);
                        unjudged += u64::from(matches!(record.verdict, Verdict::Unjudged(_)));
                    }
                    Origin::BornAfterFork => {
                        born += 1;
                        born_equal += u64::from(equal);
                    }
                    Origin::Unknown => unknown += 1,
                }
            },
            &mut |_| action(),
        )
        .expect("the scan runs");
    let peak_bytes = peak_resident(std::process::id()).expect("a process with memory") as i64;
    let scan = ScanJson::from(&summary);
    let not_seen = not_seen_text(&scan);
    Found { copies, redundant, sibling_only, born, born_equal, unknown, unjudged, scan, not_seen, peak_bytes }
}

/// Scans a family with frame numbers.
pub fn at(family: &Family) -> Found {
    here(family.root(), family.range.clone(), None)
}

/// Scans a family as an ordinary user sees it.
pub fn without_numbers(family: &Family) -> Found {
    here(family.root(), family.range.clone(), Some(FrameAccess::ExclusiveBit))
}

/// Scans a family in a copy of this program behind `prefix`, a command that runs another one.
pub fn behind(prefix: &[&str], pid: u32, range: &Range<u64>, options: &[&str]) -> Found {
    let mut command = match prefix {
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(program());
            command
        }
        [] => Command::new(program()),
    };
    command.arg(LOOK).args([pid as u64, range.start, range.end].map(|number| number.to_string()));
    let output = command.args(options).current_dir("/").output().expect("a copy scans");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{prefix:?}: {error}: {text} {output:?}"))
}

/// The copy's side of [`behind`].
pub fn run(arguments: &[String]) -> ExitCode {
    let number = |at: usize| arguments[at].parse::<u64>().expect("a number");
    for option in &arguments[3..] {
        match option.split_once('=') {
            Some(("files", limit)) => limit_files(limit.parse().expect("a number")),
            None if option == "no-kcmp" => forbid(libc::SYS_kcmp),
            None if option == "no-bpf" => forbid(libc::SYS_bpf),
            _ => panic!("no option {option}"),
        }
    }
    let found = here(number(0) as u32, number(1)..number(2), None);
    println!("{}", serde_json::to_string(&found).expect("plain data"));
    ExitCode::SUCCESS
}

fn limit_files(limit: u64) {
    let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY: a pointer to a local of the right type.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
}

/// Has the kernel refuse a system call, as the seccomp profiles of container engines do.
fn forbid(call: libc::c_long) {
    let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let mut filter = [
        // The number of the system call is the first word (`struct seccomp_data`).
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        libc::sock_filter { code: (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16, jt: 0, jf: 1, k: call as u32 },
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the program and its filter live through the call.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program), 0);
    }
}
