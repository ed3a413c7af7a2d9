//! How to reach a board server, and as whom.

use std::time::Duration;

use deltascope_protocol::frame::Secret;

use super::Tls;

/// How to talk to a board server.
#[derive(Clone, Debug)]
pub struct Options {
    /// Groups to ask for; 0: the server's default.
    pub groups: u32,
    /// Contexts to ask for; 0: the server's default.
    pub contexts: u32,
    /// Longest time without any progress.
    pub timeout: Duration,
    /// TLS with the server; `None`: in the clear.
    pub tls: Option<Tls>,
    /// Connect again when the connection breaks, and resume; records are neither lost nor repeated by that.
    pub reconnect: bool,
    /// Id of an agent whose restarts resume where it stopped; `None`: a random one.
    pub agent: Option<[u8; 16]>,
    /// What proves to a server without TLS that the id is this agent's.
    pub secret: Secret,
    /// Resume where a process of this agent before stopped; without it the session of that one ends.
    pub resumes: bool,
    /// Try again, until `timeout`, while the server is not there yet or still has the connection of the process before.
    pub wait_for_server: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            groups: 0,
            contexts: 0,
            timeout: Duration::from_secs(10),
            tls: None,
            reconnect: false,
            agent: None,
            secret: Secret::NONE,
            resumes: false,
            wait_for_server: false,
        }
    }
}
