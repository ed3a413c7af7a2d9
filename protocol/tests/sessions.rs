//! What a session sees of its own records, and what it never sees of another's.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod server_bench;

use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::{Class, Record};
use deltascope_abi::reply::Reply;
use deltascope_model::{Capabilities, Engine, EngineError, GoldenEngine, Latched};
use deltascope_protocol::frame::{Bye, ErrorCode, Hello, Message};
use deltascope_protocol::server::{Config, Identity};
use server_bench::{Bench, Got, code, encode, events, hello, sizes, snapshot_request, state_at};

fn pair(group: u16, length: u32) -> Record {
    Record::pair(group, Class::PageAfterT, length, 1, 1)
}

fn row(events: u64, bytes: u64) -> CounterRow {
    CounterRow { events, bytes, redundant_events: events, redundant_bytes: bytes }
}

/// The rows of groups 0 and 1, and the number at which they are exact.
fn rows(
    bench: &mut Bench<impl Engine>,
    id: deltascope_protocol::server::ConnectionId,
) -> (u64, Vec<(u16, u8, CounterRow)>) {
    let frames = bench.ask(id, &snapshot_request(1, 0, 1));
    let snapshot = frames.into_iter().find_map(|got| match got {
        Got::Snapshot { sequence, rows, .. } => Some((sequence, rows)),
        _ => None,
    });
    snapshot.unwrap()
}

#[test]
fn two_sessions_share_numbers_and_nothing_else() {
    let mut bench = Bench::new(Config::default());
    let (one, two) = (bench.session(1, 2, 3), bench.session(2, 2, 3));
    // Group 0 and context 2 of both, and bits that the ops do not use set to what would be out of the grant.
    let records = [pair(0, 5).with_context(0xFFFF), Record::load(2, 7).with_group(0xFFFF), Record::read(2)];
    let frames = bench.ask(one, &events(0, 0, &records));
    assert_eq!(frames[0], Got::Replies(vec![(2, 0, 2, 7)]));
    let frames = bench.ask(two, &events(0, 0, &[Record::read(2), pair(1, 9)]));
    assert_eq!(frames[0], Got::Replies(vec![(0, 0, 2, 0)]), "the other's context is not seen");
    assert_eq!(rows(&mut bench, one), (3, vec![(0, 0, row(1, 5))]));
    assert_eq!(rows(&mut bench, two), (2, vec![(1, 0, row(1, 9))]));

    // A violation of one closes one.
    bench.give(two, &events(2, 0, &[pair(2, 1)]));
    assert!(bench.server.is_closing(two) && !bench.server.is_closing(one));
    assert_eq!(bench.ask(one, &events(3, 3, &[pair(0, 1)])), [Got::Ack { sequence: 4, credit: 4 + 131_072 }]);

    // What the first leaves behind is not what the third begins with.
    bench.give(one, &encode(&Message::Bye(Bye { next_sequence: 4 })));
    assert_eq!(bench.take(one), [Got::Ack { sequence: 4, credit: 4 }], "the last Ack has no credit");
    assert!(bench.server.is_closing(one));
    let three = bench.session(3, 2, 3);
    assert_eq!(bench.ask(three, &events(0, 0, &[Record::read(2)]))[0], Got::Replies(vec![(0, 0, 2, 0)]));
    assert_eq!(rows(&mut bench, three), (1, vec![]));
}

#[test]
fn a_snapshot_is_exact_where_it_was_asked_for() {
    let mut bench = Bench::new(Config::default());
    let id = bench.session(1, 2, 3);
    let stream = [
        events(0, 0, &[pair(0, 1), pair(1, 2)]),
        snapshot_request(5, 0, 1),
        events(2, 0, &[pair(0, 4)]),
        snapshot_request(6, 1, 1),
        snapshot_request(7, 0, 0),
    ];
    let frames = bench.ask(id, &stream.concat());
    assert_eq!(frames[0], Got::Snapshot { token: 5, sequence: 2, rows: vec![(0, 0, row(1, 1)), (1, 0, row(1, 2))] });
    assert_eq!(frames[1], Got::Snapshot { token: 6, sequence: 3, rows: vec![(1, 0, row(1, 2))] });
    assert_eq!(frames[2], Got::Snapshot { token: 7, sequence: 3, rows: vec![(0, 0, row(2, 5))] });
    assert_eq!(frames[3..], [Got::Ack { sequence: 3, credit: 3 + 131_072 }]);
}

