//! Which of the connections that wait get one of a number of places. There are places for handshakes, by source address,
//! and places for connections without a session, by source address or by the name in the certificate.
//!
//! Half of the places go to any connection, as long as its holder has less than half of those. From there on connections
//! are dropped early and at random, as OpenSSH's MaxStartups does: of those that wait in one turn of the loop a few are
//! chosen, holders in turn and those with fewer places first, and the others are dropped. A chosen one for which there is
//! no place takes that of a random connection of the holder that has most, by chance among equal ones. So a flood from one
//! address keeps no other address out, and on its own address neither first nor last come decides.
//!
//! A quarter of the places is a reserve for holders that are known because they have a session: one place for each, which
//! no unknown peer takes from it. So peers from many addresses do not keep out a session that resumes.

use deltascope_abi::random::Random;
use deltascope_protocol::server::Holder;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Connections that are chosen in one turn beyond half of the places. A handshake costs some 0.2 ms (*estimated*).
const CHOSEN: usize = 8;

/// Where a connection comes from, as far as limits go: an address of IPv4, or the 64 bits of IPv6 that name a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network(u128);

impl Network {
    /// Returns the network of an address.
    pub fn of(address: IpAddr) -> Network {
        match address.to_canonical() {
            IpAddr::V4(address) => Network(u128::from(u32::from(address))),
            IpAddr::V6(address) => Network(u128::from(address) & !u128::from(u64::MAX)),
        }
    }

    /// Returns the holder that the places of a peer without authentication count for.
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
    /// Places that others may take, by holder, and all of them.
    held: BTreeMap<H, usize>,
    total: usize,
    /// Holders that have a place of the reserve.
    reserved: BTreeSet<H>,
    random: Random,
}

impl<H: Copy + Ord> Places<H> {
    /// Makes `most` places, at least four; `seed` starts the random numbers.
    pub fn new(most: usize, seed: u64) -> Places<H> {
        let (held, reserved) = (BTreeMap::new(), BTreeSet::new());
        Places { most: most.max(4), held, total: 0, reserved, random: Random::new(seed) }
    }

    /// Returns how many places are for known holders only.
    fn reserve(&self) -> usize {
        self.most / 4
    }

    /// Returns how many places a holder has, one of the reserve among them.
    pub fn held(&self, holder: H) -> usize {
        self.held.get(&holder).copied().unwrap_or(0) + usize::from(self.reserved.contains(&holder))
    }

    /// Returns the holder that has most places beside the reserve, one of them by chance, and how many.
    pub fn most(&mut self) -> Option<(H, usize)> {
        let most = self.held.values().copied().max()?;
        let number = self.random_below(self.held.values().filter(|count| **count == most).count());
        let holder = self.held.iter().filter(|(_, count)| **count == most).nth(number);
        holder.map(|(holder, _)| (*holder, most))
    }

    /// Takes a place.
    pub fn take(&mut self, holder: H) {
        *self.held.entry(holder).or_default() += 1;
        self.total += 1;
    }

