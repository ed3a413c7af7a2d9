//! Who has how much of the engine: first grants, growth, quotas, and the places of agents that are gone.
//!
//! A first grant is small and grows by need. Growth leaves a first grant for every session up to
//! [`Config::reserved_sessions`](super::Config::reserved_sessions), so that one agent cannot keep the others out. A place is taken back early when
//! it is needed and nothing is lost by that.

use super::ranges::Ranges;
use super::session::{Phase, Session};
use super::state::{Refusal, State};
use super::{Identity, Quota};
use crate::frame::ErrorCode;
use crate::time::micros;
use alloc::format;
use alloc::string::String;

/// What somebody asks for beside what is lent already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub sessions: usize,
    pub groups: u32,
    pub contexts: u32,
    /// The session that it is for, whose place is not taken for it.
    pub slot: Option<usize>,
}

impl State {
    /// Sessions that will not end by themselves.
    fn present(&self) -> usize {
        self.sessions.iter().flatten().filter(|session| session.phase != Phase::Draining).count()
    }

    /// Groups and contexts that are free and not kept for sessions to come, if `more` sessions come now.
    pub fn available(&self, more: usize) -> (u32, u32) {
        let missing = self.config.reserved_sessions.saturating_sub(self.present() + more);
        let left = |ranges: &Ranges, first: u32| {
            // An engine that is too small for the table of limits keeps nothing.
            let whole = (self.config.reserved_sessions as u64) * u64::from(first) <= ranges.total().into();
            let kept = if whole { missing as u32 * first } else { 0 };
            ranges.free().saturating_sub(kept)
        };
        (left(&self.groups, self.config.default_groups), left(&self.contexts, self.config.default_contexts))
    }

    /// What the sessions of an identity have together.
    pub fn usage(&self, identity: Identity) -> Quota {
        let mut usage = Quota { sessions: 0, groups: 0, contexts: 0 };
        for session in self.sessions.iter().flatten().filter(|session| session.identity == identity) {
            usage.sessions += 1;
            usage.groups += session.groups.count();
            usage.contexts += session.contexts.count();
        }
        usage
    }

    /// Whether an identity may have so much more.
    fn check_quota(&self, identity: Identity, quota: Quota, need: Need) -> Result<(), Refusal> {
        let used = self.usage(identity);
        let check = |code, what: &str, most: u64, used: u64, wanted: u64| {
            if used.saturating_add(wanted) <= most {
                return Ok(());
            }
            let text = format!(
                "quota of this identity: expected at most {most} {what} in all its sessions, found {used} in use and {wanted} asked for; ask for less, or end another session"
            );
            Err(Refusal::new(code, text))
        };
        check(ErrorCode::Limit, "sessions", quota.sessions as u64, used.sessions as u64, need.sessions as u64)?;
        check(ErrorCode::NoCapacity, "groups", quota.groups.into(), used.groups.into(), need.groups.into())?;
        check(ErrorCode::NoCapacity, "contexts", quota.contexts.into(), used.contexts.into(), need.contexts.into())
    }

    /// Whether there is so much, within the quota and beside what is kept for others.
    fn check(&self, identity: Identity, quota: Quota, need: Need) -> Result<(), Refusal> {
        self.check_quota(identity, quota, need)?;
        let most = self.config.max_sessions;
        if need.sessions > 0 && self.sessions.iter().flatten().count() >= most {
            let text = format!("sessions: expected at most {most}, found one more; connect again when one has ended");
            return Err(Refusal::new(ErrorCode::Limit, text));
        }
        let (groups, contexts) = self.available(need.sessions);
        let check = |what: &str, most: u32, wanted: u32| {
            if wanted <= most {
                return Ok(());
            }
            let text = format!(
                "{what}: expected at most {most} more at present, found {wanted} asked for; ask for less or wait"
            );
            Err(Refusal::new(ErrorCode::NoCapacity, text))
        };
        check("groups", groups, need.groups)?;
        check("contexts", contexts, need.contexts)
    }

