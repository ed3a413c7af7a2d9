//! What signals ask for: keys read again, a stop.

use super::{Daemon, STOP_TIME};
use deltascope_model::Engine;

impl<E: Engine> Daemon<E> {
    /// Reads keys and identities again; new handshakes use them.
    pub(super) fn read_keys(&mut self) {
        let Some(security) = &mut self.security else {
            return tracing::info!("SIGHUP: there is nothing to read without --tls");
        };
        self.service.reloading();
        match security.reload() {
            Ok(()) => {
                self.counters.reloads += 1;
                security.log();
            }
            Err(error) => {
                self.counters.reload_failures += 1;
                tracing::error!("SIGHUP: {error}; what was read before stays in use");
            }
        }
        self.service.reloaded();
    }

    /// Begins to stop, or gives false at the second signal.
    pub(super) fn begin_stop(&mut self, now: u64) -> bool {
        if self.stop_at.is_some() {
            return false;
        }
        tracing::info!("stopping: what was received passes the engine");
        self.service.stopping(STOP_TIME);
        self.server.stop();
        self.stop_at = Some(now + STOP_TIME.as_micros() as u64);
        true
    }
}
