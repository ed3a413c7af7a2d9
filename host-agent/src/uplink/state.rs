//! The state of an [`Uplink`].

use std::net::SocketAddr;
use std::time::Instant;

use deltascope_abi::loss::Losses;
use deltascope_model::EngineKind;
use deltascope_protocol::agent::{Endpoint, EndpointError, Progress};
use deltascope_protocol::frame::Cursor;

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

/// One session. When a call fails the session is over.
#[derive(Debug)]
pub struct Uplink<S> {
    pub(super) address: SocketAddr,
    pub(super) options: Options,
    pub(super) endpoint: Endpoint,
    pub(super) wire: Option<Wire>,
    pub(super) begun: Instant,
    pub(super) granted: Option<Granted>,
    pub(super) losses: Losses,
    /// Where the sources stand after every record admitted.
    pub(super) cursors: Vec<Cursor>,
    /// Saves what was counted under earlier grants.
    pub(super) store: S,
    pub(super) uncommitted: u32,
    /// When the last connection was opened, and the welcomes before it.
    pub(super) opened: (Instant, u64),
    /// Why the connection before this one ended.
    pub(super) ended: Option<UplinkError>,
    /// Whether the server has answered the last request for a larger grant.
    pub(super) grown: bool,
    /// The last snapshot that was answered: token and record number.
    pub(super) snapshot: Option<(u64, u64)>,
    /// How far the session was when it last moved, and when that was.
    pub(super) moved: (Progress, Option<Granted>, Instant),
    /// When the last turn ended. Time that the caller spends elsewhere is not the server's.
    pub(super) left: Instant,
    pub(super) doing: &'static str,
}

impl<S> Uplink<S> {
    pub(super) fn now(&self) -> u64 {
        self.begun.elapsed().as_micros() as u64
    }

    pub(super) fn commit(&mut self) {
        self.endpoint.commit(&self.losses, &self.cursors, self.now());
        self.uncommitted = 0;
    }

    pub(super) fn broken(&self, error: WireError) -> UplinkError {
        let (address, doing) = (self.address, self.doing);
        match error {
            WireError::Io(source) => UplinkError::Io { address, doing, source },
            WireError::Closed => UplinkError::Closed { address, doing },
            WireError::Tls(source) => UplinkError::Tls { address, source },
            WireError::Options(source) => UplinkError::TlsOptions(source),
        }
    }

    pub(super) fn failed(&self, source: EndpointError) -> UplinkError {
        UplinkError::Protocol { address: self.address, source }
    }
}
