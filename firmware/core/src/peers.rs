//! Which addresses are served. There is no TLS here: every machine that can send packets to the board can use it, so only the link
//! itself and what the settings name are served.

use core::fmt;
use core::net::Ipv4Addr;
use core::str::FromStr;

/// Most networks that the settings can name.
pub const MOST: usize = 8;

/// An IPv4 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// An address of it.
    pub address: Ipv4Addr,
    /// Bits that all its addresses have in common.
    pub prefix: u8,
}

impl Network {
    /// RFC 3927: addresses that no router forwards.
    pub const LINK_LOCAL: Network = Network { address: Ipv4Addr::new(169, 254, 0, 0), prefix: 16 };

    /// Returns whether `address` belongs to the network.
    pub const fn contains(&self, address: Ipv4Addr) -> bool {
        let mask = match self.prefix {
            0 => 0,
            bits => u32::MAX << (32 - bits as u32),
        };
        (address.to_bits() ^ self.address.to_bits()) & mask == 0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Network {
    type Err = ();

    /// Reads `a.b.c.d/n`; an address alone is the network of that one address.
    fn from_str(text: &str) -> Result<Network, ()> {
        let (address, prefix) = text.split_once('/').unwrap_or((text, "32"));
        let address = address.parse().map_err(drop)?;
        let prefix = prefix.parse().map_err(drop)?;
        if prefix > 32 { Err(()) } else { Ok(Network { address, prefix }) }
    }
}

/// The networks that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peers {
    networks: [Option<Network>; MOST],
}

impl Peers {
    /// Serves the link only.
    pub const LINK_LOCAL: Peers = {
        let mut networks = [None; MOST];
        networks[0] = Some(Network::LINK_LOCAL);
        Peers { networks }
    };

    /// Returns whether a peer is served.
    pub fn allows(&self, address: Ipv4Addr) -> bool {
        self.networks.iter().flatten().any(|network| network.contains(address))
    }
}

impl fmt::Display for Peers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, network) in self.networks.iter().flatten().enumerate() {
            write!(formatter, "{}{network}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl FromStr for Peers {
    type Err = ();

    /// Reads networks between commas, at most [`MOST`]; `link-local` names [`Network::LINK_LOCAL`].
    fn from_str(text: &str) -> Result<Peers, ()> {
        let mut networks = [None; MOST];
        for (index, part) in text.split(',').enumerate() {
            let network = if part == "link-local" { Network::LINK_LOCAL } else { part.parse()? };
            *networks.get_mut(index).ok_or(())? = Some(network);
        }
        Ok(Peers { networks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(text: &str) -> Peers {
        text.parse().unwrap_or_else(|()| panic!("{text}"))
    }

    #[test]
    fn only_named_networks_are_served() {
        let cases = [
            ("link-local", [169, 254, 255, 1], true),
            ("link-local", [169, 255, 0, 1], false),
            ("link-local", [127, 0, 0, 1], false),
            ("10.0.2.2", [10, 0, 2, 2], true),
            ("10.0.2.2", [10, 0, 2, 3], false),
            ("192.168.1.0/24,10.0.2.2/32", [192, 168, 1, 255], true),
            ("192.168.1.0/24,10.0.2.2/32", [192, 168, 2, 0], false),
            ("0.0.0.0/0", [8, 8, 8, 8], true),
        ];
        for (text, address, expected) in cases {
            assert_eq!(peers(text).allows(address.into()), expected, "{text} {address:?}");
        }
    }

    #[test]
    fn malformed_networks_are_refused() {
        for text in ["", "10.0.2", "10.0.2.2/33", "10.0.2.2/", "a,b", "10.0.2.2,", "local"] {
            assert_eq!(text.parse::<Peers>(), Err(()), "{text}");
        }
        let nine = ["10.0.0.1"; MOST + 1].join(",");
        assert_eq!(nine.parse::<Peers>(), Err(()));
    }

    extern crate alloc;
    use alloc::string::ToString;

    #[test]
    fn text_survives_a_round_trip() {
        for text in ["169.254.0.0/16", "192.168.1.0/24,10.0.2.2/32"] {
            assert_eq!(peers(text).to_string(), text);
        }
    }
}
