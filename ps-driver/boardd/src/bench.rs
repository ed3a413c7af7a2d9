//! `bench`: what this board's processor and its engine carry, as rows to paste beside those of `cargo xtask bench`.
//!
//! Nothing listens meanwhile; the socket is left out. Under an emulator the rates are the emulator's.

use crate::engines::AnyEngine;
use deltascope_abi::crc::crc32c;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Class, Op, Record};
use deltascope_model::{Engine, EngineError, GoldenEngine};
use deltascope_protocol::agent::{self, Endpoint, Notification};
use deltascope_protocol::frame::Secret;
use deltascope_protocol::server::{Config, ConnectionId, Entropy, Identity, Server};
use serde_json::{Value, json};
use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// Why a rate cannot be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine does not answer.
    #[error("engine: expected an answer within {} s, found none", SILENCE.as_secs())]
    Silent,
    /// The engine has not counted what it took.
    #[error("engine: expected {expected} records accepted, found {found}")]
    Counted {
        /// Records that it took.
        expected: u64,
        /// Records that its counter reports.
        found: u64,
    },
    /// Agent's and server's end in memory do not understand each other.
    #[error("session in memory: {0}")]
    Session(String),
    /// Standard output failed.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

/// Longest time without a sign of life of the engine.
const SILENCE: Duration = Duration::from_secs(60);
/// Bytes that are copied and checked at once: larger than a first-level cache.
const BLOCK: usize = 256 << 10;
/// Records that are handed to the engine at once.
const BATCH: usize = 4_096;
/// Answers that the time to an answer is the median of.
const ANSWERS: usize = 101;

/// What one row states.
struct Row {
    name: &'static str,
    what: &'static str,
    unit: &'static str,
    value: f64,
    /// Share of the input port's clocks in which a beat moved, of an engine that has a clock.
    port_used: Option<f64>,
}

/// Measures each row for `time`, and prints a table or one object. The engine's tables are cleared.
///
/// # Errors
/// The engine fails, or standard output.
pub fn run(engine: &mut AnyEngine, time: Duration, json: bool) -> Result<(), BenchError> {
    let records = records();
    let rows = [copy(time), checksum(time), session(&records, time)?, fed(engine, &records, time)?, answer(engine)?];
    let mut out = io::stdout().lock();
    if json {
        let rows: Vec<Value> = rows.iter().map(Row::json).collect();
        let report = json!({"label": "measured", "engine": engine.info().kind.name(), "rows": rows});
        return Ok(writeln!(out, "{report}")?);
    }
    writeln!(out, "measured, engine {}", engine.info().kind.name())?;
    writeln!(out, "| what | rate | unit | input port in use |\n|---|---|---|---|")?;
    for Row { what, unit, value, port_used, .. } in &rows {
        let used = port_used.map_or_else(|| String::from("-"), |share| format!("{:.1} %", 100.0 * share));
        writeln!(out, "| {what} | {value:.3} | {unit} | {used} |")?;
    }
    Ok(out.flush()?)
}

impl Row {
    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "what": self.what,
            "unit": self.unit,
            "value": self.value,
            "port_used": self.port_used,
        })
    }
}

/// PAIR and SEND in turns, over 16 groups and 256 contexts, which every build has.
fn records() -> Vec<Record> {
    let record = |n: u32| match n % 2 {
        0 => Record::pair(n as u16 % 16, Class::PageAfterT, 4096, n, n ^ (n >> 3 & 1)),
        _ => Record::send(n as u16 % 16, n as u16 % 256, 1_000, u64::from(n % 7)),
    };
    (0..4 * BATCH as u32).map(record).collect()
}

/// Repeats `step` until `time` is over, and returns millions of its items a second.
fn rate<E>(time: Duration, mut step: impl FnMut() -> Result<usize, E>) -> Result<f64, E> {
    let (begun, mut items) = (Instant::now(), 0);
    while begun.elapsed() < time {
        items += step()?;
    }
    Ok(items as f64 / begun.elapsed().as_secs_f64() / 1e6)
}

/// The limit of everything that copies.
fn copy(time: Duration) -> Row {
    let (from, mut to) = (vec![1_u8; BLOCK], vec![0_u8; BLOCK]);
    let Ok(value) = rate(time, || {
        to.copy_from_slice(black_box(&from));
        black_box(&mut to);
        Ok::<_, std::convert::Infallible>(BLOCK)
    });
    Row { name: "copy", what: "copy of 256 KiB, one thread", unit: "MB/s", value, port_used: None }
}

/// The checksum of every frame.
fn checksum(time: Duration) -> Row {
    let bytes: Vec<u8> = (0..BLOCK).map(|n| n as u8).collect();
    let Ok(value) = rate(time, || {
        black_box(crc32c(black_box(&bytes)));
        Ok::<_, std::convert::Infallible>(BLOCK)
    });
    Row { name: "checksum", what: "CRC32C of 256 KiB, one thread", unit: "MB/s", value, port_used: None }
}

/// Both ends of a session in memory.
struct Session {
    agent: Endpoint,
    server: Server<GoldenEngine>,
    connection: ConnectionId,
    begun: Instant,
}

