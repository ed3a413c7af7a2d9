//! Hello and Welcome: which session a connection carries, and what it was granted.

use super::queue::ROOM_STEP;
use super::session::{NOBODY, Phase, Session};
use super::state::{Refusal, State};
use super::{Config, Identity, Peer};
use crate::frame::{ErrorCode, Extensions, Hello, MAX_FRAME_RECORDS, Message, Welcome};
use alloc::format;
use alloc::string::String;
use deltascope_abi::{ABI_MAJOR, ABI_VERSION};

/// Highest number that a session may begin with: no sum of numbers and counts overflows in its lifetime.
const MAX_SEQUENCE: u64 = 1 << 63;

impl State {
    /// Finds or makes the session; the Welcome follows when its grant is ready.
    pub fn hello(&mut self, index: usize, hello: &Hello<'_>, now: u64) -> Result<(), Refusal> {
        let major = (hello.abi_version >> 16) as u16;
        if major != ABI_MAJOR {
            let text = format!("ABI version: expected {ABI_MAJOR}.x, found {major}.x; use an agent of this release");
            return Err(Refusal::new(ErrorCode::Version, text));
        }
        if let Some(kind) = hello.extensions.not_understood() {
            let text = format!(
                "Hello: expected no extension that must be understood, found type {kind:#06x}; use a board server of the agent's release"
            );
            return Err(Refusal::new(ErrorCode::Version, text));
        }
        let (oldest, next) = (hello.oldest_sequence, hello.next_sequence);
        if hello.session == NOBODY || oldest > next || next > MAX_SEQUENCE {
            let text = format!(
                "Hello: expected a session id other than 0 and oldest <= next <= 2^63, found {oldest} and {next}"
            );
            return Err(Refusal::new(ErrorCode::Malformed, text));
        }
        if let Some((text, _)) = &self.failed {
            return Err(Refusal::new(ErrorCode::Engine, format!("{text}; connect again later")));
        }
        let Some(Some(connection)) = self.connections.get(index) else { return Ok(()) };
        let peer = connection.peer;
        let identity = peer.identity;
        let boot = self.boot.id(hello.nonce);

        let known = |session: &Option<Session>| session.as_ref().is_some_and(|session| session.id == hello.session);
        let slot = if let Some(slot) = self.sessions.iter().position(known) {
            let Some(session) = &self.sessions[slot] else { return Ok(()) };
            if session.identity != identity || !session.secret.matches(&hello.secret) {
                let text = String::from(
                    "session: expected the identity and the secret that it began with, found others; use the same certificate and state folder",
                );
                return Err(Refusal::new(ErrorCode::Unauthorised, text));
            }
            self.known(slot, hello, &peer, boot, now)?;
            slot
        } else {
            self.check_alone(hello, identity)?;
            match self.predecessor(hello, identity) {
                Some(slot) if hello.grant == 0 => {
                    self.take_over(slot, hello, &peer, now)?;
                    slot
                }
                _ => self.new_session(hello, &peer, now)?,
            }
        };
        self.carry(index, slot, now);
        if self.sessions[slot].as_ref().is_some_and(|session| session.phase == Phase::Live) {
            self.welcome(slot);
        }
        Ok(())
    }

