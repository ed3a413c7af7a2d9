//! `StateAt` over real TCP: random records and random marks, every answer against a memory of all states. Among the
//! marks are those before the session, beyond the present, and one step to either side of each limit.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use clap::Parser;
use deltascope_abi::random::Random;
use deltascope_abi::record::{Class, Record};
use deltascope_abi::reply::Reply;
use deltascope_boardd::cli::Cli;
use deltascope_boardd::daemon::Daemon;
use deltascope_model::{Capabilities, Config, Engine, EngineError, GoldenEngine, Latched};
use deltascope_protocol::frame::{self, MAX_FRAME_BYTES, Message, StateAt, StateAtReply, frame_length};
use deltascope_testkit::frames::{encode, hello, records};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const MARKS: u64 = 10_000;
/// Questions on their way at a time.
const ROUND: u64 = 100;
const CONTEXTS: u32 = 5;

/// Every state that the session's contexts ever had. It shares no code with the engines.
struct Memory {
    /// Engine's journal position at the grant.
    first: u64,
    /// Engine's journal position now.
    position: u64,
    reference: Vec<u64>,
    accumulator: Vec<u64>,
    /// For each context the positions at which its state changed hands, and the state from there on.
    states: Vec<Vec<(u64, u64)>>,
}

impl Memory {
    fn new(first: u64) -> Memory {
        let zeros = vec![0; CONTEXTS as usize];
        let states = vec![vec![(first, 0)]; CONTEXTS as usize];
        Memory { first, position: first, reference: zeros.clone(), accumulator: zeros, states }
    }

    /// A random record, whose effect is remembered.
    fn record(&mut self, random: &mut Random) -> Record {
        let context = random.below(CONTEXTS.into()) as usize;
        let (operand, index) = (random.next(), context as u16);
        let record = match random.below(10) {
            0 => return Record::read(index),
            1 => return Record::pair(0, Class::PageAfterT, 4096, 1, operand as u32),
            2 => return Record::nop(),
            3 => {
                let state = self.reference[context] ^ self.accumulator[context];
                (self.reference[context], self.accumulator[context]) = (state, 0);
                Record::swap(index, operand).with_rebase()
            }
            4 | 5 => {
                self.accumulator[context] ^= operand;
                Record::accum(index, operand)
            }
            kind => {
                (self.reference[context], self.accumulator[context]) = (operand, 0);
                match kind {
                    6 => Record::load(index, operand),
                    7 => Record::swap(index, operand),
                    _ => Record::send(0, index, 100, operand),
                }
            }
        };
        self.position += 1;
        let state = self.reference[context] ^ self.accumulator[context];
        self.states[context].push((self.position, state));
        record
    }

    /// A mark that is worth asking for.
    fn mark(&self, random: &mut Random, horizon: u64) -> u64 {
        let now = self.position;
        match random.below(20) {
            0 => now,
            1 => now + 1 + random.below(3),
            2 => self.first,
            3 => self.first - 1 - random.below(3),
            4 => [0, u64::MAX, 1 << 24, now ^ 1 << 24, now.wrapping_sub(1 << 32)][random.below(5) as usize],
            5..8 => (now + 2).saturating_sub(horizon + random.below(5)),
            8..11 => self.first + random.below(now - self.first + 1),
            _ => now.saturating_sub(random.below(horizon)),
        }
    }

    /// State of `context` at `mark`, or `None` when it must be refused.
    fn state_at(&self, context: u32, mark: u64, horizon: u64) -> Option<u64> {
        if mark < self.first || mark > self.position || self.position - mark > horizon {
            return None;
        }
        let states = &self.states[context as usize];
        Some(states[states.partition_point(|(since, _)| *since <= mark) - 1].1)
    }
}

/// What must come back for a question.
struct Expected {
    context: u32,
    mark: u64,
    position: u64,
    sequence: u64,
    state: Option<u64>,
    asked_engine: bool,
}

/// Reads one frame into `buffer`.
fn read_frame(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.resize(4, 0);
    stream.read_exact(buffer).unwrap();
    let length = u32::from_le_bytes([buffer[0], buffer[1], buffer[2], buffer[3]]) as usize;
    buffer.resize(length, 0);
    stream.read_exact(&mut buffer[4..]).unwrap();
    assert_eq!(frame_length(buffer, MAX_FRAME_BYTES).unwrap(), Some(length));
}

struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    first: u64,
    horizon: u64,
}

impl Client {
    fn connect(address: SocketAddr, number: u8) -> Client {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
        stream.write_all(&encode(&Message::Hello(hello(number, 1, CONTEXTS)))).unwrap();
        let mut buffer = Vec::new();
        read_frame(&mut stream, &mut buffer);
        let Message::Welcome(welcome) = frame::decode(&buffer).unwrap() else { panic!("expected Welcome") };
        let horizon = u64::from(welcome.journal_lanes) * u64::from(welcome.journal_depth);
        let first = welcome.position;
        Client { stream, buffer, first, horizon }
    }
}

/// What was met.
#[derive(Debug, Default)]
struct Met {
    answered: u64,
    too_old: u64,
    /// Answered at the present, at the session's first mark, and as far back as the journal reaches.
    limits: [u64; 3],
    /// Refused: one beyond the present, one before the session, one further back than the journal reaches.
    beyond: [u64; 3],
}

impl Met {
    fn count(&mut self, expected: &Expected, memory_first: u64, horizon: u64) {
        let Expected { mark, position, .. } = *expected;
        let back = position.wrapping_sub(mark);
        let (limits, beyond) = match expected.state {
            Some(_) => {
                self.answered += 1;
                ([back == 0, mark == memory_first, back == horizon], [false; 3])
            }
            None => {
                self.too_old += 1;
                ([false; 3], [back == u64::MAX, mark.wrapping_add(1) == memory_first, back == horizon + 1])
            }
        };
        limits.iter().zip(&mut self.limits).for_each(|(met, count)| *count += u64::from(*met));
        beyond.iter().zip(&mut self.beyond).for_each(|(met, count)| *count += u64::from(*met));
    }
}

fn compare(reply: &StateAtReply, expected: &Expected) -> Result<(), String> {
    let state = expected.state.unwrap_or(0);
    let right = (reply.context, reply.mark, reply.sequence) == (expected.context, expected.mark, expected.sequence)
        && (reply.too_old, reply.state) == (expected.state.is_none(), state)
        && (!expected.asked_engine || reply.position == expected.position);
    let text = format!(
        "context {} at mark {}, position {}, number {}: expected {:x?}, found {reply:x?}",
        expected.context, expected.mark, expected.position, expected.sequence, expected.state
    );
    if right { Ok(()) } else { Err(text) }
}

/// Asks `marks` questions of the daemon there. An earlier session has moved the journal, so that marks before the
/// grant are positions that there were.
fn ask(address: SocketAddr, marks: u64, seed: u64) -> Result<Met, String> {
    let mut random = Random::new(seed);
    let mut other = Client::connect(address, 1);
    let deltas: Vec<_> = (0..40).map(|n| Record::accum(n as u16 % CONTEXTS as u16, n)).collect();
    other.stream.write_all(&records(0, 0, &deltas)).unwrap();
    // Its Ack reports that the engine has them.
    while !matches!(frame::decode(&other.buffer), Ok(Message::Ack(ack)) if ack.sequence == 40) {
        read_frame(&mut other.stream, &mut other.buffer);
    }
    let mut client = Client::connect(address, 2);
    let horizon = client.horizon;
    let mut memory = Memory::new(client.first);
    let (mut met, mut sequence, mut replies_below) = (Met::default(), 0, 0);
    let mut expected: HashMap<u64, Expected> = HashMap::new();
    let mut out = Vec::new();
    for token in 0..marks {
        let count = random.below(8);
        let list: Vec<_> = (0..count).map(|_| memory.record(&mut random)).collect();
        if token % ROUND == 0 {
            out.clear();
        }
        out.extend(records(sequence, replies_below, &list));
        sequence += count;
        let (context, mark) = (random.below(CONTEXTS.into()) as u32, memory.mark(&mut random, horizon));
        out.extend(encode(&Message::StateAt(StateAt { token, mark, context })));
        let state = memory.state_at(context, mark, horizon);
        let asked_engine = mark >= memory.first && horizon > 0;
        let question = Expected { context, mark, position: memory.position, sequence, state, asked_engine };
        met.count(&question, memory.first, horizon);
        expected.insert(token, question);
        if (token + 1) % ROUND != 0 {
            continue;
        }
        client.stream.write_all(&out).unwrap();
        while !expected.is_empty() {
            read_frame(&mut client.stream, &mut client.buffer);
            match frame::decode(&client.buffer).unwrap() {
                Message::StateAtReply(reply) => {
                    let question = expected.remove(&reply.token).ok_or(format!("unasked: {reply:x?}"))?;
                    compare(&reply, &question)?;
                }
                Message::Ack(_) | Message::Replies(_) => {}
                found => return Err(format!("expected a state, found {found:?}")),
            }
        }
        // Replies come before the state that was asked for behind their record.
        replies_below = sequence;
    }
    Ok(met)
}

