//! The board server as a Linux daemon: sockets around [`deltascope_driver::server`].
//!
//! | module | content |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`engines`] | where an engine is made by name |
//! | [`daemon`] | one thread, one loop over all sockets |
//! | [`raw`] | `--raw`: a bare sequence of records without a network |

pub mod cli;
pub mod daemon;
pub mod engines;
mod link;
pub mod raw;
mod signals;
