//! The agent's end of a session.
//!
//! [`Endpoint`] numbers records, keeps them until a snapshot covers them, sends them within the server's credit,
//! and brings counters, replies and states back. After a lost connection it resumes where the server is;
//! after a restart of the server it restores the contexts and sends everything after the last snapshot again, so
//! that the totals are those of a run without restart. The host opens connections, moves bytes and
//! gives the time; `docs/protocol.md` describes what happens on the wire.
//!
//! ```text
//! admit, commit -> retention -> transmit/advance -> network
//! network -> receive -> next_notification, totals
//! connected, disconnected, poll(now)
//! ```

mod config;
mod contexts;
mod control;
mod endpoint;
mod error;
mod receive;
mod retention;
mod send;
mod state;
mod totals;

pub use config::{Config, Identity};
pub use error::EndpointError;
pub use state::{Endpoint, Granted, Notification, Progress};
