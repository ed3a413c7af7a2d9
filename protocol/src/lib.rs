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
//!
//! Both ends in one program, with a `Vec` for the network:
//!
//! ```
//! use deltascope_abi::record::{Class, Record};
//! use deltascope_model::{Config, GoldenEngine};
//! use deltascope_protocol::{agent, frame, server};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = GoldenEngine::new(Config::default())?;
//! let mut server = server::Server::new(engine, server::Config::default(), server::Entropy::Random(1))?;
//! let secret = frame::Secret([4; 16]);
//! let identity =
//!     agent::Identity { session: [1; 16], agent: [2; 16], secret, resumes: true, nonce: 3, host: "a host".into() };
//! let mut agent = agent::Endpoint::new(agent::Config::default(), identity);
//!
//! let connection = server.connect(server::Identity::ANYBODY, 0).ok_or("expected a free place")?;
//! agent.connected(0);
//! let (mut now, mut waiting) = (0, vec![Record::pair(1, Class::from_code(0), 4096, 7, 7)]);
//! while agent.totals().iter().map(|row| row.events).sum::<u64>() == 0 {
//!     assert!(now < 60_000_000, "expected the record to be counted within a minute of this clock");
//!     // Nothing is admitted before the server has granted groups and contexts.
//!     if agent.admit(&waiting) == waiting.len() && !waiting.is_empty() {
//!         waiting.clear();
//!         agent.commit(&Default::default(), &[], now);
//!     }
//!     let sent = agent.transmit().to_vec();
//!     server.receive(connection, &sent, now);
//!     agent.advance(sent.len(), now);
//!     server.poll(now);
//!     let answered = server.transmit(connection).to_vec();
//!     server.advance(connection, answered.len());
//!     agent.receive(&answered, now)?;
//!     agent.poll(now)?;
//!     now += 1_000;
//! }
//! let counted: u64 = agent.totals().iter().map(|row| row.redundant_events).sum();
//! assert_eq!(counted, 1, "the page had the fingerprint 7 before and after");
//! # Ok(())
//! # }
//! ```
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod agent;
pub mod frame;
pub mod server;
pub mod state_at;
mod time;
