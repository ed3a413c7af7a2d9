//! The state of a session, under the lock of its [`super::Uplink`].

use std::time::{Duration, Instant};

use deltascope_abi::loss::Losses;
use deltascope_model::EngineKind;
use deltascope_protocol::agent::{Endpoint, EndpointError, Progress};
use deltascope_protocol::frame::Cursor;

use super::address::Address;
use super::clock::Clock;
use super::dial::Dial;
use super::outage::Outages;
use super::wire::{Wire, WireError};
use super::{Options, UplinkError};

/// What the server granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The engine that counts.
    pub engine: EngineKind,
    /// Groups, numbered from 0.
    pub groups: u32,
    /// Contexts, numbered from 0.
    pub contexts: u32,
}

/// The connection with the board server, as surfaces show it.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkStatus {
    /// Address of the board server as it was given.
    pub peer: String,
    /// Whether there is a connection with a grant now.
    pub online: bool,
    /// Connections with a grant so far.
    pub connections: u64,
    /// Days until the agent's own certificate expires; `None` without TLS, or where it cannot be read.
    pub certificate_days: Option<f64>,
}

/// The way to the server.
#[derive(Debug)]
pub(super) enum Link {
    /// There is none; the next attempt is at this time of the session's clock.
    Down(Duration),
    /// An attempt is under way.
    Dialing(Dial),
    /// There is a connection.
    Open(Box<Wire>),
}

/// One session. When a call fails the session is over.
#[derive(Debug)]
pub(super) struct Session<S> {
    pub address: Address,
    pub options: Options,
    pub endpoint: Endpoint,
    pub link: Link,
    pub clock: Clock,
    pub outages: Outages,
    /// Welcomes before the present connection.
    pub welcomes: u64,
    /// The present or last connection got a Welcome.
    pub welcomed: bool,
    /// Most records that were acknowledged, and that were covered.
    pub furthest: (u64, u64),
    pub granted: Option<Granted>,
    pub losses: Losses,
    /// Cursors of the sources after every record admitted.
    pub cursors: Vec<Cursor>,
    /// Saves what was counted under earlier grants.
    pub store: S,
    pub uncommitted: u32,
    /// Whether the server has answered the last request for a larger grant.
    pub grown: bool,
    /// The last snapshot that was answered: token and record number.
    pub snapshot: Option<(u64, u64)>,
    /// How far the session was when it last moved while its owner waited, and when that was.
    pub moved: (Progress, Option<Granted>, Duration),
    /// When the last turn ended.
    pub turned: Instant,
    /// Why the session ended while its owner was elsewhere.
    pub failed: Option<UplinkError>,
    pub doing: &'static str,
}

impl<S> Session<S> {
    /// Returns the time of the endpoint, in microseconds.
    pub fn now(&mut self) -> u64 {
        self.clock.now().as_micros() as u64
    }

    pub fn commit(&mut self) {
        let now = self.now();
        self.endpoint.commit(&self.losses, &self.cursors, now);
        self.uncommitted = 0;
    }

    /// The owner begins to wait for something, which must bring progress from now on.
    pub fn begin_wait(&mut self, doing: &'static str) {
        self.doing = doing;
        self.moved.2 = self.clock.now();
    }

    pub fn broken(&self, error: WireError) -> UplinkError {
        let (address, doing) = (self.address.clone(), self.doing);
        match error {
            WireError::Io(source) => UplinkError::Io { address, doing, source },
            WireError::Closed => UplinkError::Closed { address, doing },
            WireError::Tls(source) => UplinkError::Tls { address, source },
            WireError::Options(source) => UplinkError::TlsOptions(source),
            WireError::Address(source) => UplinkError::Address(source),
            WireError::Unreachable(mut failed) => {
                let list: Vec<String> = failed.iter().map(|(at, error)| format!("{at}: {error}")).collect();
                let others = if list.len() > 1 { format!(" ({})", list.join("; ")) } else { String::new() };
                let source = failed.pop().map_or_else(|| std::io::ErrorKind::NotFound.into(), |(_, error)| error);
                UplinkError::Connect { address, source, others }
            }
        }
    }

    pub fn failed(&self, source: EndpointError) -> UplinkError {
        UplinkError::Protocol { address: self.address.clone(), source }
    }
}
