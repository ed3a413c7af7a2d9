//! `vivado/generated/deltascope_abi.tcl`: what a block design takes from the abi crate.

use deltascope_abi::DEFAULT_AXIS_BITS;
use deltascope_abi::board::{
    AXI_DMA, BUFFERS, DDR, DMA_ADDRESS_BITS, DMA_LENGTH_BITS, ENGINE, FCLK, FCLK_HZ, FINGERPRINT_DMA,
    FINGERPRINT_STREAM_BITS, INTERRUPT_SPI, IRQ_F2P, Window,
};
use deltascope_abi::registers::{ADDRESS_BITS, Counter, IDENTITY_VALUE, MAP};
use std::fmt::Write;

/// The script, which only sets variables of a namespace.
pub fn text() -> String {
    // Writing to a String cannot fail.
    let mut out = String::from(
        "# Made from abi/src by `cargo xtask gen`; do not edit.\n\
         # Sets constants and calls nothing: any tclsh can source it.\n\nnamespace eval deltascope {\n",
    );
    let mut set = |about: &str, name: &str, value: String| {
        let _ = writeln!(out, "  # {about}\n  variable {name} {value}");
    };
    for Window { name, base, bytes, about } in [ENGINE, AXI_DMA, FINGERPRINT_DMA, BUFFERS, DDR] {
        set(&format!("First address: {about}."), &format!("{name}_base"), format!("{base:#010x}"));
        set("Bytes of that window.", &format!("{name}_bytes"), format!("{bytes:#x}"));
    }
    set("Address bits of s_axi.", "register_address_bits", ADDRESS_BITS.to_string());
    set("Bits of s_axis and m_axis.", "stream_bits", DEFAULT_AXIS_BITS.to_string());
    set(
        "Bits of the stream into the fingerprint block.",
        "fingerprint_stream_bits",
        FINGERPRINT_STREAM_BITS.to_string(),
    );
    set("Bit of IRQ_F2P that the interrupts share.", "irq_f2p", IRQ_F2P.to_string());
    set("Shared peripheral interrupt that this bit raises.", "interrupt_spi", INTERRUPT_SPI.to_string());
    set("The clock of the PS that the logic runs on.", "fclk", FCLK.to_string());
    set("Its rate in Hz.", "fclk_hz", FCLK_HZ.to_string());
    set("Address bits of the AXI DMA.", "dma_address_bits", DMA_ADDRESS_BITS.to_string());
    set("Bits of the AXI DMA's length register.", "dma_length_bits", DMA_LENGTH_BITS.to_string());
    set("Value of the register IDENTITY, and USERID of the bitstream.", "identity", format!("{IDENTITY_VALUE:#010x}"));
    for register in &MAP {
        let (name, offset) = (register.name, format!("{:#05x}", register.offset));
        set(&format!("Byte offset of {name}."), &format!("offset_{}", register.signal), offset);
    }
    for counter in Counter::ALL {
        let (signal, offset) = (counter.signal(), format!("{:#05x}", counter.offset()));
        set("Byte offset of the low word of a latched counter.", &format!("offset_{signal}"), offset);
    }
    out.push_str("}\n");
    out
}
