//! A time limit for each process that is read.
//!
//! The kernel lets a reader of a process's memory wait for the lock of that memory, and the holder of the lock may wait
//! for a file system that never answers. Such a wait ends with the program only. So what may wait is done by a thread
//! of its own, which is left behind when it stays blocked.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use crate::procfs::{ProcessStat, holds};
use crate::stop::Stop;

/// Time between two looks at a thread that has not answered.
const LOOK: Duration = Duration::from_millis(50);
/// Looks in a row that find the thread blocked before a process is given up: 2 s.
const LOOKS: u32 = 40;
/// The same once a scan has waited for [`PATIENCE`] looks in all: 200 ms. Where one server does not answer, all of its
/// users hang.
const FEW_LOOKS: u32 = 4;
const PATIENCE: u32 = 5 * LOOKS;

/// A process by its number and the time of its start.
type Process = (u32, u64);
type Job = Box<dyn FnOnce() + Send>;

/// Runs what may wait for a process without end, and gives up in time.
#[derive(Debug, Default)]
pub(crate) struct TimeLimit {
    thread: Option<Reader>,
    /// Processes that a thread was left behind for, and whether it has come back.
    hung: HashMap<Process, Arc<AtomicBool>>,
    /// Looks since the begin of the scan that found a thread blocked.
    waited: u32,
    /// Once it is asked for, patience is short.
    stop: Stop,
}

#[derive(Debug)]
struct Reader {
    jobs: SyncSender<Job>,
    /// The thread's file with its state.
    stat: PathBuf,
    /// Calls of the thread that have ended.
    calls: Arc<AtomicU64>,
}

impl TimeLimit {
    /// Gives processes up sooner once `stop` is asked for.
    pub(crate) fn stop_with(&mut self, stop: Stop) {
        self.stop = stop;
    }

    /// Begins a scan: forgets processes that answer again.
    pub(crate) fn begin(&mut self) {
        self.waited = 0;
        self.hung.retain(|_, returned| !returned.load(Ordering::Acquire));
    }

    /// Processes that do not answer, by number.
    pub(crate) fn hung(&self) -> Vec<u32> {
        let hung = self.hung.iter().filter(|(_, returned)| !returned.load(Ordering::Acquire));
        let mut pids: Vec<u32> = hung.map(|((pid, _), _)| *pid).collect();
        pids.sort_unstable();
        pids
    }

