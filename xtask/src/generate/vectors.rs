//! `protocol/vectors/frames.json`: every frame and every error of the wire protocol as bytes, for tests of both ends and for
//! other implementations. `protocol/vectors/README.md` says how it is read.

use anyhow::{Context, Result, bail, ensure};
use deltascope_abi::ABI_VERSION;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Class, Record};
use deltascope_model::{Config as Sizes, Engine, EngineError, GoldenEngine};
use deltascope_protocol::agent::EndpointError;
use deltascope_protocol::frame::{
    self, Ack, Bye, Cursor, Cursors, ErrorCode, ErrorFrame, Extensions, Grow, Grown, Hello, MAX_FRAME_BYTES, Message,
    Records, Replies, ReplyEntry, Secret, Snapshot, SnapshotRequest, SnapshotRow, StateAt, StateAtReply, Welcome,
};
use deltascope_protocol::server::{Config, Entropy, Identity, Server};
use serde_json::{Value, json};
use std::fs;

use crate::cargo::root;

const PATH: &str = "protocol/vectors/frames.json";

/// Writes the file, or with `check` compares it.
pub fn vectors(check: bool) -> Result<()> {
    let path = root().join(PATH);
    let text = format!("{:#}\n", json()?);
    if fs::read_to_string(&path).ok().as_ref() == Some(&text) {
        return Ok(());
    }
    if check {
        bail!("{PATH}: not what the protocol crate sends; run `cargo xtask gen --only vectors` and commit the result");
    }
    fs::create_dir_all(path.parent().unwrap_or(&path))?;
    fs::write(&path, text).with_context(|| format!("writing {PATH}"))
}

