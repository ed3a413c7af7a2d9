//! Session and server together over a pipe that cuts the stream anywhere, against the golden engine's reference.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod pair;

use deltascope_abi::loss::Losses;
use deltascope_abi::record::Record;
use deltascope_protocol::agent::{Config, Notification};
use deltascope_protocol::frame::Cursor;
use deltascope_protocol::server::Config as ServerConfig;
use deltascope_testkit::Rng;
use pair::{Agent, random_records, reference, run_until, server};

fn admit_all(agent: &mut Agent, records: &[Record], at: &mut usize, most: usize, now: u64) {
    let end = records.len().min(*at + most);
    *at += agent.session.admit(&records[*at..end]);
    let cursor = Cursor { source: 1, unit: 0, position: *at as u64 };
    agent.session.commit(&Losses::default(), &[cursor], now);
}

#[test]
fn totals_and_replies_are_those_of_one_engine() {
    for seed in 0..8 {
        let mut rng = Rng::new(seed);
        let records = random_records(&mut rng, 30_000, 7, 11);
        let (rows, replies) = reference(&records, 7, 11);
        let mut server = server(ServerConfig::default(), seed + 1);
        let config =
            Config { groups: 7, contexts: 11, frame_records: 500, retention_bytes: 100_000, ..Config::default() };
        let mut agent = Agent::new(config, 1);
        let (mut now, mut at) = (0, 0);
        agent.connect(&mut server, now);
        let mut rounds = Rng::new(seed);
        run_until(&mut server, &mut [&mut agent], &mut now, &mut rng, |agents| {
            let agent = &mut *agents[0];
            admit_all(agent, &records, &mut at, rounds.below(3_000) as usize, 0);
            if at == records.len() {
                agent.session.finish();
            }
            agent.session.is_finished()
        });
        assert_eq!(agent.session.totals(), rows);
        let got: Vec<_> = agent
            .events
            .iter()
            .filter_map(|event| match event {
                Notification::Reply(entry) => Some((entry.sequence, entry.reply.value, entry.reply.zero())),
                _ => None,
            })
            .collect();
        assert_eq!(got, replies);
        assert_eq!(agent.error, None);
        let progress = agent.session.progress();
        assert_eq!((progress.covered, progress.in_flight()), (records.len() as u64, 0));
        assert_eq!(server.sessions(), 0, "the session is gone after Bye");
    }
}
