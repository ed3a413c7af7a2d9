//! The engine's hardware under Linux, behind the seams of [`deltascope_driver`].
//!
//! | module | content |
//! |---|---|
//! | [`engine`] | the engine of a board, for everybody else |
//! | [`board`] | its parts, found and checked |
//! | [`fingerprint`] | the fingerprint block, where the bitstream has it |
//! | [`uio`] | a UIO device by name: its maps and its interrupt |
//! | [`mmio`] | registers in a map |
//! | [`access`] | which way to the registers a device has |
//! | [`guard`] | SIGBUS as an error |
//! | [`second_way`] | the DMA stopped by another thread |
//! | [`buffers`] | memory for DMA: u-dma-buf or a reserved window |
//! | [`logic`] | is the programmable logic configured, clocked and out of reset |
//! | [`checks`] | what is taken for true of that without seeing it: root's report, the user's word |
//! | [`panel`] | LEDs and a button |
//! | [`xadc`] | temperature and voltages |
//! | [`sysfs`] | where all this is read |
//! | [`error`] | why something is not there |
//!
//! Everything that is read is found below [`sysfs::Roots`], which a test may put elsewhere.

pub mod access;
pub mod board;
pub mod buffers;
pub mod checks;
pub mod engine;
pub mod error;
pub mod fingerprint;
pub mod guard;
pub mod logic;
pub mod mmio;
pub mod panel;
pub mod second_way;
pub mod sysfs;
pub mod uio;
pub mod xadc;

pub use board::{Options, UioBoard};
pub use checks::Trust;
pub use error::LinuxError;
pub use sysfs::Roots;
