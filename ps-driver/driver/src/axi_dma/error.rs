//! Everything that can go wrong between the driver and the DMA, each with what to do about it.

use super::registers::{Channel, status};
use crate::seams::BusError;
use core::time::Duration;

/// An error that a channel reports in DMASR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorBit {
    /// DMAIntErr.
    Internal,
    /// DMASlvErr.
    Slave,
    /// DMADecErr.
    Decode,
    /// SGIntErr.
    SgInternal,
    /// SGSlvErr.
    SgSlave,
    /// SGDecErr.
    SgDecode,
}

impl ErrorBit {
    /// Every error, in the order in which they are looked for: what broke the fetching of descriptors first.
    pub const ALL: [ErrorBit; 6] = [
        ErrorBit::SgInternal,
        ErrorBit::SgSlave,
        ErrorBit::SgDecode,
        ErrorBit::Decode,
        ErrorBit::Slave,
        ErrorBit::Internal,
    ];

    /// The bit of DMASR.
    pub const fn mask(self) -> u32 {
        match self {
            ErrorBit::Internal => status::INTERNAL_ERROR,
            ErrorBit::Slave => status::SLAVE_ERROR,
            ErrorBit::Decode => status::DECODE_ERROR,
            ErrorBit::SgInternal => status::SG_INTERNAL_ERROR,
            ErrorBit::SgSlave => status::SG_SLAVE_ERROR,
            ErrorBit::SgDecode => status::SG_DECODE_ERROR,
        }
    }

    /// Name as in PG021.
    pub const fn name(self) -> &'static str {
        match self {
            ErrorBit::Internal => "DMAIntErr",
            ErrorBit::Slave => "DMASlvErr",
            ErrorBit::Decode => "DMADecErr",
            ErrorBit::SgInternal => "SGIntErr",
            ErrorBit::SgSlave => "SGSlvErr",
            ErrorBit::SgDecode => "SGDecErr",
        }
    }

    /// What it means for this driver and what to look at.
    pub const fn advice(self) -> &'static str {
        match self {
            ErrorBit::Internal => {
                "a length of 0, or a reply packet longer than its buffer: does the DMA see this memory, is TLAST connected, is the Width of Buffer Length Register large enough?"
            }
            ErrorBit::Slave => {
                "the memory refused a data transfer with SLVERR: is the buffer's bus address that of DDR?"
            }
            ErrorBit::Decode => {
                "no memory answers at a data address: does the HP port's address segment cover the buffer?"
            }
            ErrorBit::SgInternal => {
                "a descriptor was fetched that is already complete: does another driver use this DMA, are the descriptors coherent?"
            }
            ErrorBit::SgSlave => {
                "the memory refused a descriptor access with SLVERR: is the ring's bus address that of DDR?"
            }
            ErrorBit::SgDecode => {
                "no memory answers at a descriptor's address: is M_AXI_SG connected to a port that covers the buffer?"
            }
        }
    }

    /// The first error in a value of DMASR.
    pub fn first_in(value: u32) -> Option<ErrorBit> {
        ErrorBit::ALL.into_iter().find(|error| value & error.mask() != 0)
    }
}

