//! A circular ring of descriptors, advanced by its tail.

use core::ops::Range;

use super::descriptor::{DESCRIPTOR_BYTES, word};
use super::words::{Volatile, Words};
use crate::seams::DmaBuffer;

/// Descriptors in a buffer, each pointing to the next and the last to the first. Counts never go down; the index of
/// a descriptor is its count modulo the length. At most `len - 1` are posted, so that no tail is written twice in a
/// row: PG021 does not define what the same value again does to a channel that is running.
#[derive(Debug)]
pub(super) struct Ring {
    offset: usize,
    len: usize,
    /// Bus address of the first descriptor.
    address: u32,
    /// Descriptors given to the DMA so far.
    posted: u64,
    /// Of those, descriptors that came back.
    done: u64,
}

impl Ring {
    /// The ring at byte `offset` of a buffer whose end lies below 4 GiB.
    pub fn new<B: DmaBuffer>(words: &Volatile<B>, offset: usize, len: usize) -> Ring {
        let address = (words.0.bus_addr() + offset as u64) as u32;
        Ring { offset, len, address, posted: 0, done: 0 }
    }

    /// Descriptors that may be posted now.
    pub fn room(&self) -> usize {
        self.len - 1 - self.under_way()
    }

    /// Descriptors that the DMA has.
    pub fn under_way(&self) -> usize {
        (self.posted - self.done) as usize
    }

    /// Index of the next descriptor to post.
    pub fn next(&self) -> usize {
        (self.posted % self.len as u64) as usize
    }

    /// Index of the oldest descriptor that the DMA has.
    pub fn oldest(&self) -> usize {
        (self.done % self.len as u64) as usize
    }

    /// Bus address of a descriptor.
    pub fn address(&self, index: usize) -> u32 {
        self.address + (index * DESCRIPTOR_BYTES) as u32
    }

    /// Bus address of the last descriptor posted: the tail.
    pub fn tail(&self) -> u32 {
        self.address((self.posted + self.len as u64 - 1) as usize % self.len)
    }

    fn at(&self, index: usize) -> usize {
        self.offset + index * DESCRIPTOR_BYTES
    }

    fn range(&self, index: usize) -> Range<usize> {
        self.at(index)..self.at(index) + DESCRIPTOR_BYTES
    }

    /// Forgets what was posted and links every descriptor. The channel is halted.
    pub fn clear<B: DmaBuffer>(&mut self, words: &mut Volatile<B>) {
        (self.posted, self.done) = (0, 0);
        for index in 0..self.len {
            let at = self.at(index);
            for offset in (0..DESCRIPTOR_BYTES).step_by(4) {
                words.write32(at + offset, 0);
            }
            words.write32(at + word::NEXT, self.address((index + 1) % self.len));
        }
        words.hand_to_device(self.offset..self.offset + self.len * DESCRIPTOR_BYTES);
    }

    /// Fills the next descriptor. The caller writes the tail afterwards.
    pub fn post<B: DmaBuffer>(&mut self, words: &mut Volatile<B>, buffer: usize, control: u32) {
        let index = self.next();
        let at = self.at(index);
        words.write32(at + word::BUFFER, (words.0.bus_addr() + buffer as u64) as u32);
        words.write32(at + word::CONTROL, control);
        words.write32(at + word::STATUS, 0);
        words.hand_to_device(self.range(index));
        self.posted += 1;
    }

    /// STATUS of the oldest descriptor that the DMA has.
    pub fn status<B: DmaBuffer>(&self, words: &mut Volatile<B>) -> u32 {
        let index = self.oldest();
        words.hand_to_cpu(self.range(index));
        words.read32(self.at(index) + word::STATUS)
    }

    /// Bus address of the oldest descriptor that the DMA has and whose STATUS `is_it` picks.
    pub fn find<B: DmaBuffer>(&self, words: &mut Volatile<B>, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut indices = (self.done..self.posted).map(|count| (count % self.len as u64) as usize);
        let index = indices.find(|index| {
            words.hand_to_cpu(self.range(*index));
            is_it(words.read32(self.at(*index) + word::STATUS))
        })?;
        Some(self.address(index))
    }

    /// CONTROL of the oldest descriptor that the DMA has.
    pub fn control<B: DmaBuffer>(&self, words: &Volatile<B>) -> u32 {
        words.read32(self.at(self.oldest()) + word::CONTROL)
    }

    /// Descriptors that came back so far.
    pub fn taken(&self) -> u64 {
        self.done
    }

    /// Takes back the descriptor posted last, which the DMA has dropped.
    pub fn unpost(&mut self) {
        self.posted -= 1;
    }

    /// Takes the oldest descriptor back.
    pub fn take(&mut self) {
        self.done += 1;
    }
}
