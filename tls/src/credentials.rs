//! The files of one side, and what rustls makes of them.

use crate::files::Readers;
use crate::{About, Cipher, KeyError, TlsError, files};
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the files of one side are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Own certificate and key. If there is no key in it, the key is in the file beside it that ends with `.key`: `tls.key`
    /// beside `tls.crt`. A file with a key is of mode 0600, or of root with a group for its readers.
    pub own: PathBuf,
    /// Certificate of the authority that both sides trust.
    pub authority: PathBuf,
}

/// Keys and certificates of one side.
#[derive(Debug)]
pub struct Credentials {
    paths: Paths,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    roots: Arc<RootCertStore>,
    ciphers: Vec<Cipher>,
    /// What the own certificate reports.
    pub about: About,
    /// When the authority's certificate expires, in seconds since 1970: the earliest if there are several.
    pub authority_until: i64,
}

impl Credentials {
    /// Reads the files. Their dates are not looked at, see [`Credentials::check_dates`].
    ///
    /// # Errors
    /// A file is not there, holds something else, or holds a key and others can read it.
    pub fn load(paths: &Paths) -> Result<Credentials, KeyError> {
        let text = files::read(&paths.own)?;
        let chain = files::certificates(&paths.own, &text.text)?;
        let key = match files::private_key(&paths.own, &text.text)? {
            Some(key) => {
                text.check_secret(Readers::GroupOfRoot)?;
                key
            }
            None => key_beside(&paths.own)?,
        };
        let about = about(&paths.own, &chain[0])?;
        let authorities = files::certificates(&paths.authority, &files::read(&paths.authority)?.text)?;
        let mut roots = RootCertStore::empty();
        let mut authority_until = i64::MAX;
        for certificate in authorities {
            authority_until = authority_until.min(x509_until(&paths.authority, &certificate)?);
            roots.add(certificate).map_err(refused(&paths.authority))?;
        }
        let roots = Arc::new(roots);
        let ciphers = Cipher::fastest_first().to_vec();
        Ok(Credentials { paths: paths.clone(), chain, key, roots, ciphers, about, authority_until })
    }

    /// Offers this cipher only.
    #[must_use]
    pub fn only(self, cipher: Cipher) -> Credentials {
        Credentials { ciphers: vec![cipher], ..self }
    }

    /// Whether the own certificate is valid at a time, in seconds since 1970.
    ///
    /// # Errors
    /// It has expired, or is not valid yet.
    pub fn check_dates(&self, now: i64) -> Result<(), KeyError> {
        self.about.check_dates(&self.paths.own, now)
    }

    /// A server that serves only clients with a certificate of the authority.
    ///
    /// # Errors
    /// Key and certificate do not fit each other.
    pub fn server(self) -> Result<Arc<ServerConfig>, KeyError> {
        let refuse = refused(&self.paths.own);
        let provider = provider(&self.ciphers);
        let verifier =
            WebPkiClientVerifier::builder_with_provider(self.roots, provider.clone()).build().map_err(|error| {
                KeyError::Content {
                    path: self.paths.authority.clone(),
                    expected: "the certificate of an authority",
                    found: error.to_string(),
                }
            })?;
        let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13]);
        let builder = builder.map_err(&refuse)?.with_client_cert_verifier(verifier);
        let mut config = builder.with_single_cert(self.chain, self.key).map_err(&refuse)?;
        config.ignore_client_order = true;
        // A resumed connection would continue with the certificate of the first one.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// A client that talks only to servers with a certificate of the authority, and shows its own.
    ///
    /// # Errors
    /// Key and certificate do not fit each other.
    pub fn client(self) -> Result<Arc<ClientConfig>, KeyError> {
        let refuse = refused(&self.paths.own);
        let builder = ClientConfig::builder_with_provider(provider(&self.ciphers)).with_protocol_versions(&[&TLS13]);
        let builder = builder.map_err(&refuse)?.with_root_certificates(self.roots);
        let mut config = builder.with_client_auth_cert(self.chain, self.key).map_err(&refuse)?;
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }
}

/// The key of a certificate in a file of its own.
fn key_beside(certificate: &Path) -> Result<PrivateKeyDer<'static>, KeyError> {
    let path = certificate.with_extension("key");
    let missing = || KeyError::NoKey { certificate: certificate.to_path_buf(), path: path.clone() };
    let text = match files::read(&path) {
        Err(KeyError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => return Err(missing()),
        text => text?,
    };
    text.check_secret(Readers::GroupOfRoot)?;
    files::private_key(&path, &text.text)?.ok_or_else(missing)
}

fn refused(path: &Path) -> impl Fn(rustls::Error) -> KeyError {
    let path = path.to_path_buf();
    move |source| KeyError::Refused { path: path.clone(), source }
}

fn about(path: &Path, certificate: &CertificateDer<'_>) -> Result<About, KeyError> {
    About::of(certificate).map_err(|error: TlsError| KeyError::Content {
        path: path.to_path_buf(),
        expected: "a certificate with a name that can be served",
        found: error.to_string(),
    })
}

/// When a certificate expires; that of an authority needs no name.
fn x509_until(path: &Path, certificate: &CertificateDer<'_>) -> Result<i64, KeyError> {
    use x509_parser::prelude::{FromDer, X509Certificate};
    let parsed = X509Certificate::from_der(certificate).map_err(|error| KeyError::Content {
        path: path.to_path_buf(),
        expected: "a certificate",
        found: error.to_string(),
    })?;
    Ok(parsed.1.validity().not_after.timestamp())
}

/// ring's algorithms with `ciphers`, the first preferred.
fn provider(ciphers: &[Cipher]) -> Arc<CryptoProvider> {
    let cipher_suites = ciphers.iter().map(|cipher| cipher.suite()).collect();
    Arc::new(CryptoProvider { cipher_suites, ..ring::default_provider() })
}
