//! The daemon as a service: readiness and watchdog of systemd, the board's LED and button, a file of metrics.
//!
//! The loop of the daemon calls [`Service::turn`] each time it goes round, so the watchdog is fed as long as the loop goes
//! round, and the engine moves while there is work ([`Liveness`]).

use crate::cli::Cli;
use deltascope_linux::panel::{Button, Lamp};
use deltascope_linux::{LinuxError, Roots};
use deltascope_protocol::server::Activity;
use deltascope_system::metrics_file;
use sd_notify::NotifyState;
use std::path::PathBuf;
use std::time::Duration;

/// Microseconds between two looks at the panel: longer than a contact bounces, and a flicker that the eye sees.
const PANEL_PERIOD: u64 = 50_000;
/// Microseconds between two files of metrics.
const METRICS_PERIOD: u64 = 10_000_000;
/// What is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The button was pressed.
    pub pressed: bool,
    /// The file of metrics is to be written, with [`Service::write_metrics`].
    pub metrics: bool,
}

/// Whether the daemon gets on: a loop that goes round and moves nothing is as dead as one that hangs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Liveness {
    /// Time without any movement of an engine that has work, or that failed, after which the daemon is not alive.
    limit: Duration,
    /// What had moved at the last movement, and when that was.
    moved: u64,
    since: u64,
    was_alive: bool,
}

impl Liveness {
    /// Begins to watch an engine that may move nothing for `limit`.
    pub fn new(limit: Duration) -> Liveness {
        Liveness { limit, ..Liveness::default() }
    }

    /// Returns whether the engine has moved lately or has nothing to do. `now` is in microseconds.
    pub fn is_alive(&mut self, now: u64, activity: Activity) -> bool {
        let has_work = activity.busy || activity.is_failed;
        if !has_work || activity.moved != self.moved {
            (self.moved, self.since) = (activity.moved, now);
        }
        let is_alive = Duration::from_micros(now.saturating_sub(self.since)) <= self.limit;
        if self.was_alive && !is_alive {
            tracing::error!(
                "the engine has had work for {} s and has moved nothing; the watchdog is not fed until it does",
                self.limit.as_secs()
            );
        }
        self.was_alive = is_alive;
        is_alive
    }
}

/// Everything around the server that is none of its business.
#[derive(Default)]
pub struct Service {
    /// Microseconds between two signs of life; `None` when systemd does not wait for them.
    watchdog: Option<u64>,
    next_sign: u64,
    liveness: Liveness,
    lamp: Option<Lamp>,
    button: Option<Button>,
    next_look: u64,
    /// Records at the last look.
    records: u64,
    lit: bool,
    metrics: Option<PathBuf>,
    next_metrics: u64,
}

impl Service {
    /// What the command line and systemd ask for.
    ///
    /// # Errors
    /// The LED or the button is not there.
    pub fn new(cli: &Cli) -> Result<Service, LinuxError> {
        let roots: Roots = cli.board.roots();
        // Half of the limit, as sd_watchdog_enabled(3) recommends.
        let watchdog = sd_notify::watchdog_enabled().map(|limit| (limit.as_micros() / 2).max(1) as u64);
        Ok(Service {
            watchdog,
            liveness: Liveness::new(Duration::from_secs(cli.stall_limit)),
            lamp: cli.led.as_ref().map(|pin| Lamp::open(&roots, pin)).transpose()?,
            button: cli.button.as_ref().map(|pin| Button::open(&roots, pin)).transpose()?,
            metrics: cli.metrics.clone(),
            ..Service::default()
        })
    }

    /// The daemon accepts connections.
    pub fn ready(&mut self) {
        notify_systemd(&[NotifyState::Ready]);
        self.lit = true;
        self.show();
    }

    /// Keys are about to be read again; [`Service::reloaded`] follows.
    pub fn reloading(&self) {
        // Not the crate's own function: on 32 bits its microseconds overflow after 36 minutes, and end the program.
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let now = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
        notify_systemd(&[NotifyState::Reloading, NotifyState::MonotonicUsec(now)]);
    }

    /// Keys were read again, or kept.
    pub fn reloaded(&self) {
        notify_systemd(&[NotifyState::Ready]);
    }

