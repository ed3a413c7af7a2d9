//! What the contents of the frames at one address say about its copies.

use std::cmp::Reverse;

use super::frames::Frame;
use super::origins::{Group, Origin};
use super::{FrameAccess, UnjudgedReason, Verdict};

/// A frame and its content, if that could be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    /// The frame.
    pub frame: Frame,
    /// Its bytes.
    pub content: Option<&'a [u8]>,
    /// Its group: where it came from.
    pub group: Group,
}

/// The verdict on one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Number of the frame among those looked at.
    pub number: usize,
    /// How it came to be.
    pub origin: Origin,
    /// What its bytes equal.
    pub verdict: Verdict,
    /// They equal those of another frame and not those of its source page.
    pub sibling_only: bool,
}

/// The verdicts on the copies at one address, and what goes with them.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    /// One entry for every frame but the reference.
    pub counted: Vec<Counted>,
    /// Frames that merging equal contents would free.
    pub mergeable: u64,
    /// Pairs of different contents with equal fingerprints.
    pub collisions: u64,
    /// Pages of a shared frame that may be the zero frame, and was left out therefore.
    pub zero_frame: u64,
    /// Frames that count as one because the kernel has merged equal pages into several.
    pub merged: u64,
    order: Vec<usize>,
    fingerprints: Vec<u32>,
    twin: Vec<bool>,
    /// By frame: the reference of its group.
    sources: Vec<usize>,
}

impl Judgement {
    /// Judges the distinct frames at one address; what has no content is unjudged for the given reason.
    ///
    /// The source of a group is the frame that most likely is the original: the one with most holders, among equals one that
    /// is not exclusive, among those the one of the eldest. The source of the root's group, or the most likely original
    /// of all where the root has none, is the reference, and every other frame is counted: a frame of a group as inherited,
    /// the source page of a group by the origin of the group.
    pub(crate) fn judge(&mut self, access: FrameAccess, looks: &[Look<'_>], without_content: UnjudgedReason) {
        self.counted.clear();
        self.order.clear();
        (self.mergeable, self.collisions, self.zero_frame, self.merged) = (0, 0, 0, 0);
        for (number, look) in looks.iter().enumerate() {
            // Without numbers the zero frame looks like any other that is not exclusive. To
            // take it for a frame of its own could count a first write as a copy.
            let zeros =
                access == FrameAccess::ExclusiveBit && !look.frame.exclusive && look.content.is_some_and(is_zero);
            if zeros {
                self.zero_frame += look.frame.holders as u64;
            } else {
                match self.same_merged(looks, number) {
                    true => self.merged += 1,
                    false => self.order.push(number),
                }
            }
        }
        let Some(reference) = self.find_sources(looks) else {
            return;
        };
        self.compare(looks);
        let order = std::mem::take(&mut self.order);
        for &number in order.iter().filter(|&&number| number != reference) {
            let source = self.sources[number];
            let (origin, source) = match source == number {
                true => (looks[number].group.origin, reference),
                false => (Origin::Inherited, source),
            };
            let (verdict, equals_source) = match looks[number].content {
                Some(content) => (self.verdict(source, number), looks[source].content == Some(content)),
                None => (Verdict::Unjudged(without_content), false),
            };
            let sibling_only = origin == Origin::Inherited && self.twin[number] && !equals_source;
            self.counted.push(Counted { number, origin, verdict, sibling_only });
        }
        self.order = order;
    }

    /// Finds the source page of each group, and returns the reference among them.
    fn find_sources(&mut self, looks: &[Look<'_>]) -> Option<usize> {
        let rank = |number: usize| {
            let Look { frame, content, .. } = looks[number];
            (content.is_some(), frame.holders, !frame.exclusive, Reverse(frame.eldest))
        };
        self.order.sort_unstable_by_key(|&number| (looks[number].group.number, Reverse(rank(number))));
        self.sources.clear();
        self.sources.resize(looks.len(), 0);
        for group in self.order.chunk_by(|&a, &b| looks[a].group.number == looks[b].group.number) {
            group.iter().for_each(|&number| self.sources[number] = group[0]);
        }
        let sources = self.order.iter().copied().filter(|&number| self.sources[number] == number);
        sources.max_by_key(|&number| (looks[number].group.is_root, rank(number)))
    }

    /// Whether a merged frame has the content of a merged one before it. The kernel keeps several frames for one
    /// content (`max_page_sharing`), and gives the pages of a fork different ones: that copies nothing.
    fn same_merged(&self, looks: &[Look<'_>], number: usize) -> bool {
        let Look { frame, content, .. } = looks[number];
        frame.merged
            && content.is_some()
            && self.order.iter().any(|&other| looks[other].frame.merged && looks[other].content == content)
    }

    /// Fingerprints what was read, brings equal contents together and notes who has a twin.
    fn compare(&mut self, looks: &[Look<'_>]) {
        let bytes = |number: usize| looks[number].content.unwrap_or_default();
        self.fingerprints.clear();
        self.fingerprints.extend(looks.iter().map(|look| look.content.map_or(0, crc32c::crc32c)));
        self.twin.clear();
        self.twin.resize(looks.len(), false);
        let fingerprints = &self.fingerprints;
        self.order.sort_unstable_by_key(|&n| (looks[n].content.is_none(), fingerprints[n], bytes(n)));
        for pair in self.order.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let read = looks[a].content.is_some() && looks[b].content.is_some();
            if !read || fingerprints[a] != fingerprints[b] {
                continue;
            }
            if bytes(a) == bytes(b) {
                (self.twin[a], self.twin[b]) = (true, true);
                self.mergeable += 1;
            } else {
                self.collisions += 1;
            }
        }
    }

    fn verdict(&self, source: usize, copy: usize) -> Verdict {
        let after = self.fingerprints[copy];
        let before = match self.fingerprints[source] {
            _ if self.twin[copy] => after,
            met if met == after => !after,
            before => before,
        };
        Verdict::Judged { before, after }
    }
}

/// Whether a page holds nothing but zeros, as the zero frame does.
pub(crate) fn is_zero(content: &[u8]) -> bool {
    content.iter().all(|&byte| byte == 0)
}
