//! A small certificate authority in a folder.
//!
//! ```text
//! DIR/ca.pem            certificate of the authority: every agent and server needs it
//! DIR/ca.key            its key, mode 0600: only needed to make and renew certificates
//! DIR/servers/NAME.pem  certificate and key of a board server, mode 0600
//! DIR/agents/NAME.pem   certificate and key of an agent, mode 0600
//! ```
//!
//! Certificate and key are in one file, which is put in its place whole, so a renewal is never seen half done.

use crate::certificate::{is_dns_name, now};
use crate::files::Readers;
use crate::{KeyError, files};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// Clocks may differ by this much, in seconds.
const CLOCK_SKEW: i64 = 3_600;
/// Seconds of a day.
const DAY: i64 = 86_400;
/// Longest common name (RFC 5280, appendix A.1, ub-common-name).
const MOST_COMMON_NAME: usize = 64;

/// What a certificate is for. One is never taken for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An agent: the client.
    Agent,
    /// A board server.
    Server,
}

impl Role {
    fn folder(self) -> &'static str {
        match self {
            Role::Agent => "agents",
            Role::Server => "servers",
        }
    }
}

/// When a certificate is valid, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From.
    pub from: i64,
    /// Until.
    pub until: i64,
}

impl Validity {
    /// From an hour ago, because clocks differ, for this number of days.
    pub fn days(days: u32) -> Validity {
        let now = now();
        Validity { from: now - CLOCK_SKEW, until: now + i64::from(days) * DAY }
    }
}

/// An authority that can make certificates.
pub struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes an authority in a folder that has none. It reports which file holds its certificate with
    /// [`Authority::certificate`].
    ///
    /// # Errors
    /// There is one already, or the folder cannot be written.
    pub fn create(folder: &Path, validity: Validity) -> Result<Authority, KeyError> {
        let certificate = folder.join("ca.pem");
        if certificate.exists() {
            return Err(KeyError::Exists { path: certificate });
        }
        files::make_folder(folder)?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        // Two authorities must not have one name: a peer of the other would be refused for a wrong signature instead
        // of an unknown authority.
        let name = format!("deltascope authority {}", tag(&key));
        params.distinguished_name.push(DnType::CommonName, name);
        set_validity(&mut params, validity, folder)?;
        let signed = params.self_signed(&key)?;
        files::write(&folder.join("ca.key"), &key.serialize_pem(), 0o600)?;
        files::write(&certificate, &signed.pem(), 0o644)?;
        Ok(Authority { folder: folder.to_path_buf(), issuer: Issuer::new(params, key) })
    }

    /// The authority in a folder.
    ///
    /// # Errors
    /// There is none, or others can read its key.
    pub fn open(folder: &Path) -> Result<Authority, KeyError> {
        let key_path = folder.join("ca.key");
        let text = files::read(&key_path)?;
        text.check_secret(Readers::Owner)?;
        let key = KeyPair::from_pem(&text.text)?;
        let certificate = files::read(&folder.join("ca.pem"))?.text;
        Ok(Authority { folder: folder.to_path_buf(), issuer: Issuer::from_ca_cert_pem(&certificate, key)? })
    }

    /// Its certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Makes a certificate with a new key, in the place of an older one of that name, and gives its file. A server
    /// can be reached under its name and the addresses.
    ///
    /// # Errors
    /// The name is none, or the folder cannot be written.
    pub fn issue(&self, role: Role, name: &str, addresses: &[IpAddr], validity: Validity) -> Result<PathBuf, KeyError> {
        if !is_dns_name(name) {
            return Err(KeyError::Name { found: String::from(name) });
        }
        let name = name.to_ascii_lowercase();
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![name.clone()])?;
        params.subject_alt_names.extend(addresses.iter().copied().map(SanType::IpAddress));
        if name.len() <= MOST_COMMON_NAME {
            params.distinguished_name.push(DnType::CommonName, name.as_str());
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match role {
            Role::Agent => ExtendedKeyUsagePurpose::ClientAuth,
            Role::Server => ExtendedKeyUsagePurpose::ServerAuth,
        }];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, validity, &self.folder)?;
        let signed = params.signed_by(&key, &self.issuer)?;
        let folder = self.folder.join(role.folder());
        files::make_folder(&folder)?;
        let path = folder.join(format!("{name}.pem"));
        files::write(&path, &(signed.pem() + &key.serialize_pem()), 0o600)?;
        Ok(path)
    }
}

/// Eight digits that differ from key to key.
fn tag(key: &KeyPair) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, key.public_key_raw());
    digest.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn set_validity(params: &mut CertificateParams, validity: Validity, path: &Path) -> Result<(), KeyError> {
    let time = |seconds| {
        OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| KeyError::Content {
            path: path.to_path_buf(),
            expected: "dates within ten thousand years",
            found: error.to_string(),
        })
    };
    (params.not_before, params.not_after) = (time(validity.from)?, time(validity.until)?);
    Ok(())
}
