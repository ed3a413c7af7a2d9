//! How to reach a board server, and under which name.

use std::time::Duration;

use deltascope_protocol::frame::Secret;

use super::Tls;
use super::outage_notice::OutageNotice;
use crate::stop::Stop;

/// How to talk to a board server.
#[derive(Clone, Debug)]
pub struct Options {
    /// Groups to ask for; 0: the server's default.
    pub groups: u32,
    /// Contexts to ask for; 0: the server's default.
    pub contexts: u32,
    /// Longest time without any progress on a connection.
    pub timeout: Duration,
    /// TLS with the server; `None`: in the clear.
    pub tls: Option<Tls>,
    /// Connect again when there is no server, or the connection breaks, and resume; records are neither lost nor
    /// repeated by that.
    pub reconnect: bool,
    /// Longest time without progress of the session; `None`: [`super::START_LIMIT`] before the first progress, and no limit
    /// after it.
    pub outage: Option<Duration>,
    /// Id of an agent whose restarts resume where it stopped; `None`: a random one.
    pub agent: Option<[u8; 16]>,
    /// What proves to a server without TLS that the id is this agent's.
    pub secret: Secret,
    /// Resume where a process of this agent before stopped; without it the session of that one ends.
    pub resumes: bool,
    /// Ends what waits for the server.
    pub stop: Stop,
    /// Takes what is to be reported of outages.
    pub report: fn(&OutageNotice<'_>),
}

impl Default for Options {
    fn default() -> Options {
        Options {
            groups: 0,
            contexts: 0,
            timeout: Duration::from_secs(10),
            tls: None,
            reconnect: false,
            outage: None,
            agent: None,
            secret: Secret::NONE,
            resumes: false,
            stop: Stop::default(),
            report: |_| (),
        }
    }
}
