//! Device tree includes of the default board, from `abi::board`. `dtc` without a preprocessor knows no constants, so
//! whole nodes are written.

use deltascope_abi::board::{
    AXI_DMA, BITSTREAM, BUFFERS, ENGINE, FCLK, FCLK_HZ, FINGERPRINT_UIO_NAME, FINGERPRINT_WINDOWS, INTERRUPT_SPI,
    UDMABUF_BYTES, UDMABUF_NAME, UIO_COMPATIBLE, UIO_NAME, WINDOWS, Window,
};

const HEAD: &str = "/* Made by `cargo xtask gen` from abi/src/board.rs: do not edit. */\n";

fn cells(window: &Window) -> String {
    format!("<{:#010x} {:#010x}>", window.base, window.bytes)
}

/// The node that becomes the UIO device.
pub fn engine_node() -> String {
    engine(&WINDOWS)
}

/// The same node where u-dma-buf serves the buffers.
pub fn engine_node_without_buffers() -> String {
    engine(&[ENGINE, AXI_DMA])
}

/// The node of the fingerprint block, which only some bitstreams have. Its driver looks by itself: there is no interrupt.
pub fn fingerprint_node() -> String {
    let (about, reg, names) = maps(&FINGERPRINT_WINDOWS);
    format!(
        "{HEAD}/*\n{about} */\n{FINGERPRINT_UIO_NAME}@{:x} {{\n\tcompatible = \"{UIO_COMPATIBLE}\";\n\treg = {reg};\n\treg-names = {names};\n}};\n",
        FINGERPRINT_WINDOWS[0].base
    )
}

/// The node of the u-dma-buf device, whose memory the kernel takes from its own. Without `dma-coherent`: the HP ports do not
/// see the processor's caches.
pub fn udmabuf_node() -> String {
    format!(
        "{HEAD}{UDMABUF_NAME} {{\n\tcompatible = \"ikwzm,u-dma-buf\";\n\tdevice-name = \"{UDMABUF_NAME}\";\n\tsize = <{UDMABUF_BYTES:#010x}>;\n}};\n"
    )
}

/// What each map is, the values of `reg`, and those of `reg-names`.
fn maps(windows: &[Window]) -> (String, String, String) {
    let regs: Vec<String> = windows.iter().map(cells).collect();
    let names: Vec<String> = windows.iter().map(|window| format!("\"{}\"", window.name)).collect();
    let about = windows.iter().enumerate().map(|(n, window)| format!(" * map {n}: {}\n", window.about)).collect();
    (about, regs.join(", "), names.join(", "))
}

fn engine(windows: &[Window]) -> String {
    let base = windows[0].base;
    let (about, regs, names) = maps(windows);
    format!(
        "{HEAD}/*\n{about} */\n{UIO_NAME}@{base:x} {{\n\tcompatible = \"{UIO_COMPATIBLE}\";\n\treg = {regs};\n\treg-names = {names};\n\tinterrupt-parent = <&intc>;\n\t/* Shared interrupt {INTERRUPT_SPI} is IRQ_F2P[0]; 4: level, high. */\n\tinterrupts = <0 {INTERRUPT_SPI} 4>;\n\t/* Rate in Hz that the bitstream was built for. */\n\tclock-frequency = <{FCLK_HZ}>;\n}};\n"
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
