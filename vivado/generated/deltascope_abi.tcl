# Made from abi/src by `cargo xtask gen`; do not edit.
# Sets constants and calls nothing: any tclsh can source it.

namespace eval deltascope {
  # First address: AXI4-Lite registers of the engine.
  variable engine_base 0x43c00000
  # Bytes of that window.
  variable engine_bytes 0x1000
  # First address: registers of the AXI DMA.
  variable axi_dma_base 0x40400000
  # Bytes of that window.
  variable axi_dma_bytes 0x10000
  # First address: registers of the AXI DMA of the fingerprint block.
  variable fingerprint_dma_base 0x40410000
  # Bytes of that window.
  variable fingerprint_dma_bytes 0x10000
  # First address: DMA buffers in reserved DDR.
  variable buffers_base 0x18000000
  # Bytes of that window.
  variable buffers_bytes 0x1000000
  # First address: DDR that the AXI DMA reaches.
  variable ddr_base 0x00000000
  # Bytes of that window.
  variable ddr_bytes 0x20000000
  # Address bits of s_axi.
  variable register_address_bits 12
  # Bits of s_axis and m_axis.
  variable stream_bits 64
  # Bits of the stream into the fingerprint block.
  variable fingerprint_stream_bits 128
  # Bit of IRQ_F2P that the interrupts share.
  variable irq_f2p 0
  # Shared peripheral interrupt that this bit raises.
  variable interrupt_spi 29
  # The clock of the PS that the logic runs on.
  variable fclk 0
  # Its rate in Hz.
  variable fclk_hz 150000000
  # Address bits of the AXI DMA.
  variable dma_address_bits 32
  # Bits of the AXI DMA's length register.
  variable dma_length_bits 26
  # Value of the register IDENTITY, and USERID of the bitstream.
  variable identity 0x444c5453
  # Byte offset of IDENTITY.
  variable offset_identity 0x000
  # Byte offset of ABI_VERSION.
  variable offset_abi_version 0x004
  # Byte offset of BUILD_ID.
  variable offset_build_id 0x008
  # Byte offset of BUILD_FLAGS.
  variable offset_build_flags 0x00c
  # Byte offset of SCRATCH.
  variable offset_scratch 0x010
  # Byte offset of CAP_CONTEXTS.
  variable offset_cap_contexts 0x014
  # Byte offset of CAP_GROUPS.
  variable offset_cap_groups 0x018
  # Byte offset of CAP_JOURNAL.
  variable offset_cap_journal 0x01c
  # Byte offset of CAP_STREAM.
  variable offset_cap_stream 0x020
  # Byte offset of CONTROL.
  variable offset_control 0x040
  # Byte offset of STATUS.
  variable offset_status 0x044
  # Byte offset of IRQ_STATUS.
  variable offset_irq_status 0x048
  # Byte offset of IRQ_MASK.
  variable offset_irq_mask 0x04c
  # Byte offset of the low word of a latched counter.
  variable offset_accepted 0x100
  # Byte offset of the low word of a latched counter.
  variable offset_rejected 0x108
  # Byte offset of the low word of a latched counter.
  variable offset_journal_position 0x110
  # Byte offset of the low word of a latched counter.
  variable offset_reply_beats 0x118
  # Byte offset of the low word of a latched counter.
  variable offset_op_nop 0x120
  # Byte offset of the low word of a latched counter.
  variable offset_op_load 0x128
  # Byte offset of the low word of a latched counter.
  variable offset_op_accum 0x130
  # Byte offset of the low word of a latched counter.
  variable offset_op_read 0x138
  # Byte offset of the low word of a latched counter.
  variable offset_op_swap 0x140
  # Byte offset of the low word of a latched counter.
  variable offset_op_pair 0x148
  # Byte offset of the low word of a latched counter.
  variable offset_op_send 0x150
  # Byte offset of the low word of a latched counter.
  variable offset_op_snapshot 0x158
  # Byte offset of the low word of a latched counter.
  variable offset_op_sync 0x160
  # Byte offset of the low word of a latched counter.
  variable offset_op_query 0x168
  # Byte offset of the low word of a latched counter.
  variable offset_clocks_moving 0x170
  # Byte offset of the low word of a latched counter.
  variable offset_clocks_starved 0x178
  # Byte offset of the low word of a latched counter.
  variable offset_clocks_blocked 0x180
  # Byte offset of the low word of a latched counter.
  variable offset_clocks_clearing 0x188
  # Byte offset of the low word of a latched counter.
  variable offset_clocks_answering 0x190
}
