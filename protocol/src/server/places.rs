//! Places: first grants, growth, quotas, and what becomes of the places of agents that are gone or have more than others.
//!
//! A first grant is small and grows by need. Growth leaves a first grant for every session up to
//! [`Config::reserved_sessions`](super::Config::reserved_sessions), so that one agent cannot keep the others out. `holdings` decides
//! whose place goes when there is none left.

use super::extents::Extents;
use super::holdings::{Cost, Holdings, Lack, Need, Place, Resource};
use super::session::Phase;
use super::state::{Refusal, State};
use super::{GivenUp, GivenUpReason, Identity, Peer, Quota};
use crate::frame::ErrorCode;
use crate::time::micros;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Sessions that were given up and that the host has not asked for: the latest are kept.
const MOST_GIVEN_UP: usize = 64;

impl State {
    /// The places of all sessions; the one in slot `keep` is not to be taken.
    fn holdings(&self, keep: Option<usize>, now: u64) -> Holdings<'_> {
        let unused = micros(self.config.unused_time);
        let sessions = self.sessions.iter().enumerate().filter_map(|(slot, session)| Some((slot, session.as_ref()?)));
        let places = sessions.filter(|(_, session)| session.has_place()).map(|(slot, session)| {
            let ends = session.phase == Phase::Draining;
            let cost = match session.connection {
                _ if keep == Some(slot) => Cost::Fixed,
                None if ends => Cost::Fixed,
                Some(_) if ends => Cost::LastFrames,
                None if session.has_heirs() => Cost::Counters,
                None => Cost::Nothing,
                Some(_) if !session.leaves && now.saturating_sub(session.recorded_at) >= unused => Cost::Unused,
                Some(_) => Cost::Connection,
            };
            Place {
                slot,
                holder: session.holder,
                identity: session.identity,
                groups: session.groups.count(),
                contexts: session.contexts.count(),
                cost,
                since: if session.connection.is_none() { session.lost_at } else { session.granted_at },
                ends,
            }
        });
        Holdings { config: &self.config, total: (self.info.groups, self.info.contexts), places: places.collect() }
    }

    /// What the sessions of an identity have together.
    pub fn usage(&self, identity: Identity) -> Quota {
        self.holdings(None, 0).usage(identity)
    }

    /// Makes room: takes places back until there is so much. If that is not enough none is taken, except for growth, which
    /// takes what there is.
    fn make_room(&mut self, peer: &Peer, need: Need, now: u64) -> Result<(), Refusal> {
        let mut holdings = self.holdings(need.slot, now);
        let (mut gone, mut lacked) = (Vec::new(), None);
        let is_met = loop {
            let Err(lack) = holdings.check(peer, need) else { break true };
            let given_up = holdings.give_up(peer, need, &lack);
            lacked.get_or_insert(lack);
            match given_up {
                Some(place) => gone.push(place),
                None => break false,
            }
        };
        if is_met || need.is_growth {
            let resource = lacked.as_ref().map_or(Resource::Sessions, |lack| lack.resource);
            gone.iter().for_each(|place| self.take_back(place, resource, now));
        }
        match lacked.filter(|_| !is_met) {
            None => Ok(()),
            Some(Lack { resource: Resource::Sessions, text, .. }) => Err(Refusal::new(ErrorCode::Limit, text)),
            Some(Lack { text, .. }) => Err(Refusal::new(ErrorCode::NoCapacity, text)),
        }
    }

    /// Ends a session whose place another one needs, for the lack of `resource`.
    fn take_back(&mut self, place: &Place, resource: Resource, now: u64) {
        let Some(Some(session)) = self.sessions.get_mut(place.slot) else { return };
        let connection = session.connection;
        let text = match place.cost {
            Cost::Nothing | Cost::Unused => {
                self.stats.taken_back += 1;
                String::from(
                    "no record came for long, and its place was needed; expected records, found none: connect again when there are some",
                )
            }
            cost => {
                self.stats.displaced += 1;
                let dropped = if cost == Cost::LastFrames { session.queue.agents() } else { 0 };
                self.stats.dropped_records += dropped;
                let lost = match dropped {
                    0 => String::from("nothing that was acknowledged is lost"),
                    _ => format!("{dropped} records before the Bye had not passed the engine"),
                };
                format!(
                    "{}: expected no holder with more than others that need some, found this address or name to have most; its place went to one with less: connect again, {lost}",
                    resource.name()
                )
            }
        };
        self.give_up(place.slot, GivenUpReason::Displaced);
        if let Some(connection) = connection {
            self.refuse(connection, &Refusal::new(ErrorCode::Limit, text), now);
        }
        self.clear_drained(place.slot);
    }

    /// Ends a session that no agent comes back for. Its groups and contexts can be lent at once: whatever the next session does
    /// with them enters the engine behind the records of this one that are inside.
    pub fn give_up(&mut self, slot: usize, reason: GivenUpReason) {
        let State { sessions, groups, contexts, left_to_lend, stats, given_up, .. } = self;
        let Some(Some(session)) = sessions.get_mut(slot) else { return };
        if session.connection.is_none() && session.has_heirs() {
            let records = session.passed.saturating_sub(session.begun);
            stats.abandoned_sessions += 1;
            stats.abandoned_records += records;
            if given_up.len() == MOST_GIVEN_UP {
                given_up.pop_front();
            }
            given_up.push_back(GivenUp { agent: session.agent, records, reason });
        }
        session.drain();
        *left_to_lend += core::mem::take(&mut session.lent);
        groups.give_back(core::mem::take(&mut session.groups).runs());
        contexts.give_back(core::mem::take(&mut session.contexts).runs());
    }

    /// Forgets a session that has nothing left in the engine and no connection, and gives its ranges back.
    pub fn clear_drained(&mut self, slot: usize) {
        let State { sessions, groups, contexts, left_to_lend, .. } = self;
        let Some(place) = sessions.get_mut(slot) else { return };
        if let Some(session) = place
            && session.phase == Phase::Draining
            && session.is_drained()
            && session.connection.is_none()
        {
            *left_to_lend += session.lent;
            groups.give_back(session.groups.runs());
            contexts.give_back(session.contexts.runs());
            *place = None;
        }
    }

    /// Lends a session more groups and contexts, these numbers of each. What was checked before is free.
    fn lend(&mut self, slot: usize, groups: u32, contexts: u32) -> bool {
        let State { sessions, groups: all_groups, contexts: all_contexts, .. } = self;
        let Some(Some(session)) = sessions.get_mut(slot) else { return false };
        let Some(groups) = all_groups.lend_behind(session.groups.end(), groups) else { return false };
        let Some(contexts) = all_contexts.lend_behind(session.contexts.end(), contexts) else {
            all_groups.give_back(&groups);
            return false;
        };
        session.groups.append(groups);
        session.contexts.append(contexts);
        true
    }

    /// Lends a first grant of this size, and returns its groups and contexts.
    pub fn lend_first(
        &mut self,
        peer: &Peer,
        groups: u32,
        contexts: u32,
        now: u64,
    ) -> Result<(Extents, Extents), Refusal> {
        self.make_room(peer, Need { sessions: 1, groups, contexts, slot: None, is_growth: false }, now)?;
        let none = || {
            let text = String::from("groups and contexts: expected as many as asked for, found less; ask again");
            Refusal::new(ErrorCode::NoCapacity, text)
        };
        let groups = self.groups.lend(groups).ok_or_else(none)?;
        let Some(contexts) = self.contexts.lend(contexts) else {
            self.groups.give_back(&groups);
            return Err(none());
        };
        Ok((Extents::new(groups), Extents::new(contexts)))
    }

    /// Lends a session what it has less than `groups` and `contexts`. It is not in its grant before that is made again.
    pub fn enlarge(&mut self, slot: usize, peer: &Peer, groups: u32, contexts: u32, now: u64) -> Result<(), Refusal> {
        let Some(Some(session)) = self.sessions.get(slot) else { return Ok(()) };
        self.check_size(groups, contexts)?;
        let groups = groups.saturating_sub(session.groups.count());
        let contexts = contexts.saturating_sub(session.contexts.count());
        if groups > 0 || contexts > 0 {
            let need = Need { sessions: 0, groups, contexts, slot: Some(slot), is_growth: false };
            self.make_room(peer, need, now)?;
            self.lend(slot, groups, contexts);
        }
        Ok(())
    }

    /// Lends a session up to `groups` and `contexts` in all, as far as there are any. Gives whether it got some.
    pub fn grow(&mut self, slot: usize, peer: &Peer, groups: u32, contexts: u32, now: u64) -> bool {
        let Some(Some(session)) = self.sessions.get(slot) else { return false };
        let wanted = |most: u32, wanted: u32, has: u32| wanted.min(most).saturating_sub(has);
        let groups = wanted(self.config.max_groups, groups, session.groups.count());
        let contexts = wanted(self.config.max_contexts, contexts, session.contexts.count());
        // Room is made for all of it; what there is then is lent. A refusal here reports only that it is less.
        _ = self.make_room(peer, Need { sessions: 0, groups, contexts, slot: Some(slot), is_growth: true }, now);
        let holdings = self.holdings(None, now);
        let ((free_groups, free_contexts), used) = (holdings.available(0), holdings.usage(peer.identity));
        let groups = groups.min(free_groups).min(peer.quota.groups.saturating_sub(used.groups));
        let contexts = contexts.min(free_contexts).min(peer.quota.contexts.saturating_sub(used.contexts));
        (groups > 0 || contexts > 0) && self.lend(slot, groups, contexts)
    }
}
