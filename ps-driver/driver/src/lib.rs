//! Engine driver and board-server state machine for the Zynq's ARM cores.
//!
//! Nothing here needs an operating system. [`seams`] is what a host of this crate implements to reach the
//! hardware; [`engine`] drives a delta engine through it; [`axi_dma`] is that host for a board; [`server`] is the
//! board server with the transport outside; [`state_at`] looks back in time without a server.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod axi_dma;
pub mod engine;
pub mod seams;
pub mod server;
pub mod state_at;
