//! Grants that grow, what is kept for agents to come, and the places of agents that are gone.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod server_bench;

use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::{Class, Record};
use deltascope_abi::{DEFAULT_CONTEXTS, DEFAULT_GROUPS};
use deltascope_model::{Config as Sizes, GoldenEngine};
use deltascope_protocol::frame::{Bye, ErrorCode, Extensions, Grow, Hello, Message, Secret};
use deltascope_protocol::server::{Config, ConnectionId, Identity, Peer, Quota};
use server_bench::{Bench, Got, code, encode, events, hello, snapshot_request, state_at};

fn grow(groups: u32, contexts: u32) -> Vec<u8> {
    encode(&Message::Grow(Grow { groups, contexts }))
}

fn whole_board(config: Config) -> Bench<GoldenEngine> {
    let sizes = Sizes::with_tables(DEFAULT_CONTEXTS, DEFAULT_GROUPS).with_journal(4, 8);
    Bench::over(GoldenEngine::new(sizes).unwrap(), config)
}

/// A Hello of an agent that no other process continues from.
fn alone(number: u8, groups: u32, contexts: u32) -> Hello<'static> {
    Hello { secret: Secret::NONE, resumes: false, ..hello(number, groups, contexts) }
}

fn refused(bench: &mut Bench<GoldenEngine>, hello: &Hello<'_>) -> ErrorCode {
    let id = bench.connect();
    let code = code(&bench.ask(id, &encode(&Message::Hello(*hello))));
    bench.server.disconnect(id, bench.now);
    code
}

fn counted(bench: &mut Bench<GoldenEngine>, id: ConnectionId, last: u32) -> Vec<(u16, u8, CounterRow)> {
    bench.take(id);
    match &bench.ask(id, &snapshot_request(9, 0, last))[..] {
        [Got::Snapshot { rows, .. }, ..] => rows.clone(),
        other => panic!("{other:?}"),
    }
}

/// The product of the table of limits is what the default engine has.
#[test]
fn defaults_serve_every_session_of_the_table_at_once() {
    let config = Config::default();
    let sessions = config.max_sessions as u32;
    assert!(sessions * config.default_groups <= DEFAULT_GROUPS);
    assert!(sessions * config.default_contexts <= DEFAULT_CONTEXTS);
    assert!(config.reserved_sessions <= config.max_sessions && config.max_sessions < config.max_connections);
    let mut bench = whole_board(config.clone());
    for number in 1..=config.max_sessions as u8 {
        let (_, _, _, next) = bench.welcome(&alone(number, 0, 0));
        assert_eq!(next, 0);
    }
    assert_eq!(refused(&mut bench, &alone(255, 0, 0)), ErrorCode::Limit);
}

#[test]
fn one_agent_that_takes_all_it_can_leaves_room_for_31_others() {
    let config = Config::default();
    let mut bench = whole_board(config.clone());
    // One Hello for everything is refused; growth ends where the places of others begin.
    assert_eq!(refused(&mut bench, &alone(200, DEFAULT_GROUPS, 1)), ErrorCode::NoCapacity);
    let greedy = bench.session(1, 0, 0);
    let frames = bench.ask(greedy, &grow(1 << 16, 1 << 16));
    let kept = config.reserved_sessions as u32 - 1;
    let groups = DEFAULT_GROUPS - kept * config.default_groups;
    let contexts = DEFAULT_CONTEXTS - kept * config.default_contexts;
    assert_eq!(frames, [Got::Grown { groups, contexts }]);
    assert_eq!(bench.ask(greedy, &grow(1 << 16, 1 << 16)), [Got::Grown { groups, contexts }], "there is no more");
    for number in 2..=config.reserved_sessions as u8 {
        bench.session(number, 0, 0);
    }
    assert_eq!(refused(&mut bench, &alone(100, 0, 0)), ErrorCode::NoCapacity);
}

