//! Device tree includes of the emulated board, from `abi::mailbox`.

use deltascope_abi::board::{INTERRUPT_SPI, UIO_COMPATIBLE, UIO_NAME};
use deltascope_abi::mailbox::{DDR_BYTES, MAILBOX, RESERVED_BYTES, WINDOWS};

const HEAD: &str = "/* Made by `cargo xtask gen` from abi/src/mailbox.rs: do not edit. */\n";

/// The node that becomes the UIO device: mailbox and buffers instead of registers and buffers.
pub fn mailbox_node() -> String {
    let cells = WINDOWS.map(|window| format!("<{:#010x} {:#010x}>", window.base, window.bytes));
    let names = WINDOWS.map(|window| format!("\"{}\"", window.name));
    format!(
        "{HEAD}{UIO_NAME}@{:x} {{\n\tcompatible = \"{UIO_COMPATIBLE}\";\n\treg = {};\n\treg-names = {};\n\tinterrupt-parent = <&intc>;\n\t/* Shared interrupt {INTERRUPT_SPI} is IRQ_F2P[0]; 4: level, high. */\n\tinterrupts = <0 {INTERRUPT_SPI} 4>;\n}};\n",
        MAILBOX.base,
        cells.join(", "),
        names.join(", ")
    )
}

/// The node under `/reserved-memory`.
pub fn mailbox_memory() -> String {
    format!(
        "{HEAD}{UIO_NAME}-mailbox@{:x} {{\n\treg = <{:#010x} {RESERVED_BYTES:#010x}>;\n\tno-map;\n}};\n",
        MAILBOX.base, MAILBOX.base
    )
}

/// The memory of the machine.
pub fn ddr_node() -> String {
    format!("{HEAD}memory@0 {{\n\tdevice_type = \"memory\";\n\treg = <0x00000000 {DDR_BYTES:#010x}>;\n}};\n")
}
