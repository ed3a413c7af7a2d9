//! The third process: it makes a recording and, by maps and additions alone, what must be counted of it. It shares
//! the format of recordings with the agent, and no engine, group, context or wire with anybody.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::Class;
use deltascope_agent::event::{Event, OwnerId, OwnerKind, What};
use deltascope_agent::recording::Writer;
use deltascope_agent::report::ContainerJson;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use deltascope_testkit::Rng;

const CONTAINERS: u64 = 40;
const SOCKETS: u64 = 500;
/// Losses that the recording tells of at its end: its source had them.
const RING_LOSSES: u64 = 77;

/// What must be counted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Reference {
    /// Events captured, lost ones included.
    pub captured: u64,
    /// Of them, events lost in the ring before they were recorded.
    pub ring: u64,
    /// Counters by container.
    pub containers: BTreeMap<String, ContainerJson>,
}

/// What a report has more, and less, than the reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Events counted that did not happen, or more than once.
    pub duplicated: u64,
    /// Events that are neither counted nor told as lost.
    pub missing: u64,
    /// Containers of which some number is another one.
    pub wrong: Vec<String>,
}

impl Reference {
    /// Compares every number of every container. An agent that is `forgetful` may lose events by a restart and forget
    /// whose they were: then the sums are compared.
    pub fn compare(&self, report: &Value, forgetful: bool) -> Result<Difference> {
        let number = |key: &str| report[key].as_u64().with_context(|| format!("{key}: expected a number in {report}"));
        let lost = &report["lost"];
        let reasons = lost.as_object().context("lost: expected reasons")?;
        let lost_sum: u64 = reasons.values().filter_map(Value::as_u64).sum();
        let mut difference = Difference::default();
        let (captured, counted) = (number("captured")?, number("counted")?);
        if captured != counted + lost_sum + number("in_flight")? || captured != self.captured {
            difference.wrong.push(format!(
                "captured {captured} of {}, counted {counted}, lost {lost_sum}, in flight {}",
                self.captured, report["in_flight"]
            ));
        }
        if lost["ring"] != self.ring {
            difference.wrong.push(format!("lost in the ring: expected {}, found {}", self.ring, lost["ring"]));
        }
        let restarts = lost["agent_restart"].as_u64().context("agent_restart: expected a number")?;
        let events = |one: &ContainerJson| one.cow_copies + one.net_sends;
        let found: Vec<ContainerJson> = serde_json::from_value(report["containers"].clone())?;
        let found: BTreeMap<String, ContainerJson> = found.into_iter().map(|one| (one.name.clone(), one)).collect();
        let (all, expected): (u64, u64) =
            (found.values().map(events).sum(), self.containers.values().map(events).sum());
        if restarts > 0 && !forgetful {
            difference
                .wrong
                .push(format!("lost by a restart: expected nothing, for the source has all, found {restarts}"));
        }
        if forgetful && (restarts > 0 || found.contains_key("other")) {
            difference.duplicated = (all + restarts).saturating_sub(expected);
            difference.missing = expected.saturating_sub(all + restarts);
            let redundant = |map: &BTreeMap<String, ContainerJson>| -> u64 {
                map.values().map(|one| one.cow_redundant + one.net_redundant).sum()
            };
            if redundant(&found) > redundant(&self.containers) {
                difference.wrong.push(String::from("more redundant events than there were"));
            }
            return Ok(difference);
        }
        for name in self.containers.keys().chain(found.keys().filter(|name| !self.containers.contains_key(*name))) {
            let zero = ContainerJson { name: name.clone(), ..ContainerJson::default() };
            let (expected, found) = (self.containers.get(name).unwrap_or(&zero), found.get(name).unwrap_or(&zero));
            for (expected, found) in [(expected.cow_copies, found.cow_copies), (expected.net_sends, found.net_sends)] {
                difference.duplicated += found.saturating_sub(expected);
                difference.missing += expected.saturating_sub(found);
            }
            if expected != found {
                difference.wrong.push(format!("{name}: expected {expected:?}, found {found:?}"));
            }
        }
        Ok(difference)
    }
}

/// Writes a recording of `events` events and its reference.
pub fn generate(seed: u64, events: u64, recording: &Path, reference: &Path) -> Result<()> {
    let mut rng = Rng::new(seed);
    let mut writer = Writer::create(recording, false, &[])?;
    let mut owners: Vec<(OwnerId, ContainerJson)> = Vec::new();
    let mut last: HashMap<u64, (u64, u32)> = HashMap::new();
    for _ in 0..events {
        let pick = rng.below(CONTAINERS) as usize;
        if pick >= owners.len() {
            // Containers come and are named as time goes by.
            let name = format!("job-{seed}-{}", owners.len());
            let id = writer.add_owner(OwnerKind::Container, &name)?;
            owners.push((id, ContainerJson { name, ..ContainerJson::default() }));
        }
        let at = pick.min(owners.len() - 1);
        let (owner, row) = &mut owners[at];
        let again = rng.below(3) == 0;
        let event = if rng.below(2) == 0 {
            let before = rng.next() as u32;
            let after = if again { before } else { before.wrapping_add(1 + rng.below(1 << 20) as u32) };
            row.cow_copies += 1;
            if again {
                row.cow_redundant += 1;
                row.cow_bytes_redundant += 4096;
            }
            let class = [Class::PageAfterT, Class::PageAtExit][rng.below(2) as usize];
            Event { owner: *owner, length: 4096, what: What::Page { class, before, after } }
        } else {
            let socket = rng.below(SOCKETS);
            let known = last.get(&socket).copied().filter(|_| again);
            let (fingerprint, length) = known.unwrap_or_else(|| {
                let length = 1 + rng.below(60_000) as u32;
                // The upper half names socket and length, as the agent's sources do.
                let upper = 1 + (socket << 17 | u64::from(length));
                (upper << 32 | rng.next() & 0xFFFF_FFFF, length)
            });
            row.net_sends += 1;
            if last.insert(socket, (fingerprint, length)) == Some((fingerprint, length)) {
                row.net_redundant += 1;
                row.net_bytes_redundant += u64::from(length);
            }
            Event { owner: *owner, length, what: What::Send { socket, fingerprint } }
        };
        writer.add_event(event)?;
    }
    let mut losses = Losses::default();
    losses.add(LossReason::Ring, RING_LOSSES);
    let captured = events + RING_LOSSES;
    writer.finish(captured, &losses)?;
    let containers = owners.into_iter().map(|(_, row)| (row.name.clone(), row)).collect();
    let text = serde_json::to_vec(&Reference { captured, ring: RING_LOSSES, containers })?;
    ensure!(!text.is_empty());
    std::fs::write(reference, text).with_context(|| format!("writing {}", reference.display()))
}
