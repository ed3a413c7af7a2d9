//! Addresses from which sessions came. The name of a peer is not known before its handshake is over; its address is.

use crate::admission::Network;
use deltascope_protocol::server::Config;
use std::collections::{BTreeMap, BTreeSet};

/// Addresses of sessions whose connection was lost. Times are microseconds of the loop's clock.
#[derive(Debug)]
pub struct Known {
    most: usize,
    /// How long a session waits for its next connection.
    time: u64,
    left: BTreeMap<Network, u64>,
}

impl Known {
    /// Makes a table for `most` addresses.
    pub fn new(most: usize) -> Known {
        Known { most, time: Config::default().resume_time.as_micros() as u64, left: BTreeMap::new() }
    }

    /// Notes that a session from an address has lost its connection. The address that was noted first makes room.
    pub fn leaves(&mut self, network: Network, now: u64) {
        self.left.insert(network, now);
        if self.left.len() > self.most
            && let Some(first) = self.left.iter().min_by_key(|(_, since)| **since).map(|(network, _)| *network)
        {
            self.left.remove(&first);
        }
    }

    /// Returns the addresses of `open` connections with a session, and of sessions that wait for one.
    pub fn networks(&mut self, open: impl Iterator<Item = Network>, now: u64) -> BTreeSet<Network> {
        self.left.retain(|_, since| now < *since + self.time);
        open.chain(self.left.keys().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Known;
    use crate::admission::Network;
    use std::net::IpAddr;

    fn network(last: u8) -> Network {
        Network::of(IpAddr::from([10, 0, 0, last]))
    }

    #[test]
    fn address_is_known_as_long_as_its_session_waits() {
        let mut known = Known::new(2);
        known.leaves(network(1), 5);
        assert!(known.networks([network(2)].into_iter(), 60_000_004).iter().copied().eq([network(1), network(2)]));
        assert!(known.networks([].into_iter(), 60_000_005).is_empty());
    }

    #[test]
    fn address_that_left_first_makes_room() {
        let mut known = Known::new(2);
        for (last, now) in [(1, 1), (2, 2), (1, 3), (3, 4)] {
            known.leaves(network(last), now);
        }
        assert!(known.networks([].into_iter(), 5).iter().copied().eq([network(1), network(3)]));
    }
}
