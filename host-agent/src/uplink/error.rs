//! Why a session with a board server cannot start or continue.

use std::net::SocketAddr;
use std::time::Duration;

/// See the variants. After any of these the session is over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UplinkError {
    /// The system has no random numbers for the session's name.
    #[error("cannot read /dev/urandom: {0}; a session needs a random name")]
    Random(std::io::Error),
    /// What a restart needs cannot be saved.
    #[error(transparent)]
    Store(#[from] super::StoreError),
    /// The address does not answer.
    #[error("cannot connect to {address}: {source}; check that a board server listens there")]
    Connect {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The connection broke.
    #[error("connection to {address} broke while {doing}: {source}; check the board server")]
    Io {
        /// The address.
        address: SocketAddr,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server closed the connection.
    #[error("{address} closed the connection while {doing}: expected an answer; check whether the board server died")]
    Closed {
        /// The address.
        address: SocketAddr,
        /// What was being done.
        doing: &'static str,
    },
    /// The server does not answer.
    #[error("{address}: expected progress within {} s while {doing}, found none; check the board server", limit.as_secs_f32())]
    Timeout {
        /// The address.
        address: SocketAddr,
        /// What was being done.
        doing: &'static str,
        /// Longest time without progress.
        limit: Duration,
    },
    /// Server and agent do not trust each other, or one of them speaks no TLS.
    #[error("{address}: {source}")]
    Tls {
        /// The address.
        address: SocketAddr,
        /// What was wrong.
        source: deltascope_tls::TlsError,
    },
    /// The keys or the server's name cannot be used.
    #[error(transparent)]
    TlsOptions(#[from] super::TlsOptionsError),
    /// The endpoint refused what came, or the server refused the session.
    #[error("session with {address}: {source}")]
    Protocol {
        /// The address.
        address: SocketAddr,
        /// What was wrong.
        source: deltascope_protocol::agent::EndpointError,
    },
    /// A snapshot leaves out records that were sent before it was asked for.
    #[error(
        "{address}: expected a snapshot after record {expected}, found one after {found}; records were lost on the way, check what stands between agent and board server"
    )]
    Behind {
        /// The address.
        address: SocketAddr,
        /// Number of the next record when it was asked for.
        expected: u64,
        /// Number up to which it is exact.
        found: u64,
    },
    /// The server counts with an engine that this agent does not know.
    #[error(
        "{address}: engine number in Welcome: expected 1 to 3, found {found}; use an agent and a server of the same release"
    )]
    Engine {
        /// The address.
        address: SocketAddr,
        /// As found in the frame.
        found: u32,
    },
}

impl UplinkError {
    /// Whether another connection would end the same way.
    pub fn is_fatal(&self) -> bool {
        match self {
            UplinkError::Protocol { source, .. } => source.is_fatal(),
            UplinkError::Tls { source, .. } => source.is_final(),
            UplinkError::Closed { .. } | UplinkError::Io { .. } => false,
            _ => true,
        }
    }

    /// Whether the server said itself what is wrong.
    pub fn is_refusal(&self) -> bool {
        matches!(self, UplinkError::Protocol { source: deltascope_protocol::agent::EndpointError::Refused { .. }, .. })
    }
}
