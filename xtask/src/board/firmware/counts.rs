//! What an image counted, against what the golden model counts of the same recording.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::machine::Machine;
use super::programs::{Programs, finish};

/// Events of the streams that only show that the image still counts.
pub(super) const FEW: u32 = 20_000;

/// Fails unless everything was counted as the model counts it, and nothing was lost.
pub(super) fn compare(found: &Value, expected: &Value, events: u32) -> Result<()> {
    for key in ["captured", "counted", "lost", "in_flight", "unjudged", "containers"] {
        ensure!(found[key] == expected[key], "{key}: expected {} as of the model, found {}", expected[key], found[key]);
    }
    let lost: u64 = found["lost"].as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum();
    let (captured, counted) = (found["captured"].as_u64(), found["counted"].as_u64());
    let balanced = captured.is_some() && captured == counted.map(|counted| counted + lost);
    ensure!(balanced, "captured {captured:?}: expected counted {counted:?} + lost {lost}");
    ensure!(captured == Some(events.into()), "captured: expected {events}, found {captured:?}");
    Ok(())
}

/// Counts a few events, as the model counts them.
pub(super) fn still_counts(programs: &Programs, machine: &Machine) -> Result<()> {
    let recording = programs.record(FEW)?;
    let expected = programs.expected(&recording)?;
    let found = finish(programs.start_replay(&recording, &["--connect", &format!("127.0.0.1:{}", machine.port)])?)?;
    compare(&found, &expected, FEW)
}
