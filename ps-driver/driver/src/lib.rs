//! Engine driver, AXI DMA driver and board-server state machine for the Zynq's ARM cores.
