//! Cuts anywhere, restarts of either side and forgotten sessions, against the golden engine's reference.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod pair;

use deltascope_abi::loss::Losses;
use deltascope_abi::record::Record;
use deltascope_model::GoldenEngine;
use deltascope_protocol::agent::{Config, Notification, Progress};
use deltascope_protocol::frame::Cursor;
use deltascope_protocol::server::{Config as ServerConfig, Server};
use deltascope_testkit::Rng;
use pair::{Agent, random_records, reference, server};

const GROUPS: u64 = 5;
const CONTEXTS: u64 = 9;

/// What may happen, each once in N rounds on average; 0: never.
#[derive(Clone, Copy)]
struct Faults {
    cut: u64,
    restart: u64,
    forget: u64,
}

struct World {
    server: Server<GoldenEngine>,
    agent: Agent,
    rng: Rng,
    now: u64,
}

fn agent_config() -> Config {
    Config {
        groups: GROUPS as u32,
        contexts: CONTEXTS as u32,
        frame_records: 60,
        retention_bytes: 40_000,
        snapshot_interval: std::time::Duration::from_millis(3),
        ..Config::default()
    }
}

impl World {
    fn new(seed: u64) -> World {
        let server = server(ServerConfig::default(), seed);
        World { server, agent: Agent::new(agent_config(), 1), rng: Rng::new(seed), now: 0 }
    }

    /// One round: perhaps a fault, then bytes both ways and a turn of the engine.
    fn round(&mut self, faults: Faults) {
        if self.rng.chance(faults.cut) {
            self.agent.cut(&mut self.server, self.now);
        }
        if self.rng.chance(faults.restart) {
            self.agent.cut(&mut self.server, self.now);
            self.server = server(ServerConfig::default(), self.rng.next());
        }
        if self.rng.chance(faults.forget) {
            self.agent.cut(&mut self.server, self.now);
            self.now += 61_000_000;
            self.server.poll(self.now);
            self.server.poll(self.now);
        }
        if self.agent.connection.is_none() && !self.agent.session.is_finished() {
            self.agent.connect(&mut self.server, self.now);
        }
        let most = 1 + self.rng.below(1 << (2 + self.now / 100 % 9)) as usize;
        self.agent.shuttle(&mut self.server, most, self.now);
        if self.rng.chance(2) {
            self.server.poll(self.now);
        }
        self.now += 100;
    }
}

/// Runs records through a faulty world; gives the progress at the end.
fn run(seed: u64, faults: Faults, count: usize) -> Progress {
    let mut world = World::new(seed);
    let records = random_records(&mut world.rng, count, GROUPS, CONTEXTS);
    let (rows, replies) = reference(&records, GROUPS as u32, CONTEXTS as u32);
    let mut at = 0;
    let mut rounds = 0;
    while !world.agent.session.is_finished() {
        rounds += 1;
        assert!(rounds < 2_000_000, "seed {seed}: {:?} {:?}", world.agent.session.progress(), world.agent.error);
        if at < records.len() {
            let end = records.len().min(at + world.rng.below(40) as usize);
            at += world.agent.session.admit(&records[at..end]);
            let cursor = Cursor { source: 1, unit: 0, position: at as u64 };
            world.agent.session.commit(&Losses::default(), &[cursor], world.now);
        } else {
            world.agent.session.finish();
        }
        world.round(faults);
    }
    let agent = &world.agent;
    assert_eq!(agent.session.totals(), rows, "seed {seed}");
    let got: Vec<_> = agent
        .events
        .iter()
        .filter_map(|event| match event {
            Notification::Reply(entry) => Some((entry.sequence, entry.reply.value, entry.reply.zero())),
            _ => None,
        })
        .collect();
    assert_eq!(got, replies, "seed {seed}");
    let progress = agent.session.progress();
    assert_eq!(progress.in_flight(), 0);
    progress
}

