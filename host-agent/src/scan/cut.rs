//! Families of which a part may be somewhere else.

use std::cell::LazyCell;
use std::collections::HashSet;

use super::family::{Family, Origin};
use super::live::anonymous_pages;
use super::{Coverage, Doubt, Scope, Unbounded};
use crate::procfs::{ProcFs, ProcessStat};

/// What any user may see of a process, and its relatives have in common: the user, and the size of its code.
type Kind = (Option<u32>, Option<u64>);

/// Processes that hide where they come from.
pub(crate) struct Hidden {
    /// Those in families of an orphan among them.
    orphans: Vec<(ProcessStat, Kind)>,
    /// What is seen of all of them.
    kinds: HashSet<Kind>,
    /// Families of an orphan that shows where it comes from, if there is anything hidden that they can come from: the root,
    /// what is seen of them, and their pages.
    visible: Vec<(u32, HashSet<Kind>, u64)>,
}

impl Hidden {
    /// Finds them among the families of the whole machine.
    pub(crate) fn find(proc: &ProcFs, families: &[Family]) -> Self {
        let mut hidden = Self { orphans: Vec::new(), kinds: HashSet::new(), visible: Vec::new() };
        for family in families {
            let mut root = None;
            for member in family.members.iter().filter(|member| member.layout.is_none()) {
                let kind = kind(proc, member);
                hidden.kinds.insert(kind);
                // Where both hide, an orphan is taken for a child of its foster parent, which has other code.
                let (_, code) = *root.get_or_insert_with(|| self::kind(proc, &family.members[0]));
                if family.origin == Origin::Uncertain || kind.1 != code {
                    hidden.orphans.push((*member, kind));
                }
            }
        }
        if !hidden.kinds.is_empty() {
            for family in families.iter().filter(|family| family.origin == Origin::Orphan) {
                let kinds = kinds(proc, family);
                if hidden.has_kin(&kinds) {
                    hidden.visible.push((family.members[0].pid, kinds, pages(proc, family)));
                }
            }
        }
        hidden
    }

    /// Whether one of them may be a relative of processes of these kinds: it has the same code, and the same user, or one of
    /// both is root, which can become any user after a fork.
    fn has_kin(&self, kinds: &HashSet<Kind>) -> bool {
        are_kin(&self.kinds, kinds)
    }
}

/// Whether processes of these kinds may be relatives.
fn are_kin(some: &HashSet<Kind>, others: &HashSet<Kind>) -> bool {
    const ROOT: Option<u32> = Some(0);
    let is_kin = |&(user, code): &Kind, &(other, other_code): &Kind| {
        code == other_code && (user == other || user == ROOT || other == ROOT)
    };
    some.iter().any(|one| others.iter().any(|other| is_kin(one, other)))
}

/// What is seen of the members of a family.
fn kinds(proc: &ProcFs, family: &Family) -> HashSet<Kind> {
    family.members.iter().map(|member| kind(proc, member)).collect()
}

/// Anonymous pages of a family.
fn pages(proc: &ProcFs, family: &Family) -> u64 {
    family.members.iter().map(|member| anonymous_pages(proc, member)).sum()
}

fn kind(proc: &ProcFs, process: &ProcessStat) -> Kind {
    proc.status(process.task()).map_or((None, None), |status| (status.user, status.code))
}

/// Notes in the coverage which of the families that are looked at may have relatives that were not put to them.
/// A relative that is hidden has the same code, and the same user unless one of both is a process of root, which can become
/// any user.
pub(crate) fn note(proc: &ProcFs, hidden: &Hidden, families: &[Family], coverage: &mut Coverage) {
    let mut counted: HashSet<u32> = HashSet::new();
    for family in families {
        // Reads a file of each member.
        let kinds: LazyCell<HashSet<Kind>, _> = LazyCell::new(|| kinds(proc, family));
        match family.origin {
            Origin::Outside => coverage.unbounded = coverage.unbounded.or(Some(Unbounded::ParentOutside)),
            Origin::Uncertain => cut(coverage, pages(proc, family)),
            Origin::Orphan if !hidden.kinds.is_empty() && hidden.has_kin(&kinds) => cut(coverage, pages(proc, family)),
            Origin::Orphan | Origin::Exec => {}
        }
        for (orphan, (user, code)) in &hidden.orphans {
            let own = family.members.iter().any(|member| member.pid == orphan.pid);
            let kin = kinds.contains(&(*user, *code)) || kinds.contains(&(Some(0), *code));
            if !own && kin && counted.insert(orphan.pid) {
                coverage.maybe_cut += 1;
                coverage.doubts.add(Doubt::MaybeCut, anonymous_pages(proc, orphan));
            }
        }
        // Whoever shows where it comes from cannot be put to a parent that hides it. In a scan of the machine it is counted
        // where its own family is.
        if coverage.scope == Scope::Pids && family.members.iter().any(|member| member.layout.is_none()) {
            for (root, kin, pages) in &hidden.visible {
                if family.members[0].pid != *root && are_kin(&kinds, kin) && counted.insert(*root) {
                    cut(coverage, *pages);
                }
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
