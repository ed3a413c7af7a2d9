//! What an agent refuses from a server: numbers that no server without a defect can send.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use deltascope_abi::ABI_VERSION;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Class, Record};
use deltascope_abi::reply::Reply;
use deltascope_protocol::agent::{Config, Endpoint, EndpointError, Identity};
use deltascope_protocol::frame::{
    self, Ack, Cursors, Extensions, Grown, Message, Replies, ReplyEntry, Secret, Snapshot, SnapshotRow, Welcome,
};

fn encoded(message: &Message<'_>) -> Vec<u8> {
    let mut bytes = vec![0; 4_096];
    let length = frame::encode(message, &mut bytes).unwrap();
    bytes.truncate(length);
    bytes
}

fn welcome() -> Welcome<'static> {
    Welcome {
        abi_version: ABI_VERSION,
        engine: 1,
        boot_id: 5,
        grant: 1,
        inherited: false,
        groups: 2,
        contexts: 2,
        most_groups: 4,
        most_contexts: 4,
        journal_lanes: 0,
        journal_depth: 0,
        next_sequence: 0,
        credit: 1_000,
        position: 0,
        losses: Losses::default(),
        cursors: Cursors(&[]),
        extensions: Extensions::NONE,
    }
}

/// An agent whose Hello is on its way.
fn connected(resumes: bool) -> Endpoint {
    let (secret, host) = (Secret([3; 16]), "host".into());
    let identity = Identity { session: [1; 16], agent: [2; 16], secret, resumes, nonce: 3, host };
    let mut agent = Endpoint::new(Config::default(), identity);
    agent.connected(0);
    let hello = agent.transmit().len();
    agent.advance(hello, 0);
    agent
}

fn answered(welcome: Welcome<'_>, resumes: bool) -> Result<(), EndpointError> {
    connected(resumes).receive(&encoded(&Message::Welcome(welcome)), 0)
}

/// An agent that has sent two copies of 10 bytes in group 1, one of them redundant, and asked for a snapshot.
fn counting() -> (Endpoint, u64) {
    let mut agent = connected(false);
    agent.receive(&encoded(&Message::Welcome(welcome())), 0).unwrap();
    let copy = |after| Record::pair(1, Class::PageAfterT, 10, 7, after);
    assert_eq!(agent.admit(&[copy(7), copy(8)]), 2);
    agent.commit(&Losses::default(), &[], 0);
    let token = agent.request_snapshot();
    agent.poll(0).unwrap();
    loop {
        let count = agent.transmit().len();
        if count == 0 {
            return (agent, token);
        }
        agent.advance(count, 0);
    }
}

fn snapshot(token: u64, sequence: u64, rows: &[(u16, Class, [u64; 4])]) -> Vec<u8> {
    let rows: Vec<_> = rows
        .iter()
        .map(|&(group, class, [events, bytes, redundant_events, redundant_bytes])| {
            let row = CounterRow { events, bytes, redundant_events, redundant_bytes };
            SnapshotRow { group, class, row }.to_bytes()
        })
        .collect();
    encoded(&Message::Snapshot(Snapshot { token, sequence, position: 0, first: 0, last: 1, rows: &rows }))
}

fn refused_for(result: Result<(), EndpointError>, what: &str) {
    let error = result.expect_err(what);
    assert!(error.is_fatal() && error.to_string().starts_with(what), "{what}: found {error}");
}

#[test]
fn numbers_that_no_welcome_has_are_refused() {
    assert!(answered(welcome(), false).is_ok());
    refused_for(answered(Welcome { boot_id: 0, ..welcome() }, false), "boot id in Welcome");
    refused_for(answered(Welcome { grant: 0, ..welcome() }, false), "grant in Welcome");
    refused_for(answered(Welcome { next_sequence: 5, ..welcome() }, false), "next number in Welcome");
    refused_for(answered(Welcome { next_sequence: 5, credit: 4, ..welcome() }, false), "credit in Welcome");
    let inherited = Welcome { inherited: true, next_sequence: 9, ..welcome() };
    assert!(answered(inherited, true).is_ok());
    refused_for(answered(inherited, false), "inherited in Welcome");
}

#[test]
fn extension_that_must_be_understood_is_refused_and_others_are_ignored() {
    let known = [1, 0, 4, 0, 9, 9, 9, 9];
    assert!(answered(Welcome { extensions: Extensions::parse(&known).unwrap(), ..welcome() }, false).is_ok());
    let required = [1, 0x80, 0, 0];
    let found = answered(Welcome { extensions: Extensions::parse(&required).unwrap(), ..welcome() }, false);
    assert_eq!(found, Err(EndpointError::Extension { kind: 0x8001 }));
}

#[test]
fn acks_and_replies_beyond_what_was_sent_are_refused() {
    let (mut agent, _) = counting();
    assert!(agent.receive(&encoded(&Message::Ack(Ack { sequence: 2, credit: 1_002 })), 0).is_ok());
    refused_for(agent.receive(&encoded(&Message::Ack(Ack { sequence: 3, credit: 1_003 })), 0), "number in Ack");
    let (mut agent, _) = counting();
    let entries = [ReplyEntry { sequence: 2, reply: Reply { head: 3, value: 0 } }.to_bytes()];
    refused_for(agent.receive(&encoded(&Message::Replies(Replies { entries: &entries })), 0), "number in Replies");
}

#[test]
fn grant_never_shrinks() {
    let (mut agent, _) = counting();
    assert!(agent.receive(&encoded(&Message::Grown(Grown { groups: 3, contexts: 2 })), 0).is_ok());
    refused_for(agent.receive(&encoded(&Message::Grown(Grown { groups: 2, contexts: 2 })), 0), "groups in Grown");
}

#[test]
fn counters_that_the_records_cannot_have_made_are_refused() {
    let (after_t, unjudged) = (Class::PageAfterT, Class::PageUnjudged);
    let (mut agent, token) = counting();
    assert!(agent.receive(&snapshot(token, 2, &[(1, after_t, [2, 20, 1, 10])]), 0).is_ok());
    assert_eq!(agent.totals()[4].redundant_events, 1);
    let cases = [
        ([2, 20, 3, 10], after_t, "new redundant events of a row"),
        ([2, 20, 1, 21], after_t, "new redundant bytes of a row"),
        ([2, 20, 1, 10], unjudged, "new redundant events of a row"),
        ([1, 20, 1, 10], after_t, "new events in Snapshot"),
        ([3, 20, 1, 10], after_t, "new events in Snapshot"),
        ([2, 19, 1, 10], after_t, "new bytes in Snapshot"),
        ([0, 20, 0, 0], after_t, "new bytes of a row"),
        ([(1 << 48) - 1, u64::MAX, 0, 0], after_t, "new events in Snapshot"),
    ];
    for (row, class, what) in cases {
        let (mut agent, token) = counting();
        refused_for(agent.receive(&snapshot(token, 2, &[(1, class, row)]), 0), what);
        assert!(agent.totals().iter().all(CounterRow::is_zero), "{what}: nothing of it is in the totals");
    }
    let (mut agent, token) = counting();
    refused_for(agent.receive(&snapshot(token, 3, &[(1, after_t, [2, 20, 1, 10])]), 0), "number in Snapshot");
}
