//! One schedule: agents, links, a server, and the rng that decide who moves next and what breaks.

use crate::agent::Agent;
use crate::engine::{SlowEngine, TAGS};
use crate::grant::Grant;
use crate::link::{Link, ServerEnd};
use crate::planted_fault::{self, PlantedFault};
use crate::source::Source;
use crate::stats::Stats;
use crate::watch::{self, Boots};
use crate::{Violation, hold};
use deltascope_model::Config as Sizes;
use deltascope_protocol::agent::{Config, EndpointError};
use deltascope_protocol::frame::{self, Ack, Bye, Message};
use deltascope_protocol::server::{Config as ServerConfig, Entropy, Server};
use deltascope_testkit::Rng;
use std::time::Duration;

mod crowd;
mod faults;
mod network;

use crowd::Crowd;

const MILLISECOND: u64 = 1_000;
const SECOND: u64 = 1_000_000;
/// Virtual time without more progress than ever before after which a schedule without further faults is one that hangs.
const PATIENCE: u64 = 1_200 * SECOND;
/// Grants in that time after which it hangs too: agents that are granted again and again get nowhere.
const MOST_GRANTS: u64 = 1_000;
/// Steps after which it must have ended.
const MAX_STEPS: u64 = 2_000_000;

/// The time after the last fault, in which every agent must come to its end.
#[derive(Clone, Copy, Debug)]
struct Calm {
    /// When there was more progress than ever before under the present grants, and how much.
    since: u64,
    most: u64,
    /// Grants of the schedule, and those of this time: under another one records are sent again.
    regrants: u64,
    grants: u64,
}

impl Calm {
    fn look(&mut self, now: u64, here: u64, regrants: u64) {
        let is_regrant = std::mem::replace(&mut self.regrants, regrants) != regrants;
        self.grants += u64::from(is_regrant);
        if is_regrant || here > self.most {
            (self.since, self.most) = (now, here);
        }
    }

    fn hangs(&self, now: u64) -> bool {
        now - self.since > PATIENCE || self.grants > MOST_GRANTS
    }
}

struct World {
    rng: Rng,
    now: u64,
    sizes: Sizes,
    server_config: ServerConfig,
    server: Server<SlowEngine>,
    /// Clean starts of the server, for a board without entropy.
    boots: u64,
    counts_boots: bool,
    known_boots: Boots,
    agents: Vec<Agent>,
    grants: [Grant; TAGS],
    links: Vec<Option<Link>>,
    crowd: Crowd,
    /// Faults that are still to come, and steps between two of them.
    faults: u64,
    fault_every: u64,
    /// Bytes that a pipe holds.
    pipe: usize,
    /// Records that a source makes or an agent reads at a time.
    batch: u64,
    planted_fault: Option<PlantedFault>,
    trace: bool,
    /// The server's output has moved in this step.
    moved: bool,
    /// Welcomes with another grant than the session had.
    regrants: u64,
    stats: Stats,
}

/// Runs one schedule. With `trace` every step that matters is printed to standard error.
///
/// # Errors
/// What did not hold.
pub fn run_schedule(seed: u64, planted_fault: Option<PlantedFault>, trace: bool) -> Result<Stats, Violation> {
    let mut world = World::new(seed, planted_fault, trace)?;
    let result = world.run();
    world.finish_stats();
    result.map(|()| world.stats)
}

fn new_server(
    sizes: Sizes,
    config: &ServerConfig,
    generation: u64,
    entropy: Entropy,
    rng: &mut Rng,
) -> Result<Server<SlowEngine>, Violation> {
    let engine = SlowEngine::new(sizes, generation, Rng::new(rng.next()));
    let engine = engine.map_err(|error| Violation(format!("engine: {error}")))?;
    Server::new(engine, config.clone(), entropy).map_err(|error| Violation(format!("server: {error}")))
}

