//! One session with a board server: socket, TLS, reconnect, protocol. It knows records, and neither owners nor groups.
//!
//! | file | content |
//! |---|---|
//! | `options.rs`, `address.rs`, `tls.rs` | how to reach a server, and under which name |
//! | `records.rs` | what the owner of an [`Uplink`] calls |
//! | `state.rs` | the session under its lock |
//! | `exchange.rs` | moving bytes and waiting |
//! | `link.rs`, `dial.rs`, `outage.rs`, `backoff.rs` | connecting, and connecting again |
//! | `heartbeat.rs`, `clock.rs` | a session lives on while its owner is at work elsewhere or the process is stopped |
//! | `wire.rs` | one connection, with TLS or without |
//! | `store.rs` | what is saved when the server makes another grant |

mod address;
mod backoff;
mod clock;
mod dial;
mod error;
mod exchange;
mod heartbeat;
mod identity;
mod link;
mod options;
mod outage;
mod outage_notice;
mod records;
mod state;
mod store;
mod tls;
mod wire;

pub use address::{Address, AddressError};
pub use error::UplinkError;
pub use options::Options;
pub use outage::START_LIMIT;
pub use outage_notice::OutageNotice;
pub use records::Uplink;
pub use state::{Granted, LinkStatus};
pub use store::{EarlierGrants, GrantStore, StoreError};
pub use tls::{Tls, TlsOptionsError};
