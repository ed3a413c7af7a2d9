//! Who this agent is to a board server.

use std::fs::File;
use std::io::Read;

use deltascope_protocol::agent::Identity;
use deltascope_protocol::frame::Secret;

/// A new identity from the system's random numbers.
///
/// A server lets an agent that comes back continue with its totals. A run whose source begins at its beginning is an agent
/// of its own and meets no totals of an earlier one; one that resumes has an id of its own ([`super::Options::agent`]).
pub fn random() -> std::io::Result<Identity> {
    let mut bytes = [0; 40];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let part = |at: usize| std::array::from_fn(|index| bytes[at + index]);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Ok(Identity {
        session: part(0),
        agent: part(16),
        secret: Secret::NONE,
        resumes: false,
        nonce: u64::from_le_bytes(std::array::from_fn(|index| bytes[32 + index])),
        host: host.trim().to_owned(),
    })
}
