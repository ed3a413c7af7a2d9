//! Keys, certificates and the list of identities of the daemon, read again on SIGHUP.

use crate::cli::Cli;
use crate::identities::{Allowance, Identities, IdentitiesError};
use deltascope_protocol::server::Identity;
use deltascope_tls::certificate::now;
use deltascope_tls::{About, Cipher, Credentials, KeyError, Paths, Rejection};
use rustls::ServerConfig;
use std::path::PathBuf;
use std::sync::Arc;

/// Why the daemon has no keys to serve with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecurityError {
    /// A key or certificate.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The list of identities.
    #[error(transparent)]
    Identities(#[from] IdentitiesError),
}

impl SecurityError {
    /// Whether the clock of this machine is behind the first day of the certificate.
    pub fn is_early(&self) -> bool {
        matches!(self, SecurityError::Keys(error) if error.is_early())
    }
}

/// What new handshakes use. A connection that is open keeps what it began with.
#[derive(Debug)]
pub struct Security {
    paths: Paths,
    identities_path: Option<PathBuf>,
    cipher: Option<Cipher>,
    config: Arc<ServerConfig>,
    identities: Identities,
    until: i64,
    authority_until: i64,
    name: String,
}

impl Security {
    /// The files named on the command line; `None` when there are none.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub fn load(cli: &Cli) -> Result<Option<Security>, SecurityError> {
        let (Some(own), Some(authority)) = (&cli.tls, &cli.authority) else { return Ok(None) };
        let paths = Paths { own: own.clone(), authority: authority.clone() };
        Security::read(paths, cli.identities.clone(), cli.tls_cipher).map(Some)
    }

    fn read(paths: Paths, identities_path: Option<PathBuf>, cipher: Option<Cipher>) -> Result<Security, SecurityError> {
        let identities = identities_path.as_deref().map_or_else(|| Ok(Identities::default()), Identities::load)?;
        let mut credentials = Credentials::load(&paths)?;
        if let Some(cipher) = cipher {
            credentials = credentials.only(cipher);
        }
        credentials.check_dates(now())?;
        let About { name, until, .. } = credentials.about.clone();
        let authority_until = credentials.authority_until;
        let config = credentials.server()?;
        Ok(Security { paths, identities_path, cipher, config, identities, until, authority_until, name })
    }

    /// Reads the files again. If one cannot be used, everything stays as it was.
    ///
    /// # Errors
    /// See above.
    pub fn reload(&mut self) -> Result<(), SecurityError> {
        *self = Security::read(self.paths.clone(), self.identities_path.clone(), self.cipher)?;
        Ok(())
    }

    /// What a new handshake uses.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    /// Name in the daemon's certificate.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Logs the names of the certificate and how long the keys are valid.
    pub fn log(&self) {
        let (own, authority) = self.days_left();
        tracing::info!(
            "TLS 1.3 as {:?}: the certificate is valid for {own:.1} days more, the authority for {authority:.1}",
            self.name()
        );
    }

    /// Days until the daemon's certificate and that of its authority expire.
    pub fn days_left(&self) -> (f64, f64) {
        let days = |until: i64| (until - now()) as f64 / 86_400.0;
        (days(self.until), days(self.authority_until))
    }

    /// Returns the identity of an authenticated peer and what it may have.
    ///
    /// # Errors
    /// Its name is not served.
    pub fn admit(&self, peer: &About) -> Result<(Identity, Allowance), Rejection> {
        let allowance = self.identities.allowance(&peer.name).ok_or(Rejection::UnknownName)?;
        Ok((Identity(peer.identity()), allowance))
    }
}
