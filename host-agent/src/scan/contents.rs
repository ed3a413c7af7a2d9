//! The buffers of one batch.

use crate::procfs::PAGE_SIZE;

/// What was read for a batch.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Pages in the order of reading: by member, then by address.
    pub bytes: Vec<u8>,
    /// Which of them came.
    pub readable: Vec<bool>,
    /// The member that each was read from.
    pub member: Vec<usize>,
    /// The page of each frame, in the order of the places and their frames.
    pub place: Vec<usize>,
}

impl Contents {
    /// Makes room for that many pages, none of which has come.
    pub(crate) fn reset(&mut self, pages: usize) {
        self.bytes.resize(pages * PAGE_SIZE, 0);
        self.readable.clear();
        self.readable.resize(pages, false);
        self.member.clear();
        self.member.resize(pages, 0);
        self.place.clear();
        self.place.resize(pages, 0);
    }

    /// The content of a frame, if it could be read.
    pub(crate) fn frame(&self, number: usize) -> Option<&[u8]> {
        let page = self.place[number];
        self.readable[page].then(|| &self.bytes[page * PAGE_SIZE..(page + 1) * PAGE_SIZE])
    }

    /// The member from which the content of a frame was read.
    pub(crate) fn reader(&self, number: usize) -> usize {
        self.member[self.place[number]]
    }
}