    /// The daemon stops, which takes at most `limit`.
    pub fn stopping(&mut self, limit: Duration) {
        let limit = u32::try_from(limit.as_micros()).unwrap_or(u32::MAX);
        notify_systemd(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(limit)]);
        self.lit = false;
        self.show();
    }

    /// When [`Service::turn`] has something to do again.
    pub fn deadline(&self) -> Option<u64> {
        let sign = self.watchdog.map(|_| self.next_sign);
        let look = (self.lamp.is_some() || self.button.is_some()).then_some(self.next_look);
        let metrics = self.metrics.as_ref().map(|_| self.next_metrics);
        [sign, look, metrics].into_iter().flatten().min()
    }

    /// Does what is due at `now`, in microseconds since the daemon began. `records` counts the records that came, `activity`
    /// is the server's last.
    pub fn turn(&mut self, now: u64, records: u64, activity: Activity) -> Due {
        let is_alive = self.liveness.is_alive(now, activity);
        if let Some(period) = self.watchdog
            && now >= self.next_sign
        {
            if is_alive {
                notify_systemd(&[NotifyState::Watchdog]);
            }
            self.next_sign = now + period;
        }
        let mut due = Due::default();
        if now >= self.next_look {
            self.next_look = now + PANEL_PERIOD;
            due.pressed = self.look(records);
        }
        if self.metrics.is_some() && now >= self.next_metrics {
            self.next_metrics = now + METRICS_PERIOD;
            due.metrics = true;
        }
        due
    }

    /// The LED is lit while the daemon serves and flickers while records come. Gives whether the button was pressed.
    fn look(&mut self, records: u64) -> bool {
        if self.lit {
            let lamp_on = records == self.records || !self.lamp.as_ref().is_some_and(Lamp::is_on);
            self.records = records;
            self.set(lamp_on);
        }
        let Some(button) = &mut self.button else { return false };
        match button.look() {
            Ok(pressed) => pressed,
            Err(error) => {
                tracing::warn!("{error}; the button is not looked at any more");
                self.button = None;
                false
            }
        }
    }

    fn show(&mut self) {
        self.set(self.lit);
    }

    fn set(&mut self, on: bool) {
        if let Some(lamp) = &mut self.lamp
            && let Err(error) = lamp.show(on)
        {
            tracing::warn!("{error}; the LED is not used any more");
            self.lamp = None;
        }
    }

    /// Writes the file of metrics; the error is a text for the log.
    pub fn write_metrics(&mut self, text: &str) -> Result<(), String> {
        let Some(path) = &self.metrics else { return Ok(()) };
        metrics_file::replace(path, text).map_err(|error| format!("--metrics {}: {error}", path.display()))
    }
}

/// Notifies systemd, when there is one. A systemd that cannot be reached acts by itself, so this is only logged.
fn notify_systemd(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!("notifying systemd: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALL_LIMIT: u64 = 30_000_000;
    const IDLE: Activity = Activity { busy: false, is_failed: false, moved: 0, wake: None };

    #[test]
    fn engine_without_work_is_alive_at_any_time() {
        let mut liveness = Liveness::new(Duration::from_micros(STALL_LIMIT));
        for now in [0, STALL_LIMIT, 10 * STALL_LIMIT] {
            assert!(liveness.is_alive(now, IDLE));
        }
    }

    #[test]
    fn engine_that_moves_nothing_while_it_has_work_is_dead() {
        for stuck in [Activity { busy: true, ..IDLE }, Activity { is_failed: true, ..IDLE }] {
            let mut liveness = Liveness::new(Duration::from_micros(STALL_LIMIT));
            assert!(liveness.is_alive(5, IDLE));
            assert!(liveness.is_alive(5 + STALL_LIMIT, stuck));
            assert!(!liveness.is_alive(6 + STALL_LIMIT, stuck));
            assert!(!liveness.is_alive(2 * STALL_LIMIT, stuck));
            // Any movement brings it back.
            assert!(liveness.is_alive(2 * STALL_LIMIT, Activity { moved: 1, ..stuck }));
            assert!(liveness.is_alive(3 * STALL_LIMIT, Activity { moved: 1, ..stuck }));
            assert!(!liveness.is_alive(3 * STALL_LIMIT + 1, Activity { moved: 1, ..stuck }));
        }
    }
}
