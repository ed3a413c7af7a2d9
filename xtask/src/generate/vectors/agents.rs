//! What an agent does with each frame that a server, or something else, sends it. The answers are those of `docs/protocol.md`,
//! written down here and not asked of the agent.

use anyhow::{Context, Result};
use deltascope_abi::ABI_VERSION;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::Class;
use deltascope_abi::reply::Reply;
use deltascope_protocol::frame::{
    Ack, Cursor, Cursors, ErrorCode, ErrorFrame, Extensions, Grown, Message, Replies, ReplyEntry, Snapshot,
    SnapshotRow, Welcome,
};
use serde_json::{Value, json};

use super::bytes::{encode, hex};

/// It continues.
const TAKES: &str = "takes";
/// It closes the connection and connects again.
const AGAIN: &str = "connects again";
/// It closes the connection and gives up.
const GIVES_UP: &str = "gives up";

/// When the bytes come: behind the agent's Hello, or behind the Welcome of the exchange `session`.
const BEFORE: &str = "before the Welcome";
const AFTER: &str = "after the Welcome";

/// What an agent does with the frame of each kind in `frames`, before and after the Welcome.
const KINDS: &[(&str, &str, &str)] = &[
    ("Hello", AGAIN, AGAIN),
    // After its own Hello the agent resumes, so this one fits; a second Welcome fits no state.
    ("Welcome", TAKES, AGAIN),
    ("Records", AGAIN, AGAIN),
    // Numbers beyond what was sent are those of another session.
    ("Ack", AGAIN, GIVES_UP),
    ("Replies", AGAIN, GIVES_UP),
    ("StateAt", AGAIN, AGAIN),
    // Answers that were not asked for are of no interest.
    ("StateAtReply", AGAIN, TAKES),
    ("SnapshotRequest", AGAIN, AGAIN),
    ("Snapshot", AGAIN, TAKES),
    ("Error", AGAIN, AGAIN),
    ("Bye", AGAIN, AGAIN),
    ("Grow", AGAIN, AGAIN),
    // More than the most of the grant.
    ("Grown", AGAIN, GIVES_UP),
];

/// What an agent does on an Error of each code, in any state.
const CODES: &[(ErrorCode, &str)] = &[
    (ErrorCode::Malformed, AGAIN),
    (ErrorCode::Version, GIVES_UP),
    (ErrorCode::Unexpected, AGAIN),
    (ErrorCode::OutOfGrant, GIVES_UP),
    (ErrorCode::ForbiddenOp, GIVES_UP),
    (ErrorCode::NoCapacity, AGAIN),
    (ErrorCode::Sequence, AGAIN),
    (ErrorCode::Credit, AGAIN),
    (ErrorCode::Limit, AGAIN),
    (ErrorCode::Engine, AGAIN),
    (ErrorCode::Unauthorised, GIVES_UP),
    (ErrorCode::Shutdown, AGAIN),
];

fn case(name: &str, when: &str, bytes: &str, agent: &str) -> Value {
    json!({ "name": name, "when": when, "hex": bytes, "agent": agent })
}

/// The cases: every frame of `frames`, every Error, the bytes of `malformed`, and frames that no server without a defect sends.
pub fn cases(frames: &[Value], malformed: &[Value]) -> Result<Vec<Value>> {
    let mut cases = Vec::new();
    for frame in frames {
        let (name, bytes) = (frame["name"].as_str().unwrap_or_default(), frame["hex"].as_str().unwrap_or_default());
        let (_, before, after) =
            KINDS.iter().find(|kind| kind.0 == name).with_context(|| format!("{name}: no answer"))?;
        cases.extend([case(name, BEFORE, bytes, before), case(name, AFTER, bytes, after)]);
    }
    for &(code, agent) in CODES {
        let bytes = encode(&Message::Error(ErrorFrame { code, sequence: 0, text: "expected this, found that" }))?;
        let name = format!("Error {code:?}");
        cases.extend([case(&name, BEFORE, &hex(&bytes), agent), case(&name, AFTER, &hex(&bytes), agent)]);
    }
    for bytes in malformed {
        let name = bytes["name"].as_str().unwrap_or_default();
        // The version is looked at before anything else; whatever else is wrong may be a byte that was damaged.
        let agent = if name == "version 1" { GIVES_UP } else { AGAIN };
        // An agent takes longer frames than a server takes before the Welcome.
        if name != "longer than a frame before the Welcome" {
            cases
                .extend([BEFORE, AFTER].map(|when| case(name, when, bytes["hex"].as_str().unwrap_or_default(), agent)));
        }
    }
    cases.extend(welcomes()?);
    cases.extend(numbers()?);
    Ok(cases)
}

/// A Welcome that the agent of the vectors can use.
fn good() -> Welcome<'static> {
    Welcome {
        abi_version: ABI_VERSION,
        engine: 1,
        boot_id: 5,
        grant: 1,
        inherited: false,
        groups: 2,
        contexts: 3,
        most_groups: 16,
        most_contexts: 64,
        journal_lanes: 4,
        journal_depth: 8,
        next_sequence: 0,
        credit: 131_072,
        position: 3,
        losses: Losses::default(),
        cursors: Cursors(&[]),
        extensions: Extensions::NONE,
    }
}

