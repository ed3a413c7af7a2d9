//! How bytes move: any number at a time, and through the planted faults.

use super::crowd::holder_of;
use super::{Ack, Bye, Message, PlantedFault, ServerEnd, Violation, World, frame, planted_fault, watch};
use crate::grant::Former;
use deltascope_testkit::frames::encode;

impl World {
    /// The agent's session writes to its link.
    pub(super) fn send(&mut self, at: usize) -> Result<bool, Violation> {
        let World { agents, links, rng, now, pipe, grants, planted_fault, trace, .. } = self;
        let agent = &mut agents[at];
        let Some(Some(link)) = agent.link.map(|link| &mut links[link]) else { return Ok(false) };
        // One piece, or all of them as a transport with vectored writes does.
        let parts = agent.session.transmit_parts().concat();
        let bytes = if rng.chance(2) { agent.session.transmit() } else { &parts };
        let room = pipe.saturating_sub(link.up.len());
        let count = bytes.len().min(rng.spread(16) as usize).min(room);
        let mut sent = std::mem::take(&mut link.sent_up);
        sent.push(&bytes[..count]);
        while let Some(bytes) = sent.next() {
            let message = frame::decode(bytes).map_err(|error| Violation(format!("agent's frame: {error}")))?;
            if *trace {
                eprintln!("{now:>12} us  agent {}: {}", agent.tag, short(&message));
            }
            let mut changed = None;
            match message {
                Message::Hello(_) if agent.old_hello.is_none() || rng.chance(2) => {
                    agent.old_hello = Some((agent.incarnation, bytes.to_vec()));
                }
                Message::Records(events) => {
                    watch::events(&events, link, agent, &mut grants[agent.tag])?;
                    if *planted_fault == Some(PlantedFault::ReplayWithoutLoads) {
                        changed = Some(planted_fault::without_restore(&events));
                    }
                    if !events.records.is_empty() {
                        link.end = events.first_sequence + events.records.len() as u64;
                        link.last_events = bytes.to_vec();
                    }
                }
                _ => {}
            }
            link.up.extend(changed.as_deref().unwrap_or(bytes));
        }
        link.sent_up = sent;
        agent.session.advance(count, *now);
        Ok(count > 0)
    }

    /// Some bytes reach the server.
    pub(super) fn deliver_up(&mut self, at: usize) -> Result<bool, Violation> {
        let World { links, server, rng, now, agents, .. } = self;
        let Some(Some(link)) = links.get_mut(at) else { return Ok(false) };
        if *now < link.frozen_until {
            return Ok(false);
        }
        let agent = &agents[link.agent];
        if link.incarnation != agent.incarnation && !link.welcomed {
            server.engine().blurred[agent.tag] = true;
        }
        if link.server == ServerEnd::Coming {
            link.server = server.connect(holder_of(agent.tag), *now).map_or(ServerEnd::Gone, ServerEnd::Open);
        }
        let count = (rng.spread(16) as usize).min(link.up.len());
        let bytes: Vec<u8> = link.up.drain(..count).collect();
        if let Some(id) = link.connection() {
            server.receive(id, &bytes, *now);
            if link.up.is_empty() && !link.client && rng.chance(4) {
                server.disconnect(id, *now);
                link.server = ServerEnd::Gone;
            }
        }
        let gone = link.is_gone();
        if matches!(self.planted_fault, Some(PlantedFault::AckOnReceipt | PlantedFault::LastAckOnBye)) {
            self.acknowledge_on_receipt(at, &bytes)?;
        }
        if gone {
            self.links[at] = None;
        }
        self.look_at_server()?;
        Ok(count > 0)
    }

    /// The planted fault: an Ack for whatever has arrived, or for a Bye.
    fn acknowledge_on_receipt(&mut self, at: usize, bytes: &[u8]) -> Result<(), Violation> {
        let Some(Some(link)) = self.links.get_mut(at) else { return Ok(()) };
        link.arrived.push(bytes);
        let mut arrived = None;
        while let Some(bytes) = link.arrived.next() {
            match (self.planted_fault, frame::decode(bytes)) {
                (Some(PlantedFault::AckOnReceipt), Ok(Message::Records(events))) => {
                    let sequence = events.first_sequence + events.records.len() as u64;
                    arrived = Some(Ack { sequence, credit: link.credit });
                }
                (Some(PlantedFault::LastAckOnBye), Ok(Message::Bye(Bye { next_sequence: sequence }))) => {
                    arrived = Some(Ack { sequence, credit: sequence });
                }
                _ => {}
            }
        }
        let Some(ack) = arrived.filter(|_| link.welcomed) else { return Ok(()) };
        link.down.extend(encode(&Message::Ack(ack)));
        self.check_ack(at, &ack)
    }

