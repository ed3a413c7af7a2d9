//! What an event costs the host, by stage, out of the rates of the steps.

use crate::ladder::Step;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Bytes of a page, which is hashed for an event of a copy.
const PAGE: f64 = 4096.0;

/// Time that one stage takes for an event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StageCost {
    /// The stage.
    pub stage: String,
    /// Nanoseconds an event, *measured*.
    pub ns_per_event: f64,
}

/// The stages in the order of the path. The accounting is the rest of the whole agent, whose daemon is another process,
/// and the server's end the rest of the path in one process.
///
/// # Errors
/// A step that it needs was not measured.
pub fn costs(steps: &[Step]) -> Result<Vec<StageCost>> {
    let ns = |name: &str| {
        let step = steps.iter().find(|step| step.name == name);
        step.map(|step| 1e9 / step.rate).with_context(|| format!("expected the step {name}, found none"))
    };
    let (agent, engine, path) = (ns("agent_encode")?, ns("golden_engine")?, ns("session_server_engine")?);
    let (ring, whole) = (ns("ring_reader")?, ns("ring_to_engine")?);
    let stages = [
        ("CRC32C of two pages of 4 KiB", 2.0 * PAGE * ns("fingerprint")?),
        ("ring reader", ring),
        ("accounting", (whole - ring - agent).max(0.0)),
        ("agent's end", agent),
        ("server's end", (path - agent - engine).max(0.0)),
        ("golden engine", engine),
    ];
    Ok(stages.map(|(stage, ns_per_event)| StageCost { stage: stage.to_owned(), ns_per_event }).to_vec())
}

#[cfg(test)]
mod tests {
    use super::costs;
    use crate::ladder::{Step, Unit};

    #[test]
    fn server_is_what_the_path_takes_beside_agent_and_engine() {
        let step = |name: &str, rate: f64| Step {
            name: name.to_owned(),
            what: String::new(),
            rival: String::new(),
            unit: Unit::Events,
            rate,
            rival_rate: 1.0,
            ratio: 1.0,
            spread: 0.0,
            bar: None,
        };
        let rates = [
            ("fingerprint", 8.192e9),
            ("ring_reader", 1e8),
            ("agent_encode", 2e8),
            ("golden_engine", 1e8),
            ("ring_to_engine", 1e7),
        ];
        let steps = rates.into_iter().chain([("session_server_engine", 5e7)]).map(|(name, rate)| step(name, rate));
        let steps: Vec<Step> = steps.collect();
        let found: Vec<f64> = costs(&steps).expect("costs").iter().map(|cost| cost.ns_per_event.round()).collect();
        assert_eq!(found, [1000.0, 10.0, 85.0, 5.0, 5.0, 10.0]);
        assert!(costs(&steps[1..]).is_err());
    }
}
