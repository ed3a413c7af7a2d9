//! The agent's side of the workload: starting, asking, stopping.

use std::io::{self, Read};
use std::ops::Range;
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::{Announcement, CHILD_MARKER, Pattern, Reference, os, parse_announcement};
use crate::procfs::ParseError;
use crate::scan::{RegionTag, TaggedRegion};

/// How long a family may take to announcement, and to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a announcement at most.
const REPORT_BYTES: usize = 1024;

/// Why the workload could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkloadError {
    /// The agent's own binary could not be run again.
    #[error("the workload could not be started from /proc/self/exe: {0}")]
    Start(#[source] io::Error),
    /// The pipe from the workload broke.
    #[error("the workload could not be heard: {0}")]
    Pipe(#[source] io::Error),
    /// The family ended before it reported: its own message is on standard error.
    #[error("the workload ended before it reported its region ({status})")]
    Ended {
        /// How it ended.
        status: ExitStatus,
    },
    /// Nothing was heard for too long.
    #[error("the workload has not reported within {} seconds", PATIENCE.as_secs())]
    TimedOut,
    /// The announcement is not understood.
    #[error("{0}")]
    Announcement(#[from] ParseError),
    /// The family did not end well.
    #[error("the workload ended with {status}: expected success")]
    Failed {
        /// How it ended.
        status: ExitStatus,
    },
}

/// One family of the workload; it ends when this is dropped.
#[derive(Debug)]
pub struct DemoFamily {
    child: Child,
    stop: Option<ChildStdin>,
    announcement: Announcement,
}

impl DemoFamily {
    /// Starts a family and waits until it has done its work. The calling thread must live as
    /// long as the family: the kernel kills a family when the thread that started it ends.
    ///
    /// # Errors
    /// The family could not be started or did not announcement.
    pub fn start(pattern: Pattern) -> Result<Self, WorkloadError> {
        let mut child = Command::new("/proc/self/exe")
            .arg(CHILD_MARKER)
            .arg(pattern.name())
            .arg(std::process::id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(WorkloadError::Start)?;
        let stop = child.stdin.take();
        let announcement = match listen(&mut child) {
            Ok(announcement) => announcement,
            Err(error) => {
                drop(stop);
                end(&mut child, Duration::ZERO);
                return Err(error);
            }
        };
        Ok(Self { child, stop, announcement })
    }

    /// Who wrote.
    pub fn pattern(&self) -> Pattern {
        self.announcement.pattern
    }

    /// What a scan must find in the region.
    pub fn reference(&self) -> Reference {
        self.announcement.pattern.reference()
    }

    /// Addresses of the region, the same in every member.
    pub fn range(&self) -> Range<u64> {
        self.announcement.range.clone()
    }

    /// The root.
    pub fn root(&self) -> u32 {
        self.announcement.root
    }

    /// The workers.
    pub fn workers(&self) -> &[u32] {
        &self.announcement.workers
    }

    /// The region under a tag, as [`crate::scan::ScanConfig::regions`] takes it.
    pub fn tagged(&self, tag: RegionTag) -> TaggedRegion {
        TaggedRegion { pid: self.root(), range: self.range(), tag }
    }

    /// Asks the family to end and waits for it.
    ///
    /// # Errors
    /// It did not end, or not well; it is gone all the same.
    pub fn stop(mut self) -> Result<(), WorkloadError> {
        drop(self.stop.take());
        match end(&mut self.child, PATIENCE) {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(WorkloadError::Failed { status }),
            None => Err(WorkloadError::TimedOut),
        }
    }
}

impl Drop for DemoFamily {
    fn drop(&mut self) {
        drop(self.stop.take());
        end(&mut self.child, PATIENCE);
    }
}

/// The two families of the demonstration, side by side.
#[derive(Debug)]
pub struct Workload {
    families: Vec<DemoFamily>,
}

impl Workload {
    /// Starts phase 1, one worker writes, and phase 2, the parent of idle workers writes.
    ///
    /// # Errors
    /// As [`DemoFamily::start`].
    pub fn start() -> Result<Self, WorkloadError> {
        let patterns = [Pattern::WorkerWrites, Pattern::ParentWrites];
        let families: Result<_, _> = patterns.into_iter().map(DemoFamily::start).collect();
        Ok(Self { families: families? })
    }

    /// The families, in the order of the phases.
    pub fn families(&self) -> &[DemoFamily] {
        &self.families
    }

    /// Asks all families to end and waits for them.
    ///
    /// # Errors
    /// One did not end, or not well; they are gone all the same.
    pub fn stop(self) -> Result<(), WorkloadError> {
        self.families.into_iter().try_for_each(DemoFamily::stop)
    }
}

/// Waits for the announcement of a family.
fn listen(child: &mut Child) -> Result<Announcement, WorkloadError> {
    let Some(mut pipe) = child.stdout.take() else {
        return Err(WorkloadError::Pipe(io::ErrorKind::BrokenPipe.into()));
    };
    let deadline = Instant::now() + PATIENCE;
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') && line.len() < REPORT_BYTES {
        let left = deadline.saturating_duration_since(Instant::now());
        match os::wait_readable(pipe.as_fd(), left) {
            Ok(true) => {}
            Ok(false) => return Err(WorkloadError::TimedOut),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(WorkloadError::Pipe(error)),
        }
        let mut bytes = [0u8; 256];
        match pipe.read(&mut bytes).map_err(WorkloadError::Pipe)? {
            0 => {
                return Err(match end(child, PATIENCE) {
                    Some(status) => WorkloadError::Ended { status },
                    None => WorkloadError::TimedOut,
                });
            }
            count => line.extend_from_slice(&bytes[..count]),
        }
    }
    Ok(parse_announcement(&line)?)
}

/// Waits for a child to end, then kills it: how it ended by itself, if it did. Either way it is
/// reaped.
fn end(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(2));
            }
            _ => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}
