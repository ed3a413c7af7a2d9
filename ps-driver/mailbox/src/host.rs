//! The end that answers.

use crate::words::Words;
use deltascope_abi::mailbox::{MAGIC, Mailbox, OKAY, READ, SLVERR, VERSION, WRITE};
use std::mem::offset_of;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// What the guest wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The word at the address.
    Read,
    /// This word to the address.
    Write(u32),
}

/// An access that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Read or write.
    pub operation: Operation,
    /// Physical address as the processor of a board would use it.
    pub address: u32,
}

/// The host's end.
#[derive(Debug)]
pub struct Host {
    words: Words,
    answered: u32,
    served: u64,
}

impl Host {
    /// Empties the mailbox and reports that it is served. The guest must not run yet.
    pub fn new(words: Words) -> Host {
        for offset in (0..size_of::<Mailbox>()).step_by(4) {
            words.word(offset).store(0, Relaxed);
        }
        words.word(offset_of!(Mailbox, version)).store(VERSION, Relaxed);
        words.word(offset_of!(Mailbox, magic)).store(MAGIC, Release);
        Host { words, answered: 0, served: 0 }
    }

    /// Accesses that were answered.
    pub fn served(&self) -> u64 {
        self.served
    }

    /// The access that waits, if there is one. It is answered before the next look. What is neither read nor write is
    /// answered with SLVERR at once.
    pub fn poll(&mut self) -> Option<Request> {
        let asked = self.words.word(offset_of!(Mailbox, asked)).load(Acquire);
        if asked == self.answered {
            return None;
        }
        self.answered = asked;
        let get = |at: usize| self.words.word(at).load(Relaxed);
        let operation = match get(offset_of!(Mailbox, operation)) {
            READ => Operation::Read,
            WRITE => Operation::Write(get(offset_of!(Mailbox, data))),
            _ => {
                self.answer(0, SLVERR);
                return None;
            }
        };
        Some(Request { operation, address: get(offset_of!(Mailbox, address)) })
    }

    /// Answers the access that [`Host::poll`] gave. An interrupt line that the access lowers is lowered before this:
    /// the guest unmasks it next.
    pub fn answer(&mut self, value: u32, response: u32) {
        self.words.word(offset_of!(Mailbox, value)).store(if response == OKAY { value } else { 0 }, Relaxed);
        self.words.word(offset_of!(Mailbox, response)).store(response, Relaxed);
        self.words.word(offset_of!(Mailbox, answered)).store(self.answered, Release);
        self.served += 1;
    }
}
