//! SIGINT and SIGTERM: the first asks the command to end with what it has, the second ends it at once. SIGHUP: settings are
//! read again.
//!
//! A thread of its own takes them. The kernel gives a signal of the process to its first thread if that one takes it, and a
//! handler runs only when its thread leaves the kernel: one that waits for the memory of a hung process does not.

use std::io;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::stop::Stop;
use crate::sys;

const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];
/// Longest time from the first signal to the end.
const LIMIT: Duration = Duration::from_millis(1_900);
/// Time between two looks at the request.
const LOOK: Duration = Duration::from_millis(20);
/// Exit status of a command that a signal ended before it was done.
const STATUS: i32 = 130;

/// Why signals cannot be caught.
#[derive(Debug, thiserror::Error)]
#[error("cannot catch signals: {0}; end other programs or raise the limit of threads")]
pub struct SignalError(#[from] io::Error);

/// Catches both signals, in this thread and in those that it starts later. A command that has not ended by itself soon
/// after the first signal is ended, wherever it hangs.
///
/// # Errors
/// The system refuses a handler or a thread.
pub fn catch() -> Result<Stop, SignalError> {
    let stop = Stop::default();
    // Until the thread takes them: one that came between the two handlers of a signal would be lost.
    sys::block_signals(&SIGNALS, true)?;
    for signal in SIGNALS {
        // The second signal ends the program at once: the first has set the flag by then.
        signal_hook::flag::register_conditional_shutdown(signal, STATUS, stop.flag())?;
        signal_hook::flag::register(signal, stop.flag())?;
    }
    let watched = stop.clone();
    let watch = move || {
        if let Err(error) = sys::block_signals(&SIGNALS, false) {
            eprintln!("deltascope: SIGINT and SIGTERM do not end this command: {error}; use SIGKILL");
        }
        wait(|| watched.since().map(|since| since.elapsed()), std::thread::sleep);
        if watched.is_by_program() {
            // No thread waits for what is still at work.
            signal_hook::low_level::exit(0);
        }
        eprintln!(
            "deltascope: ended by a signal before its work was done; what was in flight is not in the numbers above"
        );
        signal_hook::low_level::exit(STATUS);
    };
    std::thread::Builder::new().name(String::from("signals")).spawn(watch)?;
    Ok(stop)
}

/// Calls `action` at each SIGHUP, from a thread of its own; several that come while it is called are one.
///
/// # Errors
/// The system refuses a handler or a thread.
pub fn on_hangup(mut action: impl FnMut() + Send + 'static) -> Result<(), SignalError> {
    sys::block_signals(&[SIGHUP], true)?;
    let mut hangups = Signals::new([SIGHUP])?;
    let watch = move || {
        if let Err(error) = sys::block_signals(&[SIGHUP], false) {
            eprintln!("deltascope: SIGHUP does not reach this command: {error}");
        }
        hangups.forever().for_each(|_| action());
    };
    std::thread::Builder::new().name(String::from("settings")).spawn(watch)?;
    Ok(())
}

/// Returns when a command that was asked to end has had its time. `asked` returns how long ago the request was first seen.
fn wait(asked: impl Fn() -> Option<Duration>, mut sleep: impl FnMut(Duration)) {
    while asked().is_none_or(|time| time < LIMIT) {
        sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, wait};
    use std::cell::Cell;

    #[test]
    fn command_is_ended_within_two_seconds_of_the_signal() {
        for signal in (0..5_000).step_by(7).map(Duration::from_millis) {
            let (now, seen) = (Cell::new(Duration::ZERO), Cell::new(None));
            let asked = || {
                if now.get() >= signal && seen.get().is_none() {
                    seen.set(Some(now.get()));
                }
                seen.get().map(|seen| now.get() - seen)
            };
            wait(asked, |time| now.set(now.get() + time));
            let time = now.get() - signal;
            assert!((Duration::from_millis(1_900)..Duration::from_secs(2)).contains(&time), "{time:?} at {signal:?}");
        }
    }
}
