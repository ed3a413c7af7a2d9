//! The delta algebra, the [`Engine`] trait and the golden engine: the oracle of every test and the embedded
//! default.
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
