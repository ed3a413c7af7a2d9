//! Strategies for every frame, with owned bodies that messages borrow from.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Class, RECORD_BYTES, Record};
use deltascope_protocol::frame::elements::{CURSOR_BYTES, REPLY_ENTRY_BYTES, SNAPSHOT_ROW_BYTES};
use deltascope_protocol::frame::{
    Ack, Bye, Cursor, Cursors, ErrorCode, ErrorFrame, Extensions, Grow, Grown, Hello, MAX_FRAME_BYTES, Message,
    Records, Replies, ReplyEntry, Secret, Snapshot, SnapshotRequest, SnapshotRow, StateAt, StateAtReply, Welcome,
    encode,
};
pub use deltascope_testkit::strategies::{any_record as record, any_reply as reply, any_row as row};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

/// A message with everything that it borrows.
#[derive(Clone, Debug)]
pub enum Owned {
    Hello(Box<Hello<'static>>, String, Vec<u8>),
    Welcome(Box<Welcome<'static>>, Vec<[u8; CURSOR_BYTES]>, Vec<u8>),
    Records(u64, u64, Losses, Vec<[u8; CURSOR_BYTES]>, Vec<[u8; RECORD_BYTES]>),
    Replies(Vec<[u8; REPLY_ENTRY_BYTES]>),
    Snapshot(Snapshot<'static>, Vec<[u8; SNAPSHOT_ROW_BYTES]>),
    Error(ErrorCode, u64, String),
    Plain(Message<'static>),
}

impl Owned {
    /// The message.
    pub fn message(&self) -> Message<'_> {
        match self {
            Owned::Hello(hello, host, bytes) => {
                Message::Hello(Hello { host, extensions: Extensions::parse(bytes).unwrap(), ..**hello })
            }
            Owned::Welcome(welcome, cursors, bytes) => {
                let (cursors, extensions) = (Cursors(cursors), Extensions::parse(bytes).unwrap());
                Message::Welcome(Welcome { cursors, extensions, ..**welcome })
            }
            Owned::Records(first_sequence, replies_below, losses, cursors, records) => Message::Records(Records {
                first_sequence: *first_sequence,
                replies_below: *replies_below,
                losses: *losses,
                cursors: Cursors(cursors),
                records,
            }),
            Owned::Replies(entries) => Message::Replies(Replies { entries }),
            Owned::Snapshot(snapshot, rows) => Message::Snapshot(Snapshot { rows, ..*snapshot }),
            Owned::Error(code, sequence, text) => Message::Error(ErrorFrame { code: *code, sequence: *sequence, text }),
            Owned::Plain(message) => *message,
        }
    }

    /// Its frame.
    pub fn frame(&self) -> Vec<u8> {
        let mut buffer = vec![0xEE; MAX_FRAME_BYTES];
        let length = encode(&self.message(), &mut buffer).unwrap();
        buffer.truncate(length);
        buffer
    }
}

fn losses() -> impl Strategy<Value = Losses> {
    any::<[u64; 7]>().prop_map(Losses)
}

fn cursors() -> impl Strategy<Value = Vec<[u8; CURSOR_BYTES]>> {
    let cursor = any::<(u32, u32, u64)>();
    vec(cursor.prop_map(|(source, unit, position)| Cursor { source, unit, position }.to_bytes()), 0..6)
}

/// Encoded extensions of any type, length and value.
fn extensions() -> impl Strategy<Value = Vec<u8>> {
    let one = (any::<u16>(), vec(any::<u8>(), 0..20)).prop_map(|(kind, value)| {
        let mut bytes = [kind.to_le_bytes(), (value.len() as u16).to_le_bytes()].concat();
        bytes.extend(&value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    });
    vec(one, 0..4).prop_map(|all| all.concat())
}

fn hello() -> impl Strategy<Value = Owned> {
    let ids = any::<([u8; 16], [u8; 16], [u8; 16], bool)>();
    let sizes = (0..=1u32 << 16, 0..=1u32 << 16);
    (any::<[u64; 6]>(), ids, any::<u32>(), sizes, "[a-z.ä-ü]{0,60}", extensions()).prop_map(
        |(numbers, (session, agent, secret, resumes), abi_version, (groups, contexts), host, bytes)| {
            let [nonce, oldest_sequence, next_sequence, boot_id, grant, replies_below] = numbers;
            let hello = Hello {
                abi_version,
                session,
                agent,
                secret: Secret(secret),
                nonce,
                resumes,
                groups,
                contexts,
                oldest_sequence,
                next_sequence,
                boot_id,
                grant,
                replies_below,
                host: "",
                extensions: Extensions::NONE,
            };
            Owned::Hello(Box::new(hello), host, bytes)
        },
    )
}

fn welcome() -> impl Strategy<Value = Owned> {
    let grant = [1..=1u32 << 16, 1..=1u32 << 16, 1..=1u32 << 16, 1..=1u32 << 16];
    (any::<[u64; 5]>(), any::<[u32; 4]>(), any::<bool>(), grant, losses(), cursors(), extensions()).prop_map(
        |(numbers, sizes, inherited, [groups, contexts, most_groups, most_contexts], losses, cursors, bytes)| {
            let [boot_id, grant, next_sequence, credit, position] = numbers;
            let [abi_version, engine, journal_lanes, journal_depth] = sizes;
            let welcome = Welcome {
                abi_version,
                engine,
                boot_id,
                grant,
                inherited,
                groups,
                contexts,
                most_groups,
                most_contexts,
                journal_lanes,
                journal_depth,
                next_sequence,
                credit,
                position,
                losses,
                cursors: Cursors(&[]),
                extensions: Extensions::NONE,
            };
            Owned::Welcome(Box::new(welcome), cursors, bytes)
        },
    )
}

fn snapshot() -> impl Strategy<Value = Owned> {
    let range = (0..=u16::MAX, 0..5u16).prop_map(|(first, more)| (first, first.saturating_add(more)));
    (any::<[u64; 3]>(), range)
        .prop_flat_map(|(numbers, (first, last))| {
            let numbers_of_rows = u32::from(first) * 4..=u32::from(last) * 4 + 3;
            let rows = btree_set(numbers_of_rows, 0..=4 * usize::from(last - first + 1));
            (Just((numbers, first, last)), rows, vec(row(), 20))
        })
        .prop_map(|(([token, sequence, position], first, last), numbers, rows)| {
            let rows = numbers.into_iter().zip(rows).map(|(number, row)| {
                let (group, class) = ((number / 4) as u16, Class::from_code(number as u8));
                SnapshotRow { group, class, row }.to_bytes()
            });
            let (first, last) = (first.into(), last.into());
            Owned::Snapshot(Snapshot { token, sequence, position, first, last, rows: &[] }, rows.collect())
        })
}

fn plain() -> impl Strategy<Value = Owned> {
    (0..7u8, any::<[u64; 5]>(), any::<[u16; 2]>(), any::<bool>()).prop_map(|(kind, [a, b, c, d, e], [x, y], flag)| {
        Owned::Plain(match kind {
            0 => Message::Ack(Ack { sequence: a, credit: b }),
            1 => Message::StateAt(StateAt { token: a, mark: b, context: x.into() }),
            2 => Message::StateAtReply(StateAtReply {
                token: a,
                mark: b,
                position: c,
                state: d,
                sequence: e,
                context: x.into(),
                too_old: flag,
            }),
            3 => Message::SnapshotRequest(SnapshotRequest { token: a, first: x.into(), last: y.into() }),
            4 => Message::Bye(Bye { next_sequence: a }),
            5 => Message::Grow(Grow { groups: 1 + u32::from(x), contexts: 1 + u32::from(y) }),
            _ => Message::Grown(Grown { groups: 1 + u32::from(x), contexts: 1 + u32::from(y) }),
        })
    })
}

/// Any message that may be sent.
pub fn message() -> impl Strategy<Value = Owned> {
    let records = vec(record().prop_map(Record::to_bytes), 0..40);
    let events = (any::<[u64; 2]>(), losses(), cursors(), records)
        .prop_map(|([first, below], losses, cursors, records)| Owned::Records(first, below, losses, cursors, records));
    let entry = (any::<u64>(), reply()).prop_map(|(sequence, reply)| ReplyEntry { sequence, reply }.to_bytes());
    let error = (prop::sample::select(&ErrorCode::ALL[..]), any::<u64>(), "\\PC{0,60}")
        .prop_map(|(code, sequence, text)| Owned::Error(code, sequence, text));
    prop_oneof![
        1 => hello(),
        1 => welcome(),
        2 => events,
        1 => vec(entry, 0..40).prop_map(Owned::Replies),
        2 => snapshot(),
        1 => error,
        5 => plain(),
    ]
}
