//! What must be counted of each container, by maps and additions alone: no engine, group, context or wire.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Counters of one container, with the keys of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Name of the container, or `other`.
    pub name: String,
    /// Copied pages, unjudged ones included.
    pub cow_copies: u64,
    /// Redundant copies.
    pub cow_redundant: u64,
    /// Bytes of the redundant copies.
    pub cow_bytes_redundant: u64,
    /// Copies that could not be judged.
    pub cow_unjudged: u64,
    /// Sends.
    pub net_sends: u64,
    /// Redundant sends.
    pub net_redundant: u64,
    /// Bytes of the redundant sends.
    pub net_bytes_redundant: u64,
}

impl Container {
    fn named(name: &str) -> Container {
        Container { name: name.to_owned(), ..Container::default() }
    }

    /// Returns the number of events.
    pub fn events(&self) -> u64 {
        self.cow_copies + self.net_sends
    }
}

/// What must be counted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Reference {
    /// Events captured, lost ones included.
    pub captured: u64,
    /// Of them, events that the source lost in its ring.
    pub ring: u64,
    /// Counters by container.
    pub containers: BTreeMap<String, Container>,
    /// Fingerprint of the last send of each socket.
    #[serde(skip)]
    last: HashMap<u64, u64>,
}

/// What a report has more, and less, than the reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Events counted that did not happen, or more than once.
    pub duplicated: u64,
    /// Events that are neither counted nor reported as lost.
    pub missing: u64,
    /// Texts, one for each number that is another one.
    pub wrong: Vec<String>,
}

/// What is not a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoReport(String);

impl std::fmt::Display for NoReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoReport {}

/// Returns the containers of a report by their names.
///
/// # Errors
/// When the report has no list of containers with all counters.
pub fn containers(report: &Value) -> Result<BTreeMap<String, Container>, NoReport> {
    let found: Vec<Container> = serde_json::from_value(report["containers"].clone())
        .map_err(|error| NoReport(format!("containers: {error}: {report}")))?;
    Ok(found.into_iter().map(|one| (one.name.clone(), one)).collect())
}

fn number(value: &Value, key: &str) -> Result<u64, NoReport> {
    value[key].as_u64().ok_or_else(|| NoReport(format!("{key}: expected a number, found {}: {value}", value[key])))
}

impl Reference {
    fn container(&mut self, name: &str) -> &mut Container {
        self.containers.entry(name.to_owned()).or_insert_with(|| Container::named(name))
    }

    /// Counts a copied page, judged by its fingerprints.
    pub fn page(&mut self, container: &str, length: u32, before: u32, after: u32) {
        self.captured += 1;
        let row = self.container(container);
        row.cow_copies += 1;
        if before == after {
            row.cow_redundant += 1;
            row.cow_bytes_redundant += u64::from(length);
        }
    }

    /// Counts a send, redundant when the socket's last one had the same fingerprint.
    pub fn send(&mut self, container: &str, length: u32, socket: u64, fingerprint: u64) {
        self.captured += 1;
        let redundant = self.last.insert(socket, fingerprint) == Some(fingerprint);
        let row = self.container(container);
        row.net_sends += 1;
        if redundant {
            row.net_redundant += 1;
            row.net_bytes_redundant += u64::from(length);
        }
    }

    /// Counts events that the source lost in its ring.
    pub fn lost_in_ring(&mut self, events: u64) {
        self.captured += events;
        self.ring += events;
    }

    /// Compares every number of every container. An agent that is `forgetful` may lose events by a restart and forget
    /// whose they were: then the sums are compared.
    ///
    /// # Errors
    /// When the report has not the keys of one.
    pub fn compare(&self, report: &Value, forgetful: bool) -> Result<Difference, NoReport> {
        let lost = &report["lost"];
        let reasons = lost.as_object().ok_or_else(|| NoReport(format!("lost: expected reasons: {report}")))?;
        let lost_sum: u64 = reasons.values().filter_map(Value::as_u64).sum();
        let mut difference = Difference::default();
        let (captured, counted) = (number(report, "captured")?, number(report, "counted")?);
        let in_flight = number(report, "in_flight")?;
        if captured != counted + lost_sum + in_flight || captured != self.captured {
            difference.wrong.push(format!(
                "captured {captured} of {}, counted {counted}, lost {lost_sum}, in flight {in_flight}",
                self.captured
            ));
        }
        if lost["ring"] != self.ring {
            difference.wrong.push(format!("lost in the ring: expected {}, found {}", self.ring, lost["ring"]));
        }
        let restarts = number(lost, "agent_restart")?;
        let found = containers(report)?;
        if restarts > 0 && !forgetful {
            difference
                .wrong
                .push(format!("lost by a restart: expected nothing, for the source has all, found {restarts}"));
        }
        if forgetful && (restarts > 0 || found.contains_key("other")) {
            self.compare_sums(&found, restarts, &mut difference);
        } else {
            self.compare_containers(&found, &mut difference);
        }
        Ok(difference)
    }

