//! What a certificate reports: whose it is, and for how long.

use crate::{KeyError, TlsError};
use rustls::pki_types::CertificateDer;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// What a certificate reports about its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The first DNS name of the certificate in lower case, else its first SPIFFE ID as it is, else the common name of
    /// its subject in lower case.
    pub name: String,
    /// Valid from, in seconds since 1970.
    pub from: i64,
    /// Valid until, in seconds since 1970.
    pub until: i64,
}

/// Seconds since 1970.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

impl About {
    /// Reads a certificate. One whose signature was not checked can say anything.
    ///
    /// # Errors
    /// It is not a certificate, has no name, or one that cannot be served.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<About, TlsError> {
        let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| TlsError::NoName)?;
        let alternative = parsed.subject_alternative_name().ok().flatten();
        let names = alternative.map_or(&[][..], |names| &names.value.general_names);
        let dns = names.iter().find_map(|name| match name {
            GeneralName::DNSName(name) => Some(*name),
            _ => None,
        });
        let spiffe = || {
            names.iter().find_map(|name| match name {
                GeneralName::URI(uri) if uri.starts_with(SPIFFE) => Some(*uri),
                _ => None,
            })
        };
        let common = || parsed.subject().iter_common_name().find_map(|name| name.as_str().ok());
        let name =
            dns.or_else(spiffe).or_else(common).filter(|name| !name.trim().is_empty()).ok_or(TlsError::NoName)?;
        if !is_name(name) {
            return Err(TlsError::Name { found: name.to_owned() });
        }
        let name = canonical(name);
        let validity = parsed.validity();
        Ok(About { name, from: validity.not_before.timestamp(), until: validity.not_after.timestamp() })
    }

    /// Days until it expires; negative when it has.
    pub fn days_left(&self, now: i64) -> f64 {
        (self.until - now) as f64 / DAY
    }

    /// Whether it is valid at a time.
    ///
    /// # Errors
    /// It has expired, or is not valid yet. `path` is where it was found.
    pub fn check_dates(&self, path: &Path, now: i64) -> Result<(), KeyError> {
        let wrong = |found| Err(KeyError::Dates { path: path.to_path_buf(), found });
        if now > self.until {
            return wrong(format!("of {:?} that expired {:.1} days ago", self.name, -self.days_left(now)));
        }
        if now < self.from {
            let (path, name, seconds) = (path.to_path_buf(), self.name.clone(), self.from - now);
            return Err(KeyError::Early { path, name, seconds });
        }
        Ok(())
    }

    /// The identity of the name: SHA-256 under a prefix of its own. It stays the same when the
    /// certificate is renewed.
    pub fn identity(&self) -> [u8; 32] {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        context.update(b"deltascope identity\0");
        context.update(self.name.as_bytes());
        let mut identity = [0; 32];
        identity.copy_from_slice(context.finish().as_ref());
        identity
    }
}

/// How a SPIFFE ID begins (SPIFFE-ID, section 2).
const SPIFFE: &str = "spiffe://";
/// Longest DNS name (RFC 1035, section 2.3.4), and longest name that is served.
const MOST_BYTES: usize = 253;

/// Whether a name can be served: a DNS name, or a SPIFFE ID of letters, digits, `.`, `-`, `_`, `/` and `:`. It is in an
/// identity file, a log and a metric.
pub fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/:".contains(&byte);
    match name.strip_prefix(SPIFFE) {
        Some(id) => name.len() <= MOST_BYTES && !id.is_empty() && id.bytes().all(allowed),
        None => is_dns_name(name),
    }
}

/// Returns a name as it is compared: a SPIFFE ID as it is, any other name in lower case.
pub fn canonical(name: &str) -> String {
    if name.starts_with(SPIFFE) { name.to_owned() } else { name.to_ascii_lowercase() }
}

/// Whether a name is one of letters, digits, `.`, `-` and `_`, beginning with a letter or digit. It is also the name of a
/// file.
pub fn is_dns_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    (1..=MOST_BYTES).contains(&name.len())
        && name.bytes().all(allowed)
        && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_of_common_authorities_are_served() {
        let long = "deltascope-agent-on-a-node-with-a-rather-long-name.monitoring.svc.cluster.local";
        for name in ["web-1", "node_01", long, "spiffe://lab/ns/mon/sa/agent", "spiffe://lab.example/Path_1"] {
            assert!(is_name(name), "{name}");
        }
        let (most, more) = ("a".repeat(253), "a".repeat(254));
        assert!(is_name(&most) && !is_name(&more));
        for name in
            ["", "*.lab", "-a", "_a", "a b", "a/b", "a\nb", "\u{e4}", "spiffe://", "spiffe://a b", "https://a/b"]
        {
            assert!(!is_name(name), "{name}");
        }
    }
}