impl World {
    fn new(seed: u64, planted_fault: Option<PlantedFault>, trace: bool) -> Result<World, Violation> {
        let mut rng = Rng::new(seed);
        // A long schedule meets the credit, which is never less than the longest frame.
        let long = rng.chance(300);
        // The small one is just enough for three agents, so that grants come in pieces and places are taken back.
        let crowd = Crowd::new(if rng.chance(4) { crowd::SESSIONS } else { 0 });
        let (contexts, groups) = if crowd.is_empty() { rng.pick([(128, 64), (36, 24)]) } else { crowd::SIZES };
        let sizes = Sizes::with_tables(contexts, groups).with_journal(rng.pick([1, 16, 64]), rng.pick([1, 8]));
        let server_config = ServerConfig {
            window: rng.pick([1, 8, 60, 1_000]),
            quantum: if long { 5_000 } else { rng.pick([1, 7, 50, 16_384]) },
            max_output: rng.pick([1, 300, 4_000, 1 << 20]),
            max_sessions: if crowd.is_empty() { rng.pick([3, 64]) } else { crowd::SESSIONS },
            ..ServerConfig::default()
        };
        let counts_boots = rng.chance(3);
        let entropy = if counts_boots { Entropy::Counter(seed % 5) } else { Entropy::Random(rng.next()) };
        let server = new_server(sizes, &server_config, 0, entropy, &mut rng)?;
        let agents = if long { 1 } else { rng.within(1, 3) };
        let most = if long { 40_000 } else { rng.pick([10, 60, 150]) };
        let agents = (1..=agents).map(|tag| new_agent(tag as usize, &mut rng, most, long)).collect();
        Ok(World {
            now: rng.below(SECOND),
            sizes,
            server_config,
            server,
            boots: 0,
            counts_boots,
            known_boots: Vec::new(),
            agents,
            grants: [Grant::default(); TAGS],
            links: Vec::new(),
            crowd,
            faults: if rng.chance(10) { 0 } else { rng.within(1, 14) },
            fault_every: rng.pick([10, 40, 150]),
            pipe: rng.pick([600, 4_000, 60_000]),
            batch: if long { 6_000 } else { rng.pick([3, 12, 40]) },
            rng,
            planted_fault,
            trace,
            moved: false,
            regrants: 0,
            stats: Stats::default(),
        })
    }

    fn log(&self, text: impl FnOnce() -> String) {
        if self.trace {
            eprintln!("{:>12} us  {}", self.now, text());
        }
    }

    fn run(&mut self) -> Result<(), Violation> {
        let mut idle = 0u32;
        let mut calm: Option<Calm> = None;
        while !self.agents.iter().all(|agent| agent.session.is_finished()) {
            self.stats.steps += 1;
            let moved = self.step()? | std::mem::take(&mut self.moved);
            idle = if moved { 0 } else { idle.saturating_add(1) };
            // Nothing moves: time passes faster, until a timer does something.
            let pause = 100u64 << (idle / 8).min(13);
            self.now += self.rng.below(2 * pause);
            if self.faults == 0 {
                let here = self.progress();
                let calm = calm.get_or_insert(Calm { since: self.now, most: here, regrants: self.regrants, grants: 0 });
                calm.look(self.now, here, self.regrants);
                let hangs = calm.hangs(self.now) || self.stats.steps > MAX_STEPS;
                hold!(!hangs, "hang: {calm:?}, {}", self.describe());
            }
        }
        Ok(())
    }

    /// One step of somebody; gives whether bytes or records moved.
    fn step(&mut self) -> Result<bool, Violation> {
        if self.faults > 0 && self.rng.chance(self.fault_every) {
            self.faults -= 1;
            self.fault()?;
            return Ok(true);
        }
        if !self.crowd.is_empty() && self.rng.chance(3) {
            self.crowd_turn();
            self.look_at_server()?;
        }
        match self.rng.below(8) {
            0..=2 => {
                let at = self.rng.below(self.agents.len() as u64) as usize;
                self.agent_turn(at)
            }
            3 | 4 => {
                let busy = self.server.poll(self.now).busy;
                self.look_at_server()?;
                Ok(busy)
            }
            5 if self.rng.chance(4) => {
                self.agents.iter_mut().try_for_each(Agent::scrape)?;
                Ok(false)
            }
            _ if self.links.is_empty() => Ok(false),
            _ => {
                let at = self.rng.below(self.links.len() as u64) as usize;
                let up = self.deliver_up(at)?;
                let down = self.deliver_down(at)?;
                Ok(up || down)
            }
        }
    }

    fn agent_turn(&mut self, at: usize) -> Result<bool, Violation> {
        let World { agents, rng, now, links, .. } = self;
        let agent = &mut agents[at];
        if agent.session.is_finished() {
            return Ok(false);
        }
        if agent.link.is_none() && *now >= agent.reconnect_at {
            let mut link = Link::new(at, agent.incarnation);
            link.replied_before = agent.replies_sent;
            agent.link = Some(place(links, link));
            agent.session.connected(*now);
        }
        agent.feed(rng, *now, self.batch);
        if rng.chance(12) {
            agent.ask(rng);
        }
        if let Err(error) = agent.session.poll(*now) {
            self.leave(at, &error)?;
            return Ok(true);
        }
        self.agents[at].look()?;
        self.send(at)
    }

