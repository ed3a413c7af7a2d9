//! What breaks.

use super::network::short;
use super::{
    Entropy, Link, Message, PlantedFault, SECOND, ServerEnd, Violation, World, frame, new_server, place, planted_fault,
};

/// Rounds that a server which was asked to stop gets.
const STOPPING: usize = 2_000;

impl World {
    /// Something breaks.
    pub(super) fn fault(&mut self) -> Result<(), Violation> {
        match self.rng.below(22) {
            0..=4 => self.cut(),
            5 | 6 => self.freeze(),
            7 | 8 => {
                self.log(|| String::from("FAULT the server dies"));
                self.restart_server()?;
            }
            9 => self.server_stops()?,
            10 | 11 => {
                self.log(|| String::from("FAULT the engine fails"));
                let resets = self.rng.below(3) as u32;
                let engine = self.server.engine();
                (engine.failing, engine.failing_resets) = (true, resets);
            }
            12..=14 => self.agent_dies(),
            15 => {
                let jump = self.rng.pick([SECOND / 20, SECOND, 6 * SECOND, 16 * SECOND, 31 * SECOND, 62 * SECOND]);
                self.log(|| format!("FAULT {} ms pass", jump / 1_000));
                self.now += jump;
            }
            16 | 17 => self.old_hello(),
            18 | 19 => self.flip(),
            _ => self.repeat_frame(),
        }
        Ok(())
    }

    fn any_link(&mut self) -> Option<usize> {
        let at = self.rng.below(self.links.len() as u64) as usize;
        self.links.get(at).filter(|link| link.is_some()).map(|_| at)
    }

    /// A connection ends: for both at once, for the agent first, or for the server first.
    fn cut(&mut self) {
        let Some(at) = self.any_link() else { return };
        let World { links, server, rng, now, agents, .. } = self;
        let Some(link) = &mut links[at] else { return };
        self.stats.cuts += 1;
        let (owner, held, how) = (link.agent, link.client, rng.below(3));
        if how != 1 {
            if let Some(id) = link.connection() {
                server.disconnect(id, *now);
            }
            link.server = ServerEnd::Gone;
            link.up.clear();
            // Whole frames are in the pipe; any byte of them may be the last.
            let kept = rng.below(link.down.len() as u64 + 1) as usize;
            link.down.truncate(kept);
        }
        if how != 2 && held {
            agents[owner].reconnect_at = *now + rng.spread(20);
            self.hang_up(owner);
        }
        let way = ["both ends", "the agent's end first", "the server's end first"][how as usize];
        self.log(|| format!("FAULT link {at} is cut: {way}"));
        if self.links[at].as_ref().is_some_and(Link::is_gone) {
            self.links[at] = None;
        }
    }

    /// A bit on its way becomes another one. The frame that it is in ends the connection: nothing that is written behind
    /// it may have an effect.
    fn flip(&mut self) {
        let World { links, rng, stats, .. } = self;
        let up = rng.chance(2);
        let under_way = links.iter().enumerate().filter(|(_, link)| {
            link.as_ref().is_some_and(|link| if up { !link.up.is_empty() } else { !link.down.is_empty() })
        });
        let under_way: Vec<usize> = under_way.map(|(at, _)| at).collect();
        let Some(&at) = under_way.get(rng.below(under_way.len().max(1) as u64) as usize) else { return };
        let Some(link) = &mut links[at] else { return };
        let pipe = if up { &mut link.up } else { &mut link.down };
        let place = rng.below(pipe.len() as u64) as usize;
        let Some(byte) = pipe.get_mut(place) else { return };
        *byte ^= 1 << rng.below(8);
        stats.flips += 1;
        link.flipped = true;
        if up && link.end > 0 {
            link.flipped_below.get_or_insert(link.end);
        }
        self.log(|| format!("FAULT a bit of byte {place} of link {at} is turned, up: {up}"));
    }

