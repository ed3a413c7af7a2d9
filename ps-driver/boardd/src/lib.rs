//! The board server as a Linux daemon: sockets around [`deltascope_protocol::server`].
//!
//! | module | content |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`engines`] | where an engine is made by name |
//! | [`daemon`] | one thread, one loop over all sockets |
//! | [`budget`] | how much of the loop goes to peers without a session |
//! | [`queues`] | connections that wait to be accepted, by source address |
//! | [`admission`] | which connections get a place when there are too many |
//! | [`error`] | why it cannot start or continue |
//! | [`security`] | keys and certificates, read again on SIGHUP |
//! | [`identities`] | who is served, and how much each may have |
//! | [`status`] | one line of JSON on SIGUSR1 and at the end |
//! | [`service`] | readiness, watchdog, LED, button |
//! | [`memory`] | how much memory each part may have |
//! | [`metrics`] | a file of metrics |
//! | [`logging`] | the log and its levels |
//! | [`selftest`] | proves that the engine counts what it is given |
//! | [`fingerprint`] | proves the fingerprint block beside the engine |
//! | [`mod@bench`] | what the board's processor and its engine carry |
//! | [`check`] | whether the programmable logic may be touched |
//! | [`info`] | what the engine is, and how the board is |
//! | [`raw`] | `--raw`: a bare sequence of records without a network |

pub mod admission;
pub mod bench;
pub mod budget;
pub mod check;
pub mod cli;
pub mod daemon;
mod descriptors;
pub mod engines;
pub mod error;
pub mod fingerprint;
mod handshakes;
pub mod identities;
pub mod info;
mod known;
mod link;
pub mod listen;
pub mod logging;
pub mod memory;
pub mod metrics;
pub mod queues;
pub mod raw;
pub mod security;
pub mod selftest;
pub mod service;
pub mod signals;
pub mod status;
mod sys;
mod warnings;
