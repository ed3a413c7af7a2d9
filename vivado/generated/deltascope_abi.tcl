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
}