    /// Makes room: takes back places, as long as that helps, until there is so much.
    pub fn make_room(&mut self, identity: Identity, quota: Quota, need: Need, now: u64) -> Result<(), Refusal> {
        loop {
            let Err(refusal) = self.check(identity, quota, need) else { return Ok(()) };
            // Beyond its own quota an identity gives up its own places only.
            let own = self.check_quota(identity, quota, need).is_err();
            let Some(slot) = self.spare(own.then_some(identity), need.slot, now) else { return Err(refusal) };
            self.take_back(slot, now);
        }
    }

    /// The session whose place can be taken with the least loss: one without a connection and without a successor, which
    /// restores itself if its agent comes back after all, the longest gone first; else one that has had a connection for
    /// long and has sent no record.
    fn spare(&self, of: Option<Identity>, keep: Option<usize>, now: u64) -> Option<usize> {
        let unused = micros(self.config.unused_time);
        let sessions = self.sessions.iter().enumerate().filter_map(|(slot, session)| Some((slot, session.as_ref()?)));
        let sessions = sessions.filter(|(slot, session)| {
            let gone = session.connection.is_none() && !session.has_heirs();
            let idle = !session.leaves && now.saturating_sub(session.granted_at) >= unused;
            keep != Some(*slot)
                && session.phase != Phase::Draining
                && of.is_none_or(|of| session.identity == of)
                && (gone || idle)
        });
        let age = |session: &Session| match session.connection {
            None => (0, session.lost_at),
            Some(_) => (1, session.granted_at),
        };
        sessions.min_by_key(|(_, session)| age(session)).map(|(slot, _)| slot)
    }

    fn take_back(&mut self, slot: usize, now: u64) {
        let Some(Some(session)) = self.sessions.get_mut(slot) else { return };
        let connection = session.connection;
        self.stats.taken_back += 1;
        session.drain();
        if let Some(connection) = connection {
            let text = String::from(
                "no record came since the grant, and its place was needed; expected records, found none: connect again when there are some",
            );
            self.refuse(connection, &Refusal::new(ErrorCode::Limit, text), now);
        }
        self.clear_drained(slot);
    }

    /// Gives the ranges of a session back that has nothing left in the engine and no connection.
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

    /// Lends a session what it has less than `groups` and `contexts`. It is not in its grant before that is made again.
    pub fn enlarge(&mut self, slot: usize, quota: Quota, groups: u32, contexts: u32, now: u64) -> Result<(), Refusal> {
        let Some(Some(session)) = self.sessions.get(slot) else { return Ok(()) };
        let groups = groups.saturating_sub(session.groups.count());
        let contexts = contexts.saturating_sub(session.contexts.count());
        if groups > 0 || contexts > 0 {
            let identity = session.identity;
            self.make_room(identity, quota, Need { sessions: 0, groups, contexts, slot: Some(slot) }, now)?;
            self.lend(slot, groups, contexts);
        }
        Ok(())
    }

    /// Lends a session up to `groups` and `contexts` in all, as far as there are any. Gives whether it got some.
    pub fn grow(&mut self, slot: usize, quota: Quota, groups: u32, contexts: u32, now: u64) -> bool {
        let Some(Some(session)) = self.sessions.get(slot) else { return false };
        let identity = session.identity;
        let wanted = |most: u32, wanted: u32, has: u32| wanted.min(most).saturating_sub(has);
        let groups = wanted(self.config.max_groups, groups, session.groups.count());
        let contexts = wanted(self.config.max_contexts, contexts, session.contexts.count());
        // Room is made for all of it; what there is then is lent. A refusal here says only that it is less.
        _ = self.make_room(identity, quota, Need { sessions: 0, groups, contexts, slot: Some(slot) }, now);
        let ((free_groups, free_contexts), used) = (self.available(0), self.usage(identity));
        let groups = groups.min(free_groups).min(quota.groups.saturating_sub(used.groups));
        let contexts = contexts.min(free_contexts).min(quota.contexts.saturating_sub(used.contexts));
        (groups > 0 || contexts > 0) && self.lend(slot, groups, contexts)
    }
}
