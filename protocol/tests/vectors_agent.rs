//! The agent's end against the conformance vectors: every frame that can reach it, and a whole session.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use core::time::Duration;
use deltascope_abi::crc::crc32c;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{CLASSES, Class, Record};
use deltascope_protocol::agent::{Config, Endpoint, EndpointError, Identity, Notification};
use deltascope_protocol::frame::{self, ErrorCode, Kind, MAX_FRAME_BYTES, Message, Secret};
use serde_json::Value;
use std::collections::BTreeSet;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/frames.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value["hex"].as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The steps of the exchange `session`.
fn session() -> Vec<Value> {
    let vectors = vectors();
    let exchanges = vectors["exchanges"].as_array().unwrap();
    exchanges.iter().find(|exchange| exchange["name"] == "session").unwrap()["steps"].as_array().unwrap().clone()
}

/// The agent of the vectors, whose Hello is theirs to the byte.
fn agent() -> Endpoint {
    let identity = Identity {
        session: *b"session-00000001",
        agent: *b"agent-of-web-1..",
        secret: Secret(*b"secret-of-web-1."),
        resumes: true,
        nonce: 3,
        host: "web-1".into(),
    };
    let mut agent =
        Endpoint::new(Config { groups: 2, contexts: 3, max_delay: Duration::ZERO, ..Config::default() }, identity);
    agent.connected(0);
    assert_eq!(sent(&mut agent), [bytes(&session()[0])]);
    agent
}

/// The frames that the agent sends now.
fn sent(agent: &mut Endpoint) -> Vec<Vec<u8>> {
    agent.poll(0).unwrap();
    let mut all = Vec::new();
    while !agent.transmit().is_empty() {
        let piece = agent.transmit().to_vec();
        agent.advance(piece.len(), 0);
        all.extend(piece);
    }
    let mut frames = Vec::new();
    let mut rest = &all[..];
    while let Some(length) = frame::frame_length(rest, MAX_FRAME_BYTES).unwrap() {
        frames.push(rest[..length].to_vec());
        rest = &rest[length..];
    }
    frames
}

/// What the agent does, in the words of the vectors.
fn reaction(result: Result<(), EndpointError>) -> &'static str {
    match result {
        Ok(()) => "takes",
        Err(error) if error.is_fatal() => "gives up",
        Err(_) => "connects again",
    }
}

#[test]
fn agent_handles_every_frame_as_in_the_vectors() {
    let vectors = vectors();
    let cases = vectors["to_agents"].as_array().unwrap();
    let welcome = bytes(&session()[0]["answers"][0]);
    let mut seen = BTreeSet::new();
    for case in cases {
        let mut agent = agent();
        if case["when"] == "after the Welcome" {
            agent.receive(&welcome, 0).unwrap();
        } else {
            assert_eq!(case["when"], "before the Welcome");
        }
        let found = agent.receive(&bytes(case), 0);
        let text = format!("{}, {}: {found:?}", case["name"], case["when"]);
        assert_eq!(reaction(found), case["agent"], "{text}");
        seen.insert((case["when"].to_string(), case["name"].as_str().unwrap().to_owned()));
    }
    let names = Kind::ALL.iter().map(|kind| format!("{kind:?}"));
    for name in names.chain(ErrorCode::ALL.iter().map(|code| format!("Error {code:?}"))) {
        for when in ["\"before the Welcome\"", "\"after the Welcome\""] {
            assert!(seen.contains(&(when.to_owned(), name.clone())), "no case of {name} {when}");
        }
    }
}

/// The frame with another token, which each end chooses for itself; it is at byte 8 of every frame that has one.
fn with_token(frame: &[u8], token: u64) -> Vec<u8> {
    let mut frame = frame.to_vec();
    frame[8..16].copy_from_slice(&token.to_le_bytes());
    let end = frame.len() - 4;
    let crc = crc32c(&frame[..end]).to_le_bytes();
    frame[end..].copy_from_slice(&crc);
    frame
}

/// Each frame of the agent is that of the vectors but for its token, and each answer of theirs has the effect that it should.
#[test]
fn agent_speaks_the_session_of_the_vectors() {
    let mut agent = agent();
    let mut notifications = Vec::new();
    for step in session() {
        let name = step["send"].as_str().unwrap();
        let mut token = None;
        match name {
            "Hello" => {}
            "Records" => {
                let records =
                    [Record::pair(1, Class::PageAfterT, 4096, 7, 7), Record::send(0, 2, 1500, 5).with_reply()];
                assert_eq!(agent.admit(&records), 2);
                agent.commit(&Losses::default(), &[], 0);
            }
            "SnapshotRequest" => token = Some(agent.request_snapshot()),
            "StateAt" => token = Some(agent.request_state(2, 3)),
            "Grow" => agent.request_growth(4, 6),
            "Bye" => agent.finish(),
            other => panic!("{other}: no such step"),
        }
        if name != "Hello" {
            let expected = token.map_or_else(|| bytes(&step), |token| with_token(&bytes(&step), token));
            assert!(sent(&mut agent).contains(&expected), "{name}");
        }
        for answer in step["answers"].as_array().unwrap() {
            let has_token = ["Snapshot", "StateAtReply"].contains(&answer["frame"].as_str().unwrap());
            let answer = bytes(answer);
            let answer = token.filter(|_| has_token).map_or(answer.clone(), |token| with_token(&answer, token));
            agent.receive(&answer, 0).unwrap();
            notifications.extend(std::iter::from_fn(|| agent.next_notification()));
        }
    }
    let names: Vec<&str> = notifications
        .iter()
        .map(|notification| match notification {
            Notification::Granted(granted) => {
                assert_eq!((granted.groups, granted.contexts, granted.position), (2, 3, 3));
                "granted"
            }
            Notification::Reply(entry) => {
                assert_eq!((entry.sequence, entry.reply.value, entry.reply.context()), (1, 0, 2));
                "reply"
            }
            Notification::Snapshot { sequence, .. } => {
                assert_eq!(*sequence, 2);
                "snapshot"
            }
            Notification::State(reply) => {
                assert_eq!((reply.mark, reply.context, reply.state, reply.too_old), (3, 2, 0, false));
                "state"
            }
            Notification::Grown { groups, contexts } => {
                assert_eq!((*groups, *contexts), (4, 6));
                "grown"
            }
            Notification::Finished => "finished",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, ["granted", "reply", "snapshot", "state", "grown", "finished"]);
    assert!(agent.is_finished());
    let row = |group: usize, class: Class| agent.totals()[group * CLASSES + class as usize];
    let (page, send) = (row(1, Class::PageAfterT), row(0, Class::PageAfterT));
    assert_eq!((page.events, page.bytes, page.redundant_events), (1, 4096, 1));
    assert_eq!((send.events, send.bytes, send.redundant_events), (0, 0, 0));
    assert_eq!(agent.totals().iter().map(|row| row.events).sum::<u64>(), 2);
    let Message::Ack(ack) = frame::decode(&bytes(&session().last().unwrap()["answers"][0])).unwrap() else { panic!() };
    assert_eq!(agent.progress().acknowledged, ack.sequence);
}