    /// Does something that reads a process and returns the result, or `None` for a process that does not answer.
    /// While a thread waits for a process, that process is not asked again.
    pub(crate) fn call<T: Send + 'static>(
        &mut self,
        process: &ProcessStat,
        action: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let process = (process.pid, process.start_time);
        if self.hung.contains_key(&process) {
            return None;
        }
        let returned = Arc::new(AtomicBool::new(false));
        let (answer, answers) = sync_channel(1);
        let done = returned.clone();
        let mut job: Job = Box::new(move || {
            let result = action();
            done.store(true, Ordering::Release);
            // No thread waits for the answer of a process that was given up.
            let _ = answer.send(result);
        });
        let reader = match &self.thread {
            Some(reader) => reader,
            None => match Reader::start() {
                Some(reader) => &*self.thread.insert(reader),
                // Where no thread can be had, the work is done without a limit.
                None => {
                    job();
                    return answers.recv().ok();
                }
            },
        };
        if let Err(refused) = reader.jobs.send(job) {
            // The thread has ended, which it does only after a panic of a job.
            self.thread = None;
            job = refused.0;
            job();
            return answers.recv().ok();
        }
        let (mut blocked, mut calls) = (0, reader.calls.load(Ordering::Relaxed));
        loop {
            match answers.recv_timeout(LOOK) {
                Ok(result) => return Some(result),
                Err(RecvTimeoutError::Disconnected) => {
                    self.thread = None;
                    return None;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            // A thread that runs, or that would if it got a processor, is at work: large processes take long.
            let before = std::mem::replace(&mut calls, reader.calls.load(Ordering::Relaxed));
            blocked = if calls == before && is_blocked(&reader.stat) { blocked + 1 } else { 0 };
            self.waited += u32::from(blocked > 0);
            let hurry = self.waited > PATIENCE || self.stop.is_asked();
            let patience = if hurry { FEW_LOOKS } else { LOOKS };
            if blocked >= patience {
                self.hung.insert(process, returned);
                self.thread = None;
                return None;
            }
        }
    }
}

impl Reader {
    fn start() -> Option<Reader> {
        let (jobs, queue) = sync_channel::<Job>(1);
        let (send_stat, stat) = sync_channel(1);
        let calls = Arc::new(AtomicU64::new(0));
        let counted = calls.clone();
        let work = move || {
            holds::count_calls(counted);
            let path = std::fs::read_link("/proc/thread-self").map(|task| Path::new("/proc").join(task).join("stat"));
            if send_stat.send(path.unwrap_or_default()).is_ok() {
                queue.into_iter().for_each(|job| job());
            }
        };
        std::thread::Builder::new().name("reader".to_owned()).spawn(work).ok()?;
        Some(Reader { jobs, stat: stat.recv().ok()?, calls })
    }
}

/// Whether a thread waits in the kernel.
fn is_blocked(stat: &Path) -> bool {
    let state = std::fs::read(stat).ok().and_then(|text| crate::procfs::parse_stat(&text).ok()).map(|stat| stat.state);
    state.is_none_or(|state| matches!(state, b'S' | b'D'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procfs::ProcFs;
    use std::sync::mpsc::channel;
    use std::time::Instant;

    fn own() -> ProcessStat {
        ProcFs::default().stat(std::process::id()).unwrap()
    }

    #[test]
    fn process_that_does_not_answer_is_asked_again_once_it_does() {
        let (mut limit, own) = (TimeLimit::default(), own());
        let (release, wait) = channel::<()>();
        assert_eq!(limit.call(&own, || 1), Some(1));
        assert_eq!(limit.call(&own, move || wait.recv().is_ok()), None, "given up");
        let begun = Instant::now();
        assert_eq!(limit.call(&own, || 2), None, "not asked while its thread waits");
        assert!(begun.elapsed() < LOOK * LOOKS);
        let other = ProcessStat { pid: own.pid + 1, ..own };
        assert_eq!(limit.call(&other, || 3), Some(3), "others are");
        limit.begin();
        assert_eq!(limit.call(&own, || 4), None);
        release.send(()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while limit.call(&own, || 5).is_none() {
            assert!(Instant::now() < deadline);
            limit.begin();
            std::thread::yield_now();
        }
    }

    /// A thread that reads a process sleeps most of the time, so that the process gets its lock.
    #[test]
    fn process_that_is_read_with_gaps_is_not_given_up() {
        let (mut limit, own) = (TimeLimit::default(), own());
        limit.waited = PATIENCE + 1;
        let map = ProcFs::default().own_pagemap().unwrap();
        let memory = vec![1u8; 16 << 20];
        let (address, pages) = (memory.as_ptr() as u64, memory.len() / crate::procfs::PAGE_SIZE);
        let work = move || {
            let (begun, mut entries) = (Instant::now(), vec![crate::procfs::PageEntry::default(); pages]);
            while begun.elapsed() < LOOK * (FEW_LOOKS + 20) {
                map.read(address, &mut entries).unwrap();
            }
            entries[0].present()
        };
        assert_eq!(limit.call(&own, work), Some(true));
        drop(memory);
    }

    #[test]
    fn process_that_takes_long_is_not_given_up() {
        let (mut limit, own) = (TimeLimit::default(), own());
        let work = || {
            let (begun, mut turns) = (Instant::now(), 0u64);
            while begun.elapsed() < LOOK * (LOOKS + 20) {
                turns = std::hint::black_box(turns + 1);
            }
            turns > 0
        };
        assert_eq!(limit.call(&own, work), Some(true));
    }
}