    /// A session that is here: it continues if both sides mean the same grant.
    fn known(&mut self, slot: usize, hello: &Hello<'_>, peer: &Peer, boot: u64, now: u64) -> Result<(), Refusal> {
        let Some(session) = &mut self.sessions[slot] else { return Ok(()) };
        let named = hello.boot_id == boot && hello.grant == session.number;
        // The agent has not shown that the Welcome arrived: it may be repeated as it was.
        let unheard = !session.confirmed && (session.inherited || session.next == hello.oldest_sequence);
        // What an earlier session counted is not thrown away for a Hello that knows no grant, while nothing has come
        // since.
        let repeat = unheard || session.inherited && !session.received && hello.boot_id == 0;
        if named && !(hello.oldest_sequence..=hello.next_sequence).contains(&session.next) {
            let (oldest, next) = (hello.oldest_sequence, hello.next_sequence);
            let text = format!("numbers: expected {} among those of the agent, found {oldest} to {next}", session.next);
            return Err(Refusal { code: ErrorCode::Sequence, sequence: session.next, text });
        }
        // A Hello that was delivered late may have asked for less than the agent has by now.
        if named || repeat && session.covers(hello) {
            session.resume(hello.replies_below);
            self.stats.resumed += 1;
            return Ok(());
        }
        if repeat && session.inherited && hello.boot_id == 0 {
            return self.inherit(slot, hello, peer, now);
        }
        self.renew(slot, hello, peer, now)
    }

    /// Two processes with one agent id would count as one and take each other's grant. A restarted agent meets its own
    /// past here only while the server has not noticed the end of the old connection, and tries again.
    fn check_alone(&self, hello: &Hello<'_>, identity: Identity) -> Result<(), Refusal> {
        let mut sessions = self.sessions.iter().flatten();
        let rival = sessions.any(|session| {
            session.is_of_agent(hello, identity) && session.phase != Phase::Draining && session.connection.is_some()
        });
        if !rival {
            return Ok(());
        }
        let id = u128::from_be_bytes(hello.agent);
        let text = format!(
            "agent id {id:032x}: expected one agent at a time, found another one connected; stop that one, or give each an id of its own"
        );
        Err(Refusal::new(ErrorCode::Limit, text))
    }

    /// The session that a new one of the same agent continues: the one that records came for last. A Hello that was
    /// written before the session had a successor has no claim to it.
    fn predecessor(&self, hello: &Hello<'_>, identity: Identity) -> Option<usize> {
        let same_agent = |session: &Session| {
            session.is_of_agent(hello, identity)
                && session.phase != Phase::Draining
                && !session.past.contains(&hello.session)
        };
        let sessions = self.sessions.iter().enumerate();
        let candidates =
            sessions.filter_map(|(slot, session)| Some((slot, session.as_ref().filter(|s| same_agent(s))?)));
        let latest = candidates.max_by_key(|(_, session)| (session.stamp, session.number));
        latest.map(|(slot, _)| slot)
    }

    /// Gives the session of an agent that restarted to its next process. A session whose baseline is still inside the
    /// engine has nothing to leave, and a process that does not resume wants nothing of it: then its ranges are granted
    /// again.
    fn take_over(&mut self, slot: usize, hello: &Hello<'_>, peer: &Peer, now: u64) -> Result<(), Refusal> {
        let Some(session) = &self.sessions[slot] else { return Ok(()) };
        let is_new = session.baseline.is_empty() || !hello.resumes;
        // A Hello that asks for more than there is leaves the session as it was.
        self.enlarge(slot, peer, hello.groups, hello.contexts, now)?;
        if !is_new {
            return self.inherit(slot, hello, peer, now);
        }
        if let Some(session) = &mut self.sessions[slot] {
            session.succeed(hello);
        }
        self.renew(slot, hello, peer, now)
    }

    /// Hands the grant of a session to the process that sends Hello, at least as large as it asks for.
    fn inherit(&mut self, slot: usize, hello: &Hello<'_>, peer: &Peer, now: u64) -> Result<(), Refusal> {
        self.enlarge(slot, peer, hello.groups, hello.contexts, now)?;
        self.grants += 1;
        if let Some(session) = &mut self.sessions[slot] {
            session.inherit(self.grants, hello, now);
            self.stats.inherited += 1;
        }
        Ok(())
    }

