//! What a client needs to speak TLS.

use std::net::IpAddr;
use std::path::PathBuf;

use deltascope_tls::certificate::now;
use deltascope_tls::{Channel, Credentials, KeyError, Paths, TlsError};
use rustls::pki_types::ServerName;

/// Files and names for TLS with a board server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Own certificate and key, and the certificate of the authority.
    pub paths: Paths,
    /// Name or address that must be in the server's certificate.
    pub server: ServerName<'static>,
}

/// Why TLS cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsOptionsError {
    /// A file.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The start of a session.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server's name.
    #[error("server {found:?}: expected a host name or an address, as in the server's certificate")]
    Name {
        /// As given.
        found: String,
    },
}

impl TlsOptionsError {
    /// Whether the clock of this machine is behind the first day of the certificate.
    pub fn is_early(&self) -> bool {
        matches!(self, TlsOptionsError::Keys(error) if error.is_early())
    }
}

impl Tls {
    /// TLS with the server that has `name`, a host name or an address, in its certificate. The files are read by
    /// every connection again, and their dates compared with the clock of that moment.
    ///
    /// # Errors
    /// The name is none, or a file cannot be used.
    pub fn new(own: PathBuf, authority: PathBuf, name: &str) -> Result<Tls, TlsOptionsError> {
        let server = match name.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => ServerName::from(address),
            Err(_) => {
                ServerName::try_from(name.to_owned()).map_err(|_| TlsOptionsError::Name { found: name.to_owned() })?
            }
        };
        let tls = Tls { paths: Paths { own, authority }, server };
        Credentials::load(&tls.paths)?;
        Ok(tls)
    }

    /// Returns the days until the own certificate expires; `None` where it cannot be read.
    pub(super) fn days_left(&self) -> Option<f64> {
        Some(Credentials::load(&self.paths).ok()?.about.days_left(now()))
    }

    fn credentials(&self) -> Result<Credentials, KeyError> {
        let credentials = Credentials::load(&self.paths)?;
        credentials.check_dates(now())?;
        Ok(credentials)
    }

    /// Returns a new connection of rustls, for a stream of bytes.
    ///
    /// # Errors
    /// The files cannot be used now.
    pub fn connection(&self) -> Result<rustls::ClientConnection, TlsOptionsError> {
        let config = self.credentials()?.client()?;
        Ok(rustls::ClientConnection::new(config, self.server.clone()).map_err(TlsError::from)?)
    }

    pub(super) fn channel(&self) -> Result<Channel, TlsOptionsError> {
        let config = self.credentials()?.client()?;
        Ok(Channel::client(config, self.server.clone())?)
    }
}
