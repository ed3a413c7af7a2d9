//! When an agent takes a server for silent: the limit begins when the server owes a frame.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod pair;

use std::time::Duration;

use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Class, Record};
use deltascope_model::golden::GoldenEngine;
use deltascope_protocol::agent::{Config, EndpointError};
use deltascope_protocol::server::{Config as ServerConfig, Server};
use pair::{Agent, server};

/// Microseconds of a second.
const SECOND: u64 = 1_000_000;
const LIMIT: Duration = Duration::from_secs(2);

/// An agent whose records are all counted, so that its server owes nothing.
fn settled(keepalive: Duration) -> (Server<GoldenEngine>, Agent) {
    let mut server = server(ServerConfig::default(), 1);
    let config = Config { groups: 2, contexts: 2, silence: LIMIT, keepalive, ..Config::default() };
    let mut agent = Agent::new(config, 1);
    agent.connect(&mut server, 0);
    exchange(&mut server, &mut agent, 0);
    copy(&mut agent, 0);
    for tenth in 1..10 {
        exchange(&mut server, &mut agent, tenth * SECOND / 10);
    }
    assert_eq!(agent.session.progress().covered, 1);
    (server, agent)
}

fn copy(agent: &mut Agent, now: u64) {
    assert_eq!(agent.session.admit(&[Record::pair(1, Class::PageAfterT, 10, 7, 8)]), 1);
    agent.session.commit(&Losses::default(), &[], now);
}

/// Everything that can move at one time moves.
fn exchange(server: &mut Server<GoldenEngine>, agent: &mut Agent, now: u64) {
    for _ in 0..20 {
        agent.shuttle(server, 1 << 16, now);
        server.poll(now);
    }
    assert_eq!(agent.error, None);
}

/// The agent sends what it has, and nothing of it arrives.
fn into_the_void(agent: &mut Agent, now: u64) -> Result<Option<u64>, EndpointError> {
    let wake = agent.session.poll(now)?;
    let count = agent.session.transmit().len();
    agent.session.advance(count, now);
    agent.session.poll(now).map(|other| wake.min(other))
}

#[test]
fn server_that_owed_nothing_was_not_silent() {
    let (_, mut agent) = settled(Duration::from_secs(600));
    // Nothing happens for 99 s; a batch like this one can also take an agent with little processor time that long.
    into_the_void(&mut agent, 100 * SECOND).unwrap();
    copy(&mut agent, 100 * SECOND);
    into_the_void(&mut agent, 101 * SECOND).unwrap();
    assert_eq!(agent.session.poll(103 * SECOND - 1).unwrap(), Some(103 * SECOND));
    assert_eq!(agent.session.poll(103 * SECOND), Err(EndpointError::Silent { limit: LIMIT }));
}

#[test]
fn each_debt_has_its_own_limit() {
    let (mut server, mut agent) = settled(Duration::from_secs(600));
    for second in [10, 13, 20, 40] {
        copy(&mut agent, second * SECOND);
        for tenth in 10..20 {
            exchange(&mut server, &mut agent, second * SECOND + tenth * SECOND / 10);
        }
    }
    assert_eq!(agent.session.progress().covered, 5);
}

#[test]
fn sign_of_life_later_than_the_limit_is_answered() {
    let (mut server, mut agent) = settled(Duration::from_secs(5));
    for second in 2..60 {
        exchange(&mut server, &mut agent, second * SECOND);
    }
    into_the_void(&mut agent, 70 * SECOND).unwrap();
    into_the_void(&mut agent, 72 * SECOND - 1).unwrap();
    assert_eq!(into_the_void(&mut agent, 72 * SECOND), Err(EndpointError::Silent { limit: LIMIT }));
}
