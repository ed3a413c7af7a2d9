//! Why the daemon cannot start or continue.

use crate::memory::MemoryError;
use crate::security::SecurityError;
use deltascope_linux::LinuxError;
use deltascope_model::EngineError;
use std::io;
use std::net::SocketAddr;

/// Why the daemon ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// The address is reachable from other machines.
    #[error(
        "--listen {address}: expected a loopback address, because nothing is encrypted; give --tls and --authority, or give --insecure to serve it all the same"
    )]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error(
        "--listen {address}: expected an address of this machine that no other program listens on, found: {source}; check the address, and what uses the port"
    )]
    Listen {
        /// The address asked for.
        address: String,
        /// The cause.
        source: io::Error,
    },
    /// Keys, certificates or identities cannot be used.
    #[error(transparent)]
    Security(#[from] SecurityError),
    /// The memory that is allowed is not enough.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The engine could not be reset.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The LED or the button is not there.
    #[error(transparent)]
    Board(#[from] LinuxError),
    /// A signal came before the daemon served.
    #[error("stopped by a signal while the engine was brought up; nothing was served")]
    Stopped,
    /// The system refused something that the daemon cannot do without.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The cause.
        source: io::Error,
    },
}

/// The result of a call that the daemon cannot do without; `what` is what was tried.
pub(crate) fn system<T>(what: &'static str, result: Result<T, impl Into<io::Error>>) -> Result<T, DaemonError> {
    result.map_err(|source| DaemonError::System { what, source: source.into() })
}

#[cfg(test)]
mod tests {
    use super::DaemonError;
    use deltascope_driver::axi_dma::DmaError;
    use deltascope_driver::dma_host::HostError;
    use deltascope_driver::seams::{BusError, StreamError};
    use deltascope_model::{EngineError, EngineKind};
    use std::error::Error;

    #[test]
    fn dma_error_is_a_source_of_the_daemons_error() {
        let dma = DmaError::Bus(BusError::Response { offset: 4, response: 2 });
        let streams = StreamError::from(HostError::from(dma.clone()));
        let error = DaemonError::from(EngineError::host(EngineKind::Uio, streams));
        let (mut source, mut found) = (error.source(), None);
        while let Some(error) = source {
            found = found.or(error.downcast_ref::<DmaError>());
            source = error.source();
        }
        assert_eq!(found, Some(&dma));
    }
}
