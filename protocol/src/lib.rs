//! The protocol between agents and the board server: frames, the agent's end and the server's end, no transport.
//!
//! `docs/protocol.md` is the specification. Nothing here needs an operating system: the host opens connections, moves
//! bytes and reads the clock. A point in time is the microseconds of a clock of the host that never goes back.
//!
//! | module | content |
//! |---|---|
//! | [`frame`] | frames as bytes and back |
//! | [`agent`] | the agent's end of a session |
//! | [`server`] | the server's end: sessions of many agents on one engine |
//! | [`state_at`] | the state of a context in the past, asked of an engine without a server |
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod agent;
pub mod frame;
pub mod server;
pub mod state_at;
mod time;
