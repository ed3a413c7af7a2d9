//! Agents and a board server in one process, over a network that does its worst, against an oracle.
//!
//! Both state machines are the product's own; nothing in them knows of this crate. Time, bytes, faults and the
//! contents of every record come from one seed, so a schedule is replayed exactly by its seed.
//!
//! ```text
//! Source -> Agent (Session) -> Link (pipe of bytes, planted faults) -> Server -> SlowEngine (golden engine)
//!              |  Reference: rows, replies, states from the records alone
//! ```
//!
//! What must hold, whatever happens to connections, server, engine and agents, is checked where it can first be
//! seen to fail:
//!
//! - totals of a session, whenever a snapshot covers more of it, equal the reference: by group and class, redundant
//!   counts included; replies come once, in order, with the true value and zero flag; states are true or too old;
//! - the engine executes every record of a grant once and in order;
//! - an Ack names no record whose end of batch the engine has not given out;
//! - no record is sent at or above the credit; credit never falls on a connection nor exceeds the server's window
//!   behind the engine; the agent's retention stays within its size;
//! - losses and cursors of every frame cover exactly the records before its end, and a restarted agent gets a pair
//!   that was sent;
//! - captured == counted + in flight + lost at every scrape, and nothing is in flight at the end;
//! - every schedule ends: virtual time and steps are bounded, also beside a crowd of one address that wants every place;
//! - the boot id changes when the engine's tables are cleared, and only then; neither machine panics.

mod agent;
mod campaign;
mod engine;
mod grant;
mod link;
mod planted_fault;
mod reference;
mod source;
mod stats;
mod watch;
mod world;

pub use campaign::{Options, Outcome, run};
pub use planted_fault::PlantedFault;
pub use stats::Stats;
pub use world::run_schedule;

/// What did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

/// Fails with a text unless the condition holds.
macro_rules! hold {
    ($condition:expr, $($text:tt)*) => {
        if !$condition {
            return Err(crate::Violation(format!($($text)*)));
        }
    };
}
pub(crate) use hold;
