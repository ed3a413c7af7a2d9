//! `protocol/vectors/frames.json`: every frame and every error of the wire protocol as bytes, for tests of both ends and for
//! other implementations. `protocol/vectors/README.md` describes how it is read.

use anyhow::{Context, Result, bail};
use deltascope_abi::ABI_VERSION;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Class, Record};
use deltascope_protocol::frame::{
    self, Ack, Bye, Cursor, Cursors, ErrorCode, ErrorFrame, Extensions, Grow, Grown, Hello, Message, Records, Replies,
    ReplyEntry, Snapshot, SnapshotRequest, SnapshotRow, StateAt, StateAtReply, Welcome,
};
use serde_json::{Value, json};
use std::fs;

use self::bytes::{encode, hello, hex, with};
use crate::cargo::root;

mod agents;
mod bytes;
mod exchanges;

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
        "to_agents": agents::cases(&frames()?, &malformed()?)?,
        "exchanges": exchanges::exchanges()?,
    }))
}

/// A frame with its fields: name, offset, bytes and value of each number; `bytes` of the others.
fn vector(name: &str, message: &Message<'_>, fields: &[(&str, usize, usize, u64)]) -> Result<Value> {
    let fields = fields.iter().map(
        |&(field, offset, bytes, value)| json!({ "name": field, "offset": offset, "bytes": bytes, "value": value }),
    );
    let fields: Vec<Value> = fields.collect();
    Ok(json!({ "name": name, "kind": message.kind() as u8, "hex": hex(&encode(message)?), "fields": fields }))
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
