//! The agent's session with a server that sends anything.

use crate::script::{Script, sealed};
use deltascope_abi::ABI_VERSION;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::Class;
use deltascope_protocol::agent::{Config, Endpoint, Identity};
use deltascope_protocol::frame::{
    self, Ack, Cursor, Cursors, Extensions, FrameBuffer, MAX_FRAME_BYTES, Message, Secret, Snapshot, SnapshotRow,
    Welcome,
};
use std::time::Duration;

/// What a peer that reads along knows.
#[derive(Default)]
struct Seen {
    oldest: u64,
    end: u64,
    token: u64,
}

/// Records are admitted, a server sends raw bytes, sealed frames and good frames; what the agent writes are frames.
pub fn session(data: &[u8]) {
    let mut script = Script(data);
    let config = Config {
        groups: 2,
        contexts: 3,
        frame_records: usize::from(script.byte() % 16) + 1,
        retention_bytes: 0,
        max_delay: Duration::from_micros(script.byte().into()),
        snapshot_interval: Duration::from_micros(script.number().min(1 << 30)),
        ..Config::default()
    };
    let (secret, host) = (Secret([3; 16]), "fuzz".into());
    let identity = Identity { session: [1; 16], agent: [2; 16], secret, resumes: true, nonce: 3, host };
    let mut session = Endpoint::new(config, identity);
    let mut wire = FrameBuffer::new(vec![0; MAX_FRAME_BYTES], MAX_FRAME_BYTES);
    let (mut now, mut position, mut steps) = (0u64, 0, 0);
    let mut seen = Seen::default();
    while script.has_more() && steps < 500 {
        steps += 1;
        let result = match script.byte() % 14 {
            0 => {
                wire.clear();
                session.connected(now);
                Ok(())
            }
            1 => {
                wire.clear();
                session.disconnected();
                Ok(())
            }
            2 => {
                now = now.saturating_add(script.number().min(1 << 40));
                session.poll(now).map(|_| ())
            }
            3 | 4 => {
                let records: Vec<_> = (0..script.byte() % 32).map(|_| script.record()).collect();
                position += session.admit(&records) as u64;
                let cursors = [Cursor { source: 1, unit: 0, position }; 3];
                session.commit(&Losses::default(), &cursors[..usize::from(script.byte() % 4)], now);
                Ok(())
            }
            5 => {
                session.request_snapshot();
                _ = session.request_state(script.byte().into(), script.number());
                Ok(())
            }
            6 => {
                match script.byte() {
                    0 => session.finish(),
                    1..=9 => session.request_growth(script.byte().into(), script.byte().into()),
                    _ => {}
                }
                Ok(())
            }
            7 => {
                let length = script.number() as usize;
                session.receive(script.bytes(length), now)
            }
            8 => {
                let (kind, length) = (script.byte() % 16, script.number() as usize);
                session.receive(&sealed(kind, script.bytes(length)), now)
            }
            9 | 10 => send(&mut session, &welcome(&mut script, &seen), now),
            11 => {
                let (sequence, more) = (script.number().min(seen.end), script.number());
                send(&mut session, &Message::Ack(Ack { sequence, credit: sequence.saturating_add(more) }), now)
            }
            12 => {
                let number = script.number();
                let row = CounterRow { events: number, bytes: script.number(), ..CounterRow::default() };
                let rows = [SnapshotRow { group: 1, class: Class::NetworkSend, row }.to_bytes()];
                let sequence = script.number().min(seen.end);
                let (token, rows) = (seen.token, &rows[..]);
                let answer = Snapshot { token, sequence, position: number, first: 0, last: 1, rows };
                send(&mut session, &Message::Snapshot(answer), now)
            }
            _ => {
                take(&mut session, &mut wire, &mut seen, usize::from(script.byte()) * 16, now);
                Ok(())
            }
        };
        if let Err(error) = result {
            assert!(!error.to_string().is_empty());
            wire.clear();
            session.disconnected();
        }
        while session.next_notification().is_some() {}
        let (used, size) = session.retention();
        assert!(used <= size, "retention: {used} of {size}");
    }
}

fn welcome(script: &mut Script<'_>, seen: &Seen) -> Message<'static> {
    let next_sequence = seen.oldest.saturating_add(script.number());
    Message::Welcome(Welcome {
        abi_version: ABI_VERSION,
        engine: 1,
        boot_id: 1 + u64::from(script.byte() % 2),
        grant: 1 + u64::from(script.byte() % 3),
        inherited: script.byte().is_multiple_of(4),
        groups: 2,
        contexts: 3,
        most_groups: 4,
        most_contexts: 6,
        journal_lanes: 1,
        journal_depth: 1,
        next_sequence,
        credit: next_sequence.saturating_add(script.number()),
        position: 0,
        losses: Losses::default(),
        cursors: Cursors(&[]),
        extensions: Extensions::NONE,
    })
}

fn send(
    session: &mut Endpoint,
    message: &Message<'_>,
    now: u64,
) -> Result<(), deltascope_protocol::agent::EndpointError> {
    let mut bytes = vec![0; 4_096];
    let length = frame::encode(message, &mut bytes).unwrap_or(0);
    session.receive(&bytes[..length], now)
}

/// The transport takes some bytes.
fn take(session: &mut Endpoint, wire: &mut FrameBuffer<Vec<u8>>, seen: &mut Seen, most: usize, now: u64) {
    let bytes = session.transmit();
    let count = bytes.len().min(most);
    let bytes = bytes[..count].to_vec();
    session.advance(count, now);
    let mut bytes = bytes.as_slice();
    while !bytes.is_empty() {
        let count = wire.push(bytes);
        bytes = &bytes[count..];
        while let Some(bytes) = wire.next_frame().expect("the session writes frames") {
            match frame::decode(bytes).expect("the session writes frames") {
                Message::Hello(hello) => seen.oldest = hello.oldest_sequence,
                Message::Records(events) => seen.end = events.first_sequence + events.records.len() as u64,
                Message::SnapshotRequest(ask) => seen.token = ask.token,
                Message::StateAt(_) | Message::Grow(_) | Message::Bye(_) | Message::Error(_) => {}
                other => panic!("a frame of a server: {other:?}"),
            }
        }
    }
}
