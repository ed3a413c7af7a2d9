//! What an agent refuses from a server: numbers that no server without a defect can send.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use deltascope_abi::ABI_VERSION;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::{Class, Record};
use deltascope_abi::reply::Reply;
use deltascope_protocol::agent::{Config, Endpoint, EndpointError, Identity};
use deltascope_protocol::frame::{
    self, Ack, Cursor, Cursors, Extensions, Grown, Message, Replies, ReplyEntry, Secret, Snapshot, SnapshotRow,
    StateAtReply, Welcome,
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
    connected_with(Config::default(), resumes)
}

fn connected_with(config: Config, resumes: bool) -> Endpoint {
    let (secret, host) = (Secret([3; 16]), "host".into());
    let identity = Identity { session: [1; 16], agent: [2; 16], secret, resumes, nonce: 3, host };
    let mut agent = Endpoint::new(config, identity);
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

/// Fields of a Welcome that contradict each other, or the Hello.
#[test]
fn welcome_that_contradicts_itself_is_refused() {
    let losses = {
        let mut losses = Losses::default();
        losses.add(LossReason::Ring, 1);
        losses
    };
    let cursors = [Cursor { source: 1, unit: 0, position: 5 }.to_bytes()];
    let cases = [
        (Welcome { most_groups: 1, ..welcome() }, "groups in Welcome"),
        (Welcome { most_contexts: 1, ..welcome() }, "contexts in Welcome"),
        (Welcome { journal_lanes: 4, ..welcome() }, "journal depth in Welcome"),
        (Welcome { journal_depth: 8, ..welcome() }, "journal depth in Welcome"),
        (Welcome { losses, ..welcome() }, "losses in Welcome of a new grant"),
        (Welcome { cursors: Cursors(&cursors), ..welcome() }, "cursors in Welcome of a new grant"),
    ];
    for (welcome, what) in cases {
        refused_for(answered(welcome, true), what);
    }
    let inherited = Welcome { inherited: true, losses, cursors: Cursors(&cursors), ..welcome() };
    assert!(answered(inherited, true).is_ok());
    // Fewer than the Hello asks for.
    let mut agent = connected_with(Config { groups: 3, contexts: 1, ..Config::default() }, false);
    refused_for(agent.receive(&encoded(&Message::Welcome(welcome())), 0), "groups in Welcome");
}

/// A Welcome that contradicts the one before.
#[test]
fn second_welcome_that_contradicts_the_first_is_refused() {
    let first = Welcome { position: 7, journal_lanes: 4, journal_depth: 8, ..welcome() };
    let again = |second: Welcome<'_>| {
        let mut agent = connected(false);
        agent.receive(&encoded(&Message::Welcome(first)), 0).unwrap();
        agent.disconnected();
        agent.connected(0);
        agent.receive(&encoded(&Message::Welcome(second)), 0)
    };
    assert!(again(first).is_ok());
    assert!(again(Welcome { grant: 2, position: 9, ..first }).is_ok());
    assert!(again(Welcome { boot_id: 6, engine: 2, journal_lanes: 0, journal_depth: 0, position: 0, ..first }).is_ok());
    let cases = [
        (Welcome { engine: 2, ..first }, "engine in Welcome of the same boot id"),
        (Welcome { journal_lanes: 2, grant: 2, ..first }, "journal lanes in Welcome of the same boot id"),
        (Welcome { journal_depth: 4, ..first }, "journal depth in Welcome of the same boot id"),
        (Welcome { position: 8, ..first }, "journal position in Welcome of the same grant"),
        (Welcome { position: 6, grant: 2, ..first }, "journal position in Welcome"),
        (Welcome { groups: 1, grant: 2, ..first }, "groups in Welcome"),
    ];
    for (second, what) in cases {
        refused_for(again(second), what);
    }
}

#[test]
fn state_that_was_not_asked_for_so_is_refused() {
    let asked = || {
        let (mut agent, _) = counting();
        let token = agent.request_state(1, 5);
        agent.poll(0).unwrap();
        (agent, StateAtReply { token, mark: 5, position: 6, state: 3, sequence: 2, context: 1, too_old: false })
    };
    let (mut agent, reply) = asked();
    assert!(agent.receive(&encoded(&Message::StateAtReply(reply)), 0).is_ok());
    let cases = [
        (StateAtReply { context: 0, ..reply }, "context in StateAtReply"),
        (StateAtReply { mark: 4, ..reply }, "mark in StateAtReply"),
        (StateAtReply { sequence: 3, ..reply }, "number in StateAtReply"),
        (StateAtReply { too_old: true, ..reply }, "state in StateAtReply that is too old"),
        (StateAtReply { position: 4, ..reply }, "journal position in StateAtReply"),
    ];
    for (reply, what) in cases {
        let (mut agent, _) = asked();
        refused_for(agent.receive(&encoded(&Message::StateAtReply(reply)), 0), what);
    }
    // Another token is an answer to nobody.
    let (mut agent, reply) = asked();
    let unasked = StateAtReply { token: reply.token + 1, context: 9, ..reply };
    assert!(agent.receive(&encoded(&Message::StateAtReply(unasked)), 0).is_ok());
}

#[test]
fn replies_that_no_record_has_are_refused() {
    let replied = |entries: &[(u64, u64)]| {
        let entries: Vec<_> = entries
            .iter()
            .map(|&(sequence, head)| ReplyEntry { sequence, reply: Reply { head, value: 0 } }.to_bytes())
            .collect();
        let (mut agent, _) = counting();
        agent.receive(&encoded(&Message::Replies(Replies { entries: &entries })), 0)
    };
    let context = |number: u64| number << 24;
    assert!(replied(&[(0, 3), (1, 6 | context(1))]).is_ok());
    refused_for(replied(&[(1, 3), (0, 3)]), "number in Replies");
    refused_for(replied(&[(1, 3), (1, 3)]), "number in Replies");
    // A batch's end, a PAIR, the server's own, none.
    for op in [0, 5, 7, 9, 10, 15] {
        refused_for(replied(&[(0, op)]), "op in Replies");
    }
    refused_for(replied(&[(0, 3 | context(2))]), "context in Replies");
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
    let ack = Ack { sequence: 2, credit: 1 };
    refused_for(agent.receive(&encoded(&Message::Ack(ack)), 0), "credit in Ack");
    let (mut agent, _) = counting();
    let entries = [ReplyEntry { sequence: 2, reply: Reply { head: 3, value: 0 } }.to_bytes()];
    refused_for(agent.receive(&encoded(&Message::Replies(Replies { entries: &entries })), 0), "number in Replies");
}

/// What has passed the engine has passed it for good.
#[test]
fn acks_that_fall_are_refused() {
    let (mut agent, _) = counting();
    for credit in [1_002, 1_003] {
        assert!(agent.receive(&encoded(&Message::Ack(Ack { sequence: 2, credit })), 0).is_ok());
    }
    refused_for(agent.receive(&encoded(&Message::Ack(Ack { sequence: 1, credit: 1_004 })), 0), "number in Ack");
}

#[test]
fn grant_never_shrinks_or_grows_beyond_its_most() {
    let (mut agent, _) = counting();
    assert!(agent.receive(&encoded(&Message::Grown(Grown { groups: 3, contexts: 2 })), 0).is_ok());
    refused_for(agent.receive(&encoded(&Message::Grown(Grown { groups: 2, contexts: 2 })), 0), "groups in Grown");
    let (mut agent, _) = counting();
    refused_for(agent.receive(&encoded(&Message::Grown(Grown { groups: 2, contexts: 5 })), 0), "contexts in Grown");
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
