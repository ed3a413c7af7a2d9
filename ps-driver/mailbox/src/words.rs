//! 32-bit words in memory that another process, or another machine, changes too: the one place with `unsafe`.

use crate::error::MailboxError;
use core::sync::atomic::AtomicU32;
use deltascope_abi::mailbox::Mailbox;
#[cfg(feature = "std")]
use memmap2::MmapRaw;

/// Where the page is.
#[derive(Debug)]
enum Memory {
    /// In a map of this process.
    #[cfg(feature = "std")]
    Mapped { map: MmapRaw, start: usize },
    /// At this address, for as long as the program runs.
    Fixed { address: usize },
}

/// The words of a mailbox.
#[derive(Debug)]
pub struct Words(Memory);

impl Words {
    /// Takes the mailbox that begins `start` bytes into `map`. The map stays mapped for as long as this lives.
    ///
    /// # Errors
    /// The map is too small, or `start` is no multiple of four.
    #[cfg(feature = "std")]
    pub fn new(map: MmapRaw, start: usize) -> Result<Words, MailboxError> {
        let expected = size_of::<Mailbox>();
        let found = map.len().saturating_sub(start);
        if !start.is_multiple_of(4) || found < expected {
            return Err(MailboxError::Memory { expected, found, start });
        }
        Ok(Words(Memory::Mapped { map, start }))
    }

    /// Takes the mailbox at an address, for a program without an operating system.
    ///
    /// # Safety
    /// The bytes of a [`Mailbox`] from `address` on are memory that nothing else in this program uses, for as long as
    /// the program runs. The other side changes them at any time.
    ///
    /// # Errors
    /// The address is no multiple of four.
    pub unsafe fn at(address: usize) -> Result<Words, MailboxError> {
        let expected = size_of::<Mailbox>();
        if !address.is_multiple_of(4) || address == 0 {
            return Err(MailboxError::Memory { expected, found: expected, start: address });
        }
        Ok(Words(Memory::Fixed { address }))
    }

    /// The word at byte `offset` of the mailbox. Only loads and stores are used on it: behind UIO the memory is strongly
    /// ordered on ARM, where an exclusive access may fault (ARM DDI 0406C, section A3.4.5).
    pub(crate) fn word(&self, offset: usize) -> &AtomicU32 {
        const { assert!(size_of::<Mailbox>().is_multiple_of(4)) };
        let offset = offset.min(size_of::<Mailbox>() - 4) & !3;
        let word: *mut u8 = match &self.0 {
            #[cfg(feature = "std")]
            Memory::Mapped { map, start } => map.as_mut_ptr().wrapping_add(start + offset),
            Memory::Fixed { address } => core::ptr::with_exposed_provenance_mut(address + offset),
        };
        // SAFETY: the word is in the mailbox, which the constructors have seen to be mapped and at a multiple of four
        // (`at` by its contract); an atomic word may be shared with anybody, and nothing makes a plain reference to it.
        unsafe { &*word.cast::<AtomicU32>() }
    }
}
