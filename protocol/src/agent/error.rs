//! Why a connection, or the session, cannot continue.

use crate::frame::{ErrorCode, FrameError, Kind};
use alloc::string::String;
use core::time::Duration;

/// Close the connection and call `disconnected`; unless [`EndpointError::is_fatal`], connect again later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The server sent something that is no frame.
    #[error("server's frame: {0}")]
    Frame(#[from] FrameError),
    /// The server refused and closes.
    #[error("the server refused ({code:?}, record {sequence}): {text}")]
    Refused {
        /// Its reason.
        code: ErrorCode,
        /// Number of the record that it is about, or 0.
        sequence: u64,
        /// What it expected, found and states to do.
        text: String,
    },
    /// A frame that the server may not send now.
    #[error("expected {expected}, found a frame of kind {found:?}; is the peer a board server?")]
    Unexpected {
        /// What could have come.
        expected: &'static str,
        /// What came.
        found: Kind,
    },
    /// The server's ABI is another one.
    #[error("ABI version: expected {expected}.x, found {found}.x; use an agent and a server of the same release")]
    Version {
        /// Major half of this agent's version.
        expected: u16,
        /// Major half of the server's version.
        found: u16,
    },
    /// The server asks for something that this release does not know.
    #[error(
        "Welcome: expected no extension that must be understood, found type {kind:#06x}; use an agent of the server's release"
    )]
    Extension {
        /// Type of the extension.
        kind: u16,
    },
    /// A number that can never be: the server, or this agent, has a defect.
    #[error("{what}: expected {min} to {max}, found {found}; the server has another idea of the session")]
    Number {
        /// The field.
        what: &'static str,
        /// Smallest value possible.
        min: u64,
        /// Largest value possible.
        max: u64,
        /// As it came.
        found: u64,
    },
    /// The server owed a sign of life.
    #[error("expected a frame from the server within {} ms, found silence; connect again", limit.as_millis())]
    Silent {
        /// How long was waited.
        limit: Duration,
    },
}

impl EndpointError {
    /// Whether another connection would end the same way.
    pub fn is_fatal(&self) -> bool {
        match self {
            EndpointError::Version { .. } | EndpointError::Frame(FrameError::Version { .. }) => true,
            EndpointError::Extension { .. } | EndpointError::Number { .. } => true,
            EndpointError::Refused { code, .. } => matches!(
                code,
                ErrorCode::Version | ErrorCode::OutOfGrant | ErrorCode::ForbiddenOp | ErrorCode::Unauthorised
            ),
            _ => false,
        }
    }
}

/// Checks a number of the server.
pub(crate) fn bounded(what: &'static str, min: u64, max: u64, found: u64) -> Result<(), EndpointError> {
    if (min..=max).contains(&found) { Ok(()) } else { Err(EndpointError::Number { what, min, max, found }) }
}