    /// The agent's session wants no more of its connection.
    fn leave(&mut self, at: usize, error: &EndpointError) -> Result<(), Violation> {
        self.log(|| format!("agent {}: {error}", at + 1));
        let flipped = self.agents[at].link.and_then(|link| self.links[link].as_ref()).is_some_and(|link| link.flipped);
        hold!(!error.is_fatal() || flipped, "agent {}: found a fatal error: {error}", at + 1);
        if error.is_fatal() {
            // The version is looked at before the checksum, so a damaged one looks like another version: the agent
            // gives up, and its operator starts it again.
            self.end_of_process(at);
            return Ok(());
        }
        self.hang_up(at);
        let pause = self.rng.spread(20);
        self.agents[at].reconnect_at = self.now + pause;
        self.agents[at].look()
    }

    /// The agent closes; what it sent may still arrive, up to any byte.
    fn hang_up(&mut self, at: usize) {
        let agent = &mut self.agents[at];
        agent.session.disconnected();
        let Some(Some(link)) = agent.link.take().map(|at| &mut self.links[at]) else { return };
        link.client = false;
        link.down.clear();
        let kept = self.rng.below(link.up.len() as u64 + 1) as usize;
        link.up.truncate(kept);
    }

    fn finish_stats(&mut self) {
        self.end_of_server();
        for at in 0..self.agents.len() {
            self.end_of_session(at);
            let agent = &self.agents[at];
            let (captured, counted, lost) = agent.counters();
            let checked = agent.checked;
            self.stats.captured += captured;
            self.stats.counted += counted;
            self.stats.lost += lost;
            self.stats.replies += checked.replies;
            self.stats.snapshots += checked.snapshots;
            self.stats.states += checked.states;
            self.stats.states_too_old += checked.states_too_old;
            self.stats.scrapes += checked.scrapes;
            self.stats.regrants += checked.regrants;
            self.stats.inherited += checked.inherited;
            self.stats.grown += checked.grown;
        }
    }

    fn end_of_server(&mut self) {
        let stats = *self.server.stats();
        self.stats.dropped_as_known += stats.duplicates;
        self.stats.engine_failures += stats.engine_failures;
        self.stats.taken_back += stats.taken_back;
        self.stats.displaced += stats.displaced;
        self.stats.errors.iter_mut().zip(stats.errors).for_each(|(sum, more)| *sum += more);
    }

    fn end_of_session(&mut self, at: usize) {
        let progress = self.agents[at].session.progress();
        self.stats.reconnects += progress.welcomes.saturating_sub(1);
        self.stats.replayed += progress.replayed;
    }

    /// What has passed the engine under the present grants, and what the agents know of it.
    fn progress(&mut self) -> u64 {
        let passed: u64 = self.server.engine().passed.iter().sum();
        let seen = self.agents.iter().map(|agent| agent.session.progress());
        passed + seen.map(|seen| seen.acknowledged + seen.covered).sum::<u64>()
    }

    fn describe(&self) -> String {
        let agents = self.agents.iter().map(|agent| {
            let (progress, done) = (agent.session.progress(), agent.session.is_finished());
            format!("agent {}: finished {done}, link {:?}, {progress:?}", agent.tag, agent.link)
        });
        let agents: Vec<_> = agents.collect();
        format!("at {} us, {} steps: {}; {:?}", self.now, self.stats.steps, agents.join("; "), self.server.stats())
    }
}

/// Puts a link where one has gone.
fn place(links: &mut Vec<Option<Link>>, link: Link) -> usize {
    let at = links.iter().position(Option::is_none).unwrap_or(links.len());
    if at == links.len() {
        links.push(None);
    }
    links[at] = Some(link);
    at
}

fn new_agent(tag: usize, rng: &mut Rng, most: u64, long: bool) -> Agent {
    let groups = rng.within(1, 6);
    let contexts = rng.within(1, 9);
    let config = Config {
        groups: groups as u32,
        contexts: contexts as u32,
        frame_records: if long { 4_096 } else { rng.pick([1, 4, 20, 100]) },
        retention_bytes: if long { 1 << 20 } else { rng.pick([0, 12_000, 40_000]) },
        max_delay: Duration::from_micros(rng.pick([0, MILLISECOND])),
        snapshot_interval: Duration::from_micros(rng.pick([MILLISECOND, 20 * MILLISECOND, 250 * MILLISECOND])),
        ..Config::default()
    };
    let capacity = if long { 100_000 } else { rng.pick([5, 30, 1_000]) };
    let left = rng.within(most / 2, most);
    let source = Source::new(rng, groups, contexts, left, capacity);
    Agent::new(tag, config, source)
}
