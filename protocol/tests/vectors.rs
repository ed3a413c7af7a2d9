//! The frames and the server's end against the conformance vectors, which other implementations are tested with too. The agent's
//! end is in `vectors_agent.rs`.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod server_bench;

use deltascope_abi::loss::Losses;
use deltascope_abi::record::Record;
use deltascope_abi::reply::Reply;
use deltascope_model::{Capabilities, Engine, EngineError, GoldenEngine, Latched};
use deltascope_protocol::frame::{self, Cursors, ErrorCode, Kind, MAX_FRAME_BYTES, Message, PROTOCOL_VERSION, Records};
use deltascope_protocol::server::{Config, Entropy, Identity, Server};
use serde_json::Value;
use server_bench::{encode, sizes};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/frames.json")).unwrap()
}

fn list(key: &str) -> Vec<Value> {
    vectors()[key].as_array().unwrap().clone()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value["hex"].as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn number(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

/// The numbers are found where the file has them, by no code of the crate, and the crate makes the same bytes again.
#[test]
fn every_kind_of_frame_is_read_and_written_as_in_the_vectors() {
    assert_eq!(vectors()["protocol_version"], PROTOCOL_VERSION);
    let frames = list("frames");
    for vector in &frames {
        let (name, found) = (&vector["name"], bytes(vector));
        assert_eq!(found[4], vector["kind"], "{name}");
        for field in vector["fields"].as_array().unwrap() {
            let (at, count) = (number(&field["offset"]), number(&field["bytes"]));
            let mut word = [0; 8];
            word[..count].copy_from_slice(&found[at..at + count]);
            assert_eq!(u64::from_le_bytes(word), field["value"].as_u64().unwrap(), "{name}: {}", field["name"]);
        }
        let message = frame::decode(&found).unwrap();
        assert_eq!(*name, format!("{:?}", message.kind()));
        assert_eq!(encode(&message), found, "{name}");
    }
    let kinds: Vec<_> = frames.iter().map(|vector| vector["kind"].as_u64().unwrap()).collect();
    assert!(Kind::ALL.iter().all(|kind| kinds.contains(&(*kind as u64))), "a kind has no vector");
}

fn server(config: Config) -> Server<Failing> {
    let engine = Failing { engine: GoldenEngine::new(sizes()).unwrap(), fails: false };
    Server::new(engine, config, Entropy::Random(77)).unwrap()
}

#[test]
fn server_refuses_malformed_bytes_with_the_code_of_the_vectors() {
    for vector in list("malformed") {
        let mut server = server(Config::default());
        let id = server.connect(Identity::ANYBODY, 0).unwrap();
        server.receive(id, &bytes(&vector), 0);
        server.poll(0);
        let answer = server.transmit(id).to_vec();
        let Message::Error(error) = frame::decode(&answer).unwrap() else { panic!("{vector}: {answer:?}") };
        assert_eq!(vector["code"], error.code as u32, "{vector}: {}", error.text);
        assert!(server.is_closing(id));
    }
}

/// The golden engine, which fails when the test asks for it.
struct Failing {
    engine: GoldenEngine,
    fails: bool,
}

impl Engine for Failing {
    fn info(&self) -> Capabilities {
        self.engine.info()
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        match self.fails {
            true => Err(EngineError::Device { engine: "model", text: "expected a pulse, found none".into() }),
            false => self.engine.submit(records),
        }
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        self.engine.poll(sink)
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        self.engine.counters()
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        self.fails = false;
        self.engine.reset()
    }
}

#[test]
fn server_answers_every_exchange_as_in_the_vectors() {
    let exchanges = list("exchanges");
    for code in ErrorCode::ALL {
        assert!(exchanges.iter().any(|exchange| exchange["name"] == format!("{code:?}")), "{code:?} has no exchange");
    }
    for exchange in exchanges {
        let (name, condition) = (&exchange["name"], &exchange["condition"]);
        let max_sessions = if condition == "no sessions" { 0 } else { Config::default().max_sessions };
        let mut server = server(Config { max_sessions, ..Config::default() });
        let mut id = server.connect(Identity::ANYBODY, 0).unwrap();
        for (index, step) in exchange["steps"].as_array().unwrap().iter().enumerate() {
            if step["send"].as_str().unwrap().starts_with("reconnect: ") {
                server.disconnect(id, 0);
                id = server.connect(Identity::ANYBODY, 0).unwrap();
            }
            server.engine().fails = index > 0 && condition == "engine fails";
            if index > 0 && condition == "server stops" {
                server.stop();
            }
            match step.get("hex") {
                Some(_) => server.receive(id, &bytes(step), 0),
                None => {
                    let (frames, records) = (number(&step["frames"]), vec![[0; 16]; number(&step["records"])]);
                    for at in 0..frames {
                        let first_sequence = (at * records.len()) as u64;
                        let (losses, cursors) = (Losses::default(), Cursors(&[]));
                        let frame = Records { first_sequence, replies_below: 0, losses, cursors, records: &records };
                        server.receive(id, &encode(&Message::Records(frame)), 0);
                    }
                }
            }
            while server.poll(0).busy {}
            let expected: Vec<u8> = step["answers"].as_array().unwrap().iter().flat_map(bytes).collect();
            assert!(expected.len() < MAX_FRAME_BYTES);
            assert_eq!(server.transmit(id), expected, "{name}, step {index}: {}", step["send"]);
            server.advance(id, expected.len());
        }
        assert_eq!(exchange["closes"], server.is_closing(id), "{name}");
        let last = exchange["steps"].as_array().unwrap().last().unwrap()["answers"].as_array().unwrap().last().unwrap();
        let last = frame::decode(&bytes(last)).map(|message| format!("{message:?}")).unwrap();
        assert!(name == "session" || last.contains(&format!("code: {}", name.as_str().unwrap())), "{name}: {last}");
    }
}
