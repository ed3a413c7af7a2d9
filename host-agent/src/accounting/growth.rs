//! When to ask for a larger grant.

use crate::uplink::{Granted, Options};

/// What is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Groups.
    Groups,
    /// Contexts.
    Contexts,
}

/// What the grant may grow to, as the user wants it, and when it was asked for last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    groups: bool,
    contexts: bool,
    /// Contexts taken from one socket for another when more contexts may be asked for again.
    again_at: u64,
}

impl Growth {
    /// A number that the user gave is kept.
    pub fn new(options: &Options) -> Growth {
        Growth { groups: options.groups == 0, contexts: options.contexts == 0, again_at: 0 }
    }

    /// Returns the groups and contexts to ask for: twice what is full. `None` when there cannot be more, or when the server
    /// had none and few sockets have shared a context since (`shared` in all).
    pub fn next(&self, wanted: Wanted, now: Granted, most: (u32, u32), shared: u64) -> Option<(u32, u32)> {
        match wanted {
            Wanted::Groups if self.groups && now.groups < most.0 => Some((now.groups.saturating_mul(2), now.contexts)),
            Wanted::Contexts if self.contexts && now.contexts < most.1 && shared >= self.again_at => {
                Some((now.groups, now.contexts.saturating_mul(2)))
            }
            _ => None,
        }
    }

    /// Takes what the server granted: where there were no more contexts it is asked again after as many more sockets have
    /// had to share one.
    pub fn answered(&mut self, wanted: Wanted, before: Granted, now: Granted, shared: u64) {
        if wanted == Wanted::Contexts && now.contexts == before.contexts {
            self.again_at = shared + u64::from(now.contexts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Growth, Wanted};
    use crate::uplink::{Granted, Options};
    use deltascope_model::EngineKind;

    #[test]
    fn what_is_full_is_doubled_and_a_given_number_is_kept() {
        let now = Granted { engine: EngineKind::Model, groups: 16, contexts: 100 };
        let mut growth = Growth::new(&Options::default());
        assert_eq!(growth.next(Wanted::Groups, now, (64, 200), 0), Some((32, 100)));
        assert_eq!(growth.next(Wanted::Groups, now, (16, 200), 0), None);
        assert_eq!(growth.next(Wanted::Contexts, now, (64, 200), 0), Some((16, 200)));
        growth.answered(Wanted::Contexts, now, Granted { contexts: 200, ..now }, 0);
        assert_eq!(growth.next(Wanted::Contexts, now, (64, 200), 0), Some((16, 200)), "it grew");
        growth.answered(Wanted::Contexts, now, now, 0);
        assert_eq!(growth.next(Wanted::Contexts, now, (64, 200), 99), None, "the server had none");
        assert_eq!(growth.next(Wanted::Contexts, now, (64, 200), 100), Some((16, 200)));
        let given = Growth::new(&Options { groups: 16, ..Options::default() });
        assert_eq!(given.next(Wanted::Groups, now, (64, 200), 0), None);
        assert_eq!(given.next(Wanted::Contexts, now, (64, 200), 0), Some((16, 200)));
    }
}
