//! 32-bit words in memory that another process, or another machine, changes too: the one place with `unsafe`.

use crate::error::MailboxError;
use deltascope_abi::mailbox::Mailbox;
use memmap2::MmapRaw;
use std::sync::atomic::AtomicU32;

/// The words of a mailbox in mapped memory.
#[derive(Debug)]
pub struct Words {
    map: MmapRaw,
    start: usize,
}

impl Words {
    /// The mailbox that begins `start` bytes into `map`. The map stays mapped for as long as this lives.
    ///
    /// # Errors
    /// The map is too small, or `start` is no multiple of four.
    pub fn new(map: MmapRaw, start: usize) -> Result<Words, MailboxError> {
        let expected = size_of::<Mailbox>();
        let found = map.len().saturating_sub(start);
        if !start.is_multiple_of(4) || found < expected {
            return Err(MailboxError::Memory { expected, found, start });
        }
        Ok(Words { map, start })
    }

    /// The word at byte `offset` of the mailbox. Only loads and stores are used on it: behind UIO the memory is strongly
    /// ordered on ARM, where an exclusive access may fault (ARM DDI 0406C, section A3.4.5).
    pub(crate) fn word(&self, offset: usize) -> &AtomicU32 {
        const { assert!(size_of::<Mailbox>().is_multiple_of(4)) };
        let offset = offset.min(size_of::<Mailbox>() - 4) & !3;
        // SAFETY: `start + offset` is a multiple of four, the map starts at a page, and `new` has seen that the whole
        // mailbox is in it; an atomic word may be shared with anybody, and nothing makes a plain reference to it.
        unsafe { &*self.map.as_mut_ptr().add(self.start + offset).cast::<AtomicU32>() }
    }
}
