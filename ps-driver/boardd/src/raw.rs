//! `--raw`: a bare sequence of records without a network.

use crate::signals;
use deltascope_model::Engine;
use deltascope_model::raw::{RawError, replay_raw};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Time between two looks at the signals while nothing is to be read.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Why a sequence was not replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The replay failed.
    #[error(transparent)]
    Raw(#[from] RawError),
    /// The report cannot be written.
    #[error("standard output: {0}")]
    Output(#[source] io::Error),
}

/// A file whose reader looks at the signals while it waits: a read alone would be continued behind them.
struct Stoppable(File);

impl Read for Stoppable {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            if signals::is_stopped() {
                return Err(io::Error::other("stopped by a signal"));
            }
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&LOOK)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => match self.0.read(bytes) {
                    // Another reader of the pipe was faster.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    read => return read,
                },
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Feeds the records in `path` (`-`: standard input) to the engine and prints the report as one line of JSON.
///
/// # Errors
/// The file, its content, the engine or standard output failed.
pub fn run(path: &Path, engine: &mut dyn Engine) -> Result<(), RunError> {
    let open = || match path.to_str() {
        Some("-") => io::stdin().as_fd().try_clone_to_owned().map(File::from),
        // The opening of a pipe would wait for its other end, and no signal would end that.
        _ => OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path),
    };
    let mut source = Stoppable(open().map_err(|source| RunError::Open { path: path.to_path_buf(), source })?);
    let report = replay_raw(&mut source, engine)?;
    let mut out = BufWriter::new(io::stdout().lock());
    report.write_json(&mut out).and_then(|()| writeln!(out)).and_then(|()| out.flush()).map_err(RunError::Output)
}
