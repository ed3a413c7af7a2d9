//! A flood of ClientHellos at the loop's budget and its places, on a simulated clock: the parts of the daemon that decide,
//! with a model of the kernel's queue and of what each step costs. `cargo xtask net flood` measures the daemon itself.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use deltascope_abi::random::Random;
use deltascope_boardd::admission::{Decision, Network, Places};
use deltascope_boardd::budget::{Budget, Work};
use std::cell::Cell;
use std::collections::VecDeque;
use std::time::Duration;

/// Nanoseconds of the steps; those of a handshake are rounded up from a measurement on x86.
const ACCEPT: u64 = 6_000;
const HANDSHAKE: u64 = 200_000;
/// Nanoseconds that the sessions use in a turn in which they have work.
const SESSIONS: u64 = 1_000_000;
/// Nanoseconds without anything for the sessions between two such turns, of sessions that use half of the loop.
const PAUSE: u64 = 1_000_000;
/// Nanoseconds of a turn's own.
const TURN: u64 = 10_000;
/// Queues of connections that wait to be accepted, by source address, and how many wait in each. Beyond it a SYN is dropped and
/// sent again after 1 s, 2 s, 4 s.
const QUEUES: u64 = 16;
const QUEUE: usize = 256;
const SECOND: u64 = 1_000_000_000;
/// Nanoseconds after which the agent tries again, and until it answers.
const RETRY: u64 = SECOND / 10;
const ANSWER: u64 = 2_000_000;
/// Nanoseconds that a handshake may take.
const HANDSHAKE_TIME: u64 = 5 * SECOND;

/// A connection: the agent's, or one of the flood that holds its place and sends nothing more.
#[derive(Clone, Copy)]
struct Connection {
    is_agent: bool,
    network: Network,
    /// Messages that were worked on.
    steps: u32,
    /// When it can be worked on, if ever.
    ready: Option<u64>,
    until: u64,
}

/// How much of the loop the sessions ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sessions {
    None,
    Half,
    All,
}

struct World {
    load: Sessions,
    /// When the sessions have work again.
    work_at: u64,
    now: Cell<u64>,
    budget: Budget,
    places: Places<Network>,
    queues: Vec<VecDeque<bool>>,
    /// The queues of the flood and of the agent, the one that was served last, and when addresses may be spread again.
    queue_of: [usize; 2],
    last: usize,
    spread_at: u64,
    open: Vec<Connection>,
    random: Random,
    flood: Network,
    agent: Network,
    rate: u64,
    arrived: u64,
    /// When the agent tries next; `None` while a connection of it is under way.
    tries: Option<u64>,
    /// Nanoseconds after which its next SYN comes if this one is dropped.
    again: u64,
    is_in: bool,
    sessions: u64,
    handshakes: u64,
    accepts: u64,
}

impl World {
    fn new(seed: u64, rate: u64, agent: &str, load: Sessions) -> World {
        let network = |text: &str| Network::of(text.parse().unwrap());
        World {
            load,
            work_at: 0,
            now: Cell::new(0),
            budget: Budget::default(),
            places: Places::new(256, seed),
            queues: vec![VecDeque::new(); QUEUES as usize],
            queue_of: [0; 2],
            last: 0,
            spread_at: 0,
            open: Vec::new(),
            random: Random::new(seed ^ 0x5EED),
            flood: network("10.0.0.1"),
            agent: network(agent),
            rate,
            arrived: 0,
            tries: None,
            again: SECOND,
            is_in: false,
            sessions: 0,
            handshakes: 0,
            accepts: 0,
        }
    }

