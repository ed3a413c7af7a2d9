//! Waiting for the other side. Both share the processors of one machine: a side that only spins takes the time that the
//! other needs, one that only sleeps answers late.

/// Looks before the first sleep: somewhat longer than an answer takes when the other side has a processor of its own.
const SPINS: u32 = 1_000;
/// Length of a sleep.
#[cfg(feature = "std")]
const SLEEP: std::time::Duration = std::time::Duration::from_micros(20);

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

    /// Waits a moment after a look in vain. Returns whether the time is worth a look: it slept, or, without an operating
    /// system, it has looked often.
    pub fn wait(&mut self) -> bool {
        if self.looks < SPINS {
            self.looks += 1;
            core::hint::spin_loop();
            return false;
        }
        #[cfg(feature = "std")]
        std::thread::sleep(SLEEP);
        #[cfg(not(feature = "std"))]
        self.reset();
        true
    }
}
