//! The command line.

use crate::engines::EngineName;
use clap::Parser;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Serves one delta engine to the agents of many hosts.
#[derive(Debug, Clone, Parser)]
#[command(name = "deltascope-boardd", version)]
pub struct Cli {
    /// Engine behind the server.
    #[arg(long, value_enum, default_value_t = EngineName::Model)]
    pub engine: EngineName,

    /// Address and port to listen on; port 0 takes a free one. The line `listening on ADDR` on standard output says
    /// which, once connections are accepted.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5770")]
    pub listen: SocketAddr,

    /// Certificate and key of this server in one PEM file of mode 0600: speak TLS 1.3, and only with agents that have
    /// a certificate of the authority. SIGHUP reads this and the files below again.
    #[arg(long, value_name = "FILE", requires = "authority")]
    pub tls: Option<PathBuf>,

    /// Certificate of the authority of agents and servers (PEM).
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub authority: Option<PathBuf>,

    /// Names that are served, and what each may have: lines of `NAME [sessions=N] [groups=N] [contexts=N]`, with `*` for
    /// every other name. Without this file every certificate of the authority is served.
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub identities: Option<PathBuf>,

    /// Most connections at a time whose peer is not authenticated yet; beyond it the oldest gives way.
    #[arg(long, value_name = "N", default_value_t = 64, requires = "tls")]
    pub max_handshakes: usize,

    /// Serve an address that other machines reach, although nothing is encrypted and nobody is authenticated.
    #[arg(long, conflicts_with = "tls")]
    pub insecure: bool,

    /// Most sessions at a time, those waiting for a reconnect among them.
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub max_sessions: usize,

    /// Instead of serving: feed the bare records in FILE (`-`: standard input) to the engine and print what came of
    /// it as JSON.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["listen", "insecure", "max_sessions", "tls"])]
    pub raw: Option<PathBuf>,
}
