//! TCP, with TLS or without, around the session machine of `deltascope-protocol`, and the daemon that a command starts for itself.

mod client;
mod daemon;
mod error;
mod identity;
mod sys;
mod tls;
mod wire;

pub use client::{Client, Granted, Inherited, Options};
pub use daemon::Daemon;
pub use error::TransportError;
pub use tls::{Tls, TlsOptionsError};
