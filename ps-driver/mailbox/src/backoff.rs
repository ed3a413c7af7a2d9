//! Waiting for the other side. Both share the processors of one machine: who only spins takes the time that the other
//! needs, who only sleeps answers late.

use std::time::Duration;

/// Looks before the first sleep: somewhat longer than an answer takes when the other side has a processor of its own.
const SPINS: u32 = 1_000;
/// Length of a sleep.
const SLEEP: Duration = Duration::from_micros(20);

/// Looks in vain since the last [`Backoff::reset`].
#[derive(Debug, Default)]
pub struct Backoff {
    looks: u32,
}

impl Backoff {
    /// Something came.
    pub fn reset(&mut self) {
        self.looks = 0;
    }

    /// Nothing came: waits a moment. Gives whether it slept.
    pub fn wait(&mut self) -> bool {
        if self.looks < SPINS {
            self.looks += 1;
            std::hint::spin_loop();
            return false;
        }
        std::thread::sleep(SLEEP);
        true
    }
}
