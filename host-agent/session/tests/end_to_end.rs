//! Session and server together over a pipe that cuts the stream anywhere, against the golden engine's truth.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod common;

use common::{Agent, Dice, run_until, server};
use deltascope_abi::counters::CounterRow;
use deltascope_abi::frame::Cursor;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{CLASSES, Class, Record};
use deltascope_driver::server::Config as ServerConfig;
use deltascope_model::{Config as Sizes, Engine, GoldenEngine};
use deltascope_session::{Config, Event};

fn random_record(dice: &mut Dice, groups: u64, contexts: u64) -> Record {
    let (group, context) = (dice.below(groups) as u16, dice.below(contexts) as u16);
    let class = Class::ALL[dice.below(4) as usize];
    let (length, value) = (dice.below(70_000) as u32, dice.below(5));
    match dice.below(20) {
        0 => Record::nop(),
        1 => Record::load(context, value),
        2 => Record::accum(context, value),
        3 => Record::read(context).with_group(0xFFFF),
        4 => Record::swap(context, value).with_rebase(),
        5 => Record::swap(context, value).with_reply(),
        6 => Record::send(group, context, length, value).with_reply(),
        7..=12 => Record::send(group, context, length, value),
        _ => Record::pair(group, class, length, value as u32, dice.below(5) as u32),
    }
}

/// Counters and replies of an engine that takes the records one after the other.
fn truth(records: &[Record], groups: u32, contexts: u32) -> (Vec<CounterRow>, Vec<(u64, u64, bool)>) {
    let mut engine = GoldenEngine::new(Sizes::with_tables(contexts, groups)).unwrap();
    let mut replies = Vec::new();
    for (number, record) in records.iter().enumerate() {
        assert_eq!(engine.submit(&[*record]).unwrap(), 1);
        engine
            .poll(&mut |beat| {
                if beat.op_code() != 0 {
                    replies.push((number as u64, beat.value, beat.zero()));
                }
            })
            .unwrap();
    }
    let rows = (0..groups as usize * CLASSES).map(|row| engine.row((row / CLASSES) as u16, Class::ALL[row % CLASSES]));
    (rows.map(Option::unwrap).collect(), replies)
}

fn admit_all(agent: &mut Agent, records: &[Record], at: &mut usize, most: usize, now: u64) {
    let end = records.len().min(*at + most);
    *at += agent.session.admit(&records[*at..end]);
    let cursor = Cursor { source: 1, unit: 0, position: *at as u64 };
    agent.session.commit(&Losses::default(), &[cursor], now);
}

#[test]
fn totals_and_replies_are_those_of_one_engine() {
    for seed in 0..8 {
        let mut dice = Dice(seed);
        let records: Vec<_> = (0..30_000).map(|_| random_record(&mut dice, 7, 11)).collect();
        let (rows, replies) = truth(&records, 7, 11);
        let mut server = server(ServerConfig::default(), seed + 1);
        let config =
            Config { groups: 7, contexts: 11, frame_records: 500, retention_bytes: 100_000, ..Config::default() };
        let mut agent = Agent::new(config, 1);
        let (mut now, mut at) = (0, 0);
        agent.connect(&mut server, now);
        let mut rounds = Dice(seed);
        run_until(&mut server, &mut [&mut agent], &mut now, &mut dice, |agents| {
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
                Event::Reply(entry) => Some((entry.sequence, entry.reply.value, entry.reply.zero())),
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
