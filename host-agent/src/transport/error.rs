//! Why a session with a board server cannot start or go on.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// See the variants. After any of these the session is over.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// There is no daemon to start.
    #[error(
        "no board server: expected the program {looked}, found none; build it with `cargo build --release -p deltascope-boardd`, name it with --boardd, or give the address of a running one with --connect",
        looked = looked.display()
    )]
    NoDaemon {
        /// Where it was expected.
        looked: PathBuf,
    },
    /// The daemon does not start.
    #[error("cannot start {program}: {source}; check that it may be executed", program = program.display())]
    DaemonStart {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The daemon does not say where it listens.
    #[error(
        "{program} started: expected the line `listening on ADDR`, found {found}; give the program of a board server",
        program = program.display()
    )]
    DaemonSilent {
        /// The program.
        program: PathBuf,
        /// What came instead.
        found: String,
    },
    /// The system has no random numbers for the session's name.
    #[error("cannot read /dev/urandom: {0}; a session needs a random name")]
    Random(std::io::Error),
    /// The folder with what a restart needs.
    #[error(transparent)]
    Resume(#[from] crate::resume::ResumeError),
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
        /// What was going on.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server closed the connection.
    #[error("{address} closed the connection while {doing}: expected an answer; check whether the board server died")]
    Closed {
        /// The address.
        address: SocketAddr,
        /// What was going on.
        doing: &'static str,
    },
    /// The server does not answer.
    #[error("{address}: expected progress within {} s while {doing}, found none; check the board server", limit.as_secs_f32())]
    Timeout {
        /// The address.
        address: SocketAddr,
        /// What was going on.
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
    /// The session machine refused what came, or the server refused the session.
    #[error("session with {address}: {source}")]
    Session {
        /// The address.
        address: SocketAddr,
        /// What was wrong.
        source: deltascope_protocol::agent::SessionError,
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
        /// As it stands in the frame.
        found: u32,
    },
}

impl TransportError {
    /// Whether another connection would end the same way.
    pub fn is_fatal(&self) -> bool {
        match self {
            TransportError::Session { source, .. } => source.is_fatal(),
            TransportError::Tls { source, .. } => source.is_final(),
            TransportError::Closed { .. } | TransportError::Io { .. } => false,
            _ => true,
        }
    }

    /// Whether the server said itself what is wrong.
    pub fn is_refusal(&self) -> bool {
        matches!(self, TransportError::Session { source: deltascope_protocol::agent::SessionError::Refused { .. }, .. })
    }
}