impl Session {
    fn open() -> Result<Session, BenchError> {
        let identity = agent::Identity {
            session: [1; 16],
            agent: [2; 16],
            secret: Secret::NONE,
            resumes: false,
            nonce: 3,
            host: String::from("bench"),
        };
        let config = agent::Config { groups: 16, contexts: 256, ..agent::Config::default() };
        let mut server = Server::new(GoldenEngine::default(), Config::default(), Entropy::Random(1))?;
        let connection = server.connect(Identity::ANYBODY, 0);
        let connection = connection.ok_or_else(|| BenchError::Session(String::from("no place for a connection")))?;
        let mut agent = Endpoint::new(config, identity);
        agent.connected(0);
        let mut session = Session { agent, server, connection, begun: Instant::now() };
        while session.agent.granted().is_none() {
            session.exchange()?;
        }
        Ok(session)
    }

    fn now(&self) -> u64 {
        self.begun.elapsed().as_micros() as u64
    }

    /// Moves what waits in either direction.
    fn exchange(&mut self) -> Result<(), BenchError> {
        let now = self.now();
        let failed = |error: &dyn std::fmt::Display| BenchError::Session(error.to_string());
        self.agent.poll(now).map_err(|error| failed(&error))?;
        loop {
            let sent = self.agent.transmit();
            if sent.is_empty() {
                break;
            }
            let count = sent.len();
            self.server.receive(self.connection, sent, now);
            self.agent.advance(count, now);
        }
        self.server.poll(now);
        let answer = self.server.transmit(self.connection);
        let count = answer.len();
        self.agent.receive(answer, now).map_err(|error| failed(&error))?;
        self.server.advance(self.connection, count);
        Ok(())
    }

    /// Waits until everything is counted, and returns how many events that are.
    fn counted(&mut self) -> Result<u64, BenchError> {
        let token = self.agent.request_snapshot();
        loop {
            self.exchange()?;
            if let Some(Notification::Snapshot { token: answered, .. }) = self.agent.next_notification()
                && answered == token
            {
                return Ok(self.agent.progress().counted_events);
            }
        }
    }
}

/// Both ends, the golden engine behind them.
fn session(records: &[Record], time: Duration) -> Result<Row, BenchError> {
    let mut session = Session::open()?;
    let mut admitted = 0;
    let value = rate(time, || -> Result<usize, BenchError> {
        let count = session.agent.admit(&records[..BATCH]);
        let now = session.now();
        session.agent.commit(&Losses::default(), &[], now);
        session.exchange()?;
        while session.agent.next_notification().is_some() {}
        admitted += count as u64;
        Ok(count)
    })?;
    let found = session.counted()?;
    if found != admitted {
        return Err(BenchError::Counted { expected: admitted, found });
    }
    let what = "both ends of a session in memory, golden engine";
    Ok(Row { name: "session", what, unit: "M events/s", value, port_used: None })
}

/// This engine, from `submit` to its own counter.
fn fed(engine: &mut AnyEngine, records: &[Record], time: Duration) -> Result<Row, BenchError> {
    engine.reset()?;
    let before = engine.counters()?;
    let (mut at, mut taken) = (0, 0);
    let value = rate(time, || -> Result<usize, BenchError> {
        let end = records.len().min(at + BATCH);
        let count = engine.submit(&records[at..end])?;
        engine.poll(&mut |_| {})?;
        at = (at + count) % records.len();
        taken += count as u64;
        Ok(count)
    })?;
    // A SYNC answers behind everything that was taken.
    sync(engine)?;
    let after = engine.counters()?;
    let (expected, found) = (taken + 1, after.accepted - before.accepted);
    if found != expected {
        return Err(BenchError::Counted { expected, found });
    }
    let clocks = after.clocks.total() - before.clocks.total();
    let port_used = (clocks > 0).then(|| (after.clocks.moving - before.clocks.moving) as f64 / clocks as f64);
    Ok(Row { name: "engine", what: "this engine, PAIR and SEND", unit: "M events/s", value, port_used })
}

/// Time from a record to its answer, through an engine that has nothing else to do.
fn answer(engine: &mut AnyEngine) -> Result<Row, BenchError> {
    let mut times = Vec::with_capacity(ANSWERS);
    for _ in 0..ANSWERS {
        times.push(sync(engine)?);
    }
    times.sort();
    let value = times[ANSWERS / 2].as_secs_f64() * 1e6;
    Ok(Row { name: "answer", what: "a record and its answer, median", unit: "us", value, port_used: None })
}

/// Submits a SYNC, waits for its answer, and returns how long that took.
fn sync(engine: &mut AnyEngine) -> Result<Duration, BenchError> {
    let begun = Instant::now();
    let late = |begun: Instant| if begun.elapsed() > SILENCE { Err(BenchError::Silent) } else { Ok(()) };
    while engine.submit(&[Record::sync(1)])? == 0 {
        engine.poll(&mut |_| {})?;
        late(begun)?;
    }
    let mut answered = false;
    while !answered {
        engine.poll(&mut |reply| answered |= reply.op() == Some(Op::Sync))?;
        late(begun)?;
    }
    Ok(begun.elapsed())
}
