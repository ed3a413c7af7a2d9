//! Throughput of each part of the path, each beside what bounds it or what a user would take instead, in one run.
//!
//! | module | content |
//! |---|---|
//! | [`compare`] | two rates measured in turn, and the ratio of each turn |
//! | [`ladder`] | the parts, from a page to the wire |
//! | [`curves`] | rates against a size |
//! | [`stages`] | what an event costs the host, by stage |
//! | [`way`] | how fast each stage of the way to the engine is, and which limits where |
//! | [`plot`] | pictures of all of these |
//! | [`workload`] | the records that every part is measured with |
//! | [`daemon`], [`usage`] | the board server as a process, and what the kernel charges to one |

pub mod baseline;
pub mod compare;
pub mod curves;
pub mod daemon;
pub mod ladder;
pub mod plot;
pub mod stages;
pub mod usage;
pub mod way;
pub mod workload;
