//! Waiting for sockets, signals and timers.

use super::Daemon;
use crate::budget::Work;
use crate::error::{DaemonError, system};
use crate::link::Link;
use deltascope_model::Engine;
use deltascope_protocol::server::Activity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::time::Duration;

/// What a turn of the loop found.
pub(super) struct Ready {
    pub signals: bool,
    pub listener: bool,
    pub handshakes: bool,
}

impl<E: Engine> Daemon<E> {
    /// Waits until there is something to do, and notes which links can be read.
    pub(super) fn wait(&mut self, activity: Activity, has_input: bool) -> Result<Ready, DaemonError> {
        let now = self.now();
        let accepts = self.stop_at.is_none() && now >= self.accept_again && self.budget.allows(Work::Accept, now);
        let serves_others = self.budget.allows(Work::Handshake, now);
        let paused = (self.stop_at.is_none() && now < self.accept_again).then_some(self.accept_again);
        let timers = [
            activity.wake,
            paused,
            self.stop_at,
            self.handshakes.deadline(),
            self.service.deadline(),
            self.warnings.deadline(),
            self.budget.wake(now),
        ];
        let links = self.links.iter().map(Link::deadline);
        let wake = timers.into_iter().chain(links).flatten().min();
        let timeout = match (activity.busy || has_input, wake) {
            (true, _) => Some(0),
            (false, wake) => wake.map(|wake| wake.saturating_sub(now)),
        };
        let timespec = timeout.map(|micros| Timespec {
            tv_sec: (micros / 1_000_000) as i64,
            tv_nsec: (micros % 1_000_000 * 1_000) as i64,
        });
        let Daemon { server, links, handshakes, queues, stop, reload, status, .. } = self;
        let mut descriptors = Vec::with_capacity(links.len() + 5);
        descriptors.extend([stop, reload, status].map(|signal| PollFd::new(signal, PollFlags::IN)));
        // An empty set would still report the end of a socket, again and again.
        let is_waited_for = |link: &Link| serves_others || server.carries_session(link.id);
        descriptors.extend(links.iter().filter(|link| is_waited_for(link)).map(|link| {
            let writes = link.wants_write(server);
            PollFd::new(link, if writes { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN })
        }));
        descriptors.extend(accepts.then(|| PollFd::new(queues, PollFlags::IN)));
        descriptors.extend(serves_others.then(|| PollFd::new(handshakes, PollFlags::IN)));
        match poll(&mut descriptors, timespec.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return system("waiting for sockets", Err(error)),
        }
        let ready: Vec<bool> = descriptors.iter().map(|descriptor| !descriptor.revents().is_empty()).collect();
        let mut ready = ready.into_iter();
        let signals = ready.by_ref().take(3).fold(false, |any, signal| any | signal);
        for link in links.iter_mut() {
            link.ready = is_waited_for(link) && ready.next().unwrap_or(false);
        }
        let listener = accepts && ready.next().unwrap_or(false);
        let handshakes = serves_others && ready.next().unwrap_or(false);
        if timeout != Some(0) {
            let slept = self.now().saturating_sub(now);
            self.budget.slept(Duration::from_micros(slept));
        }
        Ok(Ready { signals, listener, handshakes })
    }
}
