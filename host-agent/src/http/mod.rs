//! What a running agent shows to other programs over HTTP: metrics, state, readiness and a page.
//!
//! | path | content |
//! |---|---|
//! | `/` | a page with the table, rates, the law of conservation and coverage |
//! | `/events` | each round as JSON, as server-sent events |
//! | `/metrics` | the last round in the text format of Prometheus |
//! | `/ready` | 200, or 503 with the reasons |
//! | `/round` | the last round as JSON |
//! | `/status` | the state of the agent as JSON ([`StatusJson`]) |
//!
//! Everything is read-only and made from the last round, so that no request makes the agent work: requests can neither
//! make each other slow nor the run. `docs/operator.md` describes it.
//!
//! | file | content |
//! |---|---|
//! | `feed.rs` | the last round, as the run publishes it |
//! | `server.rs`, `connections.rs` | the thread that serves, and its connections with TLS or without |
//! | `routes.rs`, `page.html` | the answers |
//! | `status.rs` | the state of an agent, and whether it is ready |
//! | `client.rs` | asking another agent for its state |

mod client;
mod connections;
mod feed;
mod routes;
mod server;
mod status;
#[cfg(test)]
mod tests;

pub use client::{ClientError, status};
pub use feed::{Feed, Publisher, Shown};
pub use server::{HttpError, Listen, Server};
pub use status::{RoundStatusJson, StatusJson, problems};

/// Address at which an agent listens unless another is given.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:9770";
