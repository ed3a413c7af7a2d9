# Made from abi/src by `cargo xtask gen`; do not edit.
# Sets constants and calls nothing: any tclsh can source it.

namespace eval deltascope {
    # Version of every layout: major in bits 31:16.
    variable abi_version 0x00010000
    # First address: AXI4-Lite registers of the engine.
    variable engine_base 0x43c00000
    # Bytes of that window.
    variable engine_bytes 0x1000
    # First address: registers of the AXI DMA.
    variable axi_dma_base 0x40400000
    # Bytes of that window.
    variable axi_dma_bytes 0x10000
    # First address: DMA buffers in reserved DDR.
    variable buffers_base 0x18000000
    # Bytes of that window.
    variable buffers_bytes 0x1000000
    # Address bits of s_axi.
    variable register_address_bits 12
    # Data bits of s_axi.
    variable register_data_bits 32
    # Bits of s_axis and m_axis.
    variable stream_bits 64
    # Bit of IRQ_F2P that the interrupts share.
    variable irq_f2p 0
    # Shared peripheral interrupt that this bit raises.
    variable interrupt_spi 29
    # The clock of the PS that the logic runs on.
    variable fclk 0
    # Its highest rate.
    variable fclk_max_hz 150000000
    # Size of the default build.
    variable contexts 16384
    # Size of the default build.
    variable groups 1024
    # Size of the default build.
    variable journal_lanes 256
    # Size of the default build.
    variable journal_depth 32
    # Size of the default build.
    variable reply_packet 256
    # Size of the default build.
    variable reply_queue 32
    # Byte offsets of the registers.
    variable registers {
        identity 0x000
        abi_version 0x004
        build_id 0x008
        build_flags 0x00c
        scratch 0x010
        cap_contexts 0x014
        cap_groups 0x018
        cap_journal 0x01c
        cap_stream 0x020
        control 0x040
        status 0x044
        irq_status 0x048
        irq_mask 0x04c
        accepted 0x100
        rejected 0x108
        journal_position 0x110
        reply_beats 0x118
        op_nop 0x120
        op_load 0x128
        op_accum 0x130
        op_read 0x138
        op_swap 0x140
        op_pair 0x148
        op_send 0x150
        op_snapshot 0x158
        op_sync 0x160
        op_query 0x168
        clocks_moving 0x170
        clocks_starved 0x178
        clocks_blocked 0x180
        clocks_clearing 0x188
        clocks_answering 0x190
    }
}
