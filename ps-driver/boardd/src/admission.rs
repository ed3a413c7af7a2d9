//! Which of the connections that wait get one of a number of places. There are places for handshakes, by source address,
//! and places for connections without a session, by source address or by the name in the certificate.
//!
//! Half of the places go to any connection, as long as its holder has less than half of those. From there on connections
//! are dropped early and at random, as OpenSSH's MaxStartups does: of those that wait in one turn of the loop a few are
//! chosen, holders in turn and those with fewer places first, and the others are dropped. A chosen one for which there is
//! no place takes that of a random connection of the holder that has most. So a flood from one address keeps no other
//! address out, and on its own address neither first nor last come decides.

use deltascope_abi::random::Random;
use deltascope_protocol::server::Holder;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Connections that are chosen in one turn beyond half of the places. A handshake costs some 0.2 ms (*estimated*).
const CHOSEN: usize = 8;

/// Where a connection comes from, as far as limits go: an address of IPv4, or the 64 bits of IPv6 that name a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin(u128);

impl Origin {
    /// Returns the origin of an address.
    pub fn of(address: IpAddr) -> Origin {
        match address.to_canonical() {
            IpAddr::V4(address) => Origin(u128::from(u32::from(address))),
            IpAddr::V6(address) => Origin(u128::from(address) & !u128::from(u64::MAX)),
        }
    }

    /// Returns whom the places of a peer count for that is not authenticated.
    pub fn holder(self) -> Holder {
        Holder::of(&self.0.to_be_bytes())
    }
}

/// What happens to a connection that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<H> {
    /// It gets a free place.
    Admit,
    /// It gets the place of a random connection of this holder.
    Replace(H),
    /// It is closed.
    Drop,
}

/// The places and who holds them.
#[derive(Debug)]
pub struct Places<H> {
    most: usize,
    held: BTreeMap<H, usize>,
    total: usize,
    random: Random,
}

impl<H: Copy + Ord> Places<H> {
    /// Makes `most` places, at least four; `seed` starts the random numbers.
    pub fn new(most: usize, seed: u64) -> Places<H> {
        Places { most: most.max(4), held: BTreeMap::new(), total: 0, random: Random::new(seed) }
    }

    /// Returns how many places a holder has.
    pub fn held(&self, holder: H) -> usize {
        self.held.get(&holder).copied().unwrap_or(0)
    }

    /// Returns the holder that has most places, and how many.
    pub fn most(&self) -> Option<(H, usize)> {
        self.held.iter().max_by_key(|(_, count)| **count).map(|(holder, count)| (*holder, *count))
    }

    /// Takes a place.
    pub fn take(&mut self, holder: H) {
        *self.held.entry(holder).or_default() += 1;
        self.total += 1;
    }

    /// Gives a place back.
    pub fn give_back(&mut self, holder: H) {
        let Some(count) = self.held.get_mut(&holder) else { return };
        *count -= 1;
        self.total -= 1;
        if *count == 0 {
            self.held.remove(&holder);
        }
    }

    /// Returns a random number below `bound`.
    pub fn random_below(&mut self, bound: usize) -> usize {
        self.random.below(bound.max(1) as u64) as usize
    }

    /// Decides about the connections of one turn, by holder, and takes and gives back the places that this needs.
    pub fn decide(&mut self, waiting: &[H]) -> Vec<Decision<H>> {
        let mut decisions = vec![Decision::Drop; waiting.len()];
        // Rounds: the first of each holder, then the second; in a round, holders with fewer places first.
        let mut order: Vec<usize> = (0..waiting.len()).collect();
        for last in (1..order.len()).rev() {
            order.swap(last, self.random_below(last + 1));
        }
        let mut seen: BTreeMap<H, usize> = BTreeMap::new();
        let mut ranked: Vec<(usize, usize, usize)> = Vec::with_capacity(order.len());
        for index in order {
            let round = seen.entry(waiting[index]).or_default();
            ranked.push((*round, self.held(waiting[index]), index));
            *round += 1;
        }
        // Stable, so equal ones keep their random order.
        ranked.sort_by_key(|&(round, held, _)| (round, held));
        let mut chosen = 0;
        for (_, _, index) in ranked {
            let holder = waiting[index];
            if self.total < self.most / 2 && self.held(holder) < self.most / 4 {
                decisions[index] = Decision::Admit;
            } else if chosen < CHOSEN {
                chosen += 1;
                decisions[index] = self.choose(holder);
            }
            if decisions[index] != Decision::Drop {
                self.take(holder);
            }
        }
        decisions
    }

    /// A chosen connection takes a free place if its holder has less than half of all, and else one of its holder or of the
    /// holder with most.
    fn choose(&mut self, holder: H) -> Decision<H> {
        let victim = if self.held(holder) >= (self.most / 2).max(1) {
            holder
        } else if self.total < self.most {
            return Decision::Admit;
        } else {
            self.most().map_or(holder, |(holder, _)| holder)
        };
        self.give_back(victim);
        Decision::Replace(victim)
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, Origin, Places};
    use std::net::IpAddr;

    fn origin(text: &str) -> Origin {
        Origin::of(text.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn a_source_is_an_address_or_a_network_of_ipv6() {
        assert_eq!(origin("10.0.0.1"), origin("::ffff:10.0.0.1"));
        assert_ne!(origin("10.0.0.1"), origin("10.0.0.2"));
        assert_eq!(origin("2001:db8::1"), origin("2001:db8::ffff:1"));
        assert_ne!(origin("2001:db8::1"), origin("2001:db8:0:1::1"));
    }

    #[test]
    fn few_connections_are_all_admitted() {
        let mut places = Places::new(64, 1);
        let waiting: Vec<Origin> = (0..32).map(|number| origin(&format!("10.0.0.{}", number / 16))).collect();
        assert!(places.decide(&waiting).iter().all(|decision| *decision == Decision::Admit));
        // The next ones are chosen: a few, and no origin beyond half of all places.
        let decisions = places.decide(&[origin("10.0.0.9"); 100]);
        assert_eq!(decisions.iter().filter(|decision| **decision == Decision::Admit).count(), 8);
    }

    #[test]
    fn another_address_is_admitted_in_the_turn_in_which_it_comes() {
        let (flood, agent) = (origin("10.0.0.1"), origin("10.0.0.2"));
        for seed in 0..100 {
            let mut places = Places::new(64, seed);
            for _ in 0..50 {
                places.decide(&[flood; 200]);
            }
            assert_eq!(places.held(flood), 32, "an origin has at most half of the places");
            let mut waiting = vec![flood; 200];
            waiting[seed as usize * 2] = agent;
            assert_eq!(places.decide(&waiting)[seed as usize * 2], Decision::Admit);
            for _ in 0..1_000 {
                let decisions = places.decide(&[flood; 200]);
                assert!(!decisions.contains(&Decision::Replace(agent)));
            }
        }
    }

    #[test]
    fn a_flood_from_many_addresses_leaves_a_chance_and_the_table_bounded() {
        let mut places = Places::new(64, 3);
        let flood: Vec<Origin> =
            (0..2_000).map(|number| origin(&format!("10.0.{}.{}", number / 250, number % 250))).collect();
        let mut admitted = 0;
        for _ in 0..1_000 {
            let agent = origin("192.0.2.1");
            let mut waiting = flood[..100].to_vec();
            waiting.push(agent);
            if places.decide(&waiting)[100] != Decision::Drop {
                admitted += 1;
                places.give_back(agent);
            }
            assert!(places.total <= 64);
        }
        assert!(admitted > 40, "{admitted} of 1,000");
    }
}
