//! Which member handed its memory down to which.

/// Where the memory of a member came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ancestor {
    /// It called exec: nothing was handed down to it.
    Exec,
    /// It was forked by this member.
    Member(usize),
    /// It was forked by a process that has ended.
    Ended,
    /// It was forked by a member that was not read.
    Unread,
}

/// The fork tree of the members that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lineage {
    above: Vec<Ancestor>,
    root: Option<usize>,
}

impl Lineage {
    /// Returns the tree with the given ancestor of each member.
    pub(crate) fn new(above: Vec<Ancestor>) -> Lineage {
        let root = above.iter().position(|&ancestor| ancestor == Ancestor::Exec);
        Lineage { above, root }
    }

    /// Returns the member that called exec; `None` if that has ended or was not read.
    pub(crate) fn root(&self) -> Option<usize> {
        self.root
    }

    /// Returns where the memory of a member came from.
    pub(crate) fn above(&self, member: usize) -> Ancestor {
        self.above[member]
    }

    /// Number of members.
    pub(crate) fn len(&self) -> usize {
        self.above.len()
    }

    /// Returns the member that has to have a page for a member to have inherited it: its parent, or the root where the
    /// parent has ended.
    pub(crate) fn source(&self, member: usize) -> Option<usize> {
        match self.above[member] {
            Ancestor::Member(parent) => Some(parent),
            Ancestor::Ended => self.root,
            Ancestor::Exec | Ancestor::Unread => None,
        }
    }
}
