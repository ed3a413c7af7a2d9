//! Engine driver and AXI DMA driver for the Zynq's ARM cores.
//!
//! Nothing here needs an operating system. [`seams`] is what a host of this crate implements to reach the
//! hardware; [`engine`] drives a delta engine through it; [`dma_host`] is that host for a board, over [`axi_dma`].
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod axi_dma;
pub mod dma_host;
pub mod engine;
pub mod seams;
