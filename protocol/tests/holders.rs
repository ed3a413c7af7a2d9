//! Places when none is left: the holder with most of them gives way, and what is lost is named and counted.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod server_bench;

use deltascope_abi::record::{Class, Record};
use deltascope_abi::{DEFAULT_CONTEXTS, DEFAULT_GROUPS};
use deltascope_model::{Config as Sizes, GoldenEngine};
use deltascope_protocol::frame::{Bye, ErrorCode, Grow, Hello, Message, Secret};
use deltascope_protocol::server::{Config, ConnectionId, GivenUpReason, Holder, Identity, Peer};
use server_bench::{Bench, Got, encode, events, hello, snapshot_request};

const A: u8 = 1;
const B: u8 = 2;

/// The default engine with the default limits, and connections from any holder.
struct Board {
    bench: Bench<GoldenEngine>,
    sessions: u8,
}

impl Board {
    fn new(config: Config) -> Board {
        let sizes = Sizes::with_tables(DEFAULT_CONTEXTS, DEFAULT_GROUPS).with_journal(4, 8);
        Board { bench: Bench::over(GoldenEngine::new(sizes).unwrap(), config), sessions: 0 }
    }

    /// Sends Hello from a holder, in a session of its own.
    fn ask(
        &mut self,
        holder: u8,
        change: impl FnOnce(&mut Hello<'static>),
    ) -> Result<ConnectionId, (ErrorCode, String)> {
        self.sessions = self.sessions.wrapping_add(1).max(1);
        let peer = Peer { holder: Holder::of(&[holder]), ..Peer::from(Identity::ANYBODY) };
        let id = self.bench.server.connect(peer, self.bench.now).unwrap();
        let mut hello = hello(self.sessions, 0, 0);
        change(&mut hello);
        match self.bench.ask(id, &encode(&Message::Hello(hello))).remove(0) {
            Got::Welcome { .. } => Ok(id),
            Got::Error { code, text, .. } => {
                self.bench.server.disconnect(id, self.bench.now);
                Err((code, text))
            }
            other => panic!("{other:?}"),
        }
    }

    fn enter(&mut self, holder: u8) -> ConnectionId {
        self.ask(holder, |_| {}).unwrap()
    }

    /// Fills the board from one holder; each session sends one record.
    fn fill(&mut self, holder: u8, record: Record) -> Vec<ConnectionId> {
        let sessions = (0..Config::default().max_sessions).map(|_| {
            let id = self.enter(holder);
            self.bench.ask(id, &events(0, 0, &[record]));
            id
        });
        sessions.collect()
    }

    fn is_connected(&self, id: ConnectionId) -> bool {
        self.bench.server.carries_session(id)
    }
}

fn pair() -> Record {
    Record::pair(1, Class::PageAfterT, 4096, 7, 7)
}

/// The first text that a hostile client of one address gets, whatever it sends to look busy.
#[test]
fn full_board_of_one_holder_leaves_others_their_fair_share() {
    for record in [Record::nop(), pair()] {
        let mut board = Board::new(Config::default());
        let many = board.fill(A, record);
        // Among its own it has all of them, and gives none away.
        assert_eq!(board.ask(A, |_| {}).unwrap_err().0, ErrorCode::Limit);
        assert!(many.iter().all(|id| board.is_connected(*id)));
        let others: Vec<_> = (0..32).map(|_| board.enter(B)).collect();
        assert_eq!(board.ask(B, |_| {}).unwrap_err().0, ErrorCode::Limit, "half of all is the share of each");
        assert_eq!(board.ask(A, |_| {}).unwrap_err().0, ErrorCode::Limit);
        assert!(others.iter().all(|id| board.is_connected(*id)));
        let (kept, gone) = many.split_at(32);
        assert!(kept.iter().all(|id| board.is_connected(*id)), "the latest went");
        for id in gone {
            assert!(board.bench.server.is_closing(*id));
            let frames = board.bench.take(*id);
            let [.., Got::Error { code, text, .. }] = &frames[..] else { panic!("{frames:?}") };
            assert_eq!(*code, ErrorCode::Limit);
            assert!(text.contains("expected") && text.contains("found") && text.contains("connect again"), "{text}");
        }
        let stats = board.bench.server.stats();
        assert_eq!((stats.displaced, stats.taken_back, stats.abandoned_sessions, stats.expired), (32, 0, 0, 0));
    }
}

/// A holder that ends and begins its sessions again and again has no place that is old.
#[test]
fn sessions_that_begin_again_every_15_seconds_keep_no_agent_out() {
    let mut board = Board::new(Config::default());
    let mut many = board.fill(A, Record::nop());
    for _ in 0..8 {
        board.bench.now += 15_000_000;
        for id in &mut many {
            if board.is_connected(*id) {
                board.bench.ask(*id, &encode(&Message::Bye(Bye { next_sequence: 1 })));
                board.bench.server.disconnect(*id, board.bench.now);
            }
            if let Ok(again) = board.ask(A, |_| {}) {
                board.bench.ask(again, &events(0, 0, &[Record::nop()]));
                *id = again;
            }
        }
        let agent = board.enter(B);
        board.bench.ask(agent, &events(0, 0, &[pair()]));
        assert!(board.is_connected(agent));
        board.bench.ask(agent, &encode(&Message::Bye(Bye { next_sequence: 1 })));
        board.bench.server.disconnect(agent, board.bench.now);
    }
}

/// Every holder with one session is at its share: one more finds no place, whatever it asks for.
#[test]
fn holder_at_its_share_gives_nothing_away() {
    let config = Config { max_sessions: 3, ..Config::default() };
    let mut board = Board::new(config);
    let sessions: Vec<_> = [A, B, 3].map(|holder| board.enter(holder)).into();
    assert_eq!(board.ask(4, |_| {}).unwrap_err().0, ErrorCode::Limit);
    assert!(sessions.iter().all(|id| board.is_connected(*id)));
}

/// Agents that are dead and could be restarted: others are kept out no longer than it takes them to ask.
#[test]
fn dead_sessions_with_secrets_give_way_and_are_named() {
    let mut board = Board::new(Config::default());
    for id in board.fill(A, pair()) {
        board.bench.server.disconnect(id, board.bench.now);
        board.bench.now += 1;
    }
    assert_eq!(board.ask(A, |_| {}).unwrap_err().0, ErrorCode::Limit, "its own places wait for their agents");
    assert_eq!(board.bench.server.take_given_up(), None);
    board.enter(B);
    let stats = *board.bench.server.stats();
    assert_eq!((stats.displaced, stats.abandoned_sessions, stats.abandoned_records), (1, 1, 1));
    let given_up = board.bench.server.take_given_up().unwrap();
    assert_eq!((given_up.records, given_up.reason), (1, GivenUpReason::Displaced));
    assert_eq!(given_up.agent, hello(1, 0, 0).agent, "the longest gone");
    // What is not needed is kept for its minute, and then counted too.
    board.bench.now += 60_000_000;
    board.bench.settle();
    let stats = *board.bench.server.stats();
    assert_eq!((stats.displaced, stats.expired, stats.abandoned_sessions, stats.abandoned_records), (1, 63, 64, 64));
    assert_eq!(board.bench.server.take_given_up().unwrap().reason, GivenUpReason::Expired);
}

/// What costs least goes first: a dead agent without a successor, then a connected one, and counters last.
#[test]
fn places_go_in_the_order_of_what_is_lost() {
    let mut board = Board::new(Config { max_sessions: 3, ..Config::default() });
    let heir = board.enter(A);
    board.bench.ask(heir, &events(0, 0, &[pair()]));
    board.bench.server.disconnect(heir, board.bench.now);
    let connected = board.enter(A);
    board.bench.ask(connected, &events(0, 0, &[pair()]));
    let lonely = board.ask(A, |hello| (hello.secret, hello.resumes) = (Secret::NONE, false)).unwrap();
    board.bench.ask(lonely, &events(0, 0, &[pair()]));
    board.bench.server.disconnect(lonely, board.bench.now);
    board.enter(B);
    let stats = *board.bench.server.stats();
    assert_eq!((stats.taken_back, stats.displaced), (1, 0));
    // A has two left, B one: a third holder has none.
    board.enter(3);
    let stats = *board.bench.server.stats();
    assert_eq!((stats.taken_back, stats.displaced, stats.abandoned_sessions), (1, 1, 0));
    assert!(!board.is_connected(connected));
}

/// A session of which nothing counted came leaves nothing, so its place is free for all once it is gone.
#[test]
fn session_of_nops_leaves_nothing_to_wait_for() {
    let mut board = Board::new(Config { max_sessions: 1, ..Config::default() });
    let id = board.enter(A);
    board.bench.ask(id, &events(0, 0, &[Record::nop()]));
    board.bench.server.disconnect(id, board.bench.now);
    board.enter(A);
    assert_eq!(board.bench.server.stats().taken_back, 1);
}

/// A connection that sends records that count nothing uses its place; one that has sent its last long ago does not.
#[test]
fn place_is_unused_without_a_record_for_30_seconds() {
    let mut board = Board::new(Config { max_sessions: 1, ..Config::default() });
    let id = board.enter(A);
    for number in 0..6 {
        board.bench.now += 29_000_000;
        board.bench.ask(id, &events(number, 0, &[Record::nop()]));
        assert_eq!(board.ask(A, |_| {}).unwrap_err().0, ErrorCode::Limit);
    }
    board.bench.now += 29_000_000;
    board.bench.ask(id, &events(6, 0, &[]));
    board.bench.now += 1_000_000;
    board.enter(A);
    assert!(!board.is_connected(id));
}

/// A holder with many sessions does not take the quiet session of one that has fewer.
#[test]
fn unused_place_of_a_smaller_holder_stays() {
    let mut board = Board::new(Config { max_sessions: 3, ..Config::default() });
    let quiet = board.enter(B);
    for _ in 0..2 {
        let id = board.enter(A);
        board.bench.ask(id, &events(0, 0, &[pair()]));
    }
    for _ in 0..2 {
        board.bench.now += 20_000_000;
        board.bench.ask(quiet, &events(0, 0, &[]));
    }
    assert_eq!(board.ask(A, |_| {}).unwrap_err().0, ErrorCode::Limit);
    assert!(board.is_connected(quiet));
    board.enter(3);
    assert!(board.is_connected(quiet), "the connection of A went");
}

/// Groups and contexts that one holder has grown to are as good as sessions: one first grant is there for each other one.
#[test]
fn grown_grant_of_one_holder_gives_way_to_first_grants() {
    let mut board = Board::new(Config::default());
    let greedy = board.enter(A);
    board.bench.ask(greedy, &encode(&Message::Grow(Grow { groups: 1 << 10, contexts: 1 << 16 })));
    board.bench.ask(greedy, &events(0, 0, &[pair()]));
    for holder in 2..=32 {
        let id = board.enter(holder);
        board.bench.ask(id, &events(0, 0, &[pair()]));
    }
    assert!(board.is_connected(greedy));
    board.enter(33);
    assert!(!board.is_connected(greedy), "it had 528 of 1,024 groups");
    assert_eq!(board.bench.server.stats().displaced, 1);
    board.enter(A);
    // Growth takes nothing that another one uses.
    let grown = board.enter(34);
    board.bench.ask(grown, &encode(&Message::Grow(Grow { groups: 1 << 10, contexts: 1 << 16 })));
    assert_eq!(board.bench.server.stats().displaced, 1);
}

/// More than a first grant is asked for: up to what every holder can have it is there, as soon as others have more than that.
#[test]
fn hello_gets_up_to_the_share_of_its_holder_and_no_more() {
    let mut board = Board::new(Config::default());
    let many = board.fill(A, pair());
    let (code, _) = board.ask(B, |hello| hello.groups = DEFAULT_GROUPS / 2 + 1).unwrap_err();
    assert_eq!(code, ErrorCode::Limit);
    assert!(many.iter().all(|id| board.is_connected(*id)), "nothing goes for what cannot be had");
    board.ask(B, |hello| hello.groups = 40).unwrap();
    assert_eq!(many.iter().filter(|id| !board.is_connected(**id)).count(), 3);
}

/// An agent that sent Bye and does not read: its place goes, and records that had not passed are named.
#[test]
fn unread_last_frames_do_not_hold_a_place() {
    let config = Config { max_sessions: 2, max_output: 1, ..Config::default() };
    let mut board = Board::new(config);
    let stuck = board.enter(A);
    let reads = [Record::read(0); 4];
    board.bench.give(stuck, &events(0, 0, &reads));
    board.bench.give(stuck, &events(4, 0, &reads));
    board.bench.give(stuck, &encode(&Message::Bye(Bye { next_sequence: 8 })));
    let other = board.enter(A);
    board.bench.ask(other, &events(0, 0, &[pair()]));
    assert_eq!(board.ask(A, |_| {}).unwrap_err().0, ErrorCode::Limit);
    board.enter(B);
    assert!(board.is_connected(other) && board.bench.server.is_closing(stuck));
    let frames = board.bench.take(stuck);
    let [.., Got::Error { code: ErrorCode::Limit, text, .. }] = &frames[..] else { panic!("{frames:?}") };
    let dropped = board.bench.server.stats().dropped_records;
    assert_eq!(text.contains("records before the Bye had not passed"), dropped > 0, "{text}");
    assert_eq!(dropped, 4, "{text}");
}

/// The next session of a place counts its own records only, however many of the one before are still inside the engine.
#[test]
fn records_inside_the_engine_are_not_counted_for_the_next_session() {
    let mut board = Board::new(Config { max_sessions: 2, ..Config::default() });
    let peer = |holder: u8| Peer { holder: Holder::of(&[holder]), ..Peer::from(Identity::ANYBODY) };
    for round in 0..20u8 {
        let first = board.enter(A);
        let second = board.enter(A);
        for id in [first, second] {
            board.bench.server.receive(id, &events(0, 0, &[pair(); 200]), board.bench.now);
        }
        // Some of these records are inside when the place goes.
        board.bench.server.poll(board.bench.now);
        let agent = board.bench.server.connect(peer(B), board.bench.now).unwrap();
        let hello = Hello { session: [100 + round; 16], ..hello(100 + round, 0, 0) };
        let frames = board.bench.ask(agent, &encode(&Message::Hello(hello)));
        assert!(matches!(frames[..], [Got::Welcome { .. }]), "{frames:?}");
        board.bench.ask(agent, &events(0, 0, &[pair(); 3]));
        let frames = board.bench.ask(agent, &snapshot_request(1, 0, 15));
        let Some(Got::Snapshot { rows, .. }) = frames.first() else { panic!("{frames:?}") };
        assert_eq!(rows.iter().map(|(group, _, row)| (*group, row.events)).collect::<Vec<_>>(), [(1, 3)]);
        for id in [first, second, agent] {
            let next_sequence = if id == agent { 3 } else { 200 };
            board.bench.give(id, &encode(&Message::Bye(Bye { next_sequence })));
            board.bench.take(id);
            board.bench.server.disconnect(id, board.bench.now);
            board.bench.settle();
        }
        assert_eq!(board.bench.server.sessions(), 0);
    }
}
