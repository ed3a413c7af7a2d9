//! Conversations of an agent with a server, step by step.

use anyhow::{Context, Result, ensure};
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Class, Record};
use deltascope_model::{Config as Sizes, Engine, EngineError, GoldenEngine};
use deltascope_protocol::frame::{
    self, Bye, Cursors, Extensions, Grow, Hello, MAX_FRAME_BYTES, Message, Records, Secret, SnapshotRequest, StateAt,
};
use deltascope_protocol::server::{Config, Entropy, Identity, Server};
use serde_json::{Value, json};

use super::bytes::{encode, hello, hex, with};

/// Begins the name of a step that is sent over another connection.
const RECONNECT: &str = "reconnect: ";
/// Names a step of many frames, sent before one of their records can have passed.
const MANY: &str = "Records of NOP";
const MANY_FRAMES: u64 = 9;
const MANY_RECORDS: usize = 16_000;

/// A conversation over one connection of a server with 64 contexts, 16 groups and a journal of 4 x 8.
struct Exchange {
    name: &'static str,
    server: Server<Failing>,
    config: &'static str,
    steps: Vec<Value>,
}

/// The golden engine, which fails when the vector asks for it.
struct Failing(GoldenEngine, bool);

impl Engine for Failing {
    fn info(&self) -> deltascope_model::Capabilities {
        self.0.info()
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        match self.1 {
            true => Err(EngineError::Device { engine: "model", text: String::from("expected a pulse, found none") }),
            false => self.0.submit(records),
        }
    }

    fn poll(&mut self, sink: &mut dyn FnMut(deltascope_abi::reply::Reply)) -> Result<usize, EngineError> {
        self.0.poll(sink)
    }

    fn counters(&mut self) -> Result<deltascope_model::Latched, EngineError> {
        self.0.counters()
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        self.1 = false;
        self.0.reset()
    }
}

impl Exchange {
    fn new(name: &'static str, config: &'static str) -> Result<Exchange> {
        let engine = Failing(GoldenEngine::new(Sizes::with_tables(64, 16).with_journal(4, 8))?, false);
        let limits = match config {
            "no sessions" => Config { max_sessions: 0, ..Config::default() },
            _ => Config::default(),
        };
        let server = Server::new(engine, limits, Entropy::Random(77))?;
        Ok(Exchange { name, server, config, steps: Vec::new() })
    }

    /// Sends frames one after the other on a new connection, and on another one where the name asks for it, and takes down what
    /// comes back.
    fn run(mut self, sends: &[(&str, Vec<u8>)]) -> Result<Value> {
        let mut id = self.server.connect(Identity::ANYBODY, 0).context("a connection")?;
        for (index, (what, bytes)) in sends.iter().enumerate() {
            if what.starts_with(RECONNECT) {
                self.server.disconnect(id, 0);
                id = self.server.connect(Identity::ANYBODY, 0).context("a connection")?;
            }
            if self.config == "engine fails" && index > 0 {
                self.server.engine().1 = true;
            }
            if self.config == "server stops" && index > 0 {
                self.server.stop();
            }
            self.server.receive(id, bytes, 0);
            while self.server.poll(0).busy {}
            let answer = self.server.transmit(id).to_vec();
            self.server.advance(id, answer.len());
            let (mut rest, mut answers) = (&answer[..], Vec::new());
            while let Some(length) = frame::frame_length(rest, MAX_FRAME_BYTES)? {
                let message = frame::decode(&rest[..length])?;
                answers.push(json!({ "frame": format!("{:?}", message.kind()), "hex": hex(&rest[..length]) }));
                rest = &rest[length..];
            }
            let step = match *what {
                // Too long to be written down: frames of records of 16 zero bytes, numbered from 0.
                MANY => json!({ "send": what, "frames": MANY_FRAMES, "records": MANY_RECORDS, "answers": answers }),
                _ => json!({ "send": what, "hex": hex(bytes), "answers": answers }),
            };
            self.steps.push(step);
        }
        let closes = self.server.is_closing(id);
        Ok(json!({ "name": self.name, "condition": self.config, "steps": self.steps, "closes": closes }))
    }
}