/// Why the DMA cannot be used, or how it failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DmaError {
    /// A register could not be accessed.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// A setting of the driver makes no sense.
    #[error("DMA setting {name}: expected {expected}, found {found}")]
    Setting {
        /// Name of the field.
        name: &'static str,
        /// Its value.
        found: u64,
        /// What it may be.
        expected: &'static str,
    },
    /// What is at the DMA's address does not behave as one.
    #[error(
        "{channel} DMASR: expected bits {reserved:#06x} clear, found {found:#010x}; this is no AXI DMA: compare the address with the block design's Address Editor"
    )]
    NotDma {
        /// The channel.
        channel: Channel,
        /// Bits that always read as zero.
        reserved: u32,
        /// The register.
        found: u32,
    },
    /// The DMA was built for the other mode.
    #[error(
        "DMA mode: expected {expected}, found {found}; set `Enable Scatter Gather Engine` of the AXI DMA to match, or ask for the other mode"
    )]
    Mode {
        /// The mode asked for.
        expected: &'static str,
        /// The mode that it has.
        found: &'static str,
    },
    /// Cyclic mode is on, in which completed descriptors are sent again.
    #[error(
        "{channel} DMACR: expected Cyclic BD Enable clear, found {found:#010x}: old buffers would be sent again; another driver uses this DMA, stop it"
    )]
    Cyclic {
        /// The channel.
        channel: Channel,
        /// The register.
        found: u32,
    },
    /// The length register is too narrow.
    #[error(
        "{channel}: expected a length register of at least {needed} bits, found {found}; set `Width of Buffer Length Register` of the AXI DMA to {needed} or more (26 is the most)"
    )]
    LengthWidth {
        /// The channel.
        channel: Channel,
        /// Bits that the largest transfer needs.
        needed: u32,
        /// Bits that there are.
        found: u32,
    },
    /// The DMA has more address bits than this driver writes.
    #[error(
        "{channel}: expected 32 address bits, found more (the upper address register reads {found:#010x}); set `Address Width` of the AXI DMA to 32"
    )]
    Wide {
        /// The channel.
        channel: Channel,
        /// The upper address register after ones were written to it.
        found: u32,
    },
    /// The length of a reply packet is not reported.
    #[error(
        "S2MM: expected LENGTH to give the {expected} bytes of a reply packet, found {found}, as it was written; disable `Enable Micro DMA` of the AXI DMA"
    )]
    Micro {
        /// Bytes of the packet.
        expected: u32,
        /// The register.
        found: u32,
    },
    /// A descriptor came back complete and without its length. Only a DMA built with `Enable Micro DMA` does that (axi_dma
    /// v7.1, `GEN_MICRO_DMA` of axi_dma_mm2s_sg_if.vhd and axi_dma_s2mm_sg_if.vhd): a length that is zero after it was cut is
    /// DMAIntErr.
    #[error(
        "{channel}: expected {expected} bytes in STATUS of a complete descriptor, found 0; disable `Enable Micro DMA` of the AXI DMA"
    )]
    MicroDescriptor {
        /// The channel.
        channel: Channel,
        /// Bytes that the descriptor had.
        expected: u32,
    },
    /// The reply stream's packets do not end.
    #[error(
        "S2MM: expected TLAST at the end of a reply packet, found none after {bytes} bytes; connect TLAST of the engine's m_axis to S_AXIS_S2MM"
    )]
    NoLast {
        /// Bytes that arrived without it.
        bytes: u64,
    },
    /// The buffer's bus address does not suit.
    #[error(
        "DMA buffer at {address:#x}: expected a bus address that is a multiple of 64; allocate it on a page (the driver needs no `Allow Unaligned Transfers`)"
    )]
    Alignment {
        /// Bus address of its first byte.
        address: u64,
    },
    /// The buffer lies where the DMA cannot reach.
    #[error(
        "DMA buffer at {address:#x}, {bytes} bytes: expected its end below 4 GiB; allocate it lower, or raise `Address Width` of the AXI DMA"
    )]
    AddressWidth {
        /// Bus address of its first byte.
        address: u64,
        /// Its length.
        bytes: usize,
    },
    /// The buffer is too small.
    #[error(
        "DMA buffer: expected at least {needed} bytes, found {found}; reserve more, or ask for fewer or smaller batches"
    )]
    BufferSize {
        /// Bytes needed.
        needed: usize,
        /// Bytes that there are.
        found: usize,
    },
    /// A reset does not end.
    #[error(
        "{channel}: expected DMACR.Reset clear within {} us, found {found:#010x}; the memory port does not answer: reset the programmable logic", limit.as_micros()
    )]
    ResetStuck {
        /// The channel.
        channel: Channel,
        /// Time allowed.
        limit: Duration,
        /// The register.
        found: u32,
    },
    /// A channel does not start or stop.
    #[error("{channel}: expected DMASR.Halted {expected} within {} us, found {found:#010x}; reset the DMA", limit.as_micros())]
    RunStuck {
        /// The channel.
        channel: Channel,
        /// The value waited for, 0 or 1.
        expected: u8,
        /// Time allowed.
        limit: Duration,
        /// The register.
        found: u32,
    },
    /// A channel reports an error.
    #[error("{channel} {name}: DMASR {status:#010x}, descriptor {descriptor:#010x}: {advice}", name = bit.name(), advice = bit.advice())]
    Transfer {
        /// The channel.
        channel: Channel,
        /// The error.
        bit: ErrorBit,
        /// The register.
        status: u32,
        /// The descriptor that came back with the error, else CURDESC, the one fetched last; 0 in direct mode.
        descriptor: u32,
    },
    /// A channel stopped without saying why.
    #[error(
        "{channel}: expected it to run, found it halted without an error, DMASR {status:#010x}; something else wrote DMACR: stop it"
    )]
    Halted {
        /// The channel.
        channel: Channel,
        /// The register.
        status: u32,
    },
    /// A descriptor is overdue although its data has moved.
    #[error(
        "{channel}: descriptor {index}: expected Cmplt within {} us, found its data moved and STATUS {status:#010x}; are the descriptors coherent, is M_AXI_SG connected for writes?", limit.as_micros()
    )]
    DescriptorStuck {
        /// The channel.
        channel: Channel,
        /// Index in the ring.
        index: usize,
        /// Time allowed.
        limit: Duration,
        /// The descriptor's status.
        status: u32,
    },
    /// A completed transfer moved another number of bytes.
    #[error(
        "{channel}: expected {expected} bytes moved, found {found}; set `Width of Buffer Length Register` of the AXI DMA to {bits} or more"
    )]
    Short {
        /// The channel.
        channel: Channel,
        /// Bytes asked for.
        expected: u32,
        /// Bytes moved.
        found: u32,
        /// Bits that the length needs.
        bits: u32,
    },
    /// A reply packet that holds no whole number of beats.
    #[error(
        "S2MM: expected a packet of a multiple of {unit} bytes up to {most}, found {found}; is `Stream Data Width` 64?"
    )]
    Fragment {
        /// Bytes in whose multiples packets come.
        unit: usize,
        /// Bytes that a packet may have.
        most: usize,
        /// Bytes that it has.
        found: usize,
    },
}

/// Something that was not as it should be and cost nothing but time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Notice {
    /// Work was complete and no interrupt had come.
    #[error(
        "interrupt lost: expected one within {} us, found {packets} packets complete without it; the driver looked by itself. Is the interrupt connected and of the level kind?", waited.as_micros()
    )]
    InterruptLost {
        /// Time waited.
        waited: Duration,
        /// Packets found.
        packets: u64,
    },
    /// An interrupt came after its work had been found.
    #[error("interrupt late: its packets had been found before it came")]
    InterruptLate,
    /// An interrupt came and no channel had raised it.
    #[error("interrupt spurious: expected a cause in DMASR, found none; does another device share the line?")]
    InterruptSpurious,
}

/// Returns the bits that a length register needs for `bytes`.
pub const fn bits_for(bytes: u32) -> u32 {
    u32::BITS - bytes.leading_zeros()
}
