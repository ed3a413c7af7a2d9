//! Who has which places, and whose place goes to another one when none is left.
//!
//! This is a picture of the sessions: what would be free if some of them went is found out before one of them goes.

use super::config::Config;
use super::{Holder, Identity, Peer, Quota};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// What a peer asks for beside what is lent already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub sessions: usize,
    pub groups: u32,
    pub contexts: u32,
    /// The session that it is for, whose place is not taken for it.
    pub slot: Option<usize>,
    /// It is for a session that has a grant already, and takes from no holder what that uses.
    pub is_growth: bool,
}

/// What is lost with a place, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cost {
    /// Nothing: it has no connection, and no later process continues from it.
    Nothing,
    /// A connection over which no record came for long.
    Unused,
    /// The last frames of an agent that sent Bye and does not read them.
    LastFrames,
    /// The connection of an agent, which connects again and restores itself.
    Connection,
    /// The counters that a later process of the agent would continue from.
    Counters,
    /// It is not to be taken: it ends by itself, or is the one that asks.
    Fixed,
}

/// One session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub slot: usize,
    pub holder: Holder,
    pub identity: Identity,
    pub groups: u32,
    pub contexts: u32,
    pub cost: Cost,
    /// When the connection was lost, or else when the grant was made.
    pub since: u64,
    /// It sent Bye: it will have ended before long.
    pub ends: bool,
}

/// What there is not enough of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Sessions,
    Groups,
    Contexts,
}

impl Resource {
    fn of(self, place: &Place) -> u64 {
        match self {
            Resource::Sessions => 1,
            Resource::Groups => place.groups.into(),
            Resource::Contexts => place.contexts.into(),
        }
    }

    fn needed(self, need: Need) -> u64 {
        match self {
            Resource::Sessions => need.sessions as u64,
            Resource::Groups => need.groups.into(),
            Resource::Contexts => need.contexts.into(),
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Resource::Sessions => "sessions",
            Resource::Groups => "groups",
            Resource::Contexts => "contexts",
        }
    }
}

/// Why a need is not met.
#[derive(Clone, Debug)]
pub(super) struct Lack {
    pub resource: Resource,
    /// The quota of the identity is at its end, whatever is free.
    pub is_quota: bool,
    pub text: String,
}

/// The places of all sessions.
pub(super) struct Holdings<'a> {
    pub config: &'a Config,
    /// Groups and contexts of the engine.
    pub total: (u32, u32),
    pub places: Vec<Place>,
}

