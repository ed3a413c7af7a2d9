//! The ciphers of TLS 1.3, in the order in which this processor is fast at them.

use rustls::SupportedCipherSuite;
use rustls::crypto::ring::cipher_suite;
use std::fmt;
use std::str::FromStr;

/// A cipher of TLS 1.3 (RFC 8446, appendix B.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// TLS_AES_128_GCM_SHA256.
    Aes128Gcm,
    /// TLS_AES_256_GCM_SHA384.
    Aes256Gcm,
    /// TLS_CHACHA20_POLY1305_SHA256.
    ChaCha20Poly1305,
}

/// Every cipher with its name on a command line.
const NAMES: [(Cipher, &str); 3] = [
    (Cipher::Aes128Gcm, "aes-128-gcm"),
    (Cipher::Aes256Gcm, "aes-256-gcm"),
    (Cipher::ChaCha20Poly1305, "chacha20-poly1305"),
];

impl Cipher {
    /// Returns every cipher, the fastest first. Without AES in hardware, as on a Cortex-A9, ChaCha20-Poly1305 takes less
    /// than half of the instructions of AES-GCM (`cargo xtask board cost`).
    pub fn fastest_first() -> [Cipher; 3] {
        order(has_aes())
    }

    pub(crate) fn suite(self) -> SupportedCipherSuite {
        match self {
            Cipher::Aes128Gcm => cipher_suite::TLS13_AES_128_GCM_SHA256,
            Cipher::Aes256Gcm => cipher_suite::TLS13_AES_256_GCM_SHA384,
            Cipher::ChaCha20Poly1305 => cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        }
    }
}

impl fmt::Display for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(cipher, _)| cipher == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for Cipher {
    type Err = String;

    fn from_str(text: &str) -> Result<Cipher, String> {
        let found = NAMES.iter().find(|(_, name)| *name == text).map(|(cipher, _)| *cipher);
        found.ok_or_else(|| format!("expected {}, found {text:?}", NAMES.map(|(_, name)| name).join(" or ")))
    }
}

fn order(has_aes: bool) -> [Cipher; 3] {
    match has_aes {
        true => [Cipher::Aes128Gcm, Cipher::Aes256Gcm, Cipher::ChaCha20Poly1305],
        false => [Cipher::ChaCha20Poly1305, Cipher::Aes128Gcm, Cipher::Aes256Gcm],
    }
}

/// Whether this processor has instructions for AES and for the multiplication of GCM.
fn has_aes() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes") && std::arch::is_aarch64_feature_detected!("pmull");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    false
}

#[cfg(test)]
mod tests {
    use super::{Cipher, NAMES, order};

    #[test]
    fn processor_without_aes_prefers_chacha20() {
        assert_eq!(order(false)[0], Cipher::ChaCha20Poly1305);
        assert_eq!(order(true)[0], Cipher::Aes128Gcm);
        for has_aes in [false, true] {
            let order = order(has_aes);
            assert!(NAMES.iter().all(|(cipher, _)| order.contains(cipher)), "{order:?}");
        }
    }

    #[test]
    fn names_are_read_back_and_others_refused() {
        for (cipher, name) in NAMES {
            assert_eq!(name.parse(), Ok(cipher));
            assert_eq!(cipher.to_string(), name);
        }
        let error = "rc4".parse::<Cipher>().expect_err("no cipher of TLS 1.3");
        assert!(error.contains("chacha20-poly1305") && error.contains("\"rc4\""), "{error}");
    }
}