fn welcomes() -> Result<Vec<Value>> {
    let (optional, required) = ([5, 0, 2, 0, 0xAA, 0xBB, 0, 0], [5, 0x80, 0, 0]);
    let mut losses = Losses::default();
    losses.add(LossReason::Ring, 3);
    let cursors = [Cursor { source: 1, unit: 0, position: 5 }.to_bytes()];
    let all = [
        ("Welcome of a new grant", good(), TAKES),
        ("Welcome of a newer minor ABI version", Welcome { abi_version: ABI_VERSION + 1, ..good() }, TAKES),
        ("Welcome of ABI version 2.0", Welcome { abi_version: 0x0002_0000, ..good() }, GIVES_UP),
        ("Welcome with an extension", Welcome { extensions: Extensions::parse(&optional)?, ..good() }, TAKES),
        (
            "Welcome with an extension that must be understood",
            Welcome { extensions: Extensions::parse(&required)?, ..good() },
            GIVES_UP,
        ),
        ("Welcome with boot id 0", Welcome { boot_id: 0, ..good() }, GIVES_UP),
        ("Welcome with grant 0", Welcome { grant: 0, ..good() }, GIVES_UP),
        ("Welcome that continues records which were never sent", Welcome { next_sequence: 7, ..good() }, GIVES_UP),
        (
            "Welcome with a next number above 2^63",
            Welcome { next_sequence: u64::MAX, credit: u64::MAX, ..good() },
            GIVES_UP,
        ),
        (
            "Welcome with a credit below the next number",
            Welcome { inherited: true, next_sequence: 7, credit: 6, ..good() },
            GIVES_UP,
        ),
        ("Welcome with more groups than the most", Welcome { most_groups: 1, ..good() }, GIVES_UP),
        ("Welcome with more contexts than the most", Welcome { most_contexts: 2, ..good() }, GIVES_UP),
        ("Welcome with fewer groups than the Hello asks for", Welcome { groups: 1, ..good() }, GIVES_UP),
        ("Welcome with fewer contexts than the Hello asks for", Welcome { contexts: 2, ..good() }, GIVES_UP),
        ("Welcome with a journal of no depth", Welcome { journal_depth: 0, ..good() }, GIVES_UP),
        ("Welcome with a journal of no lanes", Welcome { journal_lanes: 0, ..good() }, GIVES_UP),
        ("Welcome without a journal", Welcome { journal_lanes: 0, journal_depth: 0, ..good() }, TAKES),
        ("Welcome of a new grant with losses", Welcome { losses, ..good() }, GIVES_UP),
        ("Welcome of a new grant with a cursor", Welcome { cursors: Cursors(&cursors), ..good() }, GIVES_UP),
        (
            "Welcome of an inherited grant with losses and a cursor",
            Welcome { inherited: true, losses, cursors: Cursors(&cursors), ..good() },
            TAKES,
        ),
    ];
    all.into_iter()
        .map(|(name, welcome, agent)| Ok(case(name, BEFORE, &hex(&encode(&Message::Welcome(welcome))?), agent)))
        .collect()
}

/// Numbers that fit no session that has sent nothing, and those that do.
fn numbers() -> Result<Vec<Value>> {
    let entry = ReplyEntry { sequence: 0, reply: Reply { head: 6, value: 7 } }.to_bytes();
    let row = CounterRow { events: 1, bytes: 1, redundant_events: 2, redundant_bytes: 1 };
    let rows = [SnapshotRow { group: 1, class: Class::NetworkSend, row }.to_bytes()];
    let unasked = Snapshot { token: 99, sequence: 0, position: 3, first: 0, last: 1, rows: &rows };
    let all = [
        ("Ack of nothing", Message::Ack(Ack { sequence: 0, credit: 131_072 }), TAKES),
        ("Ack of more than its credit", Message::Ack(Ack { sequence: 1, credit: 0 }), GIVES_UP),
        ("Ack of a record that was not sent", Message::Ack(Ack { sequence: 1, credit: 131_072 }), GIVES_UP),
        ("Reply to a record that was not sent", Message::Replies(Replies { entries: &[entry] }), GIVES_UP),
        ("Snapshot that was not asked for", Message::Snapshot(unasked), TAKES),
        ("Grown that is the grant", Message::Grown(Grown { groups: 2, contexts: 3 }), TAKES),
        ("Grown that is smaller", Message::Grown(Grown { groups: 1, contexts: 3 }), GIVES_UP),
        ("Grown beyond the most groups", Message::Grown(Grown { groups: 17, contexts: 3 }), GIVES_UP),
        ("Grown beyond the most contexts", Message::Grown(Grown { groups: 2, contexts: 65 }), GIVES_UP),
    ];
    all.into_iter().map(|(name, message, agent)| Ok(case(name, AFTER, &hex(&encode(&message)?), agent))).collect()
}
