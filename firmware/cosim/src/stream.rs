//! A session of an agent with the board server of an image: what it counts, and what it costs.

use anyhow::{Context, Result, ensure};
use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{CLASSES, Op, Record};
use deltascope_model::GoldenEngine;
use deltascope_model::raw::replay_raw;
use deltascope_protocol::agent::{Config, Endpoint, Identity, Notification};
use deltascope_protocol::frame::Secret;
use deltascope_sim::axi_dma::Fault;
use deltascope_testkit::Rng;
use deltascope_testkit::records::Mix;
use serde_json::{Value, json};

use crate::peer::Peer;

/// Groups and contexts of the session.
const GROUPS: u32 = 256;
const CONTEXTS: u32 = 4_096;
/// What an agent sends: pairs and sends in equal parts.
const MIX: Mix<'static> = Mix {
    ops: &[(Op::Pair, 1), (Op::Send, 1)],
    contexts: CONTEXTS as u64,
    groups: GROUPS as u64,
    values: 4,
    lengths: 9_000,
    reply_in: 0,
};
/// Connections that an agent may need: one, and one more after a fault of the engine.
const MOST_CONNECTIONS: u32 = 3;
/// Seed of the records.
const SEED: u64 = 0x0DE1_7A5C_09E0_0001;

/// Counts at one moment of the run.
#[derive(Clone, Copy)]
struct Moment {
    instructions: u64,
    microseconds: u64,
}

impl Moment {
    fn of(peer: &mut Peer) -> Moment {
        let time = &peer.machine.board().time;
        Moment { instructions: time.instructions(), microseconds: time.microseconds() }
    }

    fn json(self) -> Value {
        json!({"instructions": self.instructions, "simulated_us": self.microseconds})
    }
}

/// What the golden model counts of the records, by group and class.
fn expected(records: &[Record]) -> Result<Vec<CounterRow>> {
    let bytes: Vec<u8> = records.iter().flat_map(|record| record.to_bytes()).collect();
    let report = replay_raw(&mut &*bytes, &mut GoldenEngine::default())?;
    let mut rows = vec![CounterRow::default(); GROUPS as usize * CLASSES];
    for (group, class, row) in report.counters {
        let row_of = rows.get_mut(usize::from(group) * CLASSES + class as usize);
        *row_of.context("the model: expected counters of the session's groups only")? = row;
    }
    Ok(rows)
}

/// What differs from run to run.
pub struct Plan {
    /// Records to stream.
    pub events: usize,
    /// Bytes that the agent keeps until they are counted.
    pub retention_bytes: usize,
    /// A fault of the logic, once half of the records are accepted.
    pub fault: Option<Fault>,
}

/// Streams records, and compares what is counted with the model.
///
/// # Errors
/// The image or the simulation has stopped, or a counter differs.
pub fn run(peer: &mut Peer, plan: Plan) -> Result<Value> {
    let Plan { events, retention_bytes, mut fault } = plan;
    let records = MIX.records(events, &mut Rng::new(SEED));
    let expected = expected(&records)?;
    peer.connect()?;
    let serving = Moment::of(peer);
    let config = Config { groups: GROUPS, contexts: CONTEXTS, retention_bytes, ..Config::default() };
    let secret = Secret([3; 16]);
    let identity =
        Identity { session: [1; 16], agent: [2; 16], secret, resumes: true, nonce: 4, host: "cosim".to_owned() };
    let mut endpoint = Endpoint::new(config, identity);
    endpoint.connected(peer.now());
    let (mut left, mut is_finished, mut first_accepted) = (&records[..], false, None);
    let (mut refused, mut regrants, mut connections) = (0u64, 0u32, 1u32);
    while !is_finished {
        let now = peer.now();
        if !left.is_empty() {
            let count = endpoint.admit(left);
            refused += u64::from(count == 0 && endpoint.granted().is_some());
            left = &left[count..];
            endpoint.commit(&Losses::default(), &[], now);
            if left.is_empty() {
                endpoint.finish();
            }
        }
        endpoint.poll(now)?;
        let sent = peer.send(endpoint.transmit())?;
        endpoint.advance(sent, now);
        peer.turn()?;
        let now = peer.now();
        // A server whose engine has failed reports it; an agent comes back.
        let is_refused = endpoint.receive(&peer.receive()?, now).is_err();
        while let Some(notification) = endpoint.next_notification() {
            regrants += u32::from(matches!(notification, Notification::Regranted(_)));
            is_finished |= notification == Notification::Finished;
        }
        let accepted = endpoint.progress().acknowledged;
        if accepted > 0 {
            first_accepted.get_or_insert_with(|| Moment::of(peer));
        }
        if accepted > events as u64 / 2
            && let Some(fault) = fault.take()
        {
            peer.machine.board().logic.plan(fault);
        }
        if !is_finished && (is_refused || !peer.is_connected()) {
            ensure!(connections < MOST_CONNECTIONS, "expected at most {MOST_CONNECTIONS} connections, found more");
            endpoint.disconnected();
            peer.connect()?;
            endpoint.connected(peer.now());
            connections += 1;
        }
    }
    ensure!(endpoint.totals() == expected, "counters: expected those of the model, found others");
    let counted: u64 = endpoint.totals().iter().map(|row| row.events).sum();
    ensure!(counted == events as u64, "counted: expected {events}, found {counted}");
    Ok(json!({
        "captured": events,
        "counted": counted,
        "equal_to_model": true,
        "serving": serving.json(),
        "first_accepted": first_accepted.context("expected an accepted record, found none")?.json(),
        "end": Moment::of(peer).json(),
        "waits_for_retention": refused,
        "regrants": regrants,
        "connections": connections,
    }))
}
