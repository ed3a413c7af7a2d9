//! What the first stage of the boot does, without its hardware and without a heap, so that it is tested on the host.
//!
//! | module | content |
//! |---|---|
//! | [`table`] | register accesses of a board, as a block of the image |
//! | [`setup`] | makes them, with a limit for each wait |
//! | [`boot_image`] | what BOOT.BIN holds behind the first stage |
//! | [`load`] | copies it to DDR, and reads it back |
#![no_std]

#[cfg(test)]
extern crate std;

pub mod boot_image;
pub mod load;
pub mod setup;
pub mod table;

/// Registers and memory by address, in words.
pub trait Bus {
    /// Reads the word at an address.
    fn read(&mut self, address: u32) -> u32;
    /// Writes the word at an address.
    fn write(&mut self, address: u32, value: u32);
}
