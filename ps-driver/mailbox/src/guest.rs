//! The end that asks.

use crate::backoff::Backoff;
use crate::error::MailboxError;
use crate::words::Words;
use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use core::mem::offset_of;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::time::Duration;
use deltascope_abi::board::Window;
use deltascope_abi::mailbox::{MAGIC, Mailbox, OKAY, READ, VERSION, WRITE};
use deltascope_driver::seams::{BusError, Clock, Registers};

/// Longest time that an answer may take. Both sides share the processors of one machine, and a busy one leaves the host
/// without time for seconds.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The time of this process.
#[cfg(feature = "std")]
struct ProcessClock(std::time::Instant);

#[cfg(feature = "std")]
impl Clock for ProcessClock {
    fn now(&mut self) -> Duration {
        self.0.elapsed()
    }
}

/// The guest's end. Accesses go one at a time, so everything that asks shares one of these.
pub struct Guest {
    words: Words,
    asked: Cell<u32>,
    patience: Duration,
    clock: RefCell<Box<dyn Clock>>,
}

impl core::fmt::Debug for Guest {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.debug_struct("Guest").field("asked", &self.asked).field("patience", &self.patience).finish()
    }
}

impl Guest {
    /// Continues where the last guest stopped.
    ///
    /// # Errors
    /// No process serves the mailbox, or another version does.
    #[cfg(feature = "std")]
    pub fn open(words: Words) -> Result<Guest, MailboxError> {
        Guest::with_patience(words, PATIENCE)
    }

    /// Continues where the last guest stopped, with `patience` as the longest time of an answer.
    ///
    /// # Errors
    /// See [`Guest::open`].
    #[cfg(feature = "std")]
    pub fn with_patience(words: Words, patience: Duration) -> Result<Guest, MailboxError> {
        Guest::with_clock(words, patience, Box::new(ProcessClock(std::time::Instant::now())))
    }

    /// Continues where the last guest stopped, with the time of `clock`.
    ///
    /// # Errors
    /// The mailbox is not served, or another version serves it.
    pub fn with_clock(words: Words, patience: Duration, clock: Box<dyn Clock>) -> Result<Guest, MailboxError> {
        let found = words.word(offset_of!(Mailbox, magic)).load(Acquire);
        if found != MAGIC {
            return Err(MailboxError::Magic { found });
        }
        let found = words.word(offset_of!(Mailbox, version)).load(Relaxed);
        if found != VERSION {
            return Err(MailboxError::Version { found });
        }
        // An access of the last guest may be on its way: its number is taken.
        let asked = Cell::new(words.word(offset_of!(Mailbox, asked)).load(Relaxed));
        let guest = Guest { words, asked, patience, clock: RefCell::new(clock) };
        guest.wait_for_answer();
        Ok(guest)
    }

    /// Registers of the block in `window`.
    pub fn block(self: &Rc<Guest>, window: Window) -> Block {
        Block { guest: Rc::clone(self), window }
    }

    /// Waits until the access asked for last is answered; gives whether it was, in time.
    fn wait_for_answer(&self) -> bool {
        let answered = self.words.word(offset_of!(Mailbox, answered));
        let mut clock = self.clock.borrow_mut();
        let mut started = None;
        let mut backoff = Backoff::default();
        while answered.load(Acquire) != self.asked.get() {
            if backoff.wait() {
                let now = clock.now();
                if now.saturating_sub(*started.get_or_insert(now)) > self.patience {
                    return false;
                }
            }
        }
        true
    }

    fn access(&self, operation: u32, window: &Window, offset: u32, data: u32) -> Result<u32, BusError> {
        if !offset.is_multiple_of(4) || offset >= window.bytes {
            return Err(BusError::Offset { offset, window: window.bytes });
        }
        let put = |at: usize, value: u32| self.words.word(at).store(value, Relaxed);
        put(offset_of!(Mailbox, operation), operation);
        put(offset_of!(Mailbox, address), window.base + offset);
        put(offset_of!(Mailbox, data), data);
        self.asked.set(self.asked.get().wrapping_add(1));
        self.words.word(offset_of!(Mailbox, asked)).store(self.asked.get(), Release);
        if !self.wait_for_answer() {
            let text = format!(
                "mailbox: no answer within {:?}; does the process that serves the logic still run?",
                self.patience
            );
            return Err(BusError::Host { offset, text });
        }
        match self.words.word(offset_of!(Mailbox, response)).load(Relaxed) {
            OKAY => Ok(self.words.word(offset_of!(Mailbox, value)).load(Relaxed)),
            response => Err(BusError::Response { offset, response: response.try_into().unwrap_or(u8::MAX) }),
        }
    }
}

/// Registers of one block behind the mailbox.
#[derive(Debug)]
pub struct Block {
    guest: Rc<Guest>,
    window: Window,
}

impl Registers for Block {
    fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
        self.guest.access(READ, &self.window, offset, 0)
    }

    fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        self.guest.access(WRITE, &self.window, offset, value).map(drop)
    }
}
