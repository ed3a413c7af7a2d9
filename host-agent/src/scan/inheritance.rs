//! Whether the members of a family have memory from each other, where their mappings were read without the flags that report it.

use super::frames::{Holder, by_frame};
use super::overlap::{Span, Traits};
use super::round::Round;
use super::view::FamilyView;
use super::window::windows;
use super::{FrameAccess, Skips};

impl<V: FamilyView> Round<'_, V> {
    /// Completes the traits of the spans with what their flags would say. Where two members still have a frame in common, a
    /// fork has handed it down. Where they have pages and none in common, the flags decide.
    pub(crate) fn learn_flags(&mut self, spans: &mut [Span]) {
        let unknown: Vec<usize> = (0..spans.len()).filter(|&number| spans[number].traits.flags_unknown).collect();
        let mut apart: Vec<usize> = Vec::with_capacity(unknown.len());
        for &number in &unknown {
            apart.push(self.apart(&spans[number]));
        }
        let all = apart.iter().sum();
        for (number, pages) in unknown.into_iter().zip(apart) {
            let span = &mut spans[number];
            let excluded = pages > 0 && self.view.not_inherited(&span.members, span.start..span.end, all);
            span.traits.not_inherited |= excluded;
            span.traits.flags_unknown = false;
        }
    }

    /// Pages that would be copies if they were handed down; 0 where members have one in common at any address.
    fn apart(&mut self, span: &Span) -> usize {
        let populated = self.populated(&span.members, span.start..span.end);
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
                let mut frames: usize = 0;
                for one in by_frame(&holders) {
                    frames += 1;
                    // Without frame numbers all frames that are mapped more than once look like one.
                    if one.len() > 1 && self.rule.access() == FrameAccess::Frames {
                        return 0;
                    }
                }
                apart += frames.saturating_sub(1);
            }
        }
        apart
    }
}