#[test]
fn states_of_the_past_end_at_the_grant() {
    let mut bench = Bench::new(Config::default());
    let (_, _) = (bench.session(1, 2, 3), bench.connect());
    let id = bench.connect();
    let frames = bench.ask(id, &encode(&Message::Hello(hello(2, 2, 3))));
    let [Got::Welcome { position, .. }] = frames[..] else { panic!("{frames:?}") };
    assert_eq!(position, 6, "two grants of three LOADs");
    bench.give(id, &events(0, 0, &[Record::load(0, 1), Record::load(1, 9), Record::accum(0, 2)]));
    bench.take(id);
    let mut state = |mark| match bench.ask(id, &state_at(mark, 0, mark))[..] {
        [Got::State { token, state, sequence: 3, too_old, .. }] if token == mark => (state, too_old),
        ref other => panic!("{other:?}"),
    };
    assert_eq!(state(position), (0, false));
    assert_eq!(state(position + 1), (1, false));
    assert_eq!(state(position + 2), (1, false));
    assert_eq!(state(position + 3), (3, false));
    assert_eq!(state(position - 1), (0, true), "before the grant");
    assert_eq!(state(position + 4), (0, true), "not yet there");
    // 4 lanes of 8 entries: one more than 32 deltas push the first out.
    let deltas = [Record::accum(0, 4); 33];
    bench.give(id, &events(3, 0, &deltas));
    bench.take(id);
    let frames = bench.ask(id, &state_at(1, 0, position + 3));
    assert!(matches!(frames[..], [Got::State { too_old: true, state: 0, .. }]), "{frames:?}");
    let frames = bench.ask(id, &state_at(1, 0, position + 4));
    assert!(matches!(frames[..], [Got::State { too_old: false, state: 7, .. }]), "{frames:?}");
}

/// A turn of one record ends between the QUERY and the READ of a state.
#[test]
fn states_of_two_sessions_do_not_mix() {
    let mut bench = Bench::new(Config { quantum: 1, ..Config::default() });
    let ids = [bench.session(1, 1, 1), bench.session(2, 1, 1)];
    for (id, value) in ids.into_iter().zip([7, 9]) {
        bench.give(id, &events(0, 0, &[Record::load(0, value), Record::load(0, 1)]));
        bench.take(id);
    }
    // Two grants of one LOAD, then two LOADs of each: the first value is at 3 and at 5.
    for (id, mark) in ids.into_iter().zip([3, 5]) {
        bench.server.receive(id, &state_at(1, 0, mark), bench.now);
    }
    bench.settle();
    for (id, value) in ids.into_iter().zip([7, 9]) {
        let frames = bench.take(id);
        assert!(matches!(frames[..], [Got::State { state, too_old: false, .. }] if state == value), "{frames:?}");
    }
}

/// The agent starts again before its first grant was made: the next session does not get the nothing of an earlier one.
#[test]
fn a_grant_without_a_baseline_is_made_anew() {
    let mut bench = Bench::new(Config::default());
    let first = bench.connect();
    bench.server.receive(first, &encode(&Message::Hello(hello(1, 2, 3))), bench.now);
    bench.server.disconnect(first, bench.now);
    let again = Hello { session: [2; 16], ..hello(1, 2, 3) };
    let id = bench.connect();
    let frames = bench.ask(id, &encode(&Message::Hello(again)));
    assert!(matches!(frames[..], [Got::Welcome { inherited: false, next: 0, .. }, ..]), "{frames:?}");
    bench.give(id, &events(0, 0, &[pair(1, 10)]));
    bench.take(id);
    let frames = bench.ask(id, &snapshot_request(5, 0, 1));
    let [Got::Snapshot { ref rows, .. }] = frames[..] else { panic!("{frames:?}") };
    assert_eq!(rows.len(), 1);
}

