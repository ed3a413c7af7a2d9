//! SIGINT and SIGTERM: the first asks the command to end with what it has, the second ends it at once.

use std::time::Duration;

use anyhow::{Result, anyhow};
use deltascope_agent::stop::Stop;
use signal_hook::consts::{SIGINT, SIGTERM};

/// Longest time from the first signal to the end.
const LIMIT: Duration = Duration::from_millis(1_900);
/// Time between two looks at the request.
const LOOK: Duration = Duration::from_millis(20);
/// Exit status of a command that a signal ended before it was done.
const STATUS: i32 = 130;

/// Catches both signals. A command that has not ended by itself soon after the first is ended, wherever it hangs.
pub fn catch() -> Result<Stop> {
    let stop = Stop::default();
    for signal in [SIGINT, SIGTERM] {
        // The second signal ends the program at once: the first has set the flag by then.
        signal_hook::flag::register_conditional_shutdown(signal, STATUS, stop.flag())
            .and_then(|_| signal_hook::flag::register(signal, stop.flag()))
            .map_err(|error| anyhow!("cannot catch signal {signal}: {error}"))?;
    }
    let watched = stop.clone();
    let watch = move || {
        while watched.since().is_none_or(|since| since.elapsed() < LIMIT) {
            std::thread::sleep(LOOK);
        }
        eprintln!(
            "deltascope: ended by a signal before its work was done; what was in flight is not in the numbers above"
        );
        signal_hook::low_level::exit(STATUS);
    };
    std::thread::Builder::new().name(String::from("signals")).spawn(watch)?;
    Ok(stop)
}