/// Runs twenty seeds; gives welcomes, grants after the first and records sent again, over all of them.
fn run_all(faults: Faults) -> (u64, u64, u64) {
    (0..20).map(|seed| run(seed, faults, 4_000)).fold((0, 0, 0), |(welcomes, regrants, replayed), progress| {
        (welcomes + progress.welcomes, regrants + progress.regrants, replayed + progress.replayed)
    })
}

#[test]
fn cut_connections_lose_and_repeat_nothing() {
    let (welcomes, regrants, replayed) = run_all(Faults { cut: 40, restart: 0, forget: 0 });
    assert!(welcomes > 100 && regrants == 0 && replayed > 0, "{welcomes} {regrants} {replayed}");
}

#[test]
fn a_restarted_server_changes_no_total_and_no_reply() {
    let (welcomes, regrants, replayed) = run_all(Faults { cut: 60, restart: 60, forget: 0 });
    assert!(welcomes > 100 && regrants > 50 && replayed > 1_000, "{welcomes} {regrants} {replayed}");
}

#[test]
fn a_forgotten_session_changes_no_total_and_no_reply() {
    let (welcomes, regrants, replayed) = run_all(Faults { cut: 60, restart: 0, forget: 60 });
    assert!(welcomes > 100 && regrants > 50 && replayed > 1_000, "{welcomes} {regrants} {replayed}");
}

/// An agent dies without a word, again and again; the next one resumes where the cursors say.
#[test]
fn a_restarted_agent_resumes_at_the_cursors() {
    let mut restarts = 0;
    for seed in 0..20 {
        let mut world = World::new(seed);
        let records = random_records(&mut world.rng, 4_000, GROUPS, CONTEXTS);
        // The engine sees every record once, and contexts of 0 wherever an agent began.
        let mut seen: Vec<Record> = Vec::new();
        let mut begun_at = Vec::new();
        let mut number = 1;
        let mut at = None;
        let mut rounds = 0;
        while !world.agent.session.is_finished() {
            rounds += 1;
            assert!(rounds < 2_000_000, "seed {seed}: {:?}", world.agent.session.progress());
            if number < 12 && world.rng.chance(120) {
                world.agent.cut(&mut world.server, world.now);
                let mut agent = Agent::new(agent_config(), 1);
                number += 1;
                agent.session = deltascope_protocol::agent::Endpoint::new(
                    agent_config(),
                    deltascope_protocol::agent::Identity { session: [number; 16], ..pair::identity(1) },
                );
                world.agent = agent;
                at = None;
            }
            for event in world.agent.events.drain(..) {
                if let Notification::Granted(granted) = event {
                    let position = granted.cursors.first().map_or(0, |cursor| cursor.position as usize);
                    at = Some(position);
                    begun_at.push(position);
                }
            }
            if let Some(at) = &mut at {
                if *at < records.len() {
                    let end = records.len().min(*at + world.rng.below(40) as usize);
                    *at += world.agent.session.admit(&records[*at..end]);
                    let cursor = Cursor { source: 1, unit: 0, position: *at as u64 };
                    world.agent.session.commit(&Losses::default(), &[cursor], world.now);
                } else {
                    world.agent.session.finish();
                }
            }
            world.round(Faults { cut: 200, restart: 0, forget: 0 });
        }
        for (index, record) in records.iter().enumerate() {
            for _ in begun_at.iter().filter(|&&begun| begun == index) {
                seen.extend((0..CONTEXTS).map(|context| Record::load(context as u16, 0)));
            }
            seen.push(*record);
        }
        let (rows, _) = reference(&seen, GROUPS as u32, CONTEXTS as u32);
        assert_eq!(world.agent.session.totals(), rows, "seed {seed}");
        restarts += begun_at.len() - 1;
        let events = rows.iter().map(|row| row.events).sum::<u64>();
        let progress = world.agent.session.progress();
        assert_eq!((progress.counted_events, progress.admitted_events), (events, events), "seed {seed}");
    }
    assert!(restarts > 50, "{restarts}");
}
