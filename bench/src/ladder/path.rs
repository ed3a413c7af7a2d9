//! The whole path in one process and on one thread: session, frames with CRC32C, board server, golden engine and
//! retention; no socket.

use super::memory::beside_a_copy;
use super::step::{Step, Unit};
use crate::compare::Effort;
use crate::workload;
use anyhow::{Context, Result, ensure};
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{RECORD_BYTES, Record};
use deltascope_model::GoldenEngine;
use deltascope_protocol::agent::{Config as SessionConfig, Endpoint, Identity as SessionIdentity, Notification};
use deltascope_protocol::frame::Secret;
use deltascope_protocol::server::{Config, ConnectionId, Entropy, Identity, Server};
use std::time::{Duration, Instant};

pub(crate) struct Path {
    session: Endpoint,
    server: Server<GoldenEngine>,
    connection: ConnectionId,
    start: Instant,
    /// Time in the agent's end, and for handing its bytes over.
    agent: Duration,
    admitted: u64,
}

impl Path {
    /// A session with a server and a golden engine, granted what it asks for.
    pub(crate) fn open(groups: u32, contexts: u32) -> Result<Path> {
        let (secret, host) = (Secret::NONE, String::from("throughput"));
        let identity = SessionIdentity { session: [1; 16], agent: [2; 16], secret, resumes: false, nonce: 3, host };
        let config = SessionConfig { groups, contexts, ..Default::default() };
        let mut session = Endpoint::new(config, identity);
        let mut server = Server::new(GoldenEngine::default(), Config::default(), Entropy::Random(1))?;
        let connection = server.connect(Identity::ANYBODY, 0).context("the server takes a first connection")?;
        session.connected(0);
        let (start, agent) = (Instant::now(), Duration::ZERO);
        let mut path = Path { session, server, connection, start, agent, admitted: 0 };
        while path.session.granted().is_none() {
            path.exchange()?;
        }
        Ok(path)
    }

    /// Moves what waits in either direction.
    fn exchange(&mut self) -> Result<()> {
        let begun = Instant::now();
        let now = self.start.elapsed().as_micros() as u64;
        self.session.poll(now)?;
        loop {
            let sent = self.session.transmit();
            if sent.is_empty() {
                break;
            }
            let count = sent.len();
            self.server.receive(self.connection, sent, now);
            self.session.advance(count, now);
        }
        self.agent += begun.elapsed();
        self.server.poll(now);
        let count = self.server.transmit(self.connection).len();
        self.session.receive(self.server.transmit(self.connection), now)?;
        self.server.advance(self.connection, count);
        Ok(())
    }

    /// Hands the records over until `time` is over, and returns how many that were and the time that it took.
    pub(crate) fn stream(&mut self, records: &[Record], time: Duration) -> Result<(f64, Duration)> {
        let (begun, before) = (Instant::now(), self.admitted);
        while begun.elapsed() < time {
            let mut rest = records;
            while !rest.is_empty() {
                let agent = Instant::now();
                let count = self.session.admit(&rest[..rest.len().min(4096)]);
                let now = self.start.elapsed().as_micros() as u64;
                self.session.commit(&Losses::default(), &[], now);
                self.agent += agent.elapsed();
                rest = &rest[count..];
                self.exchange()?;
                while self.session.next_notification().is_some() {}
            }
            self.admitted += records.len() as u64;
        }
        Ok(((self.admitted - before) as f64, begun.elapsed()))
    }

    /// Checks that each event was counted.
    pub(crate) fn check(&mut self) -> Result<()> {
        let token = self.session.request_snapshot();
        let counted = loop {
            self.exchange()?;
            match self.session.next_notification() {
                Some(Notification::Snapshot { token: answered, .. }) if answered == token => {
                    break self.session.progress().counted_events;
                }
                _ => {}
            }
        };
        ensure!(counted == self.admitted, "counted {counted} of {} events", self.admitted);
        Ok(())
    }
}

/// The whole path on one thread, from `admit` to a count.
pub fn whole(effort: Effort) -> Result<Step> {
    let records = workload::records();
    let mut path = Path::open(workload::GROUPS, workload::CONTEXTS)?;
    let own = |time| path.stream(&records, time).map(|(events, taken)| events / taken.as_secs_f64());
    let pair = beside_a_copy(effort, RECORD_BYTES, own)?;
    path.check()?;
    let what = "session, frames with CRC32C, board server, golden engine and retention, one thread, no socket";
    Ok(Step::new("session_server_engine", what, "memcpy into 64 MiB, 16 bytes a record", Unit::Events, pair, None))
}

/// The agent's part of the path: admitting, framing, checksums, retention, and one copy out, as a socket makes it.
pub fn encode(effort: Effort) -> Result<Step> {
    let records = workload::records();
    let mut path = Path::open(workload::GROUPS, workload::CONTEXTS)?;
    let own = |time| {
        let before = path.agent;
        let (events, _) = path.stream(&records, time)?;
        Ok(events / (path.agent - before).as_secs_f64())
    };
    let pair = beside_a_copy(effort, RECORD_BYTES, own)?;
    path.check()?;
    let what = "agent's end alone: admit, frame, CRC32C, retain, hand the bytes over";
    Ok(Step::new("agent_encode", what, "memcpy into 64 MiB, 16 bytes a record", Unit::Events, pair, Some(0.5)))
}
