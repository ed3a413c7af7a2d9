//! Registers of the AXI DMA (PG021 v7.1, "Register Space"). Both channels have the same layout, 0x30 apart.

/// Bytes of the window of registers.
pub const WINDOW_BYTES: u32 = 0x60;

/// One of the two channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Memory to stream: records to the engine.
    Mm2s,
    /// Stream to memory: replies from the engine.
    S2mm,
}

impl Channel {
    /// Both.
    pub const BOTH: [Channel; 2] = [Channel::Mm2s, Channel::S2mm];

    /// Name as in PG021.
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Mm2s => "MM2S",
            Channel::S2mm => "S2MM",
        }
    }

    /// Offset of one of this channel's registers.
    pub const fn at(self, register: Register) -> u32 {
        let base = match self {
            Channel::Mm2s => 0x00,
            Channel::S2mm => 0x30,
        };
        base + register as u32
    }
}

impl core::fmt::Display for Channel {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// A register of a channel, by its offset from the channel's base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Register {
    /// DMACR, control.
    Control = 0x00,
    /// DMASR, status.
    Status = 0x04,
    /// CURDESC, current descriptor; only with scatter-gather, written only while halted.
    CurrentDescriptor = 0x08,
    /// CURDESC_MSB.
    CurrentDescriptorHigh = 0x0C,
    /// TAILDESC, where fetching pauses; a write starts it.
    TailDescriptor = 0x10,
    /// TAILDESC_MSB; with more than 32 address bits its write starts the fetching.
    TailDescriptorHigh = 0x14,
    /// SA or DA, address of the buffer; only in direct mode.
    Address = 0x18,
    /// SA_MSB or DA_MSB.
    AddressHigh = 0x1C,
    /// LENGTH in bytes, only in direct mode; a write that is not zero starts the transfer.
    Length = 0x28,
}

/// Bits of DMACR.
pub mod control {
    /// RS: 1 runs, 0 stops.
    pub const RUN: u32 = 1 << 0;
    /// Reset of the whole DMA, both channels; reads 1 until it is over.
    pub const RESET: u32 = 1 << 2;
    /// Cyclic BD Enable: Cmplt is ignored, and old buffers are sent again.
    pub const CYCLIC: u32 = 1 << 4;
    /// IOC_IrqEn.
    pub const IRQ_COMPLETE: u32 = 1 << 12;
    /// Dly_IrqEn.
    pub const IRQ_DELAY: u32 = 1 << 13;
    /// Err_IrqEn.
    pub const IRQ_ERROR: u32 = 1 << 14;
    /// Lowest bit of IRQThreshold, eight bits, at least 1.
    pub const THRESHOLD_SHIFT: u32 = 16;
    /// Lowest bit of IRQDelay, eight bits, in units of [`DELAY_CLOCKS`]; 0: no delay timer.
    pub const DELAY_SHIFT: u32 = 24;
    /// Clocks of the scatter-gather clock in one unit of IRQDelay.
    pub const DELAY_CLOCKS: u32 = 125;
    /// The register after a reset: stopped, threshold 1; bit 1 always reads 1.
    pub const AFTER_RESET: u32 = 1 << THRESHOLD_SHIFT | 1 << 1;
}

/// Bits of DMASR.
pub mod status {
    /// Halted.
    pub const HALTED: u32 = 1 << 0;
    /// Idle: at the tail descriptor, or the transfer of direct mode is complete; 0 while halted.
    pub const IDLE: u32 = 1 << 1;
    /// SGIncld: this build has scatter-gather and no LENGTH registers.
    pub const SG_INCLUDED: u32 = 1 << 3;
    /// DMAIntErr.
    pub const INTERNAL_ERROR: u32 = 1 << 4;
    /// DMASlvErr.
    pub const SLAVE_ERROR: u32 = 1 << 5;
    /// DMADecErr.
    pub const DECODE_ERROR: u32 = 1 << 6;
    /// SGIntErr.
    pub const SG_INTERNAL_ERROR: u32 = 1 << 8;
    /// SGSlvErr.
    pub const SG_SLAVE_ERROR: u32 = 1 << 9;
    /// SGDecErr.
    pub const SG_DECODE_ERROR: u32 = 1 << 10;
    /// Every error bit.
    pub const ERRORS: u32 =
        INTERNAL_ERROR | SLAVE_ERROR | DECODE_ERROR | SG_INTERNAL_ERROR | SG_SLAVE_ERROR | SG_DECODE_ERROR;
    /// IOC_Irq; a one written clears it.
    pub const IRQ_COMPLETE: u32 = 1 << 12;
    /// Dly_Irq; a one written clears it.
    pub const IRQ_DELAY: u32 = 1 << 13;
    /// Err_Irq; a one written clears it.
    pub const IRQ_ERROR: u32 = 1 << 14;
    /// Every interrupt bit.
    pub const INTERRUPTS: u32 = IRQ_COMPLETE | IRQ_DELAY | IRQ_ERROR;
    /// Bits that always read as zero.
    pub const RESERVED: u32 = 1 << 2 | 1 << 7 | 1 << 11 | 1 << 15;
}

/// Bits that the length register and the length fields of descriptors have at most.
pub const MAX_LENGTH_BITS: u32 = 26;
/// Bits that they have at least.
pub const MIN_LENGTH_BITS: u32 = 8;