/// Replies of the earlier session do not hold the grant of the next one back, nor reach it.
#[test]
fn a_successor_gets_no_replies_of_before() {
    let mut bench = Bench::new(Config { window: 1, quantum: 1, ..Config::default() });
    let (first, ..) = bench.welcome(&hello(1, 1, 1));
    bench.server.receive(first, &events(0, 0, &[Record::read(0); 4]), bench.now);
    bench.server.disconnect(first, bench.now);
    let id = bench.connect();
    let again = Hello { session: [2; 16], ..hello(1, 1, 1) };
    let frames = bench.ask(id, &encode(&Message::Hello(again)));
    assert!(matches!(frames[..], [Got::Welcome { inherited: true, next: 4, .. }, ..]), "{frames:?}");
    assert!(!frames.iter().any(|frame| matches!(frame, Got::Replies(_))), "{frames:?}");
}

/// A Hello of the agent's earlier process, delayed in the network, has no claim to the grant of the present one.
#[test]
fn a_late_hello_of_an_earlier_process_takes_nothing_over() {
    let mut bench = Bench::new(Config::default());
    let first = bench.session(1, 1, 1);
    bench.server.disconnect(first, bench.now);
    let (id, boot_id, grant, _) = bench.welcome(&Hello { session: [2; 16], ..hello(1, 1, 1) });
    let late = bench.connect();
    assert_eq!(code(&bench.ask(late, &encode(&Message::Hello(hello(1, 1, 1))))), ErrorCode::Limit);
    assert!(!bench.server.is_closing(id), "the present session keeps its connection");
    bench.server.disconnect(id, bench.now);
    let (_, _, other, _) = bench.welcome(&hello(1, 1, 1));
    assert_ne!(grant, other);
    let (_, _, known, _) = bench.welcome(&Hello { session: [2; 16], boot_id, grant, ..hello(1, 1, 1) });
    assert_eq!(known, grant);
}

/// Two processes with one id at once would count as one.
#[test]
fn a_second_agent_with_the_id_of_a_live_one_is_refused_by_name() {
    let mut bench = Bench::new(Config::default());
    let first = bench.session(1, 2, 3);
    let twin = Hello { session: [2; 16], ..hello(1, 2, 3) };
    let second = bench.connect();
    let frames = bench.ask(second, &encode(&Message::Hello(twin)));
    assert_eq!(code(&frames), ErrorCode::Limit);
    assert!(matches!(&frames[..], [Got::Error { text, .. }] if text.contains("agent id 8181")), "{frames:?}");
    assert_eq!(bench.ask(first, &events(0, 0, &[pair(0, 1)])), [Got::Ack { sequence: 1, credit: 1 + 131_072 }]);
    // Once the first has gone, the second is its successor.
    bench.server.disconnect(first, bench.now);
    let third = bench.connect();
    let frames = bench.ask(third, &encode(&Message::Hello(twin)));
    assert!(matches!(frames[..], [Got::Welcome { inherited: true, next: 1, .. }, ..]), "{frames:?}");
}

#[test]
fn an_engine_without_a_journal_answers_too_old() {
    let engine = GoldenEngine::new(sizes().without_journal()).unwrap();
    let mut bench = Bench::over(engine, Config::default());
    let id = bench.session(1, 2, 3);
    let frames = bench.ask(id, &state_at(8, 0, 100));
    assert!(matches!(frames[..], [Got::State { token: 8, too_old: true, .. }]), "{frames:?}");
}

#[test]
fn a_record_sent_twice_is_counted_once() {
    let mut bench = Bench::new(Config::default());
    let id = bench.session(1, 2, 3);
    let both = [pair(0, 1), Record::send(1, 1, 2, 3).with_reply()];
    bench.give(id, &events(0, 0, &both));
    bench.take(id);
    bench.give(id, &events(0, 0, &both));
    bench.give(id, &events(1, 0, &[both[1], pair(0, 1)]));
    assert_eq!(
        rows(&mut bench, id),
        (3, vec![(0, 0, row(2, 2)), (1, 2, CounterRow { events: 1, bytes: 2, ..row(0, 0) })])
    );
    assert_eq!(bench.server.stats().duplicates, 3);
}

