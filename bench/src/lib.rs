//! Throughput of each part of the path, each beside what bounds it or what a user would take instead, in one run.
//!
//! | module | content |
//! |---|---|
//! | [`compare`] | two rates measured in turn, and the ratio of each turn |
//! | [`ladder`] | the parts, from a page to the wire |
//! | [`plot`] | the rates with their limits as a picture |
//! | [`workload`] | the records that every part is measured with |
//! | [`daemon`], [`usage`] | the board server as a process, and what the kernel charges to one |

pub mod baseline;
pub mod compare;
pub mod daemon;
pub mod ladder;
pub mod plot;
pub mod usage;
pub mod workload;