impl Holdings<'_> {
    fn sum(&self, resource: Resource, is_counted: impl Fn(&Place) -> bool) -> u64 {
        self.places.iter().filter(|place| is_counted(place)).map(|place| resource.of(place)).sum()
    }

    /// Groups and contexts that are free and not kept for sessions to come, if `more` sessions come now.
    pub fn available(&self, more: usize) -> (u32, u32) {
        let present = self.places.iter().filter(|place| !place.ends).count();
        self.left(present + more, |resource| self.sum(resource, |_| true))
    }

    /// Groups and contexts that one session has at most, however long it waits: those that are not kept for others.
    fn most_of_one(&self) -> (u32, u32) {
        self.left(1, |_| 0)
    }

    /// What is neither `taken` nor kept for sessions to come, beside `present` ones.
    fn left(&self, present: usize, taken: impl Fn(Resource) -> u64) -> (u32, u32) {
        let missing = self.config.reserved_sessions.saturating_sub(present) as u64;
        let left = |resource, total: u32, first: u32| {
            // An engine that is too small for the table of limits keeps nothing.
            let is_whole = self.config.reserved_sessions as u64 * u64::from(first) <= total.into();
            let kept = if is_whole { missing * u64::from(first) } else { 0 };
            u64::from(total).saturating_sub(taken(resource)).saturating_sub(kept) as u32
        };
        (
            left(Resource::Groups, self.total.0, self.config.default_groups),
            left(Resource::Contexts, self.total.1, self.config.default_contexts),
        )
    }

    /// What the sessions of an identity have together.
    pub fn usage(&self, identity: Identity) -> Quota {
        let own = |resource| self.sum(resource, |place| place.identity == identity);
        Quota {
            sessions: own(Resource::Sessions) as usize,
            groups: own(Resource::Groups) as u32,
            contexts: own(Resource::Contexts) as u32,
        }
    }

    fn check_quota(&self, peer: &Peer, need: Need) -> Result<(), Lack> {
        let (used, most) = (self.usage(peer.identity), peer.quota);
        let check = |resource: Resource, most: u64, used: u64| {
            let (wanted, what) = (resource.needed(need), resource.name());
            if used.saturating_add(wanted) <= most {
                return Ok(());
            }
            let advice = if wanted > most {
                format!("ask for at most {most}")
            } else {
                "ask for less, or end another session".into()
            };
            let text = format!(
                "quota of this identity: expected at most {most} {what} in all its sessions, found {used} in use and {wanted} asked for; {advice}"
            );
            Err(Lack { resource, is_quota: true, text })
        };
        check(Resource::Sessions, most.sessions as u64, used.sessions as u64)?;
        check(Resource::Groups, most.groups.into(), used.groups.into())?;
        check(Resource::Contexts, most.contexts.into(), used.contexts.into())
    }

    /// Whether there is so much, within the quota and beside what is kept for others.
    pub fn check(&self, peer: &Peer, need: Need) -> Result<(), Lack> {
        self.check_quota(peer, need)?;
        let most = self.config.max_sessions;
        if need.sessions > 0 && self.places.len() + need.sessions > most {
            let text = format!("sessions: expected at most {most}, found one more; connect again when one has ended");
            return Err(Lack { resource: Resource::Sessions, is_quota: false, text });
        }
        let (groups, contexts) = self.available(need.sessions);
        let (most_groups, most_contexts) = self.most_of_one();
        let resources = [(Resource::Groups, groups, most_groups), (Resource::Contexts, contexts, most_contexts)];
        for (resource, most, ever) in resources {
            let (wanted, what) = (resource.needed(need), resource.name());
            if wanted > most.into() {
                let own = self.sum(resource, |place| Some(place.slot) == need.slot);
                let text = if own + wanted > ever.into() {
                    let kept = self.config.reserved_sessions.saturating_sub(1);
                    format!(
                        "{what}: expected at most {ever} of one session, because first grants are kept for {kept} others, found {} asked for; waiting does not help, ask for at most {ever}",
                        own + wanted
                    )
                } else {
                    format!(
                        "{what}: expected at most {most} more at present, found {wanted} asked for; ask for less, or wait until other sessions end"
                    )
                };
                return Err(Lack { resource, is_quota: false, text });
            }
        }
        Ok(())
    }

    /// Removes the place that is to go for a need that is not met, if there is one. A holder that has no more than its share loses
    /// at most a connection that it does not use, and only when no other one has more.
    pub fn give_up(&mut self, peer: &Peer, need: Need, lack: &Lack) -> Option<Place> {
        let takes = !lack.is_quota && !need.is_growth;
        let surplus = |holdings: &Self| if takes { holdings.surplus(peer, need, lack.resource) } else { None };
        let index = self.spare(peer, lack, 1).or_else(|| surplus(self)).or_else(|| self.spare(peer, lack, 0))?;
        Some(self.places.swap_remove(index))
    }

    /// The place whose loss costs no agent anything that it uses: first those without a connection, the longest gone first;
    /// then connections without a record for long, of the same holder or of one with more sessions, by more than `distance`.
    /// Beyond its own quota an identity gives up its own places only.
    fn spare(&self, peer: &Peer, lack: &Lack, distance: u64) -> Option<usize> {
        let held = self.held(Resource::Sessions);
        let count = |holder: &Holder| held.get(holder).copied().unwrap_or(0);
        let spare = self.places.iter().enumerate().filter(|(_, place)| {
            let is_own = place.identity == peer.identity;
            let has_more = count(&place.holder) > count(&peer.holder) + distance;
            let yields = lack.is_quota || place.holder == peer.holder || has_more;
            (is_own || !lack.is_quota) && (place.cost == Cost::Nothing || place.cost == Cost::Unused && yields)
        });
        let first = spare.min_by_key(|(_, place)| (place.cost, Reverse(count(&place.holder)), place.since));
        first.map(|(index, _)| index)
    }

    /// A place of the holder that has most, if it has more than the one that asks will have. That one gets a first grant, or up
    /// to the part of all that every holder can have.
    fn surplus(&self, peer: &Peer, need: Need, resource: Resource) -> Option<usize> {
        let held = self.held(resource);
        let own = held.get(&peer.holder).copied();
        let wanted = own.unwrap_or(0) + resource.needed(need);
        let Config { max_sessions, default_groups, default_contexts, .. } = *self.config;
        let (all, first) = match resource {
            Resource::Sessions => (max_sessions as u64, 1),
            Resource::Groups => (self.total.0.into(), default_groups.into()),
            Resource::Contexts => (self.total.1.into(), default_contexts.into()),
        };
        let holders = held.len() as u64 + u64::from(own.is_none());
        if wanted > first.max(all / holders) {
            return None;
        }
        let candidates = self.places.iter().enumerate().filter_map(|(index, place)| {
            let has = held.get(&place.holder).copied().unwrap_or(0);
            let may_go = place.holder != peer.holder && place.cost < Cost::Fixed && has > wanted;
            may_go.then_some((index, place, has))
        });
        let best = candidates.max_by_key(|(_, place, has)| {
            // Of groups and contexts as few sessions as possible go. Of those that are connected the latest goes, of the others
            // the one that is gone for longest.
            let amount = if resource == Resource::Sessions { 0 } else { resource.of(place) };
            let order = if place.cost == Cost::Counters { u64::MAX - place.since } else { place.since };
            (*has, place.holder, Reverse(place.cost), amount, order)
        });
        best.map(|(index, ..)| index)
    }

    fn held(&self, resource: Resource) -> BTreeMap<Holder, u64> {
        let mut held = BTreeMap::new();
        for place in &self.places {
            *held.entry(place.holder).or_default() += resource.of(place);
        }
        held
    }
}
