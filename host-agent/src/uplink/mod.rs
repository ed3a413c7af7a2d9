//! One session with a board server: socket, TLS, reconnect, protocol. It knows records, and neither owners nor groups.
//!
//! | file | content |
//! |---|---|
//! | `options.rs` | how to reach a server, and under which name |
//! | `records.rs` | what the owner of an [`Uplink`] calls |
//! | `exchange.rs` | moving bytes, waiting, connecting again |
//! | `wire.rs`, `tls.rs` | one connection, with TLS or without |
//! | `store.rs` | what is saved when the server makes another grant |

mod error;
mod exchange;
mod identity;
mod options;
mod records;
mod state;
mod store;
mod tls;
mod wire;

pub use error::UplinkError;
pub use options::Options;
pub use state::{Granted, Uplink};
pub use store::{EarlierGrants, GrantStore, StoreError};
pub use tls::{Tls, TlsOptionsError};
