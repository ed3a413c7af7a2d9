//! What the tests of several crates share.
//!
//! | module | what |
//! |---|---|
//! | [`rng`] | choices that replay from a seed |

pub mod rng;

pub use rng::Rng;
