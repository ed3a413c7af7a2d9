//! What the tests of several crates share.
//!
//! | module | feature | what |
//! |---|---|---|
//! | [`mod@cargo`] | | cargo, as tests and tasks start it |
//! | [`memory`] | | memory of a process |
//! | [`programs`] | | programs that a test puts somewhere and starts |
//! | [`rng`] | | choices that replay from a seed |
//! | [`records`] | | random records |
//! | `strategies` | `strategies` | the same for proptest |
//! | `frames` | `frames` | frames made by hand |
//! | `relay` | `frames` | a TCP relay that breaks connections |
//! | `frame_faults` | `frames` | filters of the relay that change frames with records |
//! | `reference` | `reference` | what must be counted of each container |
//! | `reports` | `reference` | reports put together from their lines |

pub mod cargo;
#[cfg(feature = "frames")]
pub mod frame_faults;
#[cfg(feature = "frames")]
pub mod frames;
pub mod memory;
pub mod programs;
pub mod records;
#[cfg(feature = "reference")]
pub mod reference;
#[cfg(feature = "frames")]
pub mod relay;
#[cfg(feature = "reference")]
pub mod reports;
pub mod rng;
#[cfg(feature = "strategies")]
pub mod strategies;

pub use rng::Rng;
