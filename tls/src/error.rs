//! What can be wrong with keys and with peers.

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};
use std::path::PathBuf;

/// Why keys cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{}: {source}; `deltascope keys init` makes keys", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system reported.
        source: std::io::Error,
    },
    /// Others can read or write a file that holds a key.
    #[error(
        "{}: expected mode 0600, or 0640 of a file of root, found {mode:04o}; others may have read this key: make another one, or chmod 600 if no other user has",
        path.display()
    )]
    Loose {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The certificate has no key.
    #[error("{}: expected a private key in PEM in it or in {}, found none; put the two together, or the key there", certificate.display(), path.display())]
    NoKey {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file where the key could be.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The certificate is out of date.
    #[error("{}: expected a certificate that is valid now, found one {found}; renew it with `deltascope keys`", path.display())]
    Dates {
        /// The file.
        path: PathBuf,
        /// Since when it is not.
        found: String,
    },
    /// The certificate is not valid yet: the clock of this machine is behind, as that of a board without a battery is
    /// until a time server has set it.
    #[error(
        "{}: expected a certificate that is valid now, found one of {name:?} that is valid in {seconds} s; set the clock, or wait for the time server",
        path.display()
    )]
    Early {
        /// The file.
        path: PathBuf,
        /// Name in the certificate.
        name: String,
        /// Seconds until it is valid.
        seconds: i64,
    },
    /// There are keys already.
    #[error("{}: expected no authority there, found one; give another folder, or remove it if its keys are not used any more", path.display())]
    Exists {
        /// Its certificate.
        path: PathBuf,
    },
    /// The name is not allowed in a certificate.
    #[error("name {found:?}: expected 1 to 253 letters, digits, `.`, `-` and `_`, beginning with a letter or digit")]
    Name {
        /// As given.
        found: String,
    },
    /// Certificates could not be made.
    #[error("making a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// rustls refuses the keys.
    #[error("{}: {source}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What it printed.
        source: Error,
    },
}

impl KeyError {
    /// Whether the clock of this machine is behind the first day of the certificate.
    pub fn is_early(&self) -> bool {
        matches!(self, KeyError::Early { .. })
    }
}

/// Why a channel ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The peer broke TLS, is not who it must be, or refused.
    #[error("{}", explain(.0))]
    Peer(#[from] Error),
    /// The first byte was not that of a TLS handshake.
    #[error("expected a TLS handshake, found something else; both sides need TLS, or neither")]
    NotTls,
    /// More than a handshake may have came before the handshake was over.
    #[error("expected at most {limit} bytes of one handshake message, found more")]
    TooLong {
        /// Size of the buffer.
        limit: usize,
    },
    /// The certificate has no name.
    #[error("certificate: expected one name, found none; use one made by `deltascope keys`")]
    NoName,
    /// The certificate has a name that cannot be served.
    #[error(
        "certificate: expected a DNS name, a SPIFFE ID or a common name of at most 253 letters, digits, `.`, `-`, `_`, found {found:?}; a name is for one agent, so a wildcard is none"
    )]
    Name {
        /// As it is in the certificate.
        found: String,
    },
    /// The peer connected and left without a word.
    #[error("expected a TLS handshake, found the end of the connection before its first byte")]
    Silent,
    /// The peer left in the middle of the handshake.
    #[error("expected the rest of a TLS handshake, found the end of the connection")]
    Truncated,
    /// A record could not be written.
    #[error("writing a TLS record: {0}")]
    Write(String),
}

fn explain(error: &Error) -> String {
    match error {
        Error::AlertReceived(alert) => {
            let meaning = match alert {
                AlertDescription::CertificateRequired => "it serves only peers with a certificate: give one",
                AlertDescription::UnknownCA => "it does not know the authority of the certificate",
                AlertDescription::CertificateExpired => "the certificate has expired: renew it",
                AlertDescription::UnsupportedCertificate => {
                    "the certificate is for another use: agents need one of an agent"
                }
                AlertDescription::BadCertificate | AlertDescription::DecryptError => "it refuses the certificate",
                AlertDescription::AccessDenied => "it knows the certificate's name and does not serve it",
                AlertDescription::ProtocolVersion => "it expects TLS 1.3",
                _ => "see its log",
            };
            format!("TLS: refused by the peer with {alert:?}: {meaning}")
        }
        Error::InvalidMessage(_) => format!("expected TLS, found something else ({error}); does the peer speak TLS?"),
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            String::from("certificate of the peer: expected one of our authority, found one of another")
        }
        _ => format!("TLS: {error}"),
    }
}

