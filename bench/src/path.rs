//! The whole path in one process and on one thread: session, frames with CRC32C, board server, golden engine and
//! retention; no socket.

use crate::{rate, workload};
use anyhow::{Context, Result, ensure};
use deltascope_abi::loss::Losses;
use deltascope_model::GoldenEngine;
use deltascope_protocol::agent::{Config as SessionConfig, Endpoint, Identity as SessionIdentity, Notification};
use deltascope_protocol::frame::Secret;
use deltascope_protocol::server::{Config, ConnectionId, Entropy, Identity, Server};
use std::time::{Duration, Instant};

struct Path {
    session: Endpoint,
    server: Server<GoldenEngine>,
    connection: ConnectionId,
    start: Instant,
}

impl Path {
    fn open() -> Result<Path> {
        let (secret, host) = (Secret::NONE, String::from("throughput"));
        let identity = SessionIdentity { session: [1; 16], agent: [2; 16], secret, resumes: false, nonce: 3, host };
        let mut session = Endpoint::new(SessionConfig::default(), identity);
        let mut server = Server::new(GoldenEngine::default(), Config::default(), Entropy::Random(1))?;
        let connection = server.connect(Identity::ANYBODY, 0).context("the server takes a first connection")?;
        session.connected(0);
        let mut path = Path { session, server, connection, start: Instant::now() };
        while path.session.granted().is_none() {
            path.exchange()?;
        }
        Ok(path)
    }

    /// Moves what waits in either direction.
    fn exchange(&mut self) -> Result<()> {
        let now = self.start.elapsed().as_micros() as u64;
        self.session.poll(now)?;
        loop {
            let bytes = self.session.transmit();
            let space = self.server.receive_space(self.connection);
            let count = bytes.len().min(space.len());
            if count == 0 {
                break;
            }
            space[..count].copy_from_slice(&bytes[..count]);
            self.server.received(self.connection, count, now);
            self.session.advance(count, now);
        }
        self.server.poll(now);
        let count = self.server.transmit(self.connection).len();
        self.session.receive(self.server.transmit(self.connection), now)?;
        self.server.advance(self.connection, count);
        Ok(())
    }
}

/// Events a second from `admit` to an acknowledgement that follows the engine's own count.
pub fn in_process(time: Duration) -> Result<f64> {
    let records = workload::records();
    let mut path = Path::open()?;
    let mut admitted = 0;
    let rate = rate(time, records.len(), || {
        let mut rest = &records[..];
        while !rest.is_empty() {
            let count = path.session.admit(&rest[..rest.len().min(4096)]);
            let now = path.start.elapsed().as_micros() as u64;
            path.session.commit(&Losses::default(), &[], now);
            rest = &rest[count..];
            path.exchange()?;
            while path.session.next_notification().is_some() {}
        }
        admitted += records.len() as u64;
        Ok(())
    })?;
    let token = path.session.request_snapshot();
    let counted = loop {
        path.exchange()?;
        match path.session.next_notification() {
            Some(Notification::Snapshot { token: answered, .. }) if answered == token => break path.session.progress(),
            _ => {}
        }
    };
    ensure!(counted.counted_events == admitted, "counted {} of {admitted} events", counted.counted_events);
    Ok(rate)
}
