//! Registers, bits and descriptors of the AXI DMA, transcribed from PG021 v7.1 (2022-04-27), chapter 2. Its sections have
//! no numbers, so each is named by its title; where the name of a register is the title, the offset is there too.
//!
//! Compared once more, value by value, with the release of 2025-06-24 ("Scatter/Gather Mode Register Address Map", "Direct
//! Register Mode Register Address Map", "MM2S_DMACR", "S2MM_DMACR", "MM2S_DMASR", "S2MM_DMASR", "Scatter Gather
//! Descriptor", "S2MM_CONTROL", "Field Descriptions") and with axi_dma_pkg.vhd of the core, whose older revisions have
//! lengths of 23 bits.
//!
//! The model takes nothing of this from the driver that runs over it: `tests/pg021.rs` compares the two transcriptions, so
//! that a slip on either side is found.

/// One of the two channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Memory map to stream.
    Mm2s,
    /// Stream to memory map.
    S2mm,
}

impl Channel {
    /// Both.
    pub const BOTH: [Channel; 2] = [Channel::Mm2s, Channel::S2mm];

    /// Offset of one of this channel's registers.
    ///
    /// # Panics
    /// Never: [`REGISTERS`] has every register of both channels.
    pub fn at(self, register: Register) -> u32 {
        let entry = REGISTERS.into_iter().find(|(_, channel, found)| (*channel, *found) == (self, register));
        entry.map_or_else(|| unreachable!(), |(offset, ..)| offset)
    }
}

impl std::fmt::Display for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Channel::Mm2s => "MM2S",
            Channel::S2mm => "S2MM",
        })
    }
}

/// What a register is, on either channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// DMACR.
    Control,
    /// DMASR.
    Status,
    /// CURDESC, with scatter-gather only.
    CurrentDescriptor,
    /// CURDESC_MSB.
    CurrentDescriptorHigh,
    /// TAILDESC, with scatter-gather only.
    TailDescriptor,
    /// TAILDESC_MSB.
    TailDescriptorHigh,
    /// SA or DA, in direct mode only.
    Address,
    /// SA_MSB or DA_MSB.
    AddressHigh,
    /// LENGTH, in direct mode only.
    Length,
}

/// "Register Space", the address maps of both modes in one.
pub const REGISTERS: [(u32, Channel, Register); 18] = [
    (0x00, Channel::Mm2s, Register::Control),           // MM2S_DMACR (offset 00h)
    (0x04, Channel::Mm2s, Register::Status),            // MM2S_DMASR (offset 04h)
    (0x08, Channel::Mm2s, Register::CurrentDescriptor), // MM2S_CURDESC (offset 08h)
    (0x0C, Channel::Mm2s, Register::CurrentDescriptorHigh), // MM2S_CURDESC_MSB (offset 0Ch)
    (0x10, Channel::Mm2s, Register::TailDescriptor),    // MM2S_TAILDESC (offset 10h)
    (0x14, Channel::Mm2s, Register::TailDescriptorHigh), // MM2S_TAILDESC_MSB (offset 14h)
    (0x18, Channel::Mm2s, Register::Address),           // MM2S_SA (offset 18h)
    (0x1C, Channel::Mm2s, Register::AddressHigh),       // MM2S_SA_MSB (offset 1Ch)
    (0x28, Channel::Mm2s, Register::Length),            // MM2S_LENGTH (offset 28h)
    (0x30, Channel::S2mm, Register::Control),           // S2MM_DMACR (offset 30h)
    (0x34, Channel::S2mm, Register::Status),            // S2MM_DMASR (offset 34h)
    (0x38, Channel::S2mm, Register::CurrentDescriptor), // S2MM_CURDESC (offset 38h)
    (0x3C, Channel::S2mm, Register::CurrentDescriptorHigh), // S2MM_CURDESC_MSB (offset 3Ch)
    (0x40, Channel::S2mm, Register::TailDescriptor),    // S2MM_TAILDESC (offset 40h)
    (0x44, Channel::S2mm, Register::TailDescriptorHigh), // S2MM_TAILDESC_MSB (offset 44h)
    (0x48, Channel::S2mm, Register::Address),           // S2MM_DA (offset 48h)
    (0x4C, Channel::S2mm, Register::AddressHigh),       // S2MM_DA_MSB (offset 4Ch)
    (0x58, Channel::S2mm, Register::Length),            // S2MM_LENGTH (offset 58h)
];

/// Bytes of the window: the last register of the map is at 58h, and what follows is decoded up to here.
pub const WINDOW_BYTES: u32 = 0x60;