    /// Makes the grant of a session again, at least as large as the agent asks for.
    fn renew(&mut self, slot: usize, hello: &Hello<'_>, peer: &Peer, now: u64) -> Result<(), Refusal> {
        self.enlarge(slot, peer, hello.groups, hello.contexts, now)?;
        self.grants += 1;
        if let Some(session) = &mut self.sessions[slot] {
            session.renew(self.grants, hello.oldest_sequence, now);
            self.stats.renewed += 1;
        }
        Ok(())
    }

    /// Refuses a grant that is larger than any may be.
    pub fn check_size(&self, groups: u32, contexts: u32) -> Result<(), Refusal> {
        let Config { max_groups, max_contexts, .. } = self.config;
        for (what, wanted, most) in [("groups", groups, max_groups), ("contexts", contexts, max_contexts)] {
            if wanted > most {
                let text =
                    format!("{what}: expected at most {most} in one grant, found {wanted} asked for; ask for less");
                return Err(Refusal::new(ErrorCode::NoCapacity, text));
            }
        }
        Ok(())
    }

    fn new_session(&mut self, hello: &Hello<'_>, peer: &Peer, now: u64) -> Result<usize, Refusal> {
        let Config { default_groups, default_contexts, .. } = self.config;
        let wanted = |asked, default| if asked == 0 { default } else { asked };
        let (groups, contexts) = (wanted(hello.groups, default_groups), wanted(hello.contexts, default_contexts));
        self.check_size(groups, contexts)?;
        let (groups, contexts) = self.lend_first(peer, groups, contexts, now)?;
        let slot = self.sessions.iter().position(Option::is_none).unwrap_or(self.sessions.len());
        if slot == self.sessions.len() {
            self.sessions.push(None);
        }
        self.grants += 1;
        let mut session = Session::new(hello, peer, groups, contexts);
        session.renew(self.grants, hello.oldest_sequence, now);
        // As long as there is plenty a session begins with all that it can use.
        let most = self.config.effective_window() as usize - MAX_FRAME_RECORDS;
        session.lent = most.min(self.left_to_lend / 4 / ROOM_STEP * ROOM_STEP);
        self.left_to_lend -= session.lent;
        self.sessions[slot] = Some(session);
        self.stats.grants += 1;
        Ok(slot)
    }

    /// From now on the session is on this connection; one that it was on before is closed.
    fn carry(&mut self, index: usize, slot: usize, now: u64) {
        let before = self.sessions[slot].as_mut().and_then(|session| session.connection.replace(index));
        if let Some(before) = before.filter(|&before| before != index) {
            let text =
                String::from("expected one connection of the session, found a later one, over which it continues");
            self.refuse(before, &Refusal::new(ErrorCode::Unexpected, text), now);
        }
        let Some(Some(connection)) = self.connections.get_mut(index) else { return };
        connection.session = Some(slot);
        connection.heard = now;
        if let Some(session) = &mut self.sessions[slot] {
            (session.connection, session.holder) = (Some(index), connection.peer.holder);
        }
    }

    /// Sends the agent its grant and where to resume.
    pub fn welcome(&mut self, slot: usize) {
        let State { config, connections, sessions, boot, info, .. } = self;
        let Some(Some(session)) = sessions.get_mut(slot) else { return };
        let Some(Some(connection)) = session.connection.map(|index| &mut connections[index]) else { return };
        session.credit = session.credit.max(session.passed + session.window(config)).max(session.next);
        connection.push(&Message::Welcome(Welcome {
            abi_version: ABI_VERSION,
            engine: info.kind as u32,
            boot_id: boot.id(0),
            grant: session.number,
            inherited: session.inherited,
            groups: session.grant.groups(),
            contexts: session.grant.contexts(),
            most_groups: config.max_groups,
            most_contexts: config.max_contexts,
            journal_lanes: info.journal_lanes,
            journal_depth: info.journal_depth,
            next_sequence: session.next,
            credit: session.credit,
            position: session.position,
            losses: session.losses,
            cursors: session.cursors(),
            extensions: Extensions::NONE,
        }));
    }
}