/// The text of the refusal of a Hello.
fn advice(bench: &mut Bench<GoldenEngine>, hello: &Hello<'_>) -> String {
    let id = bench.connect();
    let frames = bench.ask(id, &encode(&Message::Hello(*hello)));
    bench.server.disconnect(id, bench.now);
    match &frames[..] {
        [Got::Error { code: ErrorCode::NoCapacity, text, .. }] => text.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn advice_names_what_helps() {
    let config = Config::default();
    let mut bench = whole_board(config.clone());
    let kept = config.reserved_sessions as u32 - 1;
    let most = DEFAULT_GROUPS - kept * config.default_groups;
    // More than one session ever has: with an empty server as with a busy one.
    let beyond = format!("waiting does not help, ask for at most {most}");
    assert!(advice(&mut bench, &alone(200, most + 1, 1)).ends_with(&beyond));
    let (first, ..) = bench.welcome(&alone(1, most, 1));
    assert!(advice(&mut bench, &alone(200, most + 1, 1)).ends_with(&beyond));
    assert!(advice(&mut bench, &alone(200, most, 1)).ends_with("wait until other sessions end"));
    // It does help: another session of that size is there once the first one has ended.
    bench.ask(first, &encode(&Message::Bye(Bye { next_sequence: 0 })));
    bench.server.disconnect(first, bench.now);
    bench.welcome(&alone(2, most, 1));
}

#[test]
fn grown_grant_counts_and_looks_back_in_all_its_pieces() {
    let mut bench = Bench::new(Config::default());
    let (first, second) = (bench.session(1, 2, 4), bench.session(2, 2, 4));
    // The second one stands behind the first, so both grow in pieces.
    let mut sizes = [(2u32, 4u32), (2, 4)];
    for round in 0..3 {
        for (id, size) in [first, second].into_iter().zip(&mut sizes) {
            let context = size.1 as u16;
            let outside = bench.server.engine().position();
            *size = (size.0 + 1, size.1 + 3);
            assert_eq!(bench.ask(id, &grow(size.0, size.1)), [Got::Grown { groups: size.0, contexts: size.1 }]);
            // The server does not report what the context was before it came into the grant.
            let frames = bench.ask(id, &state_at(1, context.into(), outside));
            assert!(matches!(frames[..], [Got::State { too_old: true, state: 0, .. }]), "{round}: {frames:?}");
        }
    }
    for (which, id) in [first, second].into_iter().enumerate() {
        let (groups, contexts) = sizes[which];
        let value = |context: u16| u64::from(context) + 100 * which as u64 + 1;
        let pairs = (0..groups as u16).map(|group| Record::pair(group, Class::PageAfterT, u32::from(group) + 1, 7, 7));
        let loads = (0..contexts as u16).map(|context| Record::load(context, value(context)));
        let reads = (0..contexts as u16).map(Record::read);
        let records: Vec<_> = pairs.chain(loads).chain(reads).collect();
        let frames = bench.ask(id, &events(0, 0, &records));
        let read = u64::from(groups + contexts);
        let expected = (0..contexts as u16).map(|context| (read + u64::from(context), 0, context, value(context)));
        assert_eq!(frames[0], Got::Replies(expected.collect()));
        let rows = counted(&mut bench, id, groups - 1);
        let expected = (0..groups as u16).map(|group| {
            let bytes = u64::from(group) + 1;
            (group, 0, CounterRow { events: 1, bytes, redundant_events: 1, redundant_bytes: bytes })
        });
        assert!(rows.into_iter().eq(expected));
        let beyond = bench.ask(id, &events(records.len() as u64, 0, &[Record::read(contexts as u16)]));
        assert_eq!(code(&beyond), ErrorCode::OutOfGrant);
    }
}

/// Until it is sent the answer is that of the first Grow: a search for places is made once a turn.
#[test]
fn grow_has_the_answer_of_the_one_before_until_that_is_sent() {
    let mut bench = Bench::new(Config::default());
    let id = bench.session(1, 2, 3);
    for (first, second) in [((1, 1), (4, 5)), ((4, 5), (6, 7))] {
        let frames = bench.ask(id, &[grow(first.0, first.1), grow(second.0, second.1)].concat());
        let (groups, contexts) = (first.0.max(2), first.1.max(3));
        assert_eq!(frames, [Got::Grown { groups, contexts }]);
    }
}

/// The answer to Grow is lost with its connection: the Welcome reports what the grant is.
#[test]
fn growth_outlives_its_connection_and_a_restart_of_the_agent() {
    let mut bench = Bench::new(Config::default());
    let (id, boot_id, grant, _) = bench.welcome(&hello(1, 2, 3));
    bench.give(id, &events(0, 0, &[Record::pair(1, Class::PageAfterT, 5, 1, 2)]));
    bench.server.receive(id, &grow(4, 5), bench.now);
    bench.server.disconnect(id, bench.now);
    bench.settle();
    let again = bench.connect();
    let frames =
        bench.ask(again, &encode(&Message::Hello(Hello { next_sequence: 1, boot_id, grant, ..hello(1, 2, 3) })));
    assert!(matches!(frames[0], Got::Welcome { groups: 4, contexts: 5, .. }), "{frames:?}");
    bench.give(again, &events(1, 0, &[Record::pair(3, Class::PageAfterT, 5, 1, 2)]));
    // The next process asks for more than that, and continues with the counters.
    bench.server.receive(again, &grow(5, 5), bench.now);
    bench.server.disconnect(again, bench.now);
    let heir = bench.connect();
    let frames = bench.ask(heir, &encode(&Message::Hello(Hello { session: [2; 16], ..hello(1, 6, 6) })));
    assert!(matches!(frames[0], Got::Welcome { groups: 6, contexts: 6, inherited: true, .. }), "{frames:?}");
    let rows = counted(&mut bench, heir, 5);
    assert!(rows.iter().map(|row| row.0).eq([1, 3]), "{rows:?}");
}

#[test]
fn quota_bounds_growth() {
    let mut bench = Bench::new(Config::default());
    let peer = Peer { quota: Quota { groups: 5, ..Quota::NONE }, ..Peer::from(Identity([7; 32])) };
    let id = bench.server.connect(peer, bench.now).unwrap();
    bench.ask(id, &encode(&Message::Hello(hello(1, 2, 3))));
    assert_eq!(bench.ask(id, &grow(16, 9)), [Got::Grown { groups: 5, contexts: 9 }]);
}

/// Agents without a successor are killed again and again; each place is there for the next one at once.
#[test]
fn place_of_a_dead_agent_without_successor_is_taken_back_when_needed() {
    let mut bench = Bench::new(Config { max_sessions: 2, ..Config::default() });
    let connected = bench.session(1, 2, 3);
    bench.give(connected, &events(0, 0, &[Record::pair(1, Class::PageAfterT, 5, 1, 2)]));
    for number in 2..20 {
        let (id, ..) = bench.welcome(&alone(number, 2, 3));
        bench.give(id, &events(0, 0, &[Record::pair(0, Class::PageAfterT, 5, 1, 2)]));
        bench.server.disconnect(id, bench.now);
    }
    assert_eq!(bench.server.stats().taken_back, 17);
    // One that came back would have restored itself: it gets a new grant, from its oldest record on.
    let (_, _, _, next) =
        bench.welcome(&Hello { oldest_sequence: 1, next_sequence: 1, boot_id: 1, grant: 9, ..alone(2, 2, 3) });
    assert_eq!(next, 1);
    assert_eq!(counted(&mut bench, connected, 1).len(), 1, "the session that is connected is untouched");
}

#[test]
fn place_with_a_successor_is_kept_for_it() {
    let mut bench = Bench::new(Config { max_sessions: 1, ..Config::default() });
    let (id, ..) = bench.welcome(&hello(1, 2, 3));
    bench.give(id, &events(0, 0, &[Record::pair(1, Class::PageAfterT, 5, 1, 2)]));
    bench.server.disconnect(id, bench.now);
    assert_eq!(refused(&mut bench, &alone(2, 1, 1)), ErrorCode::Limit);
    let (heir, ..) = bench.welcome(&Hello { session: [3; 16], ..hello(1, 2, 3) });
    assert_eq!(counted(&mut bench, heir, 1).len(), 1);
    // Until it has sent something there is nothing to keep.
    let mut bench = Bench::new(Config { max_sessions: 1, ..Config::default() });
    let (id, ..) = bench.welcome(&hello(1, 2, 3));
    bench.server.disconnect(id, bench.now);
    bench.session(2, 1, 1);
}

/// The place of a process that does not resume goes to the next process of its agent, with counters from 0.
#[test]
fn process_that_does_not_resume_replaces_the_one_before() {
    let mut bench = Bench::new(Config { max_sessions: 1, ..Config::default() });
    for number in 1..10 {
        let hello = Hello { session: [number; 16], resumes: false, ..hello(1, 2, 3) };
        let id = bench.connect();
        let frames = bench.ask(id, &encode(&Message::Hello(hello)));
        assert!(matches!(frames[0], Got::Welcome { inherited: false, next: 0, .. }), "{frames:?}");
        assert_eq!(counted(&mut bench, id, 1), []);
        bench.give(id, &events(0, 0, &[Record::pair(1, Class::PageAfterT, 5, 1, 2)]));
        bench.server.disconnect(id, bench.now);
    }
    assert_eq!(bench.server.sessions(), 1);
}

/// 64 Hellos and nothing behind them do not keep others out indefinitely.
#[test]
fn connected_sessions_without_records_give_way_after_a_time() {
    let config = Config { max_sessions: 3, ..Config::default() };
    let unused = config.unused_time.as_micros() as u64;
    let mut bench = Bench::new(config);
    let busy = bench.session(1, 1, 1);
    bench.give(busy, &events(0, 0, &[Record::pair(0, Class::PageAfterT, 5, 1, 2)]));
    let idle = [bench.session(2, 1, 1), bench.session(3, 1, 1)];
    bench.now += unused - 1;
    for (id, next) in [(busy, 1), (idle[0], 0), (idle[1], 0)] {
        bench.give(id, &events(next, 0, &[]));
    }
    assert_eq!(refused(&mut bench, &alone(4, 1, 1)), ErrorCode::Limit);
    bench.now += 1;
    bench.session(5, 1, 1);
    assert!(bench.server.is_closing(idle[0]) && !bench.server.is_closing(idle[1]) && !bench.server.is_closing(busy));
    let frames = bench.take(idle[0]);
    assert!(matches!(&frames[..], [.., Got::Error { code: ErrorCode::Limit, .. }]), "{frames:?}");
}

/// A peer that knows the id of an agent, and not its secret, is another agent.
#[test]
fn agent_id_without_its_secret_takes_nothing_over() {
    let mut bench = Bench::new(Config::default());
    let (victim, boot_id, grant, _) = bench.welcome(&hello(1, 2, 3));
    bench.give(victim, &events(0, 0, &[Record::pair(1, Class::PageAfterT, 5, 1, 2)]));
    let thieves = [Secret::NONE, Secret([9; 16])];
    for (number, secret) in (50..).zip(thieves) {
        // While the victim is connected, and when it is not.
        let thief = Hello { session: [number; 16], secret, ..hello(1, 2, 3) };
        let (id, ..) = bench.welcome(&thief);
        assert_eq!(counted(&mut bench, id, 1), []);
        assert!(!bench.server.is_closing(victim));
        bench.server.disconnect(id, bench.now);
    }
    bench.server.disconnect(victim, bench.now);
    for (number, secret) in (60..).zip(thieves) {
        let (id, ..) = bench.welcome(&Hello { session: [number; 16], secret, ..hello(1, 2, 3) });
        assert_eq!(counted(&mut bench, id, 1), []);
    }
    // Not even the session's id is enough.
    let again = Hello { next_sequence: 1, boot_id, grant, ..hello(1, 2, 3) };
    assert_eq!(refused(&mut bench, &Hello { secret: Secret([9; 16]), ..again }), ErrorCode::Unauthorised);
    let (victim, _, same, _) = bench.welcome(&again);
    assert_eq!((same, counted(&mut bench, victim, 1).len()), (grant, 1));
}

#[test]
fn extension_that_must_be_understood_is_refused_by_name() {
    let mut bench = Bench::new(Config::default());
    let (optional, required) = ([7, 0, 1, 0, 9, 0, 0, 0], [7, 0x80, 0, 0]);
    let extensions = Extensions::parse(&required).unwrap();
    assert_eq!(refused(&mut bench, &Hello { extensions, ..hello(1, 1, 1) }), ErrorCode::Version);
    let extensions = Extensions::parse(&optional).unwrap();
    bench.welcome(&Hello { extensions, ..hello(1, 1, 1) });
}

/// What sessions do see of each other, as `docs/protocol.md` states: how many deltas all of them make together.
#[test]
fn sessions_share_the_journal_and_nothing_else() {
    let mut bench = Bench::new(Config::default());
    let (first, second) = (bench.session(1, 1, 1), bench.session(2, 1, 1));
    let position = bench.server.engine().position();
    bench.give(second, &events(0, 0, &[Record::accum(0, 5); 33]));
    let frames = bench.ask(first, &state_at(1, 0, position));
    let [Got::State { too_old: true, position: now, .. }] = frames[..] else { panic!("{frames:?}") };
    assert_eq!(now, position + 33);
    let frames = bench.ask(first, &events(0, 0, &[Record::read(0)]));
    assert_eq!(frames[0], Got::Replies(vec![(0, 0, 0, 0)]));
}

/// A process that does not resume, and asks for more than there is, takes nothing away from the session that waits; once there
/// is enough it begins at 0 and does not inherit.
#[test]
fn refused_process_leaves_the_waiting_session_as_it_was() {
    for is_inherited_between in [false, true] {
        let mut bench = Bench::new(Config { reserved_sessions: 0, ..Config::default() });
        let (first, ..) = bench.welcome(&hello(1, 2, 3));
        bench.give(first, &events(0, 0, &[Record::pair(1, Class::PageAfterT, 5, 1, 2)]));
        bench.server.disconnect(first, bench.now);
        // It is inherited, and its process dies before it has sent a frame.
        let (second, ..) = bench.welcome(&Hello { session: [2; 16], ..hello(1, 2, 3) });
        bench.server.disconnect(second, bench.now);
        let (other, ..) = bench.welcome(&hello(9, 12, 3));
        let third = Hello { session: [3; 16], resumes: false, ..hello(1, 8, 3) };
        assert_eq!(refused(&mut bench, &third), ErrorCode::NoCapacity);
        if is_inherited_between {
            let heir = bench.connect();
            let frames = bench.ask(heir, &encode(&Message::Hello(Hello { session: [4; 16], ..hello(1, 2, 3) })));
            assert!(matches!(frames[0], Got::Welcome { inherited: true, next: 1, .. }), "{frames:?}");
            assert_eq!(counted(&mut bench, heir, 1).len(), 1);
            bench.server.disconnect(heir, bench.now);
            assert_eq!(refused(&mut bench, &third), ErrorCode::NoCapacity);
        }
        bench.ask(other, &encode(&Message::Bye(Bye { next_sequence: 0 })));
        bench.server.disconnect(other, bench.now);
        let id = bench.connect();
        let frames = bench.ask(id, &encode(&Message::Hello(third)));
        assert!(matches!(frames[0], Got::Welcome { inherited: false, next: 0, .. }), "{frames:?}");
        assert_eq!(bench.server.sessions(), 1, "in the place of the one that waited");
    }
}

/// The most of one grant holds for a later process, and for a Hello that lost its grant, too.
#[test]
fn no_hello_gets_more_than_the_most_of_one_grant() {
    let mut bench = Bench::new(Config { max_groups: 4, max_contexts: 8, ..Config::default() });
    let (id, boot_id, ..) = bench.welcome(&hello(1, 2, 3));
    bench.give(id, &events(0, 0, &[Record::pair(1, Class::PageAfterT, 5, 1, 2)]));
    bench.server.disconnect(id, bench.now);
    for (groups, contexts) in [(5, 3), (2, 9)] {
        let ask = hello(1, groups, contexts);
        let heir = Hello { session: [2; 16], ..ask };
        assert_eq!(refused(&mut bench, &heir), ErrorCode::NoCapacity);
        assert_eq!(refused(&mut bench, &Hello { resumes: false, ..heir }), ErrorCode::NoCapacity);
        let lost = Hello { oldest_sequence: 1, next_sequence: 1, boot_id, grant: 99, ..ask };
        assert_eq!(refused(&mut bench, &lost), ErrorCode::NoCapacity);
    }
    let id = bench.session(1, 4, 8);
    assert_eq!(bench.ask(id, &grow(5, 9)), [Got::Grown { groups: 4, contexts: 8 }]);
}

/// A session that grows, or comes back for more, does not make room by its own place.
#[test]
fn session_that_needs_room_keeps_its_own_place() {
    let config = Config { max_sessions: 2, ..Config::default() };
    let unused = config.unused_time.as_micros() as u64;
    let mut bench = Bench::new(config);
    let (idle, boot_id, ..) = bench.welcome(&alone(1, 2, 3));
    bench.now += unused;
    assert_eq!(bench.ask(idle, &grow(17, 3)), [Got::Grown { groups: 16, contexts: 3 }]);
    bench.server.disconnect(idle, bench.now);
    let more = Hello { boot_id, grant: 77, ..alone(1, 16, 65) };
    assert_eq!(refused(&mut bench, &more), ErrorCode::NoCapacity);
    let (_, _, _, next) = bench.welcome(&Hello { boot_id, grant: 77, ..alone(1, 16, 64) });
    assert_eq!((next, bench.server.sessions()), (0, 1));
}

/// A Hello of before the agent grew is delivered late, and makes a grant that is too small for it.
#[test]
fn welcome_is_never_smaller_than_what_hello_asks_for() {
    let mut bench = Bench::new(Config::default());
    let late = bench.session(1, 2, 3);
    bench.server.disconnect(late, bench.now);
    let id = bench.connect();
    let frames = bench.ask(id, &encode(&Message::Hello(Hello { boot_id: 9, grant: 9, ..hello(1, 4, 5) })));
    assert!(matches!(frames[0], Got::Welcome { groups: 4, contexts: 5, inherited: false, .. }), "{frames:?}");
    bench.give(id, &events(0, 0, &[Record::pair(3, Class::PageAfterT, 5, 1, 2)]));
    bench.server.disconnect(id, bench.now);
    // The same while a grant is inherited: its counters continue.
    let late = bench.connect();
    let heir = Hello { session: [2; 16], ..hello(1, 4, 5) };
    bench.ask(late, &encode(&Message::Hello(heir)));
    bench.server.disconnect(late, bench.now);
    let id = bench.connect();
    let frames = bench.ask(id, &encode(&Message::Hello(Hello { groups: 6, contexts: 7, ..heir })));
    assert!(matches!(frames[0], Got::Welcome { groups: 6, contexts: 7, inherited: true, .. }), "{frames:?}");
    assert_eq!(counted(&mut bench, id, 5).len(), 1);
}
