//! The engine of a board that is not what it should be: each refusal reports what to do, in time.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_abi::board::{AXI_DMA, BUFFERS, ENGINE, UIO_NAME, Window};
use deltascope_abi::registers::{CAP_AXIS_BITS, CAP_REPLY_PACKET, IDENTITY_VALUE, offset};
use deltascope_abi::{ABI_VERSION, DEFAULT_REPLY_PACKET};
use deltascope_linux::engine::open;
use std::fs;
use std::time::{Duration, Instant};
use support::{Fake, poke, small};

/// Index of the engine's map in [`board`]. The first page of the device file is left alone: what is written there to
/// unmask the interrupt of a real device would change a register of this one.
const ENGINE_MAP: usize = 1;

/// A board whose registers are memory, with an engine's identity, version and streams.
fn board() -> Fake {
    let fake = Fake::empty();
    fake.logic();
    let first = Window { name: "nothing", bytes: 0x1000, ..ENGINE };
    let path = fake.uio("uio0", UIO_NAME, &[first, ENGINE, AXI_DMA, small(BUFFERS)]);
    poke(&path, ENGINE_MAP, offset::IDENTITY as usize, IDENTITY_VALUE);
    poke(&path, ENGINE_MAP, offset::ABI_VERSION as usize, ABI_VERSION);
    let stream = DEFAULT_REPLY_PACKET << CAP_REPLY_PACKET.shift | 64 << CAP_AXIS_BITS.shift;
    poke(&path, ENGINE_MAP, offset::CAP_STREAM as usize, stream);
    fake
}

fn refusal(fake: &Fake) -> String {
    let start = Instant::now();
    let text = open(&fake.options()).err().unwrap().to_string();
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert!(text.starts_with("engine uio: "), "{text}");
    text
}

#[test]
fn another_identity_is_refused() {
    let fake = board();
    poke(&fake.roots.dev.join("uio0"), ENGINE_MAP, offset::IDENTITY as usize, 0xDEAD_BEEF);
    let text = refusal(&fake);
    assert!(text.contains("IDENTITY: expected 0x444c5453, found 0xdeadbeef"), "{text}");
}

#[test]
fn another_abi_is_refused() {
    let fake = board();
    poke(&fake.roots.dev.join("uio0"), ENGINE_MAP, offset::ABI_VERSION as usize, ABI_VERSION + 0x1_0000);
    let text = refusal(&fake);
    assert!(text.contains("ABI_VERSION: expected major 1, found 2"), "{text}");
}

#[test]
fn a_bus_error_is_another_register_map() {
    let fake = board();
    let path = fake.roots.dev.join("uio0");
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(0x1000).unwrap();
    let text = refusal(&fake);
    assert!(text.contains("the bitstream has another register map"), "{text}");
}

#[test]
fn an_engine_without_a_dma_is_refused() {
    let text = refusal(&board());
    assert!(text.contains("DMA"), "{text}");
}

#[test]
fn logic_that_is_not_configured_is_not_touched() {
    let fake = board();
    fake.sys("class/fpga_manager/fpga0/state", "power off\n");
    let text = refusal(&fake);
    assert!(text.contains("expected state operating"), "{text}");
}

#[test]
fn a_board_without_memory_is_refused() {
    let fake = board();
    fake.remove_sys("class/uio/uio0/maps/map3");
    let text = refusal(&fake);
    assert!(text.contains("DMA buffers: expected"), "{text}");
}
