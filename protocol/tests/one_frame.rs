//! Records that are admitted together are in the engine together or not at all, at every snapshot, cut and restart.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod pair;

use std::collections::BTreeSet;

use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Class, Op, Record};
use deltascope_protocol::agent::{Config, Endpoint, Identity, Notification};
use deltascope_protocol::server::Config as ServerConfig;
use deltascope_testkit::Rng;
use pair::{Agent, identity, reference, run_until, server};

const GROUPS: u32 = 2;
const CONTEXTS: u32 = 20;

/// An event of one to three records.
fn event(rng: &mut Rng) -> Vec<Record> {
    let count = 1 + rng.below(3) as usize;
    let send = |class| Record::new(Op::Send, class, 1, rng.below(u64::from(CONTEXTS)) as u16, 10, rng.below(4) << 32);
    Class::ALL[..count].iter().copied().map(send).collect()
}

/// What happens to the two ends besides cuts.
#[derive(Clone, Copy, PartialEq)]
enum Ends {
    /// The server starts again with empty tables.
    ServerRestarts,
    /// The agent is killed, and another process resumes.
    AgentRestarts,
}

struct Run {
    agent: Agent,
    /// Numbers between two events.
    boundaries: BTreeSet<u64>,
    log: Vec<Record>,
}

impl Run {
    fn admit(&mut self, rng: &mut Rng) {
        let records = event(rng);
        if self.agent.session.admit_together(&records) {
            self.log.extend(records);
            assert_eq!(self.agent.session.progress().next, self.log.len() as u64);
            self.boundaries.insert(self.log.len() as u64);
        }
    }

    /// Every number that the server or the agent may continue from is between two events.
    fn check(&mut self) {
        let progress = self.agent.session.progress();
        let mut numbers = vec![progress.acknowledged, progress.covered];
        numbers.extend(self.agent.events.drain(..).filter_map(|event| match event {
            Notification::Snapshot { sequence, .. } => Some(sequence),
            _ => None,
        }));
        for number in numbers {
            assert!(self.boundaries.contains(&number), "{number} is within an event");
        }
    }
}

#[test]
fn an_event_is_never_parted() {
    let mut parted_frames = 0;
    for seed in 0..120 {
        let mut rng = Rng::new(seed);
        let ends = if seed % 2 == 0 { Ends::ServerRestarts } else { Ends::AgentRestarts };
        let frame_records = rng.pick([3, 4, 7, 50]);
        let config =
            Config { groups: GROUPS, contexts: CONTEXTS, frame_records, retention_bytes: 1, ..Config::default() };
        let (mut boot, mut now) = (1, 0);
        let mut board = server(ServerConfig::default(), boot);
        let agent = Agent::new(config.clone(), 1);
        let mut run = Run { agent, boundaries: BTreeSet::from([0]), log: Vec::new() };
        run.agent.connect(&mut board, now);
        for _ in 0..400 {
            for _ in 0..rng.below(8) {
                run.admit(&mut rng);
            }
            if rng.chance(2) {
                run.agent.session.commit(&Losses::default(), &[], now);
            }
            if rng.chance(20) {
                run.agent.session.request_snapshot();
            }
            run.agent.shuttle(&mut board, 1 + rng.below(700) as usize, now);
            board.poll(now);
            run.check();
            now += rng.below(3_000);
            if rng.chance(25) {
                run.agent.cut(&mut board, now);
            }
            if rng.chance(60) {
                match ends {
                    Ends::ServerRestarts => {
                        run.agent.cut(&mut board, now);
                        boot += 1;
                        board = server(ServerConfig::default(), boot);
                    }
                    Ends::AgentRestarts => {
                        run.agent.cut(&mut board, now);
                        boot += 1;
                        let identity = Identity { session: [boot as u8; 16], ..identity(1) };
                        run.agent.session = Endpoint::new(config.clone(), identity);
                        run.agent.events.clear();
                        run.agent.connect(&mut board, now);
                        run_until(&mut board, &mut [&mut run.agent], &mut now, &mut rng, |agents| {
                            agents[0].session.granted().is_some()
                        });
                        let next = run.agent.session.progress().next;
                        assert!(run.boundaries.contains(&next), "an agent resumes at {next}, within an event");
                        run.log.truncate(next as usize);
                        run.boundaries.retain(|&number| number <= next);
                    }
                }
            }
            if run.agent.connection.is_none() {
                run.agent.connect(&mut board, now);
            }
        }
        run.agent.session.finish();
        run_until(&mut board, &mut [&mut run.agent], &mut now, &mut rng, |agents| {
            agents[0].session.is_finished() || agents[0].connection.is_none()
        });
        if run.agent.session.is_finished() && ends == Ends::ServerRestarts {
            assert_eq!(run.agent.session.totals(), reference(&run.log, GROUPS, CONTEXTS).0);
            parted_frames += run.log.len() / frame_records;
        }
    }
    assert!(parted_frames > 1_000, "frames end all the time: {parted_frames}");
}

#[test]
fn more_records_than_a_frame_holds_are_not_taken() {
    let (mut now, mut rng) = (0, Rng::new(1));
    let config = Config { frame_records: 2, ..Config::default() };
    let mut board = server(ServerConfig::default(), 1);
    let mut agent = Agent::new(config, 1);
    assert!(!agent.session.admit_together(&[Record::nop()]), "there is no grant");
    agent.connect(&mut board, now);
    run_until(&mut board, &mut [&mut agent], &mut now, &mut rng, |agents| agents[0].session.granted().is_some());
    assert!(!agent.session.admit_together(&[Record::nop(); 3]));
    assert!(agent.session.admit_together(&[Record::nop(); 2]));
    assert_eq!(agent.session.progress().next, 2);
}