    fn compare_sums(&self, found: &BTreeMap<String, Container>, restarts: u64, difference: &mut Difference) {
        let sum = |map: &BTreeMap<String, Container>, of: fn(&Container) -> u64| map.values().map(of).sum::<u64>();
        let (all, expected) = (sum(found, Container::events), sum(&self.containers, Container::events));
        difference.duplicated = (all + restarts).saturating_sub(expected);
        difference.missing = expected.saturating_sub(all + restarts);
        let redundant = |one: &Container| one.cow_redundant + one.net_redundant;
        if sum(found, redundant) > sum(&self.containers, redundant) {
            difference.wrong.push(String::from("more redundant events than there were"));
        }
    }

    fn compare_containers(&self, found: &BTreeMap<String, Container>, difference: &mut Difference) {
        let only_found = found.keys().filter(|name| !self.containers.contains_key(*name));
        for name in self.containers.keys().chain(only_found) {
            let zero = Container::named(name);
            let (expected, found) = (self.containers.get(name).unwrap_or(&zero), found.get(name).unwrap_or(&zero));
            for (expected, found) in [(expected.cow_copies, found.cow_copies), (expected.net_sends, found.net_sends)] {
                difference.duplicated += found.saturating_sub(expected);
                difference.missing += expected.saturating_sub(found);
            }
            if expected != found {
                difference.wrong.push(format!("{name}: expected {expected:?}, found {found:?}"));
            }
        }
    }

    /// Asserts that the report of a run that has drained has the same numbers for every container, and that nothing is missing.
    ///
    /// # Panics
    /// When it does not.
    pub fn check(&self, report: &Value) {
        assert_eq!(self.compare(report, false), Ok(Difference::default()), "{report}");
        assert_eq!((&report["in_flight"], &report["conserved"]), (&0.into(), &true.into()), "{report}");
    }
}

#[cfg(test)]
mod tests {
    use super::{Difference, NoReport, Reference};
    use crate::Rng;
    use serde_json::{Value, json};

    /// A reference, and a report that equals it.
    fn a_report() -> (Reference, Value) {
        let (mut reference, mut rng) = (Reference::default(), Rng::new(3));
        for _ in 0..5_000 {
            let name = format!("job-{}", rng.below(40));
            if rng.chance(2) {
                reference.page(&name, 4096, rng.below(3) as u32, rng.below(3) as u32);
            } else {
                reference.send(&name, 1_500, rng.below(500), rng.below(3));
            }
        }
        reference.lost_in_ring(77);
        let report = json!({
            "captured": reference.captured,
            "counted": 5_000,
            "in_flight": 0,
            "lost": {"ring": 77, "agent_restart": 0},
            "containers": reference.containers.values().collect::<Vec<_>>(),
            "conserved": true,
        });
        (reference, report)
    }

    #[test]
    fn every_changed_number_is_found() -> Result<(), NoReport> {
        let (reference, report) = a_report();
        reference.check(&report);
        let redundant = |key| report["containers"][7][key].as_u64();
        assert!(redundant("cow_redundant") > Some(0) && redundant("net_redundant") > Some(0), "{report}");
        let keys = ["cow_copies", "cow_redundant", "cow_bytes_redundant", "net_sends", "net_redundant"];
        for key in keys.into_iter().chain(["net_bytes_redundant", "cow_unjudged"]) {
            let mut other = report.clone();
            let number = other["containers"][7][key].as_u64().unwrap_or_default();
            other["containers"][7][key] = (number + 1).into();
            let found = reference.compare(&other, false)?;
            assert_eq!(found.wrong.len(), 1, "{key}");
            assert_eq!(found.duplicated, u64::from(key == "cow_copies" || key == "net_sends"), "{key}");
        }
        for key in ["captured", "counted", "in_flight"] {
            let mut other = report.clone();
            other[key] = (other[key].as_u64().unwrap_or_default() + 1).into();
            assert_eq!(reference.compare(&other, false)?.wrong.len(), 1, "{key}");
        }
        Ok(())
    }

    #[test]
    fn losses_by_a_restart_are_allowed_to_the_forgetful_only() -> Result<(), NoReport> {
        let (reference, report) = a_report();
        let mut other = report.clone();
        let copies = other["containers"][0]["cow_copies"].as_u64().unwrap_or_default();
        other["containers"][0]["cow_copies"] = (copies - 10).into();
        other["counted"] = 4_990.into();
        other["lost"]["agent_restart"] = 10.into();
        assert_eq!(reference.compare(&other, true)?, Difference::default());
        assert_ne!(reference.compare(&other, false)?, Difference::default());
        other["lost"]["agent_restart"] = 9.into();
        assert_eq!(reference.compare(&other, true)?.missing, 1);
        other["lost"]["agent_restart"] = 11.into();
        assert_eq!(reference.compare(&other, true)?.duplicated, 1);
        Ok(())
    }
}
