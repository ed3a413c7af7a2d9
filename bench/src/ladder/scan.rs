//! The scan of a family in which every page is a copy.

use super::memory::{PAGE, beside_a_copy};
use super::step::{Step, Unit};
use crate::compare::Effort;
use anyhow::{Context, Result, ensure};
use deltascope_agent::scan::{ScanConfig, ScanTarget, Scanner};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Memory that a child copies, MiB.
const QUICK_MIB: usize = 512;
const WHOLE_MIB: usize = 4096;

/// Maps memory, writes it, forks, and writes each page in the child.
const FAMILY: &str = "\
import ctypes, ctypes.util, mmap, os, sys
size = int(sys.argv[1]) << 20
memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(15)
block = os.urandom(1 << 20)
for at in range(0, size, 1 << 20):
    memory[at:at + (1 << 20)] = block
ready, done = os.pipe()
if os.fork() == 0:
    for at in range(0, size, 4096):
        memory[at] = memory[at] ^ (at >> 12 & 1)
    os.write(done, b'1')
    sys.stdin.read()
    os._exit(0)
os.read(ready, 1)
print('ready', flush=True)
sys.stdin.read()
";

/// The family; it ends with this.
struct Family(Child);

impl Family {
    fn start(mib: usize) -> Result<Family> {
        let mut command = Command::new("python3");
        command.args(["-c", FAMILY, &mib.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut family = Family(command.spawn().context("starting python3")?);
        let mut line = String::new();
        BufReader::new(family.0.stdout.take().context("no standard output")?).read_line(&mut line)?;
        ensure!(line.trim() == "ready", "expected `ready` of the family, found {line:?}");
        Ok(family)
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        // The child ends with its standard input.
        drop(self.0.stdin.take());
        _ = self.0.wait();
    }
}

/// Bytes compared a second, beside a copy.
pub fn family(effort: Effort) -> Result<Step> {
    let mib = if effort.turns < Effort::WHOLE.turns { QUICK_MIB } else { WHOLE_MIB };
    let family = Family::start(mib)?;
    let target = ScanTarget::Pids(vec![family.0.id()]);
    let mut scanner = Scanner::new(ScanConfig { target, ..ScanConfig::default() });
    let pages = (mib << 20) / PAGE;
    let own = |_| {
        let mut copies = 0;
        let summary = scanner.scan(&mut |_| copies += 1, &mut |_| ())?;
        ensure!(copies >= pages, "expected {pages} copies or more, found {copies}");
        Ok(summary.bytes_read as f64 / summary.duration.as_secs_f64())
    };
    // A scan takes as long as it takes.
    let turns = Effort { turns: 5, ..effort };
    let pair = beside_a_copy(turns, 1, own)?;
    let what = format!("scan of a family with {mib} MiB of copies: bytes compared, one thread");
    Ok(Step::new("scan", &what, "memcpy into 64 MiB", Unit::Bytes, pair, Some(0.5)))
}
