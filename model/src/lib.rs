//! The delta algebra, the [`Engine`] trait and the golden engine: the oracle of every test and the embedded
//! default.
//!
//! ```
//! use deltascope_abi::record::{Op, Record};
//! use deltascope_model::{Config, Engine, GoldenEngine};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut engine = GoldenEngine::new(Config::with_tables(16, 4))?;
//! // A delta that comes twice cancels itself: the context is as it was loaded.
//! let batch = [Record::load(3, 0xCAFE), Record::accum(3, 0xFF), Record::accum(3, 0xFF), Record::read(3)];
//! assert_eq!(engine.submit(&batch)?, batch.len());
//! let mut replies = Vec::new();
//! engine.poll(&mut |reply| replies.push(reply))?;
//! assert_eq!(replies[0].op(), Some(Op::Read));
//! assert_eq!(replies[0].value, 0xCAFE);
//! assert_eq!(engine.counters()?.accepted, 4);
//! # Ok(())
//! # }
//! ```
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod algebra;
pub mod config;
pub mod engine;
pub mod golden;
pub mod journal;
mod machine;
#[cfg(feature = "std")]
pub mod raw;

pub use algebra::Context;
pub use config::{Config, ConfigError};
pub use engine::{Capabilities, ClockClasses, Engine, EngineError, EngineKind, Failure, Latched};
pub use golden::GoldenEngine;
