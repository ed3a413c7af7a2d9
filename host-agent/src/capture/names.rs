//! Who sends from an address, where only packets are known.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

/// Names for addresses: of one address and port, or of every port of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressNames {
    ports: HashMap<SocketAddr, String>,
    addresses: HashMap<IpAddr, String>,
}

/// A text that names no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected ADDRESS=NAME or ADDRESS:PORT=NAME, found {found:?}")]
pub struct NameError {
    found: String,
}

impl AddressNames {
    /// Takes `ADDRESS=NAME` or `ADDRESS:PORT=NAME`.
    ///
    /// # Errors
    /// The text is neither.
    pub fn add(&mut self, text: &str) -> Result<(), NameError> {
        let wrong = || NameError { found: text.to_owned() };
        let (address, name) = text.split_once('=').filter(|(_, name)| !name.is_empty()).ok_or_else(wrong)?;
        if let Ok(address) = address.parse::<SocketAddr>() {
            self.ports.insert(address, name.to_owned());
        } else {
            self.addresses.insert(address.parse().map_err(|_| wrong())?, name.to_owned());
        }
        Ok(())
    }

    /// Returns the name of who sends from `local`. Without one a service is its address and port, and who has `opened` the
    /// connection is its address alone, because its port is another one each time.
    pub fn name(&self, local: SocketAddr, opened: bool) -> String {
        match self.ports.get(&local).or_else(|| self.addresses.get(&local.ip())) {
            Some(name) => name.clone(),
            None if opened => local.ip().to_string(),
            None => local.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AddressNames;

    #[test]
    fn the_port_goes_before_the_address() {
        let mut names = AddressNames::default();
        for text in ["10.0.0.1=host", "10.0.0.1:80=web", "[::1]:80=six", "::2=two"] {
            names.add(text).expect("a name");
        }
        let name = |text: &str, opened| names.name(text.parse().expect("an address"), opened);
        assert_eq!(name("10.0.0.1:80", false), "web");
        assert_eq!(name("10.0.0.1:81", true), "host");
        assert_eq!(name("[::1]:80", false), "six");
        assert_eq!(name("[::2]:7", false), "two");
        assert_eq!((name("10.0.0.2:80", false), name("10.0.0.2:80", true)), ("10.0.0.2:80".into(), "10.0.0.2".into()));
        for text in ["", "10.0.0.1", "10.0.0.1=", "name=10.0.0.1", "10.0.0.1:99999=x"] {
            let error = names.add(text).expect_err(text);
            assert!(error.to_string().contains("ADDRESS=NAME"), "{error}");
        }
    }
}
