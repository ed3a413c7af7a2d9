//! Device tree includes of the default board, from `abi::board`. `dtc` without a preprocessor knows no constants, so
//! whole nodes are written.

use deltascope_abi::board::{
    BITSTREAM, BUFFERS, FCLK, FCLK_HZ, INTERRUPT_SPI, UIO_COMPATIBLE, UIO_NAME, WINDOWS, Window,
};

const HEAD: &str = "/* Made by `cargo xtask gen` from abi/src/board.rs: do not edit. */\n";

fn cells(window: &Window) -> String {
    format!("<{:#010x} {:#010x}>", window.base, window.bytes)
}

/// The node that becomes the UIO device.
pub fn engine_node() -> String {
    let base = WINDOWS[0].base;
    let regs: Vec<String> = WINDOWS.iter().map(cells).collect();
    let names: Vec<String> = WINDOWS.iter().map(|window| format!("\"{}\"", window.name)).collect();
    let about: String =
        WINDOWS.iter().enumerate().map(|(n, window)| format!(" * map {n}: {}\n", window.about)).collect();
    format!(
        "{HEAD}/*\n{about} */\n{UIO_NAME}@{base:x} {{\n\tcompatible = \"{UIO_COMPATIBLE}\";\n\treg = {};\n\treg-names = {};\n\tinterrupt-parent = <&intc>;\n\t/* Shared interrupt {INTERRUPT_SPI} is IRQ_F2P[0]; 4: level, high. */\n\tinterrupts = <0 {INTERRUPT_SPI} 4>;\n\t/* Rate in Hz that the bitstream was built for. */\n\tclock-frequency = <{FCLK_HZ}>;\n}};\n",
        regs.join(", "),
        names.join(", ")
    )
}

/// The node under `/reserved-memory`.
pub fn buffers_node() -> String {
    format!(
        "{HEAD}deltascope_buffers: {UIO_NAME}-buffers@{:x} {{\n\treg = {};\n\tno-map;\n}};\n",
        BUFFERS.base,
        cells(&BUFFERS)
    )
}

/// The property of the clock controller that keeps the engine's clock on.
pub fn clock_property() -> String {
    format!(
        "{HEAD}/* One bit for each FCLK that stays on although no driver of the kernel asks for it. */\nfclk-enable = <{:#x}>;\n",
        1 << FCLK
    )
}

/// The property of the region that is configured with the bitstream.
pub fn bitstream_property() -> String {
    format!("{HEAD}firmware-name = \"{BITSTREAM}\";\n")
}