    /// SYNs arrive; the agent's at a random place among those of the flood.
    fn arrive(&mut self) {
        let now = self.now.get();
        let due = (u128::from(now) * u128::from(self.rate) / u128::from(SECOND)) as u64;
        let count = due - std::mem::replace(&mut self.arrived, due);
        let agent = self.tries.filter(|&at| at <= now).map(|_| self.random.below(count + 1));
        let [of_flood, of_agent] = self.queue_of;
        for number in 0..=count {
            if agent == Some(number) {
                let has_room = self.queues[of_agent].len() < QUEUE;
                self.tries = (!has_room).then_some(now + self.again);
                self.again = if has_room { SECOND } else { self.again * 2 };
                if has_room {
                    self.queues[of_agent].push_back(true);
                }
            }
            if number < count && self.queues[of_flood].len() < QUEUE {
                self.queues[of_flood].push_back(false);
            }
        }
    }

    /// Takes a connection of the next queue that has one.
    fn take_waiting(&mut self) -> Option<bool> {
        let order = (1..=self.queues.len()).map(|step| (self.last + step) % self.queues.len());
        let next = order.into_iter().find(|&index| !self.queues[index].is_empty())?;
        self.last = next;
        self.queues[next].pop_front()
    }

    /// Gives the addresses other queues, at most once a second, while connections wait that were not accepted. Chance may give
    /// both the same one; the same address has the same one.
    fn spread(&mut self) {
        if self.now.get() < self.spread_at || self.queues.iter().all(VecDeque::is_empty) {
            return;
        }
        self.spread_at = self.now.get() + SECOND;
        self.queue_of = [0; 2].map(|_| self.random.below(QUEUES) as usize);
        if self.flood == self.agent {
            self.queue_of[1] = self.queue_of[0];
        }
    }

    fn lose(&mut self, gone: Connection) {
        if gone.is_agent {
            self.tries = Some(self.now.get() + RETRY);
        }
    }

    /// One turn of the loop.
    fn turn(&mut self) {
        self.now.set(self.now.get() + TURN);
        let now = self.now.get();
        let has_work = match self.load {
            Sessions::None => false,
            Sessions::Half => now >= self.work_at,
            Sessions::All => true,
        };
        if !has_work && let Some(wake) = self.budget.wake(now / 1_000) {
            // Nothing may be done now: the loop sleeps, as poll(2) does, in microseconds.
            let slept = (wake - now / 1_000).min(self.work_at.saturating_sub(now).div_ceil(1_000));
            self.now.set(now + slept * 1_000);
            self.budget.slept(Duration::from_micros(slept));
        }
        if has_work {
            self.now.set(self.now.get() + SESSIONS);
            self.sessions += SESSIONS;
            self.budget.sessions_worked(self.now.get() / 1_000, SESSIONS);
            self.work_at = self.now.get() + PAUSE;
        }
        self.arrive();
        let begun = self.now.get() / 1_000;
        let mut budget = std::mem::take(&mut self.budget);
        let clock = self.now.clone();
        let before = clock.get();
        // `clock` is a copy: each step moves both.
        budget.run(Work::Handshake, begun, || clock.get(), || self.step_handshake(&clock));
        self.handshakes += clock.get() - before;
        let before = clock.get();
        let mut waiting = Vec::new();
        budget.run(
            Work::Accept,
            begun,
            || clock.get(),
            || {
                let next = if waiting.len() < 256 { self.take_waiting() } else { None };
                let Some(is_agent) = next else { return false };
                waiting.push(is_agent);
                clock.set(clock.get() + ACCEPT);
                true
            },
        );
        self.accepts += clock.get() - before;
        self.now.set(clock.get());
        self.admit(&waiting);
        self.spread();
        self.budget = budget;
        for index in (0..self.open.len()).rev() {
            if self.now.get() >= self.open[index].until {
                let gone = self.open.swap_remove(index);
                self.places.give_back(gone.network);
                self.lose(gone);
            }
        }
    }

    fn step_handshake(&mut self, clock: &Cell<u64>) -> bool {
        let now = clock.get();
        let places = &self.places;
        let ready = |(_, open): &(usize, &Connection)| open.ready.is_some_and(|at| at <= now);
        let first = self.open.iter().enumerate().filter(ready);
        let Some((index, _)) = first.min_by_key(|(_, open)| (open.steps == 0, places.held(open.network))) else {
            return false;
        };
        clock.set(now + HANDSHAKE);
        let open = &mut self.open[index];
        open.steps += 1;
        open.ready = open.is_agent.then_some(clock.get() + ANSWER);
        if open.is_agent && open.steps == 2 {
            self.is_in = true;
            self.places.give_back(open.network);
            self.open.swap_remove(index);
        }
        true
    }

