//! Engine driver and AXI DMA driver for the Zynq's ARM cores.
//!
//! Nothing here needs an operating system. [`seams`] is what a host of this crate implements to reach the
//! hardware; [`engine`] drives a delta engine through it; [`dma_host`] is that host for a board, over [`axi_dma`].
//! [`fingerprint`] drives the fingerprint block, which has an AXI DMA of its own.
//!
//! What answers is looked at before anything else is done with it:
//!
//! ```
//! use deltascope_driver::engine::EngineDriver;
//! use deltascope_driver::seams::{BusError, RecordStreams, Registers, StreamError};
//! use deltascope_model::EngineKind;
//! # use deltascope_abi::{record::Record, reply::Reply};
//!
//! /// Programmable logic without an engine: every register reads as zero.
//! struct Empty;
//!
//! impl Registers for Empty {
//!     fn read32(&mut self, _offset: u32) -> Result<u32, BusError> {
//!         Ok(0)
//!     }
//!     fn write32(&mut self, _offset: u32, _value: u32) -> Result<(), BusError> {
//!         Ok(())
//!     }
//! }
//! # impl RecordStreams for Empty {
//! #     fn room(&self) -> usize { 0 }
//! #     fn reply_room(&self) -> usize { 0 }
//! #     fn send(&mut self, _batch: &[Record], _reply_beats: usize) -> Result<(), StreamError> { Ok(()) }
//! #     fn busy(&self) -> bool { false }
//! #     fn service(&mut self, _sink: &mut dyn FnMut(Reply)) -> Result<(), StreamError> { Ok(()) }
//! #     fn end_batches(&mut self, _count: usize) {}
//! #     fn restart(&mut self) -> Result<(), StreamError> { Ok(()) }
//! # }
//!
//! let error = EngineDriver::open(Empty, EngineKind::Uio).err().expect("no engine is there");
//! assert!(error.to_string().contains("IDENTITY: expected 0x"), "{error}");
//! ```
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod axi_dma;
pub mod dma_host;
pub mod engine;
pub mod fingerprint;
pub mod seams;
