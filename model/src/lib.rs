//! The delta algebra, the [`Engine`] trait and the golden engine: the oracle of every test and the embedded
//! default.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod engine;

pub use engine::{Capabilities, ClockClasses, Engine, EngineError, EngineKind, Latched};