/// Every conversation.
pub fn exchanges() -> Result<Vec<Value>> {
    let hello_of = |change: fn(&mut Hello<'static>)| {
        let mut hello = hello(Extensions::NONE);
        change(&mut hello);
        encode(&Message::Hello(hello))
    };
    let good = hello_of(|_| {})?;
    let records = |first: u64, list: &[Record]| {
        let records: Vec<_> = list.iter().map(|record| record.to_bytes()).collect();
        let (losses, cursors) = (Losses::default(), Cursors(&[]));
        encode(&Message::Records(Records {
            first_sequence: first,
            replies_below: 0,
            losses,
            cursors,
            records: &records,
        }))
    };
    let pair = |group| Record::pair(group, Class::PageAfterT, 4096, 7, 7);
    let snapshot = |first, last| encode(&Message::SnapshotRequest(SnapshotRequest { token: 7, first, last }));
    let bye = |next_sequence| encode(&Message::Bye(Bye { next_sequence }));
    let many = vec![Record::nop(); MANY_RECORDS];
    // The credit of this server is 131,072: nine frames of 16,000 records are more than that.
    let burst =
        (0..MANY_FRAMES).map(|at| records(at * MANY_RECORDS as u64, &many)).collect::<Result<Vec<_>>>()?.concat();
    let other_secret = hello_of(|hello| hello.secret = Secret(*b"secret-of-web-2."))?;
    let all = [
        Exchange::new("session", "")?.run(&[
            ("Hello", good.clone()),
            ("Records", records(0, &[pair(1), Record::send(0, 2, 1500, 5).with_reply()])?),
            ("SnapshotRequest", snapshot(0, 1)?),
            ("StateAt", encode(&Message::StateAt(StateAt { token: 8, mark: 3, context: 2 }))?),
            ("Grow", encode(&Message::Grow(Grow { groups: 4, contexts: 6 }))?),
            ("Bye", bye(2)?),
        ])?,
        Exchange::new("Malformed", "")?.run(&[("Hello of session 0", hello_of(|hello| hello.session = [0; 16])?)])?,
        Exchange::new("Version", "")?.run(&[("Hello of version 1", with(&good, 5, 1))])?,
        Exchange::new("Unexpected", "")?.run(&[("Bye", bye(0)?)])?,
        Exchange::new("OutOfGrant", "")?.run(&[("Hello", good.clone()), ("Records", records(0, &[pair(2)])?)])?,
        Exchange::new("ForbiddenOp", "")?
            .run(&[("Hello", good.clone()), ("Records", records(0, &[Record::sync(1)])?)])?,
        Exchange::new("NoCapacity", "")?.run(&[("Hello", hello_of(|hello| hello.groups = 17)?)])?,
        Exchange::new("Sequence", "")?.run(&[("Hello", good.clone()), ("Records", records(1, &[pair(1)])?)])?,
        Exchange::new("Credit", "")?.run(&[("Hello", good.clone()), (MANY, burst)])?,
        Exchange::new("Limit", "no sessions")?.run(&[("Hello", good.clone())])?,
        Exchange::new("Engine", "engine fails")?
            .run(&[("Hello", good.clone()), ("Records", records(0, &[pair(1)])?)])?,
        Exchange::new("Unauthorised", "")?
            .run(&[("Hello", good.clone()), ("reconnect: Hello with another secret", other_secret)])?,
        Exchange::new("Shutdown", "server stops")?
            .run(&[("Hello", good.clone()), ("Records", records(0, &[pair(1)])?)])?,
    ];
    for exchange in &all {
        let wanted = exchange["name"].as_str().unwrap_or_default();
        ensure!(exchange["closes"] == true, "{wanted}: expected an end, found {exchange}");
    }
    Ok(all.to_vec())
}
