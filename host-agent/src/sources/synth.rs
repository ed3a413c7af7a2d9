//! Events made up from a seed: the same seed gives the same events.

use deltascope_abi::loss::Losses;
use deltascope_abi::random::{Random, hash};
use deltascope_abi::record::Class;
use deltascope_protocol::frame::Cursor;

use super::{Progress, Round, Source, SourceError, cursor, position};
use crate::event::{Event, OwnerId, OwnerKind, What};
use crate::sink::{Sink, SinkError};

/// Events of one round.
const ROUND_EVENTS: u64 = 16_384;
const PAGE_BYTES: u32 = 4096;

/// What to make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SynthConfig {
    /// Start of the random numbers.
    pub seed: u64,
    /// Events in all; 0: without end.
    pub events: u64,
    /// Containers, at least 1.
    pub containers: u32,
    /// Containers that send, the first ones; 0: all.
    pub senders: u32,
    /// Sockets, at least 1.
    pub sockets: u32,
    /// Out of 100 events, how many are sends.
    pub sends_percent: u32,
    /// Out of 100 events, how many are redundant.
    pub redundant_percent: u32,
}

impl Default for SynthConfig {
    fn default() -> SynthConfig {
        SynthConfig {
            seed: 1,
            events: 100_000,
            containers: 8,
            senders: 0,
            sockets: 64,
            sends_percent: 50,
            redundant_percent: 30,
        }
    }
}

impl SynthConfig {
    /// Distinguishes one sequence of events from another; how many of them are made does not matter.
    fn identity(&self) -> u64 {
        let SynthConfig { seed, events: _, containers, senders, sockets, sends_percent, redundant_percent } = *self;
        let parts = [seed, containers.into(), sockets.into(), sends_percent.into(), redundant_percent.into()];
        // Without the choice of senders it is what it was before there was one.
        let senders = (senders > 0).then_some(senders.into());
        parts.into_iter().chain(senders).fold(0, |sum, part| hash(sum ^ part))
    }
}

/// See [`SynthConfig`].
#[derive(Clone, Debug)]
pub struct Synth {
    config: SynthConfig,
    random: Random,
    /// Last fingerprint and length of each socket.
    last: Vec<Option<(u64, u32)>>,
    captured: u64,
}

impl Synth {
    /// A source at its first event.
    pub fn new(config: SynthConfig) -> Synth {
        let config = SynthConfig { containers: config.containers.max(1), sockets: config.sockets.max(1), ..config };
        let last = vec![None; config.sockets as usize];
        Synth { config, random: Random::new(config.seed), last, captured: 0 }
    }

    fn owners(&self, sink: &mut dyn Sink) -> Result<Vec<OwnerId>, SinkError> {
        (0..self.config.containers).map(|number| sink.owner(OwnerKind::Container, &format!("synth-{number}"))).collect()
    }

    fn event(&mut self, owners: &[OwnerId]) -> Event {
        let number = below(&mut self.random, owners.len() as u32);
        let redundant = below(&mut self.random, 100) < self.config.redundant_percent;
        if below(&mut self.random, 100) >= self.config.sends_percent {
            let before = self.random.next() as u32;
            let after = if redundant { before } else { before ^ (1 + below(&mut self.random, u32::MAX)) };
            let class = [Class::PageAfterT, Class::PageAtExit][below(&mut self.random, 2) as usize];
            let owner = owners[number as usize];
            return Event { owner, length: PAGE_BYTES, what: What::Page { class, before, after } };
        }
        let senders = if self.config.senders == 0 { self.config.containers } else { self.config.senders };
        let owner = owners[(number % senders) as usize];
        let socket = below(&mut self.random, self.config.sockets);
        let last = &mut self.last[socket as usize];
        let (fingerprint, length) = match *last {
            Some(same) if redundant => same,
            _ => {
                let length = 1 + below(&mut self.random, 65_536);
                let hash = hash((u64::from(socket) << 32) | u64::from(length)) as u32 | 1;
                ((u64::from(hash) << 32) | u64::from(self.random.next() as u32), length)
            }
        };
        *last = Some((fingerprint, length));
        Event { owner, length, what: What::Send { socket: socket.into(), fingerprint } }
    }
}

impl Source for Synth {
    fn name(&self) -> &'static str {
        "synth"
    }

    fn is_state(&self) -> bool {
        false
    }

    fn round(&mut self, sink: &mut dyn Sink, progress: &mut dyn FnMut(Progress)) -> Result<Round, SourceError> {
        let owners = self.owners(sink)?;
        sink.cursor(Cursor { source: cursor::SYNTH, unit: 1, position: self.config.identity() });
        let total = (self.config.events > 0).then_some(self.config.events);
        let left = total.map_or(u64::MAX, |total| total - self.captured);
        for _ in 0..left.min(ROUND_EVENTS) {
            let event = self.event(&owners);
            self.captured += 1;
            sink.event_at(event, Cursor { source: cursor::SYNTH, unit: 0, position: self.captured })?;
        }
        progress(Progress { done: self.captured, total });
        Ok(if total == Some(self.captured) { Round::End } else { Round::More })
    }

    fn can_resume(&self) -> bool {
        true
    }

    fn resume(&mut self, cursors: &[Cursor], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let other = |what, expected: u64, found: u64| {
            let (expected, found) = (expected.to_string(), found.to_string());
            Err(SourceError::Resume { source_name: "synth", what, expected, found })
        };
        let next = position(cursors, cursor::SYNTH, 0).unwrap_or(0);
        let (identity, own) = (position(cursors, cursor::SYNTH, 1), self.config.identity());
        if let Some(identity) = identity.filter(|&identity| identity != own) {
            return other("checksum of its options", identity, own);
        }
        if self.config.events > 0 && next > self.config.events {
            return other("events in all", next, self.config.events);
        }
        let owners = self.owners(sink)?;
        while self.captured < next {
            let event = self.event(&owners);
            self.captured += 1;
            sink.skip(event)?;
        }
        Ok(())
    }

    fn captured(&self) -> u64 {
        self.captured
    }

    fn losses(&self) -> Losses {
        Losses::default()
    }
}

/// A number below `bound`, which must not be 0. It takes 32 bits: a session that resumes must make the same events.
fn below(random: &mut Random, bound: u32) -> u32 {
    ((random.bits(32) * u64::from(bound)) >> 32) as u32
}
