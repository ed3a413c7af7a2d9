//! Sends by content as the agent reports them, against what the workload found in a list of all bodies that it sent.

use serde_json::Value;
use std::collections::BTreeMap;

use super::checks::{Check, Numbers, get};

/// Numbers of the workload and of the report of a container, of the same name: those of the engine, and those that the agent
/// has beside it, which end with it.
const COUNTED: [&str; 4] = ["bodies", "body_bytes", "not_judged", "not_judged_bytes"];
const NOTED: [&str; 2] = ["encrypted_bytes", "head_bytes"];
/// The same of each scope: repeats, and their bytes.
const SCOPES: [&str; 3] = ["peer", "container", "connection"];

/// One phase: by container, what must be counted.
#[derive(Debug, Default)]
pub struct ContentPhase {
    containers: BTreeMap<String, Numbers>,
}

/// A number of a report; none where it is missing.
fn at(value: &Value, path: &str) -> Option<u64> {
    value.pointer(path).and_then(Value::as_u64)
}

fn text(found: Option<u64>) -> String {
    found.map_or("none".to_owned(), |found| found.to_string())
}

impl ContentPhase {
    /// Takes what a case has sent in a container.
    pub fn add(&mut self, container: &str, reference: Numbers) {
        let sums = self.containers.entry(container.to_owned()).or_default();
        for (name, value) in reference {
            *sums.entry(name).or_default() += value;
        }
    }

    /// Bytes that the workload has sent.
    fn bytes(&self) -> u64 {
        self.containers.values().map(|reference| get(reference, "send_bytes")).sum()
    }

    /// What an agent reports of a container, and what must be in it.
    fn each<'a>(&'a self, report: &'a Value) -> impl Iterator<Item = (&'a str, &'a Numbers, &'a Value)> {
        self.containers.iter().map(|(name, reference)| {
            let containers = report["containers"].as_array().into_iter().flatten();
            let found = containers.into_iter().find(|container| container["name"] == name.as_str());
            (name.as_str(), reference, found.unwrap_or(&Value::Null))
        })
    }

    /// Where nothing was lost every number is the workload's. A body whose context another one took hides one repeat at most.
    pub fn every_body(&self, phase: &str, report: &Value, checks: &mut Vec<Check>) {
        let evicted = at(report, "/body_contexts/evicted").unwrap_or(u64::MAX);
        checks.push(Check::new(format!("{phase}_containers"), 2, self.containers.len()));
        for (name, reference, container) in self.each(report) {
            let found = &container["sends_by_content"];
            for number in COUNTED.into_iter().chain(NOTED) {
                let check = format!("{phase}_{name}_{number}");
                checks.push(Check::new(check, get(reference, number), text(found[number].as_u64())));
            }
            for scope in SCOPES {
                let expected = get(reference, &format!("{scope}_redundant"));
                let repeats = at(found, &format!("/{scope}/redundant"));
                let hidden = repeats.and_then(|repeats| expected.checked_sub(repeats));
                let is_right = hidden.is_some_and(|hidden| hidden <= evicted);
                // With no repeat hidden the number is the same; the bytes are then those of the same bodies.
                let wanted = if is_right { text(repeats) } else { expected.to_string() };
                checks.push(Check::new(format!("{phase}_{name}_{scope}_redundant"), wanted, text(repeats)));
                if hidden == Some(0) {
                    let bytes = text(at(found, &format!("/{scope}/bytes_redundant")));
                    let expected = get(reference, &format!("{scope}_bytes"));
                    checks.push(Check::new(format!("{phase}_{name}_{scope}_bytes"), expected, bytes));
                }
            }
            let by_socket = container["net_sends"].as_u64().unwrap_or(0);
            checks.push(Check::new(format!("{phase}_{name}_by_socket"), 0, by_socket));
        }
        self.law_of_bytes(phase, report, checks);
        checks.push(Check::new(format!("{phase}_missing"), "0", text(at(report, "/send_bytes/missing"))));
    }

    /// Each body is counted once, and repeats that the agent before could have found are hidden.
    pub fn after_a_restart(&self, phase: &str, report: &Value, checks: &mut Vec<Check>) {
        for (name, reference, container) in self.each(report) {
            let found = &container["sends_by_content"];
            for number in COUNTED {
                let check = format!("{phase}_{name}_{number}");
                checks.push(Check::new(check, get(reference, number), text(found[number].as_u64())));
            }
            // The cases send the same, one after the other, and the reference of each knows nothing of those before.
            let most = get(reference, "bodies") - 1;
            let repeats = at(found, "/container/redundant");
            let is_right = repeats.is_some_and(|repeats| repeats > 0 && repeats <= most);
            checks.push(Check::new(format!("{phase}_{name}_container_redundant"), true, is_right));
        }
        checks.push(Check::new(format!("{phase}_send_bytes"), "null", &report["send_bytes"]));
    }

    /// Bytes captured are those of bodies, of what was not judged, of heads, and lost ones.
    pub fn law_of_bytes(&self, phase: &str, report: &Value, checks: &mut Vec<Check>) {
        let bytes = &report["send_bytes"];
        let part = |name: &str| bytes[name].as_u64().unwrap_or(0);
        let explained = part("bodies") + part("not_judged") + part("heads") + part("missing");
        checks.push(Check::new(format!("{phase}_seen_bytes"), self.bytes(), text(at(bytes, "/seen"))));
        checks.push(Check::new(format!("{phase}_explained_bytes"), self.bytes(), explained));
        checks.push(Check::new(format!("{phase}_in_flight_bytes"), "0", text(at(bytes, "/in_flight"))));
        checks.push(Check::new(format!("{phase}_conserved_bytes"), true, &bytes["conserved"]));
    }
}

