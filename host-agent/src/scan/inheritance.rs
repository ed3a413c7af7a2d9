//! Whether the members of a family have memory from each other, where their mappings were read without the flags that say so.

use std::ops::Range;

use super::frames::{Holder, by_frame};
use super::overlap::{Span, Traits};
use super::round::Round;
use super::view::FamilyView;
use super::window::windows;
use super::{FrameAccess, Skips};

/// Addresses with pages of two members, none of them in common, from which on the flags are asked for. Below, they are taken
/// as handed down and copied since: stacks of threads and data of libraries look like that everywhere.
pub(super) const FEW: usize = 256;

impl<V: FamilyView> Round<'_, V> {
    /// Returns the traits of a span with what its flags would say. Where two members still have a frame in common, a fork has
    /// handed it down. Where they have pages at [`FEW`] addresses and none in common, the flags decide.
    pub(super) fn known(&mut self, span: &Span, populated: &[Range<u64>]) -> Traits {
        if !span.traits.flags_unknown {
            return span.traits;
        }
        let excluded =
            self.nothing_in_common(span, populated) && self.view.not_inherited(&span.members, span.start..span.end);
        Traits { flags_unknown: false, not_inherited: span.traits.not_inherited || excluded, ..span.traits }
    }

    fn nothing_in_common(&mut self, span: &Span, populated: &[Range<u64>]) -> bool {
        let members = span.members.len();
        let (mut holders, mut apart): (Vec<Holder>, usize) = (Vec::new(), 0);
        for (start, pages) in populated.iter().flat_map(|range| windows(range.start, range.end, members)) {
            let mut tables = Vec::with_capacity(members);
            for &member in &span.members {
                if let Some(table) = self.entries(member, Traits::default(), start, pages) {
                    tables.push((member, table));
                }
            }
            for page in 0..pages {
                holders.clear();
                for (member, table) in &tables {
                    holders.extend(self.rule.holder(*member, table[page], &mut Skips::default()));
                }
                holders.sort_unstable();
                let mut frames = 0;
                for one in by_frame(&holders) {
                    frames += 1;
                    // Without frame numbers all frames that are mapped more than once look like one.
                    if one.len() > 1 && self.rule.access() == FrameAccess::Frames {
                        return false;
                    }
                }
                apart += usize::from(frames > 1);
            }
        }
        apart >= FEW
    }
}
