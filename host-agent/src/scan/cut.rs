//! Families of which a part may be somewhere else.

use std::collections::HashSet;

use super::family::{Family, Origin};
use super::live::anonymous_pages;
use super::{Coverage, Doubt, Scope, Unbounded};
use crate::procfs::{ProcFs, ProcessStat};

/// Processes that hide where they come from.
pub(crate) struct Hidden {
    /// Orphans among them, each with its user.
    orphans: Vec<(ProcessStat, Option<u32>)>,
    /// The users of all of them.
    users: HashSet<Option<u32>>,
}

impl Hidden {
    /// Finds them among the families of the whole machine.
    pub(crate) fn find(proc: &ProcFs, families: &[Family]) -> Self {
        let mut hidden = Self { orphans: Vec::new(), users: HashSet::new() };
        for family in families {
            for member in family.members.iter().filter(|member| member.layout.is_none()) {
                let user = user(proc, member);
                hidden.users.insert(user);
                let orphan = family.members.len() == 1 && matches!(family.origin, Origin::Uncertain);
                if orphan {
                    hidden.orphans.push((*member, user));
                }
            }
        }
        hidden
    }
}

fn user(proc: &ProcFs, process: &ProcessStat) -> Option<u32> {
    proc.status(process.task()).ok()?.user
}

/// Notes in the coverage which of the families that are looked at may have relatives that were not put to them.
/// A relative that is hidden is of the same user, or the family has a process of root, which can become any user.
pub(crate) fn note(proc: &ProcFs, hidden: &Hidden, families: &[Family], coverage: &mut Coverage) {
    let mut strangers: HashSet<u32> = HashSet::new();
    for family in families {
        let pages = || family.members.iter().map(|member| anonymous_pages(proc, member)).sum();
        let of_hidden_user = || family.members.iter().any(|member| hidden.users.contains(&user(proc, member)));
        match family.origin {
            Origin::Outside => coverage.unbounded = coverage.unbounded.or(Some(Unbounded::ParentOutside)),
            Origin::Uncertain => cut(coverage, pages()),
            Origin::Orphan if !hidden.users.is_empty() && of_hidden_user() => cut(coverage, pages()),
            Origin::Orphan | Origin::Exec => {}
        }
        if hidden.orphans.is_empty() {
            continue;
        }
        let users: HashSet<Option<u32>> = family.members.iter().map(|member| user(proc, member)).collect();
        for (orphan, user) in &hidden.orphans {
            let own = family.members.iter().any(|member| member.pid == orphan.pid);
            if !own && (users.contains(user) || users.contains(&Some(0))) && strangers.insert(orphan.pid) {
                coverage.maybe_cut += 1;
                coverage.doubts.add(Doubt::MaybeCut, anonymous_pages(proc, orphan));
            }
        }
    }
}

/// Counts a family of which the root was orphaned. Its relatives may have copies of their own; in a scan of the
/// machine these were looked at with them.
fn cut(coverage: &mut Coverage, pages: u64) {
    coverage.maybe_cut += 1;
    coverage.doubts.add(Doubt::MaybeCut, pages);
    if coverage.scope == Scope::Pids {
        coverage.unbounded = coverage.unbounded.or(Some(Unbounded::HiddenRelatives));
    }
}