#[cfg(test)]
mod tests {
    use super::ContentPhase;
    use serde_json::{Value, json};

    fn phase() -> ContentPhase {
        let mut phase = ContentPhase::default();
        let names = [
            ("bodies", 5),
            ("body_bytes", 50),
            ("not_judged", 2),
            ("not_judged_bytes", 30),
            ("encrypted_bytes", 20),
            ("head_bytes", 7),
            ("peer_redundant", 2),
            ("peer_bytes", 20),
            ("container_redundant", 3),
            ("container_bytes", 30),
            ("connection_redundant", 1),
            ("connection_bytes", 10),
            ("send_bytes", 87),
        ];
        for container in ["a", "b"] {
            phase.add(container, names.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect());
        }
        phase
    }

    fn report() -> Value {
        let sends = json!({
            "bodies": 5, "body_bytes": 50, "not_judged": 2, "not_judged_bytes": 30, "encrypted_bytes": 20, "head_bytes": 7,
            "peer": {"redundant": 2, "bytes_redundant": 20},
            "container": {"redundant": 3, "bytes_redundant": 30},
            "connection": {"redundant": 1, "bytes_redundant": 10},
        });
        let container = |name: &str| json!({"name": name, "net_sends": 0, "sends_by_content": sends});
        json!({
            "containers": [container("a"), container("b")],
            "body_contexts": {"given": 30, "evicted": 0},
            "send_bytes": {"seen": 174, "bodies": 100, "not_judged": 60, "heads": 14, "missing": 0, "in_flight": 0,
                "conserved": true},
        })
    }

    fn failed(report: &Value) -> Vec<String> {
        let mut checks = Vec::new();
        phase().every_body("content", report, &mut checks);
        checks.into_iter().filter(|check| !check.ok()).map(|check| check.name).collect()
    }

    #[test]
    fn exact_report_passes() {
        assert_eq!(failed(&report()), [""; 0]);
    }

    #[test]
    fn every_wrong_number_fails_its_check() {
        let a = "/containers/0/sends_by_content";
        let cases = [
            (format!("{a}/bodies"), json!(4), "content_a_bodies"),
            (format!("{a}/head_bytes"), json!(8), "content_a_head_bytes"),
            (format!("{a}/encrypted_bytes"), json!(0), "content_a_encrypted_bytes"),
            (format!("{a}/peer/redundant"), json!(1), "content_a_peer_redundant"),
            (format!("{a}/container/redundant"), json!(4), "content_a_container_redundant"),
            (format!("{a}/connection"), json!(null), "content_a_connection_redundant"),
            (format!("{a}/container/bytes_redundant"), json!(31), "content_a_container_bytes"),
            ("/containers/0/net_sends".to_owned(), json!(1), "content_a_by_socket"),
            ("/containers/1/name".to_owned(), json!("c"), "content_b_bodies"),
            ("/send_bytes/missing".to_owned(), json!(1), "content_missing"),
            ("/send_bytes/seen".to_owned(), json!(175), "content_seen_bytes"),
            ("/send_bytes/heads".to_owned(), json!(13), "content_explained_bytes"),
            ("/send_bytes/in_flight".to_owned(), json!(1), "content_in_flight_bytes"),
            ("/send_bytes/conserved".to_owned(), json!(false), "content_conserved_bytes"),
        ];
        for (path, value, name) in cases {
            let mut report = report();
            *report.pointer_mut(&path).expect("a place") = value;
            let failed = failed(&report);
            assert!(failed.contains(&name.to_owned()), "{path}: expected {name}, found {failed:?}");
        }
    }

    #[test]
    fn restarted_agent_counts_each_body_once_and_reports_no_law() {
        let failed = |report: &Value| {
            let mut checks = Vec::new();
            phase().after_a_restart("resume", report, &mut checks);
            checks.into_iter().filter(|check| !check.ok()).map(|check| check.name).collect::<Vec<_>>()
        };
        let mut resumed = report();
        assert_eq!(failed(&resumed), ["resume_send_bytes"]);
        resumed["send_bytes"] = Value::Null;
        assert_eq!(failed(&resumed), [""; 0]);
        resumed["containers"][1]["sends_by_content"]["bodies"] = json!(6);
        resumed["containers"][0]["sends_by_content"]["container"]["redundant"] = json!(5);
        assert_eq!(failed(&resumed), ["resume_a_container_redundant", "resume_b_bodies"]);
    }

    #[test]
    fn repeat_is_missed_only_where_a_context_was_taken() {
        let mut one_less = report();
        one_less["containers"][0]["sends_by_content"]["peer"] = json!({"redundant": 1, "bytes_redundant": 10});
        assert_eq!(failed(&one_less), ["content_a_peer_redundant"]);
        one_less["body_contexts"]["evicted"] = json!(1);
        assert_eq!(failed(&one_less), [""; 0]);
    }
}
