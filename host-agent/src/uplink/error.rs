//! Why a session with a board server cannot start or continue.

use std::time::Duration;

use super::address::{Address, AddressError};

/// See the variants. After any of these the session is over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UplinkError {
    /// The system has no random numbers for the session's name.
    #[error("cannot read /dev/urandom: {0}; a session needs a random name")]
    Random(#[source] std::io::Error),
    /// What a restart needs cannot be saved.
    #[error(transparent)]
    Store(#[from] super::StoreError),
    /// The address cannot be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// No address of the server answers.
    #[error("cannot connect to {address}: {source}{others}; check that a board server listens there")]
    Connect {
        /// The address.
        address: Address,
        /// What the system reported of the last address that was tried.
        source: std::io::Error,
        /// What it printed of each address, if there are several.
        others: String,
    },
    /// The system has no thread for the heartbeat.
    #[error("cannot start the session's heartbeat: {0}; end other programs or raise the limit of threads")]
    Thread(#[source] std::io::Error),
    /// There was no board server for the whole time that was allowed.
    #[error("{source}; no progress for {} s, which is the longest outage allowed (--outage)", limit.as_secs())]
    Outage {
        /// Longest time without a board server.
        limit: Duration,
        /// Why the last attempt failed.
        source: Box<UplinkError>,
    },
    /// The process was asked to end and the server did not answer in time.
    #[error(
        "stopped while {doing}: {in_flight} events are not in the counters that were read; {address} did not answer in time"
    )]
    Stopped {
        /// The address.
        address: Address,
        /// What was being done.
        doing: &'static str,
        /// Events admitted and not counted yet.
        in_flight: u64,
    },
    /// The connection broke.
    #[error("connection to {address} broke while {doing}: {source}; check the board server")]
    Io {
        /// The address.
        address: Address,
        /// What was being done.
        doing: &'static str,
        /// What the system reported.
        source: std::io::Error,
    },
    /// The server closed the connection.
    #[error("{address} closed the connection while {doing}: expected an answer; check whether the board server died")]
    Closed {
        /// The address.
        address: Address,
        /// What was being done.
        doing: &'static str,
    },
    /// The server does not answer.
    #[error("{address}: expected progress within {} s while {doing}, found none; check the board server", limit.as_secs_f32())]
    Timeout {
        /// The address.
        address: Address,
        /// What was being done.
        doing: &'static str,
        /// Longest time without progress.
        limit: Duration,
    },
    /// Server and agent do not trust each other, or one of them speaks no TLS.
    #[error("{address}: {source}")]
    Tls {
        /// The address.
        address: Address,
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
        address: Address,
        /// What was wrong.
        source: deltascope_protocol::agent::EndpointError,
    },
    /// The connection was lost over a time in which this process did not run.
    #[error("this agent did not run for {:.1} s, and its session ended meanwhile; what the other side reported: {source}", time.as_secs_f64())]
    Absent {
        /// How long.
        time: Duration,
        /// How the connection ended.
        source: Box<UplinkError>,
    },
    /// A snapshot leaves out records that were sent before it was asked for.
    #[error(
        "{address}: expected a snapshot after record {expected}, found one after {found}; records were lost on the way, check what is between agent and board server"
    )]
    Behind {
        /// The address.
        address: Address,
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
        address: Address,
        /// As found in the frame.
        found: u32,
    },
}

impl UplinkError {
    /// Whether another connection would end the same way. With `established` the session was granted before: then keys,
    /// names and the server's certificate have been good once and may be again.
    pub fn is_fatal(&self, established: bool) -> bool {
        match self {
            UplinkError::Protocol { source, .. } => source.is_fatal(),
            UplinkError::Tls { source, .. } => !established && source.is_final(),
            // A clock that is behind is set when the time server answers.
            UplinkError::TlsOptions(error) => !established && !error.is_early(),
            UplinkError::Address(AddressError::NotLocal { .. }) => !established,
            UplinkError::Address(AddressError::Resolve { .. }) | UplinkError::Connect { .. } => false,
            UplinkError::Closed { .. } | UplinkError::Io { .. } | UplinkError::Timeout { .. } => false,
            UplinkError::Behind { .. } => false,
            UplinkError::Absent { source, .. } => source.is_fatal(established),
            _ => true,
        }
    }

    /// Whether the server said itself what is wrong.
    pub fn is_refusal(&self) -> bool {
        matches!(self, UplinkError::Protocol { source: deltascope_protocol::agent::EndpointError::Refused { .. }, .. })
    }

    /// Whether the process was asked to end.
    pub fn is_stop(&self) -> bool {
        matches!(self, UplinkError::Stopped { .. })
    }
}
