//! Events to the records that count them: one record of a page or of a send on a socket, one for each scope of a body.

use deltascope_abi::random::hash;
use deltascope_abi::record::{Class, Op, Record};

use super::content_table::{ContentTable, content_key};
use super::contexts::ContextTable;
use crate::event::{Event, Scope, UNJUDGED_SEND, What};

/// The records of one event.
#[derive(Clone, Copy, Debug)]
pub struct EventRecords {
    records: [Record; Scope::ALL.len()],
    count: usize,
}

impl EventRecords {
    fn one(record: Record) -> EventRecords {
        EventRecords { records: [record, Record::nop(), Record::nop()], count: 1 }
    }

    /// Returns them in the order in which they must enter the engine.
    pub fn as_slice(&self) -> &[Record] {
        &self.records[..self.count]
    }

    /// Returns them with each changed by `change`.
    pub fn map(mut self, change: impl Fn(Record) -> Record) -> EventRecords {
        self.records[..self.count].iter_mut().for_each(|record| *record = change(*record));
        self
    }
}

/// Returns what stands for a container within the scope [`Scope::Container`]: its name, so that a restart changes nothing.
pub fn container_hash(name: &str) -> u64 {
    name.bytes().fold(hash(name.len() as u64), |sum, byte| hash(sum ^ u64::from(byte)))
}

/// The contexts of a session, by socket and by content.
///
/// A session that has sends of both kinds gives both the same contexts: one can evict the other, which hides waste.
#[derive(Clone, Debug)]
pub struct EngineContexts {
    /// By socket.
    pub sockets: ContextTable,
    /// By content.
    pub bodies: ContentTable,
    /// The scope [`Scope::Connection`] is counted.
    connections: bool,
}

impl EngineContexts {
    /// Contexts 0 to `granted` - 1 of a session.
    pub fn new(granted: u32) -> EngineContexts {
        let (sockets, bodies) = (ContextTable::new(granted), ContentTable::new(granted));
        EngineContexts { sockets, bodies, connections: false }
    }

    /// Counts the scope [`Scope::Connection`] too, or not.
    pub fn with_connections(self, connections: bool) -> EngineContexts {
        EngineContexts { connections, ..self }
    }

    /// Whether the scope [`Scope::Connection`] is counted.
    pub fn counts_connections(&self) -> bool {
        self.connections
    }

    /// Whether an event would do better with more contexts.
    pub fn is_full_for(&self, event: &Event) -> bool {
        match event.what {
            What::Send { socket, .. } => self.sockets.is_full_for(socket),
            What::Body { .. } => self.bodies.wants_more(),
            What::Page { .. } | What::Unjudged { .. } => false,
        }
    }

    /// Times that a context was taken from one socket or body and given to another.
    pub fn taken(&self) -> u64 {
        self.sockets.shared() + self.bodies.evicted()
    }

