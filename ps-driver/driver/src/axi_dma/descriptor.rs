//! Scatter-gather descriptors (PG021 v7.1, "Scatter Gather Descriptor"): eight words, 64 bytes apart.

/// Bytes from one descriptor to the next, and their alignment.
pub const DESCRIPTOR_BYTES: usize = 64;

/// Byte offsets in a descriptor.
pub mod word {
    /// NXTDESC.
    pub const NEXT: usize = 0x00;
    /// NXTDESC_MSB.
    pub const NEXT_HIGH: usize = 0x04;
    /// BUFFER_ADDRESS.
    pub const BUFFER: usize = 0x08;
    /// BUFFER_ADDRESS_MSB.
    pub const BUFFER_HIGH: usize = 0x0C;
    /// CONTROL.
    pub const CONTROL: usize = 0x18;
    /// STATUS, written back by the DMA.
    pub const STATUS: usize = 0x1C;
}

/// CONTROL and STATUS 25:0: bytes to move, bytes moved.
pub const LENGTH_MASK: u32 = (1 << 26) - 1;
/// TXEOF in CONTROL of MM2S, RXEOF in STATUS of S2MM: the packet ends here.
pub const END_OF_FRAME: u32 = 1 << 26;
/// TXSOF in CONTROL of MM2S, RXSOF in STATUS of S2MM: the packet starts here.
pub const START_OF_FRAME: u32 = 1 << 27;
/// DMAIntErr in STATUS.
pub const INTERNAL_ERROR: u32 = 1 << 28;
/// DMASlvErr in STATUS.
pub const SLAVE_ERROR: u32 = 1 << 29;
/// DMADecErr in STATUS.
pub const DECODE_ERROR: u32 = 1 << 30;
/// Cmplt in STATUS: done; software must clear it before the DMA may fetch the descriptor again.
pub const COMPLETE: u32 = 1 << 31;
/// Every error bit of STATUS.
pub const ERRORS: u32 = INTERNAL_ERROR | SLAVE_ERROR | DECODE_ERROR;
/// How much higher they are than the same errors in DMASR.
pub const ERRORS_SHIFT: u32 = 24;