/// What a peer was that did not get in. Each is counted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejection {
    /// It showed no certificate.
    NoCertificate,
    /// Its certificate is of another authority, or forged.
    UnknownAuthority,
    /// Its certificate has expired.
    Expired,
    /// Its certificate is not for this use, not valid yet, or damaged.
    BadCertificate,
    /// Its certificate is good, but its name is not served here.
    UnknownName,
    /// It speaks no TLS and the port does.
    PlainToTls,
    /// It speaks TLS and the port does not.
    TlsToPlain,
    /// It speaks no TLS 1.3.
    OldTls,
    /// It broke the protocol of the handshake, sent too much, or left in the middle.
    BrokenHandshake,
    /// Its handshake took too long.
    Slow,
    /// Its place was given to another one while its handshake was not over.
    CrowdedOut,
    /// It was one of too many that came at a time, and was not chosen.
    DroppedEarly,
    /// Its certificate is good and has no name.
    NoName,
    /// It was authenticated and sent a TLS record that is damaged.
    BrokenRecord,
    /// Its name has as many connections as it may have.
    Quota,
}

impl Rejection {
    /// Every reason, in the order of the counters.
    pub const ALL: [Rejection; 15] = [
        Rejection::NoCertificate,
        Rejection::UnknownAuthority,
        Rejection::Expired,
        Rejection::BadCertificate,
        Rejection::UnknownName,
        Rejection::PlainToTls,
        Rejection::TlsToPlain,
        Rejection::OldTls,
        Rejection::BrokenHandshake,
        Rejection::Slow,
        Rejection::CrowdedOut,
        Rejection::DroppedEarly,
        Rejection::NoName,
        Rejection::BrokenRecord,
        Rejection::Quota,
    ];

    /// Name in counters and logs.
    pub fn name(self) -> &'static str {
        match self {
            Rejection::NoCertificate => "no_certificate",
            Rejection::UnknownAuthority => "unknown_authority",
            Rejection::Expired => "expired",
            Rejection::BadCertificate => "bad_certificate",
            Rejection::UnknownName => "unknown_name",
            Rejection::PlainToTls => "plain_to_tls",
            Rejection::TlsToPlain => "tls_to_plain",
            Rejection::OldTls => "old_tls",
            Rejection::BrokenHandshake => "broken_handshake",
            Rejection::Slow => "slow",
            Rejection::CrowdedOut => "crowded_out",
            Rejection::DroppedEarly => "dropped_early",
            Rejection::NoName => "no_name",
            Rejection::BrokenRecord => "broken_record",
            Rejection::Quota => "quota",
        }
    }
}

impl TlsError {
    /// Whether another connection with the same keys would end the same way. A damaged record would not.
    pub fn is_final(&self) -> bool {
        let TlsError::Peer(error) = self else {
            return matches!(self, TlsError::NotTls | TlsError::NoName | TlsError::Name { .. });
        };
        match error {
            Error::AlertReceived(alert) => matches!(
                alert,
                AlertDescription::CertificateRequired
                    | AlertDescription::UnknownCA
                    | AlertDescription::CertificateExpired
                    | AlertDescription::CertificateRevoked
                    | AlertDescription::CertificateUnknown
                    | AlertDescription::BadCertificate
                    | AlertDescription::UnsupportedCertificate
                    | AlertDescription::AccessDenied
                    | AlertDescription::ProtocolVersion
                    | AlertDescription::HandshakeFailure
            ),
            Error::InvalidMessage(invalid) => matches!(invalid, InvalidMessage::InvalidContentType),
            Error::InvalidCertificate(_) | Error::NoCertificatesPresented | Error::PeerIncompatible(_) => true,
            _ => false,
        }
    }

    /// What a peer was whose handshake ended with this.
    pub fn rejection(&self) -> Rejection {
        match self {
            TlsError::NotTls => Rejection::PlainToTls,
            TlsError::NoName | TlsError::Name { .. } => Rejection::NoName,
            TlsError::TooLong { .. } | TlsError::Silent | TlsError::Truncated | TlsError::Write(_) => {
                Rejection::BrokenHandshake
            }
            TlsError::Peer(error) => match error {
                Error::NoCertificatesPresented => Rejection::NoCertificate,
                Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
                    Rejection::UnknownAuthority
                }
                Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
                    Rejection::Expired
                }
                Error::InvalidCertificate(_) => Rejection::BadCertificate,
                Error::InvalidMessage(InvalidMessage::InvalidContentType) => Rejection::PlainToTls,
                Error::PeerIncompatible(
                    PeerIncompatible::Tls12NotOffered
                    | PeerIncompatible::Tls12NotOfferedOrEnabled
                    | PeerIncompatible::SupportedVersionsExtensionRequired
                    | PeerIncompatible::Tls13RequiredForQuic,
                ) => Rejection::OldTls,
                _ => Rejection::BrokenHandshake,
            },
        }
    }
}