    fn admit(&mut self, waiting: &[bool]) {
        let now = self.now.get();
        let networks: Vec<Network> =
            waiting.iter().map(|&is_agent| if is_agent { self.agent } else { self.flood }).collect();
        let decisions = self.places.decide(&networks, |_| false);
        for ((&is_agent, network), decision) in waiting.iter().zip(networks).zip(decisions) {
            let connection = Connection { is_agent, network, steps: 0, ready: Some(now), until: now + HANDSHAKE_TIME };
            match decision {
                Decision::Drop => {
                    self.lose(connection);
                    continue;
                }
                Decision::Replace(victim) => {
                    let of_victim: Vec<usize> =
                        (0..self.open.len()).filter(|&index| self.open[index].network == victim).collect();
                    let chosen = of_victim[self.random.below(of_victim.len() as u64) as usize];
                    let gone = self.open.swap_remove(chosen);
                    self.lose(gone);
                }
                Decision::Admit => {}
            }
            self.open.push(connection);
        }
    }

    /// Lets the flood run for a second, then an agent come; returns how long that takes, in seconds.
    fn time_until_in(&mut self) -> f64 {
        while self.now.get() < SECOND {
            self.turn();
        }
        self.tries = Some(self.now.get());
        let begun = self.now.get();
        while !self.is_in && self.now.get() < begun + 60 * SECOND {
            self.turn();
        }
        (self.now.get() - begun) as f64 / SECOND as f64
    }
}

fn times(rate: u64, agent: &str, load: Sessions) -> Vec<f64> {
    let mut times: Vec<f64> = (0..60).map(|seed| World::new(seed, rate, agent, load).time_until_in()).collect();
    times.sort_by(f64::total_cmp);
    println!(
        "simulated: {rate} a second, agent at {agent}, sessions use {load:?} of the loop: median {} s, longest {} s",
        times[30], times[59]
    );
    times
}

#[test]
fn flood_leaves_a_session_its_time_and_handshakes_a_tenth() {
    for rate in [1_000, 30_000, 1_000_000] {
        let mut world = World::new(rate, rate, "10.0.0.2", Sessions::All);
        while world.now.get() < 3 * SECOND {
            world.turn();
        }
        let share = |part: u64| part as f64 / world.now.get() as f64;
        let (sessions, handshakes, accepts) = (share(world.sessions), share(world.handshakes), share(world.accepts));
        println!(
            "simulated: {rate} a second: sessions {sessions:.3}, handshakes {handshakes:.3}, accepting {accepts:.3}"
        );
        assert!(sessions >= 0.88, "sessions have {sessions} of the loop at {rate} a second");
        assert!(handshakes + accepts <= 0.1, "handshakes have {handshakes}, accepting {accepts}");
        assert!(rate < 30_000 || handshakes > 0.04, "handshakes are starved: {handshakes}");
    }
}

#[test]
fn agent_on_another_address_than_the_flood_is_in_within_5_s() {
    for rate in [1_000, 6_000, 30_000] {
        assert!(times(rate, "10.0.0.2", Sessions::None)[59] < 5.0);
    }
}

#[test]
fn agent_on_the_address_of_the_flood_is_in_within_30_s() {
    for rate in [1_000, 6_000, 30_000] {
        assert!(times(rate, "10.0.0.1", Sessions::None)[59] < 30.0);
    }
}

#[test]
fn agents_get_in_while_sessions_are_busy_and_a_flood_comes() {
    for rate in [10_000, 30_000, 100_000] {
        for load in [Sessions::Half, Sessions::All] {
            assert!(times(rate, "10.0.0.2", load)[59] < 5.0);
        }
    }
}
