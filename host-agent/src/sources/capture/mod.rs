//! The sends of this machine by content, from the packets that it sends: the network half without a module.
//!
//! | file | content |
//! |---|---|
//! | `source.rs` | all network namespaces as one source |
//! | `namespaces.rs` | which network namespaces there are, and entering them |
//! | `namespace.rs` | one of them: which of its packets are sends of its sockets |
//! | `owners.rs` | from a socket to the container that sends on it |
//! | `netlink.rs` | questions to the kernel: sockets (inet_diag) and addresses (rtnetlink) |
//! | `ring.rs`, `filter.rs` | the ring of a packet socket, and what the kernel puts into it |
//! | `packets.rs` | counts of packets |
//! | `sys.rs` | system calls |
//!
//! `docs/sends.md` describes what is seen and what not.

mod error;
mod filter;
mod namespace;
mod namespaces;
mod netlink;
mod owners;
mod packets;
mod ring;
mod source;
mod sys;
#[cfg(test)]
mod tests;

pub use error::CaptureError;
pub use source::{Capture, CaptureOptions};