    /// Nothing moves on a connection for a time, perhaps until both ends have given it up.
    fn freeze(&mut self) {
        let Some(at) = self.any_link() else { return };
        let pause = self.rng.pick([SECOND / 100, SECOND, 20 * SECOND, 100 * SECOND]);
        self.log(|| format!("FAULT link {at} is stuck for {} ms", pause / 1_000));
        if let Some(link) = &mut self.links[at] {
            link.frozen_until = self.now + pause;
        }
    }

    /// Another server, with an engine that was reset. Connections that had not arrived yet reach it.
    fn restart_server(&mut self) -> Result<(), Violation> {
        self.stats.server_restarts += 1;
        self.end_of_server();
        for link in self.links.iter_mut().flatten().filter(|link| link.server != ServerEnd::Coming) {
            link.server = ServerEnd::Gone;
            link.up.clear();
            let kept = self.rng.below(link.down.len() as u64 + 1) as usize;
            link.down.truncate(kept);
        }
        self.crowd.forget();
        self.links.iter_mut().for_each(|link| _ = link.take_if(|link| link.is_gone()));
        self.boots += 1;
        let entropy =
            if self.counts_boots { Entropy::Counter(100 + self.boots) } else { Entropy::Random(self.rng.next()) };
        let generation = self.server.engine().generation;
        self.server = new_server(self.sizes, &self.server_config, generation, entropy, &mut self.rng)?;
        Ok(())
    }

    /// The server is asked to stop, and gets some time for it.
    fn server_stops(&mut self) -> Result<(), Violation> {
        self.log(|| String::from("FAULT the server is stopped"));
        self.server.stop();
        for _ in 0..STOPPING {
            self.server.poll(self.now);
            self.look_at_server()?;
            if self.server.is_stopped() {
                break;
            }
            if !self.links.is_empty() {
                let at = self.rng.below(self.links.len() as u64) as usize;
                self.deliver_down(at)?;
            }
            self.now += self.rng.below(200);
        }
        self.restart_server()
    }

    /// The process of an agent dies; what it sent may still arrive.
    fn agent_dies(&mut self) {
        let at = self.rng.below(self.agents.len() as u64) as usize;
        self.end_of_process(at);
    }

    /// The process of an agent ends in the middle, and another one is started.
    pub(super) fn end_of_process(&mut self, at: usize) {
        if self.agents[at].session.is_finished() {
            return;
        }
        self.log(|| format!("FAULT agent {} dies", at + 1));
        self.stats.agent_restarts += 1;
        self.end_of_session(at);
        self.hang_up(at);
        let resumes = !self.rng.chance(4);
        self.agents[at].restart(resumes);
        self.agents[at].reconnect_at = self.now + self.rng.spread(20);
    }

    /// A Hello that was written long ago arrives on a connection that no party holds any more.
    fn old_hello(&mut self) {
        let at = self.rng.below(self.agents.len() as u64) as usize;
        let Some((incarnation, hello)) = self.agents[at].old_hello.clone() else { return };
        self.log(|| {
            format!(
                "FAULT an old frame arrives: {}",
                frame::decode(&hello).map_or_else(|_| String::new(), |m| short(&m))
            )
        });
        self.stats.late_hellos += 1;
        let mut link = Link::new(at, incarnation);
        link.client = false;
        link.up.extend(hello);
        place(&mut self.links, link);
    }

    /// The network delivers a frame a second time, on the same connection.
    fn repeat_frame(&mut self) {
        let Some(at) = self.any_link() else { return };
        let Some(link) = self.links[at].as_mut().filter(|link| link.client && !link.last_events.is_empty()) else {
            return;
        };
        let Ok(Message::Records(events)) = frame::decode(&link.last_events) else { return };
        let changed = (self.planted_fault == Some(PlantedFault::KnownAsNew))
            .then(|| planted_fault::renumbered(&events, link.end));
        let text = format!("FAULT link {at} repeats {}", short(&Message::Records(events)));
        link.up.extend(changed.as_ref().unwrap_or(&link.last_events));
        self.log(|| text);
    }
}
