//! The end that asks.

use crate::backoff::Backoff;
use crate::error::MailboxError;
use crate::words::Words;
use deltascope_abi::board::Window;
use deltascope_abi::mailbox::{MAGIC, Mailbox, OKAY, READ, VERSION, WRITE};
use deltascope_driver::seams::{BusError, Registers};
use std::cell::Cell;
use std::mem::offset_of;
use std::rc::Rc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

/// Longest time that an answer may take. Both sides share the processors of one machine, and a busy one leaves the host
/// without time for seconds.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The guest's end. Accesses go one at a time, so everything that asks shares one of these.
#[derive(Debug)]
pub struct Guest {
    words: Words,
    asked: Cell<u32>,
    patience: Duration,
}

impl Guest {
    /// Goes on where the last guest stopped.
    ///
    /// # Errors
    /// Nobody serves the mailbox, or another version does.
    pub fn open(words: Words) -> Result<Guest, MailboxError> {
        Guest::with_patience(words, PATIENCE)
    }

    /// The same, with a limit of its own on the time of an answer.
    ///
    /// # Errors
    /// See [`Guest::open`].
    pub fn with_patience(words: Words, patience: Duration) -> Result<Guest, MailboxError> {
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
        let guest = Guest { words, asked, patience };
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
        let mut started = None;
        let mut backoff = Backoff::default();
        while answered.load(Acquire) != self.asked.get() {
            if backoff.wait() && started.get_or_insert_with(Instant::now).elapsed() > self.patience {
                return false;
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