#[test]
fn replies_are_kept_until_they_are_confirmed() {
    let mut bench = Bench::new(Config::default());
    let (first, boot_id, grant, _) = bench.welcome(&hello(1, 2, 3));
    let records = [Record::load(1, 5), Record::read(1), Record::swap(1, 6).with_reply(), Record::read(1)];
    bench.give(first, &events(0, 0, &records));
    bench.server.disconnect(first, 0);
    // The connection was lost before anything arrived.
    let again = Hello { next_sequence: 4, boot_id, grant, ..hello(1, 2, 3) };
    let second = bench.connect();
    let all = vec![(1, 0, 1, 5), (2, 0, 1, 5), (3, 0, 1, 6)];
    let frames = bench.ask(second, &encode(&Message::Hello(again)));
    let welcomed = matches!(frames[0], Got::Welcome { next: 4, grant: same, .. } if same == grant);
    assert!(welcomed && frames[1] == Got::Replies(all.clone()), "{frames:?}");
    assert_eq!(frames[2..], [Got::Ack { sequence: 4, credit: 4 + 131_072 }]);
    // Some are confirmed by a frame without records, some by the next Hello; nothing is executed again.
    bench.give(second, &events(4, 2, &[]));
    bench.server.disconnect(second, 0);
    let third = bench.connect();
    let frames = bench.ask(third, &encode(&Message::Hello(Hello { replies_below: 3, ..again })));
    assert_eq!(frames[1], Got::Replies(all[2..].to_vec()));
    assert_eq!(bench.server.engine().position(), 3 + 2);
}

#[test]
fn a_session_that_takes_no_replies_is_held_back_alone() {
    let mut bench = Bench::new(Config { window: 20_000, max_output: 10_000, ..Config::default() });
    let (greedy, other) = (bench.session(1, 2, 3), bench.session(2, 2, 3));
    let reads = vec![Record::read(0); 10_000];
    bench.give(greedy, &events(0, 0, &reads));
    bench.give(greedy, &events(10_000, 0, &reads));
    let held = bench.server.transmit(greedy).len();
    assert!(held < 1_000_000, "{held} bytes wait");
    assert_eq!(bench.ask(other, &events(0, 0, &[pair(0, 1)])), [Got::Ack { sequence: 1, credit: 20_001 }]);
    // It continues as soon as it reads and confirms, to the last reply, in order.
    let mut sequences = Vec::new();
    for _ in 0..100 {
        for got in bench.take(greedy) {
            if let Got::Replies(replies) = got {
                sequences.extend(replies.iter().map(|reply| reply.0));
            }
        }
        let below = sequences.last().map_or(0, |last| last + 1);
        bench.give(greedy, &events(20_000, below, &[]));
    }
    assert!(sequences.iter().copied().eq(0..20_000), "{} replies", sequences.len());
}

#[test]
fn sessions_are_kept_by_identity() {
    let mut bench = Bench::new(Config::default());
    let (id, boot_id, grant, _) = bench.welcome(&hello(1, 2, 3));
    bench.give(id, &events(0, 0, &[pair(0, 1)]));
    bench.server.disconnect(id, 0);
    let again = Hello { next_sequence: 1, boot_id, grant, ..hello(1, 2, 3) };
    let thief = bench.server.connect(Identity([9; 32]), 0).unwrap();
    let frames = bench.ask(thief, &encode(&Message::Hello(again)));
    assert!(matches!(frames[..], [Got::Error { code: ErrorCode::Unauthorised, .. }]), "{frames:?}");
    // The same agent id under another identity inherits nothing either.
    let thief = bench.server.connect(Identity([9; 32]), 0).unwrap();
    let frames = bench.ask(thief, &encode(&Message::Hello(Hello { session: [5; 16], ..hello(1, 2, 3) })));
    assert!(matches!(frames[..], [Got::Welcome { inherited: false, next: 0, .. }]), "{frames:?}");
    assert_eq!(rows(&mut bench, thief).1, []);
    let (back, _, same, next) = bench.welcome(&again);
    assert_eq!((same, next), (grant, 1));
    bench.take(back);
    assert_eq!(rows(&mut bench, back), (1, vec![(0, 0, row(1, 1))]));
}