    /// Gives a place back; the one of the reserve is the last.
    pub fn give_back(&mut self, holder: H) {
        let Some(count) = self.held.get_mut(&holder) else {
            self.reserved.remove(&holder);
            return;
        };
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

    /// Decides about the connections of one turn, by holder, and takes and gives back the places that this needs. `is_known`
    /// returns whether a holder has a session.
    pub fn decide(&mut self, waiting: &[H], is_known: impl Fn(H) -> bool) -> Vec<Decision<H>> {
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
            if self.reserved.len() < self.reserve() && self.held(holder) == 0 && is_known(holder) {
                self.reserved.insert(holder);
                decisions[index] = Decision::Admit;
                continue;
            }
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

    /// A chosen connection takes a free place beside the reserve if its holder has less than half of all, and else one of its
    /// holder or of the holder with most.
    fn choose(&mut self, holder: H) -> Decision<H> {
        let victim = if self.held(holder) >= (self.most / 2).max(1) {
            holder
        } else if self.total < self.most - self.reserve() {
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
    use super::{Decision, Network, Places};
    use std::collections::BTreeSet;
    use std::net::IpAddr;

    fn network(text: &str) -> Network {
        Network::of(text.parse::<IpAddr>().unwrap())
    }

    /// No address is known.
    fn unknown(_: Network) -> bool {
        false
    }

    #[test]
    fn a_source_is_an_address_or_a_network_of_ipv6() {
        assert_eq!(network("10.0.0.1"), network("::ffff:10.0.0.1"));
        assert_ne!(network("10.0.0.1"), network("10.0.0.2"));
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
    }

    #[test]
    fn few_connections_are_all_admitted() {
        let mut places = Places::new(64, 1);
        let waiting: Vec<Network> = (0..32).map(|number| network(&format!("10.0.0.{}", number / 16))).collect();
        assert!(places.decide(&waiting, unknown).iter().all(|decision| *decision == Decision::Admit));
        // The next ones are chosen: a few, and no network beyond half of all places.
        let decisions = places.decide(&[network("10.0.0.9"); 100], unknown);
        assert_eq!(decisions.iter().filter(|decision| **decision == Decision::Admit).count(), 8);
    }

    #[test]
    fn another_address_is_admitted_in_the_turn_in_which_it_comes() {
        let (flood, agent) = (network("10.0.0.1"), network("10.0.0.2"));
        for seed in 0..100 {
            let mut places = Places::new(64, seed);
            for _ in 0..50 {
                places.decide(&[flood; 200], unknown);
            }
            assert_eq!(places.held(flood), 32, "a network has at most half of the places");
            let mut waiting = vec![flood; 200];
            waiting[seed as usize * 2] = agent;
            assert_eq!(places.decide(&waiting, unknown)[seed as usize * 2], Decision::Admit);
            for _ in 0..1_000 {
                let decisions = places.decide(&[flood; 200], unknown);
                assert!(!decisions.contains(&Decision::Replace(agent)));
            }
        }
    }

    #[test]
    fn a_flood_from_many_addresses_leaves_a_chance_and_the_table_bounded() {
        let mut places = Places::new(64, 3);
        let flood: Vec<Network> =
            (0..2_000).map(|number| network(&format!("10.0.{}.{}", number / 250, number % 250))).collect();
        let mut admitted = 0;
        for _ in 0..1_000 {
            let agent = network("192.0.2.1");
            let mut waiting = flood[..100].to_vec();
            waiting.push(agent);
            if places.decide(&waiting, unknown)[100] != Decision::Drop {
                admitted += 1;
                places.give_back(agent);
            }
            assert!(places.total <= 64);
        }
        assert!(admitted > 40, "{admitted} of 1,000");
    }

    #[test]
    fn known_holder_has_a_place_that_peers_of_many_addresses_do_not_take() {
        // Its address is neither the first nor the last one.
        for known in ["10.0.0.0", "10.7.7.7", "192.0.2.1"].map(network) {
            let mut places = Places::new(64, 5);
            let mut stranger_number = 0;
            let mut flood = |count: u32| -> Vec<Network> {
                stranger_number += count;
                (0..count)
                    .map(|n| network(&IpAddr::from((0x0A01_0000 + stranger_number + n).to_be_bytes()).to_string()))
                    .collect()
            };
            for _ in 0..100 {
                places.decide(&flood(100), |holder| holder == known);
            }
            assert_eq!(places.total, 48, "a quarter is left");
            let mut waiting = flood(100);
            waiting.push(known);
            assert_eq!(places.decide(&waiting, |holder| holder == known)[100], Decision::Admit);
            for _ in 0..1_000 {
                let decisions = places.decide(&flood(100), |holder| holder == known);
                assert!(!decisions.contains(&Decision::Replace(known)));
            }
            assert_eq!((places.held(known), places.total), (1, 48));
            // The next one of the same holder is a connection like another.
            places.decide(&[known], |holder| holder == known);
            assert_eq!(places.reserved.len(), 1);
            for _ in 0..2 {
                places.give_back(known);
            }
            assert_eq!((places.held(known), places.reserved.len()), (0, 0));
        }
    }

    #[test]
    fn known_holders_of_many_addresses_have_the_reserve_and_no_more() {
        let mut places = Places::new(64, 7);
        let many: Vec<Network> = (0..200).map(|number| network(&format!("10.0.0.{number}"))).collect();
        for _ in 0..10 {
            places.decide(&many, |_| true);
        }
        assert_eq!((places.reserved.len(), places.total), (16, 48));
    }

    #[test]
    fn one_of_equal_holders_gives_way_by_chance() {
        let mut places = Places::new(64, 9);
        let holders: Vec<Network> = (0..48).map(|number| network(&format!("10.0.0.{number}"))).collect();
        holders.iter().for_each(|holder| places.take(*holder));
        let victims: BTreeSet<Network> = (0..1_000).filter_map(|_| places.most()).map(|(victim, _)| victim).collect();
        assert_eq!(victims.len(), 48);
    }
}
