//! The scan of a family in which every page is a copy.

use super::memory::{PAGE, beside_a_copy};
use super::step::{Step, Unit};
use crate::compare::{Effort, in_turn};
use anyhow::{Context, Result, ensure};
use deltascope_agent::scan::{ScanConfig, ScanTarget, Scanner};
use serde::{Deserialize, Serialize};
use std::fs::read_to_string;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Memory that a child copies, MiB.
const QUICK_MIB: usize = 512;
const WHOLE_MIB: usize = 4096;

/// Maps memory, writes it, forks, and writes each page in the child. Then, after each line, it maps and unmaps a page over
/// and over until the next line, and prints the longest time that this took, in microseconds.
const FAMILY: &str = "\
import mmap, os, select, sys, time
size = int(sys.argv[1]) << 20
memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(15)
block = os.urandom(1 << 20)
for at in range(0, size, 1 << 20):
    memory[at:at + (1 << 20)] = block
ready, done = os.pipe()
parent = os.getpid()
if os.fork() == 0:
    for at in range(0, size, 4096):
        memory[at] = memory[at] ^ (at >> 12 & 1)
    os.write(done, b'1')
    while os.getppid() == parent:
        time.sleep(0.1)
    os._exit(0)
os.read(ready, 1)
print('ready', flush=True)
while os.read(0, 1):
    longest = 0
    while not select.select([0], [], [], 0)[0]:
        begun = time.perf_counter_ns()
        mmap.mmap(-1, 4096).close()
        longest = max(longest, time.perf_counter_ns() - begun)
    os.read(0, 1)
    print(longest // 1000, flush=True)
";

/// A root and a child that has copied all memory; both end with this.
#[derive(Debug)]
pub struct Family {
    root: Child,
    lines: BufReader<ChildStdout>,
}

impl Family {
    /// Starts a family with so many MiB of copies.
    ///
    /// # Errors
    /// There is no Python, or too little memory.
    pub fn start(mib: usize) -> Result<Family> {
        let mut command = Command::new("python3");
        command.args(["-c", FAMILY, &mib.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut root = command.spawn().context("starting python3")?;
        let lines = BufReader::new(root.stdout.take().context("no standard output")?);
        let mut family = Family { root, lines };
        let line = family.line()?;
        ensure!(line == "ready", "expected `ready` of the family, found {line:?}");
        Ok(family)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.lines.read_line(&mut line).context("reading a line of the family")?;
        Ok(line.trim().to_owned())
    }

    fn tell(&mut self) -> Result<()> {
        self.root.stdin.as_mut().context("no standard input")?.write_all(b"n").context("writing to the family")
    }

    /// Longest time, in microseconds, that mapping and unmapping a page took the root while `work` ran.
    fn longest_mapping(&mut self, work: impl FnOnce() -> Result<()>) -> Result<u64> {
        self.tell()?;
        work()?;
        self.tell()?;
        let line = self.line()?;
        line.parse().with_context(|| format!("expected microseconds of the family, found {line:?}"))
    }

    /// A scanner of the family.
    pub fn scanner(&self) -> Scanner {
        let target = ScanTarget::Pids(vec![self.root.id()]);
        Scanner::new(ScanConfig { target, ..ScanConfig::default() })
    }

    /// Its processes.
    fn processes(&self) -> Result<Vec<u32>> {
        let root = self.root.id();
        let children =
            read_to_string(format!("/proc/{root}/task/{root}/children")).context("children of the family")?;
        let children = children.split_whitespace().map(|word| word.parse().context("a process id"));
        [Ok(root)].into_iter().chain(children).collect()
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        // The root ends with its standard input, and the child with the root.
        drop(self.root.stdin.take());
        _ = self.root.wait();
    }
}

/// Scans once; returns the bytes compared and the time that it took.
///
/// # Errors
/// The scan fails or finds fewer copies than there are.
pub fn scan(scanner: &mut Scanner, mib: usize) -> Result<(u64, Duration)> {
    let (pages, mut copies) = ((mib << 20) / PAGE, 0);
    let summary = scanner.scan(&mut |_| copies += 1, &mut |_| ())?;
    ensure!(copies >= pages, "expected {pages} copies or more, found {copies}");
    Ok((summary.bytes_read, summary.duration))
}

fn mib(effort: Effort) -> usize {
    if effort.is_whole() { WHOLE_MIB } else { QUICK_MIB }
}

/// Bytes compared a second, beside a copy.
pub fn family(effort: Effort) -> Result<Step> {
    let mib = mib(effort);
    let family = Family::start(mib)?;
    let mut scanner = family.scanner();
    let own = |_| scan(&mut scanner, mib).map(|(bytes, taken)| bytes as f64 / taken.as_secs_f64());
    // A scan takes as long as it takes.
    let pair = beside_a_copy(Effort { turns: 5, ..effort }, 1, own)?;
    let what = format!("scan of a family with {mib} MiB of copies: bytes compared, one thread");
    Ok(Step::new("scan", &what, "memcpy into 64 MiB", Unit::Bytes, pair, Some(0.5)))
}

/// Memory of the family looked at a second, beside what `smem` reads: `smaps`, which has no word on what is redundant.
pub fn against_smaps(effort: Effort) -> Result<Step> {
    let family = Family::start(QUICK_MIB)?;
    let mut scanner = family.scanner();
    let mapped = (QUICK_MIB << 20) as f64 * 2.0;
    let own = |_| scan(&mut scanner, QUICK_MIB).map(|(_, taken)| mapped / taken.as_secs_f64());
    let processes = family.processes()?;
    let smaps = |_| {
        let begun = Instant::now();
        let private = processes.iter().map(|process| private_dirty(*process)).sum::<Result<u64>>()?;
        let taken = begun.elapsed();
        let expected = (QUICK_MIB as u64) << 10;
        ensure!(private >= expected, "expected {expected} KiB of private pages in smaps, found {private}");
        Ok(mapped / taken.as_secs_f64())
    };
    let pair = in_turn(Effort { turns: 5, ..effort }, own, smaps)?;
    let what = format!("scan of a family with {QUICK_MIB} MiB of copies: memory looked at");
    Ok(Step::new("scan_and_smaps", &what, "`smaps` as `smem` reads it, contents not read", Unit::Bytes, pair, None))
}

/// KiB of a process's pages that it shares with none.
fn private_dirty(process: u32) -> Result<u64> {
    let text = read_to_string(format!("/proc/{process}/smaps")).context("reading smaps")?;
    let sizes = text.lines().filter_map(|line| line.strip_prefix("Private_Dirty:"));
    sizes.map(|size| size.trim().trim_end_matches(" kB").parse::<u64>().context("a size in smaps")).sum()
}

/// What a process of the family notices of a scan, *measured*.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Stall {
    /// Memory of the family, MiB.
    pub mib: usize,
    /// Longest time to map and unmap a page while the family is scanned, microseconds.
    pub longest_scanned_us: u64,
    /// The same over as long a time without a scan: what the machine does to it.
    pub longest_idle_us: u64,
}

/// Measures what a scan does to its target: the least of three scans, since a busy machine makes a process wait too.
pub fn stall(effort: Effort) -> Result<Stall> {
    let mib = mib(effort);
    let mut family = Family::start(mib)?;
    let mut scanner = family.scanner();
    let mut least = Stall { mib, longest_scanned_us: u64::MAX, longest_idle_us: u64::MAX };
    for _ in 0..3 {
        let mut taken = Duration::ZERO;
        let scanned = family.longest_mapping(|| scan(&mut scanner, mib).map(|(_, time)| taken = time))?;
        let idle = family.longest_mapping(|| {
            std::thread::sleep(taken);
            Ok(())
        })?;
        least.longest_scanned_us = least.longest_scanned_us.min(scanned);
        least.longest_idle_us = least.longest_idle_us.min(idle);
    }
    Ok(least)
}