/// Every kind of mark was met often enough to mean something.
fn check(met: &Met) {
    println!("{met:?}");
    assert_eq!(met.answered + met.too_old, MARKS);
    assert!(met.answered > MARKS / 3 && met.too_old > MARKS / 10, "{met:?}");
    assert!(met.limits.iter().chain(&met.beyond).all(|count| *count >= 50), "{met:?}");
}

#[test]
fn ten_thousand_marks_through_the_model() {
    let daemon = support::Daemon::start(&[]);
    check(&ask(daemon.address, MARKS, 0x5EED).unwrap());
}

#[test]
#[cfg(feature = "rtl")]
fn ten_thousand_marks_through_the_verilated_engine() {
    let daemon = support::Daemon::start(&["--engine", "rtl"]);
    check(&ask(daemon.address, MARKS, 0x5EED).unwrap());
}

/// What is wrong with an engine.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// QUERY looks from one delta later on.
    MarkLater,
    /// QUERY looks from one delta earlier on.
    MarkEarlier,
    /// The journal reaches one delta less far back than it reports.
    Short,
    /// The journal reaches one delta further back than it reports.
    Long,
    /// A QUERY is answered with the flag of the one before it.
    StaleFlag,
    None,
}

struct Faulty {
    inner: GoldenEngine,
    fault: Fault,
    flag: bool,
}

/// What the engine reports of its journal: 1 lane of that many deltas.
const FAULTY_HORIZON: u32 = 8_192;

impl Faulty {
    fn new(fault: Fault) -> Faulty {
        let depth = match fault {
            Fault::Short => FAULTY_HORIZON - 1,
            Fault::Long => FAULTY_HORIZON + 1,
            _ => FAULTY_HORIZON,
        };
        Faulty { inner: GoldenEngine::new(Config::default().with_journal(1, depth)).unwrap(), fault, flag: false }
    }
}

impl Engine for Faulty {
    fn info(&self) -> Capabilities {
        Capabilities { journal_depth: FAULTY_HORIZON, ..self.inner.info() }
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        let shift = match self.fault {
            Fault::MarkLater => 1,
            Fault::MarkEarlier => u64::MAX,
            _ => 0,
        };
        let query = Record::query(0, 0).op();
        let changed = records.iter().map(|record| match record.op() == query {
            true => Record { operand: record.operand.wrapping_add(shift), ..*record },
            false => *record,
        });
        self.inner.submit(&changed.collect::<Vec<_>>())
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        let Faulty { inner, fault, flag } = self;
        let query = Record::query(0, 0).op();
        inner.poll(&mut |reply| {
            if !matches!(fault, Fault::StaleFlag) || reply.op() != query {
                return sink(reply);
            }
            let stale = std::mem::replace(flag, reply.too_old());
            sink(reply.with_too_old(stale));
        })
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        self.inner.counters()
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        self.inner.reset()
    }
}

/// The same questions through a daemon of this process, on an engine with a fault.
fn ask_faulty(fault: Fault) -> Result<Met, String> {
    let (tell, hear) = std::sync::mpsc::channel();
    // It serves until the process of this test ends.
    std::thread::spawn(move || {
        let cli = Cli::parse_from(["deltascope-boardd", "--listen", "127.0.0.1:0"]);
        let daemon = Daemon::start(&cli, Faulty::new(fault)).unwrap();
        tell.send(daemon.address()).unwrap();
        daemon.run()
    });
    let address = hear.recv().unwrap();
    ask(address, MARKS, 0x5EED)
}

#[test]
fn marks_and_limits_that_are_off_by_one_are_seen() {
    check(&ask_faulty(Fault::None).unwrap());
    for fault in [Fault::MarkLater, Fault::MarkEarlier, Fault::Short, Fault::Long, Fault::StaleFlag] {
        let seen = ask_faulty(fault).expect_err(&format!("{fault:?} was not seen"));
        println!("{fault:?}: {seen}");
    }
}