    fn check_ack(&mut self, at: usize, ack: &Ack) -> Result<(), Violation> {
        let World { links, agents, grants, server, server_config, stats, .. } = self;
        let Some(Some(link)) = links.get_mut(at) else { return Ok(()) };
        let agent = &agents[link.agent];
        stats.acks += 1;
        watch::ack(ack, link, agent, &grants[agent.tag], server.engine(), server_config.effective_window())
    }

    /// Looks at everything new in the server's output, before anything else can happen, and moves some of it.
    pub(super) fn look_at_server(&mut self) -> Result<(), Violation> {
        for at in 0..self.links.len() {
            let Some(Some(link)) = self.links.get_mut(at) else { continue };
            let Some(id) = link.connection() else { continue };
            let output = self.server.transmit(id);
            if link.looked < output.len() {
                link.seen.push(&output[link.looked..]);
                link.looked = output.len();
                self.look_at_frames(at)?;
            }
            self.take_output(at)?;
        }
        match self.server.engine().disorder.take() {
            None => Ok(()),
            Some(text) => Err(Violation(text)),
        }
    }

    fn look_at_frames(&mut self, at: usize) -> Result<(), Violation> {
        loop {
            let World { links, agents, grants, server, known_boots, trace, now, regrants, .. } = self;
            let Some(Some(link)) = links.get_mut(at) else { return Ok(()) };
            let mut seen = std::mem::take(&mut link.seen);
            let Some(bytes) = seen.next() else {
                link.seen = seen;
                return Ok(());
            };
            let agent = &agents[link.agent];
            let message = frame::decode(bytes).map_err(|error| Violation(format!("server's frame: {error}")))?;
            if *trace {
                eprintln!("{now:>12} us  link {at}, to agent {}: {}", agent.tag, short(&message));
            }
            let mut found = None;
            match message {
                Message::Welcome(welcome) => {
                    if watch::is_regrant(&welcome, link, agent, &grants[agent.tag]) {
                        *regrants += 1;
                        let former = Former::of(&grants[agent.tag], agent, server.engine());
                        let (owner, incarnation) = (link.agent, link.incarnation);
                        let others = links.iter_mut().enumerate().filter(|(other, _)| *other != at);
                        let others = others.filter_map(|(_, link)| link.as_mut()).filter(|link| link.welcomed);
                        let others = others.filter(|link| (link.agent, link.incarnation) == (owner, incarnation));
                        others.for_each(|link| _ = link.former.get_or_insert(former));
                    }
                    let Some(Some(link)) = links.get_mut(at) else { return Ok(()) };
                    watch::welcome(&welcome, link, agent, &mut grants[agent.tag], server.engine(), known_boots)?;
                }
                Message::Ack(ack) => found = Some(ack),
                _ => {}
            }
            if let Some(Some(link)) = links.get_mut(at) {
                link.seen = seen;
            }
            if let Some(ack) = found {
                self.check_ack(at, &ack)?;
            }
        }
    }

