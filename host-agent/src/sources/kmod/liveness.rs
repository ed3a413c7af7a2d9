//! Whether the module sees: the agent makes a copy and a send of its own in each interval and looks whether they were
//! counted.
//!
//! Probes can be switched off behind the module's back (`kernel.ftrace_enabled`, `debugfs/kprobes/enabled`), and then
//! nothing is captured, nothing is missed and nothing reports it. The reader's own work is no event, but the module counts
//! it before the hook returns, so the answer is there at once.

use std::time::{Duration, Instant};

use super::own_work::{OwnPage, OwnSocket};

/// Time between two trials.
const INTERVAL: Duration = Duration::from_secs(1);

/// Answers to one kind of trial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Answers {
    /// Of the last trial; none before the first one and while none can be made.
    pub last: Option<bool>,
    /// Trials that were not seen although the capture was on.
    pub unseen: u64,
}

impl Answers {
    /// Does `work` and looks whether `count` has grown.
    fn try_one(&mut self, is_on: bool, work: impl FnOnce() -> std::io::Result<()>, count: impl Fn() -> u64) {
        let before = count();
        self.last = work().is_ok().then(|| count() != before);
        self.unseen += u64::from(is_on && self.last == Some(false));
    }
}

/// The trials and their answers.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    page: Option<OwnPage>,
    socket: Option<OwnSocket>,
    last: Option<Instant>,
    pub copies: Answers,
    pub sends: Answers,
}

impl Liveness {
    /// Makes a trial when an interval has passed. `capturing` has the bits of the module's header; `copies` and `sends`
    /// give the module's counts of the reader's own.
    pub(super) fn pass(&mut self, capturing: u64, copies: impl Fn() -> u64, sends: impl Fn() -> u64) {
        let now = Instant::now();
        if self.last.is_some_and(|last| now.duration_since(last) < INTERVAL) {
            return;
        }
        self.last = Some(now);
        if self.page.is_none() {
            self.page = OwnPage::new().ok();
        }
        if self.socket.is_none() {
            self.socket = OwnSocket::new().ok();
        }
        let missing = || Err(std::io::ErrorKind::NotConnected.into());
        self.copies.try_one(capturing & 1 != 0, || self.page.as_ref().map_or_else(missing, OwnPage::copy), copies);
        self.sends.try_one(capturing & 2 != 0, || self.socket.as_mut().map_or_else(missing, OwnSocket::send), sends);
        if self.sends.last.is_none() {
            // A connection that failed is made again.
            self.socket = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answers, Liveness};
    use std::cell::Cell;

    #[test]
    fn counted_work_is_seen() {
        let count = Cell::new(7);
        let mut answers = Answers::default();
        let work = || {
            count.set(count.get() + 1);
            Ok(())
        };
        answers.try_one(true, work, || count.get());
        assert_eq!(answers, Answers { last: Some(true), unseen: 0 });
    }

    #[test]
    fn uncounted_work_is_unseen_only_while_the_capture_is_on() {
        let mut answers = Answers::default();
        answers.try_one(true, || Ok(()), || 7);
        answers.try_one(false, || Ok(()), || 7);
        assert_eq!(answers, Answers { last: Some(false), unseen: 1 });
    }

    #[test]
    fn failed_work_has_no_answer() {
        let mut answers = Answers { last: Some(true), unseen: 0 };
        answers.try_one(true, || Err(std::io::ErrorKind::Other.into()), || 7);
        assert_eq!(answers, Answers::default());
    }

    #[test]
    fn own_copy_and_own_send_can_be_made() {
        let mut liveness = Liveness::default();
        liveness.pass(3, || 0, || 0);
        assert_eq!((liveness.copies.last, liveness.sends.last), (Some(false), Some(false)));
        assert_eq!((liveness.copies.unseen, liveness.sends.unseen), (1, 1));
    }
}
