//! How the modelled DMA was built and what is around it.

/// A build of the DMA (the names in Vivado in parentheses) and its surroundings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DmaConfig {
    /// With scatter-gather (`Enable Scatter Gather Engine`).
    pub scatter_gather: bool,
    /// Bits of a length (`Width of Buffer Length Register`), 8 to 26.
    pub length_bits: u32,
    /// Bits of both streams (`Stream Data Width`), 64 or 32. With 32 half of the engine's port is left open.
    pub stream_bits: u32,
    /// TLAST of the reply stream is connected.
    pub last_connected: bool,
    /// Bits of an address (`Address Width`), 32 to 64. With more than 32 the upper address registers are there.
    pub address_bits: u32,
    /// `Enable Micro DMA`: LENGTH of S2MM is never updated, and descriptors come back without their bytes (axi_dma v7.1,
    /// `DETERMINATE_BTT_MODE` and `GEN_MICRO_DMA`). Only that is modelled of it.
    pub micro: bool,
    /// What things take.
    pub timing: Timing,
}

impl DmaConfig {
    /// The build of the board: 64 bits, 26 bits of length, 32 bits of address.
    pub fn board(scatter_gather: bool) -> DmaConfig {
        DmaConfig {
            scatter_gather,
            length_bits: 26,
            stream_bits: 64,
            last_connected: true,
            address_bits: 32,
            micro: false,
            timing: Timing::default(),
        }
    }
}

/// Clocks of the programmable logic, and depths. `docs/performance.md` gives the source of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From a read address to its first word, and from the last word of a write to its response.
    pub ddr_latency: u64,
    /// Read bursts of data under way at once.
    pub outstanding_reads: usize,
    /// Write bursts under way at once.
    pub outstanding_writes: usize,
    /// From the write of TAILDESC to the address of the first descriptor.
    pub tail_to_fetch: u64,
    /// From the address of a descriptor to the address of its data, without the memory's latency.
    pub fetch_to_data: u64,
    /// From a word read to the stream.
    pub read_to_stream: u64,
    /// From the last beat of one packet of records to the first of the next.
    pub packet_gap: u64,
    /// From the first beat of a reply packet to its write address.
    pub stream_to_write: u64,
    /// Clocks lost after each write burst.
    pub write_gap: u64,
    /// Descriptors of a channel that are fetched ahead.
    pub prefetch: usize,
    /// Beats of data that fit between memory and the stream of records.
    pub fifo_beats: usize,
    /// From the processor to a register and back; at least 8, which AXI4-Lite and the registers of the DMA take.
    pub register_access: u64,
    /// How much later than with one clock Idle rises and falls, as where the DMA's clocks differ; at most 56.
    pub idle_late: u32,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            ddr_latency: 40,
            outstanding_reads: 4,
            outstanding_writes: 4,
            tail_to_fetch: 10,
            fetch_to_data: 28,
            read_to_stream: 3,
            packet_gap: 2,
            stream_to_write: 39,
            write_gap: 5,
            prefetch: 4,
            fifo_beats: 96,
            register_access: 20,
            idle_late: 0,
        }
    }
}

/// Clocks of the programmable logic in a microsecond.
pub const CLOCKS_PER_US: u64 = deltascope_abi::board::FCLK_HZ as u64 / 1_000_000;