    /// Moves some of the server's output into the pipe, and closes what the server is done with.
    fn take_output(&mut self, at: usize) -> Result<(), Violation> {
        let World { links, agents, server, rng, now, pipe, planted_fault, moved, .. } = self;
        let Some(Some(link)) = links.get_mut(at) else { return Ok(()) };
        let Some(id) = link.connection() else { return Ok(()) };
        let output = server.transmit(id);
        let room = pipe.saturating_sub(link.down.len());
        let count = output.len().min(rng.spread(16) as usize).min(room);
        *moved |= count > 0;
        link.sent_down.push(&output[..count]);
        server.advance(id, count);
        link.looked -= count;
        let mut forged = None;
        let agent = &mut agents[link.agent];
        while let Some(bytes) = link.sent_down.next() {
            let mut changed = None;
            match (*planted_fault, frame::decode(bytes)) {
                (Some(PlantedFault::LostReplies), Ok(Message::Replies(replies))) => {
                    changed = Some(planted_fault::without_known_replies(&replies, link.replied_before));
                    if let Some(last) = replies.iter().last().filter(|_| link.incarnation == agent.incarnation) {
                        agent.replies_sent = agent.replies_sent.max(last.sequence + 1);
                    }
                }
                (Some(PlantedFault::StaleCursors), Ok(Message::Welcome(welcome))) => {
                    changed = Some(planted_fault::with_stale_cursors(&welcome));
                }
                (Some(PlantedFault::FallingCredit), Ok(Message::Ack(ack))) if ack.credit != ack.sequence => {
                    let ack = Ack { credit: ack.credit - ack.credit.min(5_000), ..ack };
                    changed = Some(encode(&Message::Ack(ack)));
                    forged = Some(ack);
                }
                (Some(PlantedFault::SilentServer), Ok(Message::Welcome(_) | Message::Error(_))) => {}
                (Some(PlantedFault::SilentServer), _) => changed = Some(Vec::new()),
                (Some(PlantedFault::LateReplies), Ok(Message::Replies(_))) => {
                    link.down.extend(std::mem::replace(&mut link.held, bytes.to_vec()));
                    changed = Some(Vec::new());
                }
                _ => {}
            }
            let is_behind = changed.is_none();
            link.down.extend(changed.as_deref().unwrap_or(bytes));
            if is_behind {
                link.down.extend(std::mem::take(&mut link.held));
            }
        }
        if server.is_closing(id) && server.transmit(id).is_empty() {
            server.disconnect(id, *now);
            link.server = ServerEnd::Gone;
            if link.is_gone() {
                links[at] = None;
            }
        }
        forged.map_or(Ok(()), |ack| self.check_ack(at, &ack))
    }

    /// Some bytes reach the agent.
    pub(super) fn deliver_down(&mut self, at: usize) -> Result<bool, Violation> {
        let World { links, agents, rng, now, .. } = self;
        let Some(Some(link)) = links.get_mut(at) else { return Ok(false) };
        if !link.client {
            link.down.clear();
            return Ok(false);
        }
        if *now < link.frozen_until {
            return Ok(false);
        }
        let count = (rng.spread(16) as usize).min(link.down.len());
        let bytes: Vec<u8> = link.down.drain(..count).collect();
        let ended = link.down.is_empty() && link.server == ServerEnd::Gone && rng.chance(4);
        let owner = link.agent;
        if let Err(error) = agents[owner].session.receive(&bytes, *now) {
            self.leave(owner, &error)?;
            return Ok(true);
        }
        self.agents[owner].look()?;
        if ended {
            self.log(|| format!("agent {}: the server has closed link {at}", owner + 1));
            self.hang_up(owner);
            self.links[at] = None;
            self.agents[owner].reconnect_at = self.now + self.rng.spread(18);
            self.agents[owner].look()?;
        }
        Ok(count > 0)
    }
}

/// A frame in a few words.
pub(super) fn short(message: &Message<'_>) -> String {
    match message {
        Message::Welcome(w) => format!(
            "Welcome boot {:#x} grant {} next {} credit {} inherited {}",
            w.boot_id, w.grant, w.next_sequence, w.credit, w.inherited
        ),
        Message::Hello(h) => format!(
            "Hello session {:02x?} boot {:#x} grant {} oldest {} next {}",
            &h.session[7..10],
            h.boot_id,
            h.grant,
            h.oldest_sequence,
            h.next_sequence
        ),
        Message::Records(e) => format!("Records {} + {}", e.first_sequence, e.records.len()),
        Message::Replies(r) => {
            let mut numbers = r.iter().map(|entry| entry.sequence);
            let first = numbers.next();
            format!("Replies {first:?} to {:?}", numbers.last().or(first))
        }
        Message::Snapshot(s) => format!("Snapshot {} at {}, {} rows", s.token, s.sequence, s.rows.len()),
        other => format!("{other:?}"),
    }
}