fn json() -> Result<Value> {
    Ok(json!({
        "protocol_version": frame::PROTOCOL_VERSION,
        "abi_version": ABI_VERSION,
        "frames": frames()?,
        "malformed": malformed()?,
        "errors": errors()?,
        "exchanges": exchanges()?,
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encode(message: &Message<'_>) -> Result<Vec<u8>> {
    let mut bytes = vec![0; MAX_FRAME_BYTES];
    let length = frame::encode(message, &mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// A frame with its fields: name, offset, bytes and value of each number; `bytes` of the others.
fn vector(name: &str, message: &Message<'_>, fields: &[(&str, usize, usize, u64)]) -> Result<Value> {
    let fields = fields.iter().map(
        |&(field, offset, bytes, value)| json!({ "name": field, "offset": offset, "bytes": bytes, "value": value }),
    );
    let fields: Vec<Value> = fields.collect();
    Ok(json!({ "name": name, "kind": message.kind() as u8, "hex": hex(&encode(message)?), "fields": fields }))
}

fn hello(extensions: Extensions<'_>) -> Hello<'_> {
    Hello {
        abi_version: ABI_VERSION,
        session: *b"session-00000001",
        agent: *b"agent-of-web-1..",
        secret: Secret(*b"secret-of-web-1."),
        nonce: 3,
        resumes: true,
        groups: 2,
        contexts: 3,
        oldest_sequence: 0,
        next_sequence: 0,
        boot_id: 0,
        grant: 0,
        replies_below: 0,
        host: "web-1",
        extensions,
    }
}

fn frames() -> Result<Vec<Value>> {
    let extension = [5, 0, 2, 0, 0xAA, 0xBB, 0, 0];
    let numbered = Hello {
        oldest_sequence: 6,
        next_sequence: 7,
        boot_id: 8,
        grant: 9,
        replies_below: 5,
        ..hello(Extensions::parse(&extension)?)
    };
    let cursor = [Cursor { source: 1, unit: 2, position: 3 }.to_bytes()];
    let losses = Losses([1, 2, 3, 4, 5, 6, 7]);
    let records = [Record::send(1, 2, 1500, 0x0123_4567_89AB_CDEF).with_reply().to_bytes()];
    let row = CounterRow { events: 10, bytes: 20, redundant_events: 5, redundant_bytes: 6 };
    let rows = [SnapshotRow { group: 1, class: Class::NetworkSend, row }.to_bytes()];
    let entry = ReplyEntry { sequence: 4, reply: deltascope_abi::reply::Reply { head: 6, value: 7 } }.to_bytes();
    let welcome = Welcome {
        abi_version: ABI_VERSION,
        engine: 1,
        boot_id: 2,
        grant: 3,
        inherited: true,
        groups: 4,
        contexts: 5,
        most_groups: 6,
        most_contexts: 7,
        journal_lanes: 8,
        journal_depth: 9,
        next_sequence: 10,
        credit: 11,
        position: 12,
        losses,
        cursors: Cursors(&cursor),
        extensions: Extensions::NONE,
    };
    let error = ErrorFrame { code: ErrorCode::Credit, sequence: 2, text: "wait" };
    let state = StateAtReply { token: 1, mark: 2, position: 3, state: 4, sequence: 5, context: 6, too_old: false };
    let list = Records { first_sequence: 1, replies_below: 2, losses, cursors: Cursors(&cursor), records: &records };
    let snapshot = Snapshot { token: 1, sequence: 2, position: 3, first: 0, last: 1, rows: &rows };
    Ok(vec![
        vector(
            "Hello",
            &Message::Hello(numbered),
            &[
                ("ABI version", 8, 4, ABI_VERSION.into()),
                ("nonce", 60, 8, 3),
                ("flags", 68, 4, 1),
                ("groups", 72, 4, 2),
                ("contexts", 76, 4, 3),
                ("oldest sequence", 80, 8, 6),
                ("next sequence", 88, 8, 7),
                ("boot id", 96, 8, 8),
                ("grant", 104, 8, 9),
                ("replies below", 112, 8, 5),
                ("length of the host's name", 120, 4, 5),
                ("length of the extensions", 132, 4, 8),
                ("type of the extension", 136, 2, 5),
                ("length of its value", 138, 2, 2),
                ("its value", 140, 2, 0xBBAA),
            ],
        )?,
        vector(
            "Welcome",
            &Message::Welcome(welcome),
            &[
                ("ABI version", 8, 4, ABI_VERSION.into()),
                ("engine", 12, 4, 1),
                ("boot id", 16, 8, 2),
                ("grant", 24, 8, 3),
                ("inherited", 32, 4, 1),
                ("groups", 36, 4, 4),
                ("contexts", 40, 4, 5),
                ("most groups", 44, 4, 6),
                ("most contexts", 48, 4, 7),
                ("journal lanes", 52, 4, 8),
                ("journal depth", 56, 4, 9),
                ("next sequence", 60, 8, 10),
                ("credit", 68, 8, 11),
                ("journal position at the grant", 76, 8, 12),
                ("lost: ring", 84, 8, 1),
                ("lost: agent_restart", 132, 8, 7),
                ("number of cursors", 140, 4, 1),
                ("source of the cursor", 144, 4, 1),
                ("unit of the cursor", 148, 4, 2),
                ("position of the cursor", 152, 8, 3),
                ("length of the extensions", 160, 4, 0),
            ],
        )?,
        vector(
            "Records",
            &Message::Records(list),
            &[
                ("first sequence", 8, 8, 1),
                ("replies below", 16, 8, 2),
                ("lost: ring", 24, 8, 1),
                ("number of cursors", 80, 4, 1),
                ("number of records", 100, 4, 1),
                ("head of the record", 104, 8, 6 | 1 << 4 | 2 << 6 | 1 << 8 | 2 << 24 | 1500 << 40),
                ("operand of the record", 112, 8, 0x0123_4567_89AB_CDEF),
            ],
        )?,
        vector("Ack", &Message::Ack(Ack { sequence: 1, credit: 2 }), &[("sequence", 8, 8, 1), ("credit", 16, 8, 2)])?,
        vector(
            "Replies",
            &Message::Replies(Replies { entries: &[entry] }),
            &[
                ("number of entries", 8, 4, 1),
                ("number of the record", 12, 8, 4),
                ("head of the reply", 20, 8, 6),
                ("value of the reply", 28, 8, 7),
            ],
        )?,
        vector(
            "StateAt",
            &Message::StateAt(StateAt { token: 1, mark: 2, context: 3 }),
            &[("token", 8, 8, 1), ("mark", 16, 8, 2), ("context", 24, 4, 3)],
        )?,
        vector(
            "StateAtReply",
            &Message::StateAtReply(state),
            &[
                ("token", 8, 8, 1),
                ("mark", 16, 8, 2),
                ("journal position", 24, 8, 3),
                ("state", 32, 8, 4),
                ("sequence", 40, 8, 5),
                ("context", 48, 4, 6),
                ("too old", 52, 4, 0),
            ],
        )?,
        vector(
            "SnapshotRequest",
            &Message::SnapshotRequest(SnapshotRequest { token: 1, first: 2, last: 3 }),
            &[("token", 8, 8, 1), ("first group", 16, 4, 2), ("last group", 20, 4, 3)],
        )?,
        vector(
            "Snapshot",
            &Message::Snapshot(snapshot),
            &[
                ("token", 8, 8, 1),
                ("sequence", 16, 8, 2),
                ("journal position", 24, 8, 3),
                ("first group", 32, 4, 0),
                ("last group", 36, 4, 1),
                ("number of rows", 40, 4, 1),
                ("group of the row", 44, 2, 1),
                ("class of the row", 46, 1, 2),
                ("events", 52, 8, 10),
                ("bytes", 60, 8, 20),
                ("redundant events", 68, 8, 5),
                ("redundant bytes", 76, 8, 6),
            ],
        )?,
        vector(
            "Error",
            &Message::Error(error),
            &[("code", 8, 4, 8), ("sequence", 12, 8, 2), ("length of the text", 20, 4, 4)],
        )?,
        vector("Bye", &Message::Bye(Bye { next_sequence: 7 }), &[("next sequence", 8, 8, 7)])?,
        vector(
            "Grow",
            &Message::Grow(Grow { groups: 32, contexts: 512 }),
            &[("groups", 8, 4, 32), ("contexts", 12, 4, 512)],
        )?,
        vector(
            "Grown",
            &Message::Grown(Grown { groups: 32, contexts: 512 }),
            &[("groups", 8, 4, 32), ("contexts", 12, 4, 512)],
        )?,
    ])
}

/// The frame with one byte changed and its checksum made right again.
fn with(frame: &[u8], at: usize, value: u8) -> Vec<u8> {
    let mut frame = frame.to_vec();
    frame[at] = value;
    let end = frame.len() - 4;
    let crc = deltascope_abi::crc::crc32c(&frame[..end]).to_le_bytes();
    frame[end..].copy_from_slice(&crc);
    frame
}

/// Bytes that are no frame, each with the code that a server answers before the Welcome.
fn malformed() -> Result<Vec<Value>> {
    let good = encode(&Message::Hello(hello(Extensions::NONE)))?;
    let mut damaged = good.clone();
    damaged[20] ^= 0x40;
    let short = [&8u32.to_le_bytes()[..], &[0; 8]].concat();
    let odd = [&13u32.to_le_bytes()[..], &[0; 9]].concat();
    let long = [&(frame::MAX_HELLO_BYTES as u32 + 4).to_le_bytes()[..], &[0; 8]].concat();
    let cases = [
        ("length below 12", short, ErrorCode::Malformed),
        ("length that is no multiple of 4", odd, ErrorCode::Malformed),
        ("longer than a frame before the Welcome", long, ErrorCode::Malformed),
        ("checksum that does not fit", damaged, ErrorCode::Malformed),
        ("version 1", with(&good, 5, 1), ErrorCode::Version),
        ("kind 0", with(&good, 4, 0), ErrorCode::Malformed),
        ("kind 14", with(&good, 4, 14), ErrorCode::Malformed),
        ("byte 6 that is not zero", with(&good, 6, 1), ErrorCode::Malformed),
        ("unknown flag", with(&good, 68, 3), ErrorCode::Malformed),
        ("padding that is not zero", with(&good, 129, 1), ErrorCode::Malformed),
        ("text that is no UTF-8", with(&good, 124, 0xFF), ErrorCode::Malformed),
        ("extension that is cut off", with(&good, 132, 4), ErrorCode::Malformed),
        ("ABI version 2.0", with(&good, 10, 2), ErrorCode::Version),
    ];
    let cases = cases.into_iter().map(|(name, bytes, code)| {
        json!({ "name": name, "hex": hex(&bytes), "code": code as u32, "error": format!("{code:?}") })
    });
    Ok(cases.collect())
}

/// Every Error frame, with what an agent does.
fn errors() -> Result<Vec<Value>> {
    let one = |&code: &ErrorCode| {
        let text = "expected this, found that";
        let frame = encode(&Message::Error(ErrorFrame { code, sequence: 0, text }))?;
        let gives_up = EndpointError::Refused { code, sequence: 0, text: String::new() }.is_fatal();
        let agent = if gives_up { "gives up" } else { "connects again" };
        Ok(json!({ "name": format!("{code:?}"), "code": code as u32, "hex": hex(&frame), "agent": agent }))
    };
    ErrorCode::ALL.iter().map(one).collect()
}

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

    /// Sends frames one after the other on a new connection, and on another one where the name says so, and takes down what
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

fn exchanges() -> Result<Vec<Value>> {
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
