//! Registers through shared memory: both ends of the mailbox of an emulated board.
//!
//! The layout and the conversation are in [`deltascope_abi::mailbox`]. The guest's end needs no operating system; the
//! host's end and maps of files come with the feature `std`.
//!
//! | module | content |
//! |---|---|
//! | [`words`] | 32-bit words that another process changes too |
//! | [`guest`] | asks: registers of the blocks behind the mailbox |
//! | [`host`] | answers: what serves the logic takes one access at a time |
//! | [`backoff`] | how either waits for the other |
//! | [`error`] | why there is no mailbox |

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod backoff;
pub mod error;
pub mod guest;
#[cfg(feature = "std")]
pub mod host;
pub mod words;

pub use backoff::Backoff;
pub use error::MailboxError;
pub use guest::{Block, Guest};
#[cfg(feature = "std")]
pub use host::{Host, Operation, Request};
pub use words::Words;
