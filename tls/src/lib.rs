//! Mutual TLS 1.3 between agent and board server, without sockets.
//!
//! | module | content |
//! |---|---|
//! | [`authority`] | a small certificate authority: makes the keys of both sides |
//! | [`credentials`] | the files of one side, checked, and what rustls makes of them |
//! | [`cipher`] | the ciphers, fastest first on this processor |
//! | [`certificate`] | name and dates in a certificate, and the identity of the name |
//! | [`channel`] | one connection: bytes of TLS on one side, plaintext on the other |
//! | [`error`] | why not |
//!
//! Cryptography is `ring`'s. Only TLS 1.3 is spoken, without resumption, so that every connection is authenticated
//! with the certificates of that moment. The server chooses the cipher: AES-128-GCM where its processor has AES in
//! hardware, ChaCha20-Poly1305 elsewhere.

pub mod authority;
pub mod certificate;
pub mod channel;
pub mod cipher;
pub mod credentials;
pub mod error;
mod files;

pub use authority::{Authority, Role, Validity};
pub use certificate::About;
pub use channel::Channel;
pub use cipher::Cipher;
pub use credentials::{Credentials, Paths};
pub use error::{KeyError, Rejection, TlsError};
