//! Everything that can go wrong between an engine and the DMA in front of it, each with what to do about it.

use crate::axi_dma::DmaError;
use crate::seams::{BusError, FabricError, StreamError};
use core::time::Duration;

/// Why an engine behind a DMA cannot be used, or how it failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The DMA does not suit, or failed.
    #[error("{0}")]
    Dma(#[from] DmaError),
    /// A register of the engine could not be accessed.
    #[error("{0}")]
    Bus(#[from] BusError),
    /// The logic may not be touched.
    #[error("{0}")]
    Fabric(#[from] FabricError),
    /// Records reach the engine in pieces.
    #[error(
        "loopback: the engine counted {rejected} broken records of {records}; set `Stream Data Width` of both channels of the AXI DMA to 64 and `Memory Map Data Width` to 64"
    )]
    StreamWidth {
        /// Records that the engine rejected.
        rejected: u64,
        /// Records sent.
        records: u64,
    },
    /// What came back is not what was sent.
    #[error(
        "loopback: reply {index}: expected {expected:#018x}, found {found:#018x}; is the buffer coherent (S_AXI_HP needs uncached memory or cache maintenance), is its bus address right?"
    )]
    Loopback {
        /// Index of the reply.
        index: usize,
        /// The value sent.
        expected: u64,
        /// The value that came back.
        found: u64,
    },
    /// A transfer is overdue and its data has not moved.
    #[error(
        "MM2S: expected {sent} records in the engine within {} us, found {accepted} and the transfer under way; does the memory port answer?", limit.as_micros()
    )]
    TransferStuck {
        /// Records sent since the engine's reset.
        sent: u64,
        /// Records that it counted.
        accepted: u64,
        /// Time allowed.
        limit: Duration,
    },
    /// The engine waits for its replies to be taken.
    #[error(
        "S2MM: expected replies to be taken within {} us, found the engine blocked with {waiting} beats sent and {received} received; does the memory port accept writes?", limit.as_micros()
    )]
    RepliesStuck {
        /// Beats that left the engine.
        waiting: u64,
        /// Beats that arrived in memory.
        received: u64,
        /// Time allowed.
        limit: Duration,
    },
    /// A transfer is complete and the engine counted another number of records.
    #[error(
        "MM2S is done: expected the engine to count {sent} records, found {accepted}; records were lost or repeated"
    )]
    Records {
        /// Records sent since the engine's reset.
        sent: u64,
        /// Records that it counted.
        accepted: u64,
    },
    /// Everything moved and no batch ended.
    #[error(
        "expected the end of a batch within {} us, found all {beats} reply beats received; reset the engine", limit.as_micros()
    )]
    NoEnd {
        /// Reply beats received.
        beats: u64,
        /// Time allowed.
        limit: Duration,
    },
    /// A batch of another size than announced.
    #[error("batch: expected 1 to {room} records, found {found}; ask for the room before each batch")]
    NoRoom {
        /// Records that there was room for.
        room: usize,
        /// Records given.
        found: usize,
    },
    /// A halt was asked for while something is under way.
    #[error("halt: expected no batch under way, found {batches}; poll until each has ended")]
    Busy {
        /// Batches that have not ended.
        batches: usize,
    },
    /// What is at the engine's address is no delta engine.
    #[error(
        "IDENTITY: expected {expected:#010x}, found {found:#010x}; the bitstream has another register map or address: load deltascope_top, compare with the block design's Address Editor"
    )]
    Identity {
        /// The characters DLTS.
        expected: u32,
        /// The register.
        found: u32,
    },
    /// The engine speaks another ABI.
    #[error(
        "ABI_VERSION: expected major {expected}, found {found}; build the logic and this program from the same sources"
    )]
    Abi {
        /// Major version of this program.
        expected: u32,
        /// Major version of the engine.
        found: u32,
    },
    /// The engine's streams are others than this driver feeds.
    #[error(
        "CAP_STREAM: expected reply packets of at least 1 beat and streams of 64 bits, found {packet} and {bits}; the logic has another register map or is no deltascope_top"
    )]
    Streams {
        /// Beats of a reply packet.
        packet: u32,
        /// Bits of both streams.
        bits: u32,
    },
    /// The engine does not come out of its reset.
    #[error(
        "engine STATUS: expected CLEARING and DRAINING to end within {} us, found {status:#x}; reset the programmable logic", limit.as_micros()
    )]
    EngineStuck {
        /// The register.
        status: u32,
        /// Time allowed.
        limit: Duration,
    },
}

impl From<HostError> for StreamError {
    fn from(error: HostError) -> StreamError {
        StreamError::new(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use deltascope_model::{EngineError, EngineKind};

    #[test]
    fn dma_error_keeps_its_type_up_to_the_engine() {
        let dma = DmaError::Bus(BusError::Response { offset: 4, response: 2 });
        let error = EngineError::host(EngineKind::Uio, StreamError::from(HostError::from(dma.clone())));
        let EngineError::Host { source, .. } = &error else { panic!("{error:?}") };
        assert_eq!(source.downcast_ref(), Some(&dma));
        assert_eq!(source.downcast_ref(), Some(&HostError::Dma(dma.clone())));
        assert!(source.downcast_ref::<FabricError>().is_none());
        assert_eq!(error.to_string(), alloc::format!("engine uio: streams: {dma}"), "the text is made at the end");
    }
}
