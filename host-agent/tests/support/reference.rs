//! What must be counted, by other code than the engine's.

use std::collections::{BTreeMap, HashMap};

use deltascope_agent::event::{Event, OwnerId, OwnerKind, Owners, What};
use deltascope_agent::report::ContainerJson;
use deltascope_agent::sink::{Sink, SinkError};
use deltascope_agent::sources::{Round, Source, Synth, SynthConfig};
use serde_json::Value;

/// Counts events with maps and memory, without engine, groups or contexts.
#[derive(Default)]
pub struct Reference {
    owners: Owners,
    last: HashMap<u64, u64>,
    pub containers: BTreeMap<String, ContainerJson>,
}

impl Sink for Reference {
    fn owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, SinkError> {
        Ok(self.owners.intern(kind, name).0)
    }

    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        let name = self.owners.get(event.owner).expect("a known owner").name.to_string();
        let zero = ContainerJson { name: name.clone(), ..ContainerJson::default() };
        let row = self.containers.entry(name).or_insert(zero);
        match event.what {
            What::Page { before, after, .. } => {
                row.cow_copies += 1;
                if before == after {
                    row.cow_redundant += 1;
                    row.cow_bytes_redundant += u64::from(event.length);
                }
            }
            What::Send { socket, fingerprint } => {
                row.net_sends += 1;
                if self.last.insert(socket, fingerprint) == Some(fingerprint) {
                    row.net_redundant += 1;
                    row.net_bytes_redundant += u64::from(event.length);
                }
            }
        }
        Ok(())
    }
}

/// What a source makes.
pub fn reference(config: SynthConfig) -> Reference {
    let mut reference = Reference::default();
    let mut synth = Synth::new(config);
    while synth.round(&mut reference, &mut |_| ()).expect("memory takes it") == Round::More {}
    reference
}

/// Asserts that a report says the same of every container, and that nothing is missing.
pub fn check(report: &Value, reference: &Reference, events: u64) {
    let found: BTreeMap<String, ContainerJson> = report["containers"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|one| serde_json::from_value::<ContainerJson>(one.clone()).expect("a container"))
        .map(|one| (one.name.clone(), one))
        .collect();
    assert_eq!(found, reference.containers);
    assert_eq!(report["captured"].as_u64(), Some(events));
    assert_eq!(report["counted"].as_u64(), Some(events));
    assert_eq!(report["in_flight"].as_u64(), Some(0));
    assert_eq!(report["conserved"], true);
}