    /// The records of an event in numbers of the session. `container` is the [`container_hash`] of its owner.
    pub fn records(&mut self, event: &Event, group: u16, container: u64) -> EventRecords {
        let length = event.record_length();
        match event.what {
            What::Page { class, before, after } => EventRecords::one(Record::pair(group, class, length, before, after)),
            What::Send { socket, fingerprint } => {
                EventRecords::one(Record::send(group, self.sockets.context(socket), length, fingerprint))
            }
            What::Unjudged { .. } => EventRecords::one(Record::pair(group, UNJUDGED_SEND, length, 0, 0)),
            What::Body { peer, connection, fingerprint, .. } => {
                let mut records = [Record::nop(); Scope::ALL.len()];
                let counted = Scope::ALL.iter().filter(|scope| self.connections || !scope.is_on_request());
                let mut count = 0;
                for &scope in counted {
                    let within = match scope {
                        Scope::Peer => hash(peer ^ container),
                        Scope::Container => container,
                        Scope::Connection => hash(connection ^ container),
                    };
                    let key = content_key(scope, within, fingerprint);
                    let context = match scope {
                        // The one context of a connection has what it sent last.
                        Scope::Connection => self.bodies.put_at(hash(within), key),
                        Scope::Peer | Scope::Container => self.bodies.put(key),
                    };
                    records[count] = Record::new(Op::Send, Class::from_code(scope as u8), group, context, length, key);
                    count += 1;
                }
                EventRecords { records, count }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EngineContexts, container_hash};
    use crate::accounting::Rows;
    use crate::event::{Event, OwnerId, Scope, UNJUDGED_SEND, Unjudged, What, body_fingerprint};
    use deltascope_abi::record::{Class, Record};
    use deltascope_model::{Config, Engine, GoldenEngine};
    use proptest::prelude::*;
    use std::collections::{HashMap, HashSet};

    const OWNERS: u16 = 3;

    /// An engine and the contexts that an agent gives it; they grow together.
    struct Rig {
        engine: GoldenEngine,
        contexts: EngineContexts,
    }

    impl Rig {
        fn take(&mut self, event: &Event) {
            let container = container_hash(&format!("container {}", event.owner.0));
            let records = self.contexts.records(event, event.owner.0 as u16, container);
            assert_eq!(self.engine.submit(records.as_slice()).expect("it takes them"), records.as_slice().len());
        }

        fn grow(&mut self, contexts: u32) {
            for (context, key) in self.contexts.bodies.grow(contexts) {
                assert_eq!(self.engine.submit(&[Record::load(context, key)]).expect("it takes it"), 1);
            }
        }

        fn rows(&self, owner: u16) -> Rows {
            Class::ALL.map(|class| self.engine.row(owner, class).expect("a row"))
        }
    }

    fn event() -> impl Strategy<Value = Event> {
        let body = (0u64..4, 0u64..3, 0u32..6, 1u32..4).prop_map(|(peer, connection, crc, length)| {
            let connection = peer << 8 | connection;
            (length, What::Body { peer, connection, fingerprint: body_fingerprint(crc, length), head: 9 })
        });
        let unjudged = prop::sample::select(Unjudged::ALL.to_vec())
            .prop_map(|why| (if why == Unjudged::NoBody { 0 } else { 5 }, What::Unjudged { why, head: 3 }));
        (0..u32::from(OWNERS), prop_oneof![9 => body, 1 => unjudged]).prop_map(|(owner, (length, what))| Event {
            owner: OwnerId(owner),
            length,
            what,
        })
    }

    proptest! {
        /// Against sets of everything that was sent: with a table that evicts nothing each scope finds every repeat, with a
        /// small one never one that is none, and it misses at most one for each eviction.
        #[test]
        fn scopes_find_what_sets_of_all_bodies_find(
            contexts in prop_oneof![1u32..30, Just(60_000)],
            growth in prop::collection::vec((any::<prop::sample::Index>(), 1u32..60_000), 0..3),
            events in prop::collection::vec(event(), 1..300),
            connections: bool,
        ) {
            let engine = GoldenEngine::new(Config::with_tables(1 << 16, OWNERS.into())).expect("an engine");
            let mut rig = Rig { engine, contexts: EngineContexts::new(contexts).with_connections(connections) };
            let (mut seen, mut last) = (HashSet::new(), HashMap::new());
            let mut reference = [Rows::default(); OWNERS as usize];
            for (number, event) in events.iter().enumerate() {
                for (_, contexts) in growth.iter().filter(|(at, _)| at.index(events.len()) == number) {
                    rig.grow(*contexts);
                }
                rig.take(event);
                let rows = &mut reference[event.owner.0 as usize];
                match event.what {
                    What::Body { peer, connection, fingerprint, .. } => {
                        let body = (fingerprint, event.length);
                        if connections {
                            let again = last.insert((event.owner, connection), body) == Some(body);
                            rows[Scope::Connection as usize].count(event.length, again);
                        }
                        for (scope, peer) in [(Scope::Peer, Some(peer)), (Scope::Container, None)] {
                            let again = !seen.insert((event.owner, peer, body));
                            rows[scope as usize].count(event.length, again);
                        }
                    }
                    _ => rows[UNJUDGED_SEND as usize].count(event.length, false),
                }
            }
            let evicted = rig.contexts.bodies.evicted();
            let mut hidden = 0;
            for owner in 0..OWNERS {
                for (found, expected) in rig.rows(owner).iter().zip(&reference[owner as usize]) {
                    prop_assert_eq!((found.events, found.bytes), (expected.events, expected.bytes));
                    prop_assert!(found.redundant_events <= expected.redundant_events, "invented");
                    prop_assert!(found.redundant_bytes <= expected.redundant_bytes, "invented");
                    hidden += expected.redundant_events - found.redundant_events;
                }
            }
            prop_assert!(hidden <= evicted, "{} hidden, {} evicted", hidden, evicted);
        }
    }
}
