//! A session and a server in one process, with a byte pipe between them.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![allow(dead_code, reason = "each test file uses its part")]

use deltascope_driver::server::{Config as ServerConfig, ConnectionId, Entropy, Identity as Peer, Server};
use deltascope_model::{Config as Sizes, GoldenEngine};
use deltascope_session::{Config, Event, Identity, Session, SessionError};

/// Small numbers from a seed: SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to `limit - 1`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

pub fn server(config: ServerConfig, boot: u64) -> Server<GoldenEngine> {
    let sizes = Sizes::with_tables(16_384, 1_024).with_journal(16, 8);
    Server::new(GoldenEngine::new(sizes).unwrap(), config, Entropy::Random(boot)).unwrap()
}

pub fn identity(number: u8) -> Identity {
    Identity { session: [number; 16], agent: [number | 0x80; 16], nonce: number.into(), host: "host".into() }
}

/// One agent with its connection.
pub struct Agent {
    pub session: Session,
    pub connection: Option<ConnectionId>,
    pub events: Vec<Event>,
    pub error: Option<SessionError>,
}

impl Agent {
    pub fn new(config: Config, number: u8) -> Agent {
        let session = Session::new(config, identity(number));
        Agent { session, connection: None, events: Vec::new(), error: None }
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
    }

    /// Moves up to `most` bytes each way.
    pub fn shuttle(&mut self, server: &mut Server<GoldenEngine>, most: usize, now: u64) {
        let Some(connection) = self.connection else { return };
        let bytes = self.session.transmit();
        let count = bytes.len().min(most);
        let bytes = bytes[..count].to_vec();
        server.receive(connection, &bytes, now);
        self.session.advance(count, now);
        let bytes = server.transmit(connection);
        let count = bytes.len().min(most);
        let bytes = bytes[..count].to_vec();
        server.advance(connection, count);
        if let Err(error) = self.session.receive(&bytes, now) {
            self.error = Some(error);
            self.cut(server, now);
        } else if server.is_closing(connection) && server.transmit(connection).is_empty() {
            self.cut(server, now);
        }
        match self.session.poll(now) {
            Ok(_) => {}
            Err(error) => {
                self.error = Some(error);
                self.cut(server, now);
            }
        }
        while let Some(event) = self.session.next_event() {
            self.events.push(event);
        }
    }
}

/// Runs until the condition holds; panics after a generous number of rounds.
pub fn run_until(
    server: &mut Server<GoldenEngine>,
    agents: &mut [&mut Agent],
    now: &mut u64,
    dice: &mut Dice,
    mut done: impl FnMut(&mut [&mut Agent]) -> bool,
) {
    for _ in 0..200_000 {
        if done(agents) {
            return;
        }
        for agent in agents.iter_mut() {
            let scale = 4 + dice.below(15);
            let most = 1 + dice.below(1 << scale) as usize;
            agent.shuttle(server, most, *now);
        }
        server.poll(*now);
        *now += 100;
    }
    let errors: Vec<_> = agents.iter().map(|agent| (&agent.error, agent.session.progress())).collect();
    panic!("not done after 200,000 rounds: {errors:?}, {:?}", server.stats());
}
