//! A client of hand-made frames, so that the server is tested by what is on the wire and not by the session crate.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use deltascope_abi::counters::CounterRow;
use deltascope_model::{Config as Sizes, Engine, GoldenEngine};
use deltascope_protocol::frame::{self, ErrorCode, Hello, MAX_FRAME_BYTES, Message, SnapshotRequest, StateAt};
use deltascope_protocol::server::{Config, ConnectionId, Entropy, Identity, Server};
#[allow(unused_imports, reason = "each test file uses its part")]
pub use deltascope_testkit::frames::{encode, hello, records as events};

pub fn snapshot_request(token: u64, first: u32, last: u32) -> Vec<u8> {
    encode(&Message::SnapshotRequest(SnapshotRequest { token, first, last }))
}

pub fn state_at(token: u64, context: u32, mark: u64) -> Vec<u8> {
    encode(&Message::StateAt(StateAt { token, mark, context }))
}

/// What of a server's frame the tests look at.
#[derive(Clone, Debug, PartialEq)]
pub enum Got {
    Welcome {
        boot_id: u64,
        grant: u64,
        inherited: bool,
        groups: u32,
        contexts: u32,
        next: u64,
        credit: u64,
        position: u64,
    },
    Ack {
        sequence: u64,
        credit: u64,
    },
    Replies(Vec<(u64, u16, u16, u64)>),
    Snapshot {
        token: u64,
        sequence: u64,
        rows: Vec<(u16, u8, CounterRow)>,
    },
    State {
        token: u64,
        state: u64,
        sequence: u64,
        too_old: bool,
        position: u64,
    },
    Grown {
        groups: u32,
        contexts: u32,
    },
    Error {
        code: ErrorCode,
        sequence: u64,
        text: String,
    },
}

fn got(message: &Message<'_>) -> Got {
    match message {
        Message::Welcome(w) => Got::Welcome {
            boot_id: w.boot_id,
            grant: w.grant,
            inherited: w.inherited,
            groups: w.groups,
            contexts: w.contexts,
            next: w.next_sequence,
            credit: w.credit,
            position: w.position,
        },
        Message::Ack(ack) => Got::Ack { sequence: ack.sequence, credit: ack.credit },
        Message::Replies(replies) => Got::Replies(
            replies
                .iter()
                .map(|entry| (entry.sequence, entry.reply.group(), entry.reply.context(), entry.reply.value))
                .collect(),
        ),
        Message::Snapshot(s) => Got::Snapshot {
            token: s.token,
            sequence: s.sequence,
            rows: s.iter().map(|row| (row.group, row.class as u8, row.row)).collect(),
        },
        Message::StateAtReply(s) => Got::State {
            token: s.token,
            state: s.state,
            sequence: s.sequence,
            too_old: s.too_old,
            position: s.position,
        },
        Message::Grown(grown) => Got::Grown { groups: grown.groups, contexts: grown.contexts },
        Message::Error(e) => Got::Error { code: e.code, sequence: e.sequence, text: e.text.into() },
        other => panic!("a server does not send {other:?}"),
    }
}

/// The frames in these bytes.
pub fn frames(mut bytes: &[u8]) -> Vec<Got> {
    let mut frames = Vec::new();
    while let Some(length) = frame::frame_length(bytes, MAX_FRAME_BYTES).unwrap() {
        frames.push(got(&frame::decode(&bytes[..length]).unwrap()));
        bytes = &bytes[length..];
    }
    frames
}

pub struct Bench<E> {
    pub server: Server<E>,
    pub now: u64,
}

pub fn sizes() -> Sizes {
    Sizes::with_tables(64, 16).with_journal(4, 8)
}

impl Bench<GoldenEngine> {
    pub fn new(config: Config) -> Self {
        Bench::over(GoldenEngine::new(sizes()).unwrap(), config)
    }
}

impl<E: Engine> Bench<E> {
    pub fn over(engine: E, config: Config) -> Self {
        Bench { server: Server::new(engine, config, Entropy::Random(77)).unwrap(), now: 0 }
    }

    pub fn connect(&mut self) -> ConnectionId {
        self.server.connect(Identity::ANYBODY, self.now).unwrap()
    }

    /// Gives the server bytes and lets it finish its work.
    pub fn give(&mut self, id: ConnectionId, bytes: &[u8]) {
        self.server.receive(id, bytes, self.now);
        self.settle();
    }

    pub fn settle(&mut self) {
        self.settle_for(1_000);
    }

    pub fn settle_for(&mut self, polls: usize) {
        for _ in 0..polls {
            if !self.server.poll(self.now).busy {
                return;
            }
        }
        panic!("the server is busy without end");
    }

    /// Every frame that waits on a connection.
    pub fn take(&mut self, id: ConnectionId) -> Vec<Got> {
        let bytes = self.server.transmit(id).to_vec();
        self.server.advance(id, bytes.len());
        frames(&bytes)
    }

    /// Gives bytes and takes the frames that they cause.
    pub fn ask(&mut self, id: ConnectionId, bytes: &[u8]) -> Vec<Got> {
        self.give(id, bytes);
        self.take(id)
    }

    /// A welcomed connection.
    pub fn session(&mut self, number: u8, groups: u32, contexts: u32) -> ConnectionId {
        self.welcome(&hello(number, groups, contexts)).0
    }

    /// A welcomed connection, with the boot id, the grant and the number to continue with.
    pub fn welcome(&mut self, hello: &Hello<'_>) -> (ConnectionId, u64, u64, u64) {
        let id = self.connect();
        let frames = self.ask(id, &encode(&Message::Hello(*hello)));
        let Some(&Got::Welcome { boot_id, grant, next, .. }) = frames.first() else { panic!("{frames:?}") };
        (id, boot_id, grant, next)
    }
}

/// The code of the Error that is the only frame.
pub fn code(frames: &[Got]) -> ErrorCode {
    match frames {
        [Got::Error { code, text, .. }] => {
            assert!(text.contains("expected") && text.contains("found"), "{text}");
            *code
        }
        other => panic!("expected one Error, found {other:?}"),
    }
}