/// "MM2S_DMACR (MM2S DMA Control Register)"; S2MM_DMACR has the same fields.
pub mod control {
    /// RS, bit 0.
    pub const RUN: u32 = 0x0000_0001;
    /// Bit 1, which reads as one.
    pub const ALWAYS_ONE: u32 = 0x0000_0002;
    /// Reset, bit 2.
    pub const RESET: u32 = 0x0000_0004;
    /// Keyhole, bit 3.
    pub const KEYHOLE: u32 = 0x0000_0008;
    /// Cyclic BD Enable, bit 4.
    pub const CYCLIC: u32 = 0x0000_0010;
    /// IOC_IrqEn, bit 12.
    pub const IRQ_COMPLETE: u32 = 0x0000_1000;
    /// Dly_IrqEn, bit 13.
    pub const IRQ_DELAY: u32 = 0x0000_2000;
    /// Err_IrqEn, bit 14.
    pub const IRQ_ERROR: u32 = 0x0000_4000;
    /// IRQThreshold, bits 23:16: the lowest.
    pub const THRESHOLD_SHIFT: u32 = 16;
    /// IRQDelay, bits 31:24: the lowest.
    pub const DELAY_SHIFT: u32 = 24;
    /// Clocks of the scatter-gather clock in one unit of IRQDelay.
    pub const DELAY_CLOCKS: u32 = 125;
    /// The default values of all fields: a threshold of one, and bit 1.
    pub const AFTER_RESET: u32 = 0x0001_0002;
}

/// "MM2S_DMASR (MM2S DMA Status Register)"; S2MM_DMASR has the same fields.
pub mod status {
    /// Halted, bit 0.
    pub const HALTED: u32 = 0x0000_0001;
    /// Idle, bit 1.
    pub const IDLE: u32 = 0x0000_0002;
    /// SGIncld, bit 3.
    pub const SG_INCLUDED: u32 = 0x0000_0008;
    /// DMAIntErr, bit 4.
    pub const INTERNAL_ERROR: u32 = 0x0000_0010;
    /// DMASlvErr, bit 5.
    pub const SLAVE_ERROR: u32 = 0x0000_0020;
    /// DMADecErr, bit 6.
    pub const DECODE_ERROR: u32 = 0x0000_0040;
    /// SGIntErr, bit 8.
    pub const SG_INTERNAL_ERROR: u32 = 0x0000_0100;
    /// SGSlvErr, bit 9.
    pub const SG_SLAVE_ERROR: u32 = 0x0000_0200;
    /// SGDecErr, bit 10.
    pub const SG_DECODE_ERROR: u32 = 0x0000_0400;
    /// The six error bits.
    pub const ERRORS: u32 = 0x0000_0770;
    /// IOC_Irq, bit 12.
    pub const IRQ_COMPLETE: u32 = 0x0000_1000;
    /// Dly_Irq, bit 13.
    pub const IRQ_DELAY: u32 = 0x0000_2000;
    /// Err_Irq, bit 14.
    pub const IRQ_ERROR: u32 = 0x0000_4000;
    /// The three interrupt bits.
    pub const INTERRUPTS: u32 = 0x0000_7000;
    /// IRQThresholdSts, bits 23:16: the lowest.
    pub const THRESHOLD_SHIFT: u32 = 16;
    /// Bits 2, 7, 11 and 15 are reserved and read as zero.
    pub const RESERVED: u32 = 0x0000_8884;
}

/// "Scatter Gather Descriptor", table 2-25: byte offsets.
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
    /// STATUS.
    pub const STATUS: usize = 0x1C;
}

/// Bytes from one descriptor to the next at least: the note of table 2-25 aligns them to sixteen words.
pub const DESCRIPTOR_BYTES: usize = 64;
/// "MM2S_CONTROL", "S2MM_STATUS" and their counterparts: the length, bits 25:0.
pub const LENGTH_MASK: u32 = 0x03FF_FFFF;
/// TXEOF in MM2S_CONTROL, RXEOF in S2MM_STATUS, bit 26.
pub const END_OF_FRAME: u32 = 0x0400_0000;
/// TXSOF in MM2S_CONTROL, RXSOF in S2MM_STATUS, bit 27.
pub const START_OF_FRAME: u32 = 0x0800_0000;
/// DMAIntErr in MM2S_STATUS and S2MM_STATUS, bit 28.
pub const INTERNAL_ERROR: u32 = 0x1000_0000;
/// DMASlvErr there, bit 29.
pub const SLAVE_ERROR: u32 = 0x2000_0000;
/// DMADecErr there, bit 30.
pub const DECODE_ERROR: u32 = 0x4000_0000;
/// Cmplt there, bit 31.
pub const COMPLETE: u32 = 0x8000_0000;
/// "Width of Buffer Length Register" (chapter 4), at least.
pub const MIN_LENGTH_BITS: u32 = 8;
/// The same, at most.
pub const MAX_LENGTH_BITS: u32 = 26;
