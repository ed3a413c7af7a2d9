//! What must be counted of a source's events, by the kit's maps and additions.

use deltascope_agent::event::{Event, OwnerId, OwnerKind, Owners, What};
use deltascope_agent::sink::{Sink, SinkError};
use deltascope_agent::sources::{Round, Source, Synth, SynthConfig};
use deltascope_testkit::reference::Reference;
use serde_json::Value;

/// Gives every event to the reference.
#[derive(Default)]
struct Counting {
    owners: Owners,
    reference: Reference,
}

impl Sink for Counting {
    fn owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, SinkError> {
        Ok(self.owners.intern(kind, name).0)
    }

    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        let name = &self.owners.get(event.owner).expect("a known owner").name;
        match event.what {
            What::Page { before, after, .. } => self.reference.page(name, event.length, before, after),
            What::Send { socket, fingerprint } => self.reference.send(name, event.length, socket, fingerprint),
            What::Body { .. } | What::Unjudged { .. } => unreachable!("{event:?} of a source of pages and sends"),
        }
        Ok(())
    }
}

/// What a source makes.
pub fn reference(config: SynthConfig) -> Reference {
    let mut counting = Counting::default();
    let mut synth = Synth::new(config);
    while synth.round(&mut counting, &mut |_| ()).expect("memory takes it") == Round::More {}
    counting.reference
}

/// Asserts that a report has the same numbers for every container, and that all `events` were counted.
pub fn check(report: &Value, reference: &Reference, events: u64) {
    reference.check(report);
    assert_eq!(report["counted"].as_u64(), Some(events));
}
