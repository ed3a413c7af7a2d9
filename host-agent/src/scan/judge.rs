//! What the contents of the frames at one address say about its copies.

use std::cmp::Reverse;

use super::frames::Frame;
use super::{FrameAccess, UnjudgedReason, Verdict};

/// A frame and its content, if that could be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    /// The frame.
    pub frame: Frame,
    /// Its bytes.
    pub content: Option<&'a [u8]>,
}

/// The verdicts on the copies at one address, and what goes with them.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    /// Number of the frame among those looked at, and the verdict on it: one entry for every
    /// frame but the reference.
    pub copies: Vec<(usize, Verdict)>,
    /// Frames that merging equal contents would free.
    pub mergeable: u64,
    /// Pairs of different contents with equal fingerprints.
    pub collisions: u64,
    /// Pages of a shared frame that may be the zero frame, and was left out therefore.
    pub zero_frame: u64,
    /// Frames that stand for each other because the kernel has merged equal pages into several.
    pub merged: u64,
    order: Vec<usize>,
    fingerprints: Vec<u32>,
    twin: Vec<bool>,
}

impl Judgement {
    /// Judges the distinct frames at one address.
    ///
    /// The reference is the frame that most likely is the original: the one with most holders,
    /// among equals one that is not exclusive, among those the one of the eldest. A copy is
    /// redundant when its bytes equal those of another frame, the reference or not.
    pub(crate) fn judge(&mut self, access: FrameAccess, looks: &[Look<'_>]) {
        self.copies.clear();
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
        let rank = |&number: &usize| {
            let Look { frame, content } = looks[number];
            let shared = !frame.exclusive;
            (content.is_some(), frame.holders, shared, Reverse(frame.eldest))
        };
        let Some(reference) = self.order.iter().copied().max_by_key(rank) else {
            return;
        };
        self.compare(looks);
        let order = std::mem::take(&mut self.order);
        for &number in order.iter().filter(|&&number| number != reference) {
            let verdict = match looks[number].content {
                Some(_) => self.verdict(reference, number),
                None => Verdict::Unjudged(UnjudgedReason::Unreadable),
            };
            self.copies.push((number, verdict));
        }
        self.order = order;
    }

    /// Whether a merged frame has the content of a merged one before it. The kernel keeps several frames for one
    /// content (`max_page_sharing`), and gives the pages of a fork different ones: that copies nothing.
    fn same_merged(&self, looks: &[Look<'_>], number: usize) -> bool {
        let Look { frame, content } = looks[number];
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

    fn verdict(&self, reference: usize, copy: usize) -> Verdict {
        let after = self.fingerprints[copy];
        let before = match self.fingerprints[reference] {
            _ if self.twin[copy] => after,
            met if met == after => !after,
            before => before,
        };
        Verdict::Judged { before, after }
    }
}

fn is_zero(content: &[u8]) -> bool {
    content.iter().all(|&byte| byte == 0)
}