#[test]
fn a_second_connection_of_a_session_closes_the_first() {
    let mut bench = Bench::new(Config::default());
    let (old, boot_id, grant, _) = bench.welcome(&hello(1, 2, 3));
    let frame = events(0, 0, &[pair(0, 1)]);
    bench.give(old, &frame[..frame.len() - 1]);
    let (new, _, same, next) = bench.welcome(&Hello { next_sequence: 1, boot_id, grant, ..hello(1, 2, 3) });
    assert_eq!((same, next), (grant, 0));
    assert!(bench.server.is_closing(old) && !bench.server.is_closing(new));
    // The last byte of the frame comes too late: the frame never was.
    bench.give(old, &frame[frame.len() - 1..]);
    bench.give(new, &frame);
    bench.take(new);
    assert_eq!(rows(&mut bench, new), (1, vec![(0, 0, row(1, 1))]));
}

/// The golden engine behind a fault that can be set.
struct Faulty {
    engine: GoldenEngine,
    dead: bool,
    lies: bool,
}

impl Engine for Faulty {
    fn info(&self) -> Capabilities {
        self.engine.info()
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        match self.dead {
            true => Err(EngineError::Device { engine: "model", text: "expected a pulse, found none".into() }),
            false => self.engine.submit(records),
        }
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        if self.lies {
            sink(Reply::new(deltascope_abi::record::Op::Read, 0, 1));
        }
        self.engine.poll(sink)
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        self.engine.counters()
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        self.lies = false;
        match self.dead {
            true => Err(EngineError::Device { engine: "model", text: "expected a pulse, found none".into() }),
            false => self.engine.reset(),
        }
    }
}

#[test]
fn a_failed_engine_is_told_reset_and_has_another_boot_id() {
    let engine = Faulty { engine: GoldenEngine::new(sizes()).unwrap(), dead: false, lies: false };
    let mut bench = Bench::over(engine, Config::default());
    let (id, boot_id, ..) = bench.welcome(&hello(1, 2, 3));
    bench.give(id, &events(0, 0, &[pair(0, 1)]));
    bench.take(id);
    bench.server.engine().dead = true;
    let frames = bench.ask(id, &events(1, 0, &[pair(0, 1)]));
    assert!(matches!(frames[..], [Got::Error { code: ErrorCode::Engine, .. }]), "{frames:?}");
    let refused = bench.connect();
    let frames = bench.ask(refused, &encode(&Message::Hello(hello(1, 2, 3))));
    assert!(matches!(frames[..], [Got::Error { code: ErrorCode::Engine, .. }]), "{frames:?}");

    bench.server.engine().dead = false;
    bench.now += 1_000_000;
    bench.settle();
    let (id, second, ..) = bench.welcome(&hello(1, 2, 3));
    assert_ne!(boot_id, second);
    assert_eq!(rows(&mut bench, id), (0, vec![]), "the tables were cleared");

    // A reply without a question: the stream is out of step.
    bench.server.engine().lies = true;
    bench.settle();
    let frames = bench.take(id);
    assert!(matches!(frames[..], [Got::Error { code: ErrorCode::Engine, .. }]), "{frames:?}");
    let (_, third, ..) = bench.welcome(&hello(1, 2, 3));
    assert!(third != boot_id && third != second);
}

#[test]
fn a_stopping_server_acknowledges_what_it_has() {
    let mut bench = Bench::new(Config::default());
    let id = bench.session(1, 2, 3);
    bench.server.receive(id, &events(0, 0, &[pair(0, 1)]), 0);
    bench.server.stop();
    bench.server.receive(id, &events(1, 0, &[pair(0, 1)]), 0);
    bench.settle();
    let frames = bench.take(id);
    assert_eq!(frames[0], Got::Ack { sequence: 1, credit: 1 + 131_072 });
    assert!(matches!(frames[1..], [Got::Error { code: ErrorCode::Shutdown, .. }]), "{frames:?}");
    assert!(bench.server.is_stopped() && bench.server.connect(Identity::ANYBODY, 0).is_none());
}
