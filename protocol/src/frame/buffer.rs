//! Where a stream becomes frames: bytes are read into a fixed buffer and whole frames are taken from it in place.

use super::{FrameError, frame_length};

/// A fixed buffer with the part of a stream that was read and not yet taken.
///
/// The storage holds at least one frame of the longest length allowed, so a frame is never copied to be decoded;
/// only the start of a frame that has not arrived whole moves to the front, and only when the end is reached.
#[derive(Clone, Debug)]
pub struct FrameBuffer<S> {
    storage: S,
    limit: usize,
    start: usize,
    end: usize,
}

impl<S: AsRef<[u8]> + AsMut<[u8]>> FrameBuffer<S> {
    /// An empty buffer. The longest frame accepted is `limit` bytes, or the size of `storage` if that is less.
    pub fn new(storage: S, limit: usize) -> Self {
        let limit = limit.min(storage.as_ref().len());
        FrameBuffer { storage, limit, start: 0, end: 0 }
    }

    /// Where the next bytes of the stream go. Empty only when a whole frame waits to be taken.
    pub fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.storage.as_ref().len() - self.start < self.limit {
            self.storage.as_mut().copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        &mut self.storage.as_mut()[self.end..]
    }

    /// `count` bytes were written to the start of [`FrameBuffer::space`].
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.storage.as_ref().len());
    }

    /// Copies a prefix of `bytes` in and gives its length.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let space = self.space();
        let count = space.len().min(bytes.len());
        space[..count].copy_from_slice(&bytes[..count]);
        self.filled(count);
        count
    }

    /// Takes the next whole frame, if it has arrived. An error reports that the stream is no stream of frames.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let stream = &self.storage.as_ref()[self.start..self.end];
        match frame_length(stream, self.limit)? {
            Some(length) if length <= stream.len() => {
                let at = self.start;
                self.start += length;
                Ok(Some(&self.storage.as_ref()[at..at + length]))
            }
            _ => Ok(None),
        }
    }

    /// Bytes of the storage.
    pub fn size(&self) -> usize {
        self.storage.as_ref().len()
    }

    /// Bytes read and not yet taken.
    pub fn pending(&self) -> &[u8] {
        &self.storage.as_ref()[self.start..self.end]
    }

    /// Forgets everything read, for a new stream.
    pub fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }
}
