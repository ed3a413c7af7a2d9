//! What the checks read: `/proc` and `/sys` of this machine, or a tree of files that looks like them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::procfs::{self, ProcFs};
use crate::runtimes::Places;

/// Bound of a file that is read whole, bytes: `/proc/interrupts` of a large machine is a few MiB.
const WHOLE: u64 = 16 << 20;
/// Bound of a file that is read line by line, bytes.
const LINES: u64 = 64 << 20;
/// Time between the two looks at counters.
const BETWEEN: Duration = Duration::from_secs(1);

/// The machine that is examined.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
    live: bool,
}

impl Machine {
    /// The machine that this process runs on: things are tried too.
    pub fn this() -> Machine {
        Machine { root: PathBuf::from("/"), live: true }
    }

    /// A tree with `proc` and `sys`: files are read, and nothing is tried.
    pub fn tree(root: impl Into<PathBuf>) -> Machine {
        Machine { root: root.into(), live: false }
    }

    /// Whether things can be tried.
    pub fn is_live(&self) -> bool {
        self.live
    }

    pub(super) fn proc(&self) -> ProcFs {
        ProcFs::new(self.root.join("proc"))
    }

    /// Where its container runtimes are.
    pub(super) fn places(&self) -> Places {
        match self.live {
            true => Places::of(None, procfs::proc_root(), &[]),
            false => Places::of(Some(&self.root), &self.root.join("proc"), &[]),
        }
    }

    /// The path of a file that is named without the first `/`.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// Reads a text, without the blanks around it. Bytes that are not UTF-8 are replaced.
    pub(super) fn text(&self, path: &str) -> io::Result<String> {
        read(&self.path(path))
    }

    /// Reads a number in decimal.
    pub(super) fn number(&self, path: &str) -> io::Result<u64> {
        let text = self.text(path)?;
        text.parse().map_err(|_| {
            let found: String = text.chars().take(24).collect();
            io::Error::new(io::ErrorKind::InvalidData, format!("expected a number, found {found:?}"))
        })
    }

    /// What a symbolic link names.
    pub(super) fn link(&self, path: &str) -> io::Result<String> {
        Ok(std::fs::read_link(self.path(path))?.to_string_lossy().into_owned())
    }

    /// The names in a folder, sorted; none where it cannot be read.
    pub(super) fn names(&self, path: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(path)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Gives each line of a long text to `take`.
    pub(super) fn lines(&self, path: &str, mut take: impl FnMut(&str)) -> io::Result<()> {
        let mut reader = BufReader::new(File::open(self.path(path))?.take(LINES));
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            take(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(WHOLE).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// Files of counters, and when they were read.
pub(super) struct Sample {
    taken: Instant,
    pub stat: String,
    pub softnet: String,
}

impl Sample {
    pub fn take(machine: &Machine) -> Sample {
        let text = |path| machine.text(path).unwrap_or_default();
        Sample { taken: Instant::now(), stat: text("proc/stat"), softnet: text("proc/net/softnet_stat") }
    }

    /// Waits until enough time has passed for a second look.
    pub fn wait(&self) {
        std::thread::sleep(BETWEEN.saturating_sub(self.taken.elapsed()));
    }
}
