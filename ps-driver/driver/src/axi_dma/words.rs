//! Access to DMA buffers: aligned volatile words, and nothing else.
//!
//! A buffer may be mapped strongly ordered (UIO maps device memory so), where an unaligned access faults and a copy
//! byte by byte is a bus transfer a byte. It may also be written by the DMA at any time, so no reference to it exists.

use core::ops::Range;

use crate::seams::DmaBuffer;

/// Aligned words of a buffer, by byte offset. Offsets are multiples of the word's size and lie within the buffer.
pub trait Words {
    /// Reads four bytes.
    fn read32(&self, offset: usize) -> u32;
    /// Writes four bytes.
    fn write32(&mut self, offset: usize, value: u32);
    /// Reads eight bytes.
    fn read64(&self, offset: usize) -> u64;
    /// Writes eight bytes.
    fn write64(&mut self, offset: usize, value: u64);
}

/// The words of a [`DmaBuffer`] that was checked to be aligned to 64 bytes ([`super::check_buffer`]).
#[derive(Debug)]
pub struct Volatile<B>(pub(super) B);

impl<B: DmaBuffer> Volatile<B> {
    /// Where the word is. A word that is unaligned or outside is a fault of this driver, found in every test.
    #[inline]
    fn at<T>(&self, offset: usize) -> *mut T {
        assert!(
            offset.is_multiple_of(size_of::<T>()) && offset + size_of::<T>() <= self.0.len(),
            "word at {offset:#x}"
        );
        self.0.ptr().wrapping_add(offset).cast::<T>()
    }

    /// The device may now read or write `range`.
    pub fn hand_to_device(&mut self, range: Range<usize>) {
        self.0.sync_for_device(range);
        core::sync::atomic::fence(core::sync::atomic::Ordering::SeqCst);
    }

    /// The processor may now read `range`.
    pub fn hand_to_cpu(&mut self, range: Range<usize>) {
        core::sync::atomic::fence(core::sync::atomic::Ordering::SeqCst);
        self.0.sync_for_cpu(range);
    }
}

impl<B: DmaBuffer> Words for Volatile<B> {
    #[inline]
    fn read32(&self, offset: usize) -> u32 {
        // SAFETY: `at` checked bounds and alignment; the memory lives as long as the buffer (DmaBuffer's contract).
        unsafe { self.at::<u32>(offset).read_volatile() }
    }

    #[inline]
    fn write32(&mut self, offset: usize, value: u32) {
        // SAFETY: as in read32.
        unsafe { self.at::<u32>(offset).write_volatile(value) }
    }

    #[inline]
    fn read64(&self, offset: usize) -> u64 {
        if cfg!(target_pointer_width = "64") {
            // SAFETY: as in read32.
            return unsafe { self.at::<u64>(offset).read_volatile() };
        }
        u64::from(self.read32(offset)) | u64::from(self.read32(offset + 4)) << 32
    }

    #[inline]
    fn write64(&mut self, offset: usize, value: u64) {
        if cfg!(target_pointer_width = "64") {
            // SAFETY: as in read32.
            return unsafe { self.at::<u64>(offset).write_volatile(value) };
        }
        self.write32(offset, value as u32);
        self.write32(offset + 4, (value >> 32) as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use core::cell::UnsafeCell;

    /// A buffer of ordinary memory.
    struct Plain(Vec<UnsafeCell<u64>>);

    impl Plain {
        fn of(words: usize) -> Plain {
            Plain((0..words).map(|_| UnsafeCell::new(0)).collect())
        }
    }

    // SAFETY: the vector is never resized, so its bytes stay where they are; its cells may change behind it.
    unsafe impl DmaBuffer for Plain {
        fn bus_addr(&self) -> u64 {
            0
        }
        fn len(&self) -> usize {
            self.0.len() * 8
        }
        fn ptr(&self) -> *mut u8 {
            self.0.as_ptr().cast_mut().cast()
        }
        fn sync_for_device(&mut self, _: Range<usize>) {}
        fn sync_for_cpu(&mut self, _: Range<usize>) {}
    }

    #[test]
    fn words_of_a_buffer_are_little_endian_and_meet() {
        let mut words = Volatile(Plain::of(4));
        words.write64(8, 0x1122_3344_5566_7788);
        assert_eq!((words.read32(8), words.read32(12)), (0x5566_7788, 0x1122_3344));
        words.write32(12, 0xAABB_CCDD);
        assert_eq!(words.read64(8), 0xAABB_CCDD_5566_7788);
    }

    #[test]
    #[should_panic(expected = "word at 0x2")]
    fn an_unaligned_word_is_caught() {
        // A processor of 32 bits reads 64 of them as two words, each of which may be at 4.
        Volatile(Plain::of(4)).read32(2);
    }

    #[test]
    #[should_panic(expected = "word at 0x20")]
    fn a_word_outside_is_caught() {
        Volatile(Plain::of(4)).read32(32);
    }
}
