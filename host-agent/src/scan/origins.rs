//! Which of the distinct frames at an address came to be by a fork, and which after it.
//!
//! A member inherited its page if its parent has one at the address too: parent and child are then in one group.
//! Within a group each frame but one is an inherited copy. The first frame of another group was born after the fork if the
//! parent of its eldest member is there and has no page.

use super::frames::{Holder, Own};
use super::lineage::{Ancestor, Lineage};

/// How a counted page came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A copy of a page that was handed down: a relative in the line of forks has one at the address too.
    Inherited,
    /// The process allocated it after it was forked: its parent is there and has none.
    BornAfterFork,
    /// The parent has ended or was not read, or it has given the page back since.
    Unknown,
}

/// The group of a distinct frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group {
    /// Distinguishes it from other groups at the address.
    pub number: usize,
    /// Origin of its first page.
    pub origin: Origin,
    /// It has the root of the family, so that its first page is no copy.
    pub is_root: bool,
}

/// Who has a frame, as far as it reports where the page came from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Held<'h> {
    /// These members, of which each inherited it from a common ancestor or from another one.
    Common(&'h [Holder]),
    /// This member; the others have it for another reason, or are not known to have it.
    By(usize),
    /// It is not known who.
    Unclear,
}

/// Origin of the eldest page of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Top {
    /// It is the root's own, or an ancestor of the root's.
    Root,
    /// This parent has no page there.
    Born(usize),
    Unknown,
}

/// Divides the frames at an address into groups.
#[derive(Debug, Default)]
pub(crate) struct Divider {
    /// What each member has at the address.
    pub own: Vec<Own>,
    /// Members that show a frame which they may share, without frame numbers.
    pub shared: Vec<usize>,
    above: Vec<usize>,
    tops: Vec<Top>,
    freed: Vec<bool>,
    /// The result, in the order of the frames.
    pub groups: Vec<Group>,
}

impl Divider {
    /// Forgets the last address. Members of which nothing is set have nothing.
    pub(crate) fn reset(&mut self, members: usize) {
        self.own.clear();
        self.own.resize(members, Own::Nothing);
        self.shared.clear();
    }

    /// Divides frames by what each member has.
    pub(crate) fn divide<'h>(&mut self, lineage: &Lineage, frames: impl Iterator<Item = Held<'h>> + Clone) {
        let members = lineage.len();
        self.join_children(lineage);
        self.freed.clear();
        self.freed.resize(members, false);
        for held in frames.clone() {
            if let Held::Common([first, others @ ..]) = held {
                others.iter().for_each(|other| self.join_sharers(first.member, other.member));
            }
        }
        let all_freed = self.may_share_a_freed_page(lineage);
        let root = lineage.root().map(|root| self.top(root));
        self.groups.clear();
        for (number, held) in frames.enumerate() {
            let member = match held {
                Held::Common(holders) => holders.first().map(|holder| holder.member),
                Held::By(member) => Some(member),
                Held::Unclear => None,
            };
            let group = match member.filter(|&member| self.own[member] == Own::Page).map(|member| self.top(member)) {
                None => Group { number: members + number, origin: Origin::Unknown, is_root: false },
                Some(top) => Group {
                    number: top,
                    origin: match self.tops[top] {
                        Top::Born(parent) if !all_freed && !self.freed[parent] => Origin::BornAfterFork,
                        _ => Origin::Unknown,
                    },
                    is_root: root == Some(top),
                },
            };
            self.groups.push(group);
        }
    }

    /// Puts each member into the group of its parent, where both have a page.
    fn join_children(&mut self, lineage: &Lineage) {
        let members = lineage.len();
        self.above.clear();
        self.above.extend(0..members);
        self.tops.clear();
        self.tops.resize(members, Top::Unknown);
        for member in (0..members).filter(|&member| self.own[member] == Own::Page) {
            let above = lineage.above(member);
            self.tops[member] = match (above, lineage.source(member).map(|source| (source, self.own[source]))) {
                (Ancestor::Exec, _) => Top::Root,
                // A parent is older and comes before its children, unless they started within one tick of the clock.
                (_, Some((source, Own::Page))) if source < member || !self.leads_to(source, member) => {
                    self.above[member] = source;
                    Top::Unknown
                }
                (Ancestor::Member(parent), Some((_, Own::Nothing))) => Top::Born(parent),
                _ => Top::Unknown,
            };
        }
    }

    /// Puts the groups of two members into one that show one frame. Where the parent of such a group has no page, it has
    /// given it back since.
    fn join_sharers(&mut self, a: usize, b: usize) {
        if self.own[a] != Own::Page || self.own[b] != Own::Page {
            return;
        }
        let (a, b) = (self.top(a), self.top(b));
        if a == b {
            return;
        }
        for top in [a, b] {
            if let Top::Born(parent) = self.tops[top] {
                self.freed[parent] = true;
            }
        }
        self.tops[a] = if [self.tops[a], self.tops[b]].contains(&Top::Root) { Top::Root } else { Top::Unknown };
        self.above[b] = a;
    }

    /// Whether two members of different groups show frames that may be one, without frame numbers.
    fn may_share_a_freed_page(&self, lineage: &Lineage) -> bool {
        let top = |mut member: usize| {
            // A tree is not deeper than it has members.
            for _ in 0..lineage.len() {
                match lineage.source(member).filter(|&source| self.own[source] != Own::Nothing) {
                    Some(source) if source != member => member = source,
                    _ => break,
                }
            }
            member
        };
        let mut tops = self.shared.iter().map(|&member| top(member));
        tops.next().is_some_and(|first| tops.any(|other| other != first))
    }

    fn leads_to(&self, from: usize, to: usize) -> bool {
        let mut member = from;
        while self.above[member] != member {
            member = self.above[member];
        }
        member == to
    }

    fn top(&mut self, mut member: usize) -> usize {
        while self.above[member] != member {
            self.above[member] = self.above[self.above[member]];
            member = self.above[member];
        }
        member
    }
}
