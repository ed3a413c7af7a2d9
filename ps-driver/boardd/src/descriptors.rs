//! How many descriptors the process may have.

use crate::queues::QUEUES;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors beside those of connections: standard streams, signals, the listening sockets, the engine, files that are written.
const OTHER_DESCRIPTORS: usize = 32 + QUEUES;

/// Why a connection ends for want of a descriptor.
pub const NO_DESCRIPTOR: &str = "descriptors: expected one for each connection, found none left, and others have fewer connections; connect again later";

/// Allows this process as many descriptors as its connections need, if the hard limit does; else it is logged. Returns how many
/// it may have, as far as it needs them.
pub fn raise(connections: usize) -> usize {
    let needed = connections.saturating_add(OTHER_DESCRIPTORS) as u64;
    let limit = getrlimit(Resource::Nofile);
    // None is no limit.
    if limit.current.is_none_or(|current| current >= needed) {
        return needed as usize;
    }
    let current = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    let is_raised = setrlimit(Resource::Nofile, Rlimit { current: Some(current), ..limit }).is_ok();
    if !is_raised || current < needed {
        tracing::warn!(
            "descriptors: expected a limit of at least {needed}, found {current}; raise it (LimitNOFILE=), or lower --max-sessions and --max-handshakes"
        );
    }
    let found = getrlimit(Resource::Nofile).current;
    found.map_or(needed, |found| found.min(needed)) as usize
}
