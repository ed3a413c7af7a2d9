//! The programmable logic of an emulated Zynq: serves the Verilated top and the AXI DMA model to a guest in QEMU.
//!
//! QEMU runs the processors, this process the logic. They share the guest's memory as a file ([`ddr`]): in it the DMA
//! model finds descriptors and records, and the guest asks for registers through the mailbox
//! (`deltascope_abi::mailbox`). The interrupt goes through QEMU's test protocol ([`mod@line`]).

pub mod ddr;
pub mod line;
pub mod serve;
