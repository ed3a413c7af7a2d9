//! What a host of the drivers implements: a board through UIO, the bare-metal image, or a simulation of both.

use alloc::string::String;
use core::ops::Range;
use core::time::Duration;
use deltascope_abi::record::Record;
use deltascope_abi::reply::Reply;
use deltascope_model::Failure;

/// An access to a register that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BusError {
    /// The offset is not a multiple of four or lies beyond the mapped window.
    #[error(
        "register offset {offset:#06x}: expected a multiple of 4 below {window:#x}; use the offsets of the abi crate"
    )]
    Offset {
        /// Byte offset from the base of the block.
        offset: u32,
        /// Bytes of the window.
        window: u32,
    },
    /// The block answered SLVERR or DECERR.
    #[error(
        "register offset {offset:#06x}: the bus answered {response}; is the logic configured, clocked and out of reset?"
    )]
    Response {
        /// Byte offset from the base of the block.
        offset: u32,
        /// AXI response, 2 SLVERR or 3 DECERR (AMBA AXI4, section A3.4.4).
        response: u8,
    },
    /// The host of the registers failed.
    #[error("register offset {offset:#06x}: {text}")]
    Host {
        /// Byte offset from the base of the block.
        offset: u32,
        /// What was expected, what was found, what to do.
        text: String,
    },
}

/// 32-bit registers of one block.
pub trait Registers {
    /// Reads the register at byte `offset`.
    fn read32(&mut self, offset: u32) -> Result<u32, BusError>;
    /// Writes the register at byte `offset`.
    fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError>;
}

/// The streams failed: nothing more can be sent or received before a reset. The error of the host is its source.
#[derive(Clone, Debug, thiserror::Error)]
#[error("streams: {0}")]
pub struct StreamError(#[source] Failure);

impl StreamError {
    /// Wraps the error of a host: what was expected, what was found, what to do.
    pub fn new<E: core::error::Error + Send + Sync + 'static>(error: E) -> StreamError {
        StreamError(Failure::new(error))
    }
}

/// The engine's stream of records and its stream of replies. Nothing here waits longer than the host's settings allow.
pub trait RecordStreams {
    /// Records that one batch may have now; 0 while none has room.
    fn room(&self) -> usize;
    /// Reply beats that one batch may cause now, the beat that ends it included: room for that many is posted behind
    /// the engine. A host that takes every reply as it comes has no limit: `usize::MAX`. A record that by itself causes
    /// more than is ever posted goes alone, when nothing else is under way; the host makes room while its replies arrive.
    fn reply_room(&self) -> usize;
    /// Sends one batch of at most [`RecordStreams::room`] records, which causes at most `reply_beats` reply beats;
    /// its last record carries TLAST.
    ///
    /// # Errors
    /// The stream failed.
    fn send(&mut self, batch: &[Record], reply_beats: usize) -> Result<(), StreamError>;
    /// Whether something is under way although no reply may be due, for instance a transfer that is not yet reported
    /// as complete. Nothing serves a host that is not busy while no reply is due, so a host that wraps another must ask it.
    fn busy(&self) -> bool;
    /// Moves what can be moved in both directions and gives every reply beat that arrived to `sink`, in order. It is
    /// called only while a reply is due or the host is busy: a host whose engine moves by being called, a simulation, also counts here
    /// how long nothing has moved.
    ///
    /// # Errors
    /// The stream failed, or nothing has moved for longer than the host allows.
    fn service(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<(), StreamError>;
    /// This many batches have ended, the oldest ones: their end was among the replies of [`RecordStreams::service`].
    /// The room that was kept for their replies is free.
    fn end_batches(&mut self, count: usize);
    /// Makes both streams usable after a [`StreamError`]. What was under way is gone, records and replies, and the
    /// engine may have taken beats that were never sent: its tables have to be cleared before it is used again.
    ///
    /// # Errors
    /// The streams stay unusable.
    fn restart(&mut self) -> Result<(), StreamError>;
}

/// Why programmable logic may not be touched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FabricError {
    /// No bitstream is loaded.
    #[error(
        "programmable logic: expected state `operating`, found `{found}`; load the bitstream (boards/zynq7020) before this program starts"
    )]
    NotConfigured {
        /// The state that the host reports.
        found: String,
    },
    /// The logic's clock does not run.
    #[error(
        "programmable logic: expected FCLK{clock} to run, found it stopped; an access would hang the processor. Enable the clock"
    )]
    NoClock {
        /// Number of the PS clock that drives the logic.
        clock: u8,
    },
    /// The logic is held in reset.
    #[error(
        "programmable logic: expected its reset released, found it held; an access would hang the processor. Release FCLK_RESET{reset}_N"
    )]
    InReset {
        /// Number of the PS reset that drives the logic.
        reset: u8,
    },
    /// The host does not know.
    #[error("{text}")]
    Unknown {
        /// What was expected, what was found, what to do.
        text: String,
    },
}

/// What must hold before the first access to programmable logic. An access to logic that is not configured, not
/// clocked or in reset never completes on a Zynq-7000, and nothing can interrupt it: so ask first.
pub trait Fabric {
    /// Whether the logic is configured, clocked and out of reset, found without touching it.
    ///
    /// # Errors
    /// It is not, or the host does not know.
    fn check(&mut self) -> Result<(), FabricError>;
}

/// Memory that a DMA engine reads or writes. The host keeps it at one bus address for as long as the value lives.
///
/// # Safety
/// For as long as the value lives, [`DmaBuffer::len`] bytes from [`DmaBuffer::ptr`] on are mapped, readable and
/// writable, neither length nor pointer changes, the pointer is aligned as the bus address is, and no Rust reference
/// to those bytes exists.
pub unsafe trait DmaBuffer {
    /// Address of the first byte as the DMA engine sees it.
    fn bus_addr(&self) -> u64;
    /// Bytes.
    fn len(&self) -> usize;
    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// First byte as the processor sees it. The device may change what is behind it at any time, so it is
    /// accessed with volatile reads and writes and never as a slice.
    fn ptr(&self) -> *mut u8;
    /// Before the device reads or writes `range`: what the processor wrote is in memory.
    fn sync_for_device(&mut self, range: Range<usize>);
    /// Before the processor reads `range`: what the device wrote is seen.
    fn sync_for_cpu(&mut self, range: Range<usize>);
}

/// An interrupt line.
pub trait Irq {
    /// Waits until the line was raised since the last [`Irq::rearm`] or `timeout` has passed;
    /// gives whether it was raised.
    fn wait(&mut self, timeout: Duration) -> bool;
    /// Lets the line be raised again.
    fn rearm(&mut self);
}

/// Time that never goes back.
pub trait Clock {
    /// Time since any fixed moment.
    fn now(&mut self) -> Duration;
}
