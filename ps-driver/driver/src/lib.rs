//! Engine driver, AXI DMA driver and board-server state machine for the Zynq's ARM cores.
//!
//! Nothing here needs an operating system. [`seams`] is what a host of this crate implements to reach the
//! hardware; [`server`] is the board server with the transport outside.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod seams;
pub mod server;
