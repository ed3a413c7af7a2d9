//! `vivado/generated/deltascope_abi.tcl`: what a block design takes from the ABI.

use deltascope_abi::board::{AXI_DMA, BUFFERS, ENGINE, FCLK, FCLK_MAX_HZ, INTERRUPT_SPI, IRQ_F2P, Window};
use deltascope_abi::registers::{ADDRESS_BITS, Counter, MAP};
use deltascope_abi::{
    ABI_VERSION, DEFAULT_AXIS_BITS, DEFAULT_CONTEXTS, DEFAULT_GROUPS, DEFAULT_JOURNAL_DEPTH, DEFAULT_JOURNAL_LANES,
    DEFAULT_REPLY_PACKET, DEFAULT_REPLY_QUEUE,
};
use std::fmt::Write;

/// The script, which only sets variables of a namespace.
pub fn text() -> String {
    // Writing to a String cannot fail.
    let mut out = String::from(
        "# Made from abi/src by `cargo xtask gen`; do not edit.\n\
         # Sets constants and calls nothing: any tclsh can source it.\n\nnamespace eval deltascope {\n",
    );
    let mut set = |about: &str, name: &str, value: String| {
        let _ = writeln!(out, "    # {about}\n    variable {name} {value}");
    };
    set("Version of every layout: major in bits 31:16.", "abi_version", format!("{ABI_VERSION:#010x}"));
    for Window { name, base, bytes, about } in [ENGINE, AXI_DMA, BUFFERS] {
        set(&format!("First address: {about}."), &format!("{name}_base"), format!("{base:#010x}"));
        set("Bytes of that window.", &format!("{name}_bytes"), format!("{bytes:#x}"));
    }
    set("Address bits of s_axi.", "register_address_bits", ADDRESS_BITS.to_string());
    set("Data bits of s_axi.", "register_data_bits", "32".into());
    set("Bits of s_axis and m_axis.", "stream_bits", DEFAULT_AXIS_BITS.to_string());
    set("Bit of IRQ_F2P that the interrupts share.", "irq_f2p", IRQ_F2P.to_string());
    set("Shared peripheral interrupt that this bit raises.", "interrupt_spi", INTERRUPT_SPI.to_string());
    set("The clock of the PS that the logic runs on.", "fclk", FCLK.to_string());
    set("Its highest rate.", "fclk_max_hz", FCLK_MAX_HZ.to_string());
    for (name, value) in [
        ("contexts", DEFAULT_CONTEXTS),
        ("groups", DEFAULT_GROUPS),
        ("journal_lanes", DEFAULT_JOURNAL_LANES),
        ("journal_depth", DEFAULT_JOURNAL_DEPTH),
        ("reply_packet", DEFAULT_REPLY_PACKET),
        ("reply_queue", DEFAULT_REPLY_QUEUE),
    ] {
        set("Size of the default build.", name, value.to_string());
    }
    out.push_str("    # Byte offsets of the registers.\n    variable registers {\n");
    for register in &MAP {
        let _ = writeln!(out, "        {} {:#05x}", register.signal, register.offset);
    }
    for counter in Counter::ALL {
        let _ = writeln!(out, "        {} {:#05x}", counter.signal(), counter.offset());
    }
    out.push_str("    }\n}\n");
    out
}
