//! What the bare-metal image decides, without its hardware, so that it is tested on the host.
//!
//! | module | content |
//! |---|---|
//! | [`settings`] | the block of the image that `cargo xtask board fw --set` edits |
//! | [`peers`] | which addresses are served |
//! | [`station`] | sockets of smoltcp between the network and the board server |
//! | [`dhcp`] | the interface's address from a DHCP server |
//! | [`bitstream`] | loads programmable logic through PCAP |
//! | [`clocks`] | dividers that a first stage left at 0 |
//! | [`fabric`] | level shifters, reset and clock of the logic, and whether it may be touched |
//! | [`lines`] | what a cache line allows: alignment of buffers, ranges of maintenance |
//! | [`phy`] | link and speed by the registers that every PHY has |
//! | [`boot_count`] | the number of starts, in flash |
//! | [`nor`] | commands of a serial NOR flash |
//! | [`record`] | what the last run leaves to the next one: panics, resets |
//! | [`remote`] | the engine of an image, used from another machine |
//! | [`silence`] | the DMA of a run that ends in a panic |
//! | [`watermark`] | most memory in use at a time: heap and stack |
#![no_std]

extern crate alloc;

pub mod bitstream;
pub mod boot_count;
pub mod clocks;
pub mod dhcp;
pub mod fabric;
pub mod lines;
pub mod nor;
pub mod peers;
pub mod phy;
pub mod record;
pub mod remote;
pub mod settings;
pub mod silence;
pub mod station;
pub mod watermark;
#[cfg(test)]
mod wire;
