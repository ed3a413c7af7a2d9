//! Registers through shared memory: both ends of the mailbox of an emulated board.
//!
//! The layout and the conversation stand in [`deltascope_abi::mailbox`].
//!
//! | module | content |
//! |---|---|
//! | [`words`] | 32-bit words that another process changes too |
//! | [`guest`] | asks: registers of the blocks behind the mailbox |
//! | [`host`] | answers: what serves the logic takes one access at a time |
//! | [`backoff`] | how either waits for the other |
//! | [`error`] | why there is no mailbox |

pub mod backoff;
pub mod error;
pub mod guest;
pub mod host;
pub mod words;

pub use backoff::Backoff;
pub use error::MailboxError;
pub use guest::{Block, Guest};
pub use host::{Host, Operation, Request};
pub use words::Words;
