//! A session and a server in one process, with a byte pipe between them.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![allow(dead_code, reason = "each test file uses its part")]

use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::{CLASSES, Class, Record};
use deltascope_abi::{DEFAULT_CONTEXTS, DEFAULT_GROUPS};
use deltascope_model::{Config as Sizes, Engine, GoldenEngine};
use deltascope_protocol::agent::{Config, Endpoint, EndpointError, Identity, Notification};
use deltascope_protocol::frame::Secret;
use deltascope_protocol::server::{Config as ServerConfig, ConnectionId, Entropy, Identity as Peer, Server};
use deltascope_testkit::Rng;
use deltascope_testkit::records::{Mix, OF_A_SESSION};
use std::collections::VecDeque;

pub fn server(config: ServerConfig, boot: u64) -> Server<GoldenEngine> {
    let sizes = Sizes::with_tables(DEFAULT_CONTEXTS, DEFAULT_GROUPS).with_journal(16, 8);
    Server::new(GoldenEngine::new(sizes).unwrap(), config, Entropy::Random(boot)).unwrap()
}

pub fn identity(number: u8) -> Identity {
    let (session, agent, secret) = ([number; 16], [number | 0x80; 16], Secret([number; 16]));
    Identity { session, agent, secret, resumes: true, nonce: number.into(), host: "host".into() }
}

/// Number of the record, value and zero flag.
pub type AReply = (u64, u64, bool);

/// One agent with its connection.
pub struct Agent {
    pub session: Endpoint,
    pub connection: Option<ConnectionId>,
    pub events: Vec<Notification>,
    pub error: Option<EndpointError>,
    /// Bytes on the way each way; they are lost when the connection is cut.
    up: VecDeque<u8>,
    down: VecDeque<u8>,
}

/// Bytes that the network holds each way.
const PIPE_BYTES: usize = 20_000;

impl Agent {
    pub fn new(config: Config, number: u8) -> Agent {
        let session = Endpoint::new(config, identity(number));
        Agent { session, connection: None, events: Vec::new(), error: None, up: VecDeque::new(), down: VecDeque::new() }
    }

    pub fn connect(&mut self, server: &mut Server<GoldenEngine>, now: u64) {
        self.connection = server.connect(Peer::ANYBODY, now);
        self.session.connected(now);
    }

    pub fn cut(&mut self, server: &mut Server<GoldenEngine>, now: u64) {
        if let Some(connection) = self.connection.take() {
            server.disconnect(connection, now);
        }
        self.session.disconnected();
        self.up.clear();
        self.down.clear();
    }

    /// Moves up to `most` bytes each way.
    pub fn shuttle(&mut self, server: &mut Server<GoldenEngine>, most: usize, now: u64) {
        let Some(connection) = self.connection else { return };
        let deliver: Vec<u8> = self.up.drain(..self.up.len().min(most)).collect();
        server.receive(connection, &deliver, now);
        let bytes = self.session.transmit();
        let count = bytes.len().min(most).min(PIPE_BYTES - self.up.len());
        self.up.extend(&bytes[..count]);
        self.session.advance(count, now);

        let deliver: Vec<u8> = self.down.drain(..self.down.len().min(most)).collect();
        let bytes = server.transmit(connection);
        let count = bytes.len().min(most).min(PIPE_BYTES - self.down.len());
        self.down.extend(&bytes[..count]);
        server.advance(connection, count);
        if let Err(error) = self.session.receive(&deliver, now) {
            self.error = Some(error);
            self.cut(server, now);
        } else if server.is_closing(connection) && server.transmit(connection).is_empty() && self.down.is_empty() {
            self.cut(server, now);
        }
        match self.session.poll(now) {
            Ok(_) => {}
            Err(error) => {
                self.error = Some(error);
                self.cut(server, now);
            }
        }
        while let Some(event) = self.session.next_notification() {
            self.events.push(event);
        }
    }
}

/// Runs until the condition holds; panics after a generous number of rounds.
pub fn run_until(
    server: &mut Server<GoldenEngine>,
    agents: &mut [&mut Agent],
    now: &mut u64,
    rng: &mut Rng,
    mut done: impl FnMut(&mut [&mut Agent]) -> bool,
) {
    for _ in 0..200_000 {
        if done(agents) {
            return;
        }
        for agent in agents.iter_mut() {
            let scale = 4 + rng.below(15);
            let most = 1 + rng.below(1 << scale) as usize;
            agent.shuttle(server, most, *now);
        }
        server.poll(*now);
        *now += 100;
    }
    let errors: Vec<_> = agents.iter().map(|agent| (&agent.error, agent.session.progress())).collect();
    panic!("not done after 200,000 rounds: {errors:?}, {:?}", server.stats());
}

/// Records of a session over so few contexts and values that they meet.
pub fn random_records(rng: &mut Rng, count: usize, groups: u64, contexts: u64) -> Vec<Record> {
    let mix = Mix { ops: &OF_A_SESSION, contexts, groups, values: 5, lengths: 70_000, reply_in: 5 };
    mix.records(count, rng)
}

/// Counters and replies of an engine that takes the records one after the other.
pub fn reference(records: &[Record], groups: u32, contexts: u32) -> (Vec<CounterRow>, Vec<AReply>) {
    let mut engine = GoldenEngine::new(Sizes::with_tables(contexts, groups)).unwrap();
    let mut replies = Vec::new();
    for (number, record) in records.iter().enumerate() {
        assert_eq!(engine.submit(&[*record]).unwrap(), 1);
        engine
            .poll(&mut |beat| {
                if beat.op_code() != 0 {
                    replies.push((number as u64, beat.value, beat.zero()));
                }
            })
            .unwrap();
    }
    let rows = (0..groups as usize * CLASSES).map(|row| engine.row((row / CLASSES) as u16, Class::ALL[row % CLASSES]));
    (rows.map(Option::unwrap).collect(), replies)
}
