//! Memory for DMA: both kinds, in parts, handed over and back.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_abi::board::{AXI_DMA, BUFFERS, ENGINE, UDMABUF_NAME, UIO_NAME};
use deltascope_driver::seams::DmaBuffer;
use deltascope_linux::LinuxError;
use deltascope_linux::buffers::Buffers;
use deltascope_linux::uio::UioDevice;
use support::{Fake, peek};

/// A board without a reserved window, and its device.
fn without_window() -> (Fake, UioDevice) {
    let fake = Fake::empty();
    fake.uio("uio0", UIO_NAME, &[ENGINE, AXI_DMA]);
    let device = UioDevice::open(&fake.roots, UIO_NAME).unwrap();
    (fake, device)
}

#[test]
fn the_reserved_window_is_shared_with_the_device_at_its_bus_address() {
    let fake = Fake::board();
    let device = UioDevice::open(&fake.roots, UIO_NAME).unwrap();
    let mut buffers = Buffers::open(&fake.roots, &device, UDMABUF_NAME).unwrap();
    let first = buffers.take(100, 64).unwrap();
    let second = buffers.take(0x1000, 4096).unwrap();
    assert_eq!(first.bus_addr(), u64::from(BUFFERS.base));
    assert_eq!(second.bus_addr(), u64::from(BUFFERS.base) + 0x1000);
    // SAFETY: the part has 4096 bytes, and it starts at a page.
    unsafe { second.ptr().cast::<u32>().write_volatile(0xAABB_CCDD) };
    assert_eq!(peek(&fake.roots.dev.join("uio0"), 2, 0x1000), 0xAABB_CCDD);
}

#[test]
fn parts_never_overlap_and_end_where_the_memory_ends() {
    let (fake, device) = without_window();
    fake.udmabuf(UDMABUF_NAME, 0x1000_0000, 0x4000, false);
    let mut buffers = Buffers::open(&fake.roots, &device, UDMABUF_NAME).unwrap();
    let mut end = 0;
    let mut taken = 0;
    let refused = loop {
        match buffers.take(100 + taken, 64) {
            Ok(part) => {
                assert!(part.bus_addr() >= end && part.bus_addr().is_multiple_of(64));
                end = part.bus_addr() + part.len() as u64;
                assert!(end <= 0x1000_4000);
                taken += 1;
            }
            Err(error) => break error,
        }
    };
    assert!(taken > 90, "{taken}");
    assert!(refused.to_string().contains("reserve more memory"), "{refused}");
    assert!(buffers.take(usize::MAX, 64).is_err());
}

#[test]
fn a_cached_buffer_is_handed_over_through_the_files_of_its_driver() {
    let (fake, device) = without_window();
    fake.udmabuf(UDMABUF_NAME, 0x1000_0000, 0x4000, false);
    let mut buffers = Buffers::open(&fake.roots, &device, UDMABUF_NAME).unwrap();
    let mut part = buffers.take(0x1000, 64).unwrap();
    drop(part);
    part = buffers.take(0x800, 64).unwrap();
    let file = |name: &str| fake.read_sys(&format!("class/u-dma-buf/{UDMABUF_NAME}/{name}"));
    // Offset, size, both directions, 1: one write a range.
    part.sync_for_device(0x10..0x30);
    assert_eq!((file("sync_for_device").as_str(), file("sync_for_cpu").as_str()), ("0x0000101000000021", "untouched"));
    part.sync_for_cpu(0..0x10_0000);
    assert_eq!(file("sync_for_cpu"), "0x0000100000000801", "cut to the part");
    // The driver takes multiples of 16.
    part.sync_for_device(0x18..0x28);
    assert_eq!(file("sync_for_device"), "0x0000101000000021");
    for other in ["sync_offset", "sync_size", "sync_direction"] {
        assert_eq!(file(other), "untouched");
    }
    assert!(buffers.take_fault().is_none());
}

#[test]
fn a_hand_over_that_is_refused_is_told_once() {
    let (fake, device) = without_window();
    fake.udmabuf(UDMABUF_NAME, 0x1000_0000, 0x4000, false);
    fake.refuse_sys(&format!("class/u-dma-buf/{UDMABUF_NAME}/sync_for_cpu"));
    let mut buffers = Buffers::open(&fake.roots, &device, UDMABUF_NAME).unwrap();
    let mut part = buffers.take(0x800, 64).unwrap();
    part.sync_for_device(0..16);
    assert!(buffers.take_fault().is_none());
    part.sync_for_cpu(0..16);
    assert!(matches!(part.take_fault(), Some(LinuxError::Write { .. })));
    assert!(buffers.take_fault().is_none());

    fake.remove_sys(&format!("class/u-dma-buf/{UDMABUF_NAME}/sync_for_device"));
    assert!(matches!(Buffers::open(&fake.roots, &device, UDMABUF_NAME), Err(LinuxError::Device { .. })));
}

#[test]
fn coherent_memory_is_not_believed() {
    let (fake, device) = without_window();
    fake.udmabuf(UDMABUF_NAME, 0x1000_0000, 0x4000, true);
    let text = Buffers::open(&fake.roots, &device, UDMABUF_NAME).unwrap_err().to_string();
    assert!(text.contains("dma_coherent: expected 0, found 1") && text.contains("HP ports"), "{text}");
    // A driver for an old kernel has no such file.
    fake.remove_sys(&format!("class/u-dma-buf/{UDMABUF_NAME}/dma_coherent"));
    Buffers::open(&fake.roots, &device, UDMABUF_NAME).unwrap();
}

#[test]
fn an_empty_range_is_not_handed_over() {
    let (fake, _device) = without_window();
    fake.udmabuf("other", 0x1000_0000, 0x4000, false);
    let mut empty = Buffers::from_udmabuf(&fake.roots, "other").unwrap().take(64, 64).unwrap();
    empty.sync_for_cpu(5..5);
    assert_eq!(fake.read_sys("class/u-dma-buf/other/sync_for_cpu"), "untouched");
}

#[test]
fn memory_that_the_dma_engine_cannot_reach_is_refused() {
    let (fake, device) = without_window();
    let text = Buffers::open(&fake.roots, &device, UDMABUF_NAME).unwrap_err().to_string();
    assert!(text.contains("found neither (u-dma-buf: none)") && text.contains("--udmabuf udmabuf0"), "{text}");
    fake.udmabuf("udmabuf0", 0x1000_0000, 0x4000, false);
    let text = Buffers::open(&fake.roots, &device, UDMABUF_NAME).unwrap_err().to_string();
    assert!(text.contains("(u-dma-buf: udmabuf0)") && text.contains("insmod u-dma-buf.ko udmabuf0=2097152"), "{text}");
    for (address, bytes) in [(0xFFFF_F000, 0x2000), (0x1_0000_0000, 0x1000), (u64::MAX - 63, 64), (0x1000_0004, 0x1000)]
    {
        fake.udmabuf(UDMABUF_NAME, address, bytes, false);
        assert!(
            matches!(Buffers::open(&fake.roots, &device, UDMABUF_NAME), Err(LinuxError::Buffers { .. })),
            "{address:#x}"
        );
    }
    fake.udmabuf(UDMABUF_NAME, 0, 0, false);
    assert!(matches!(Buffers::open(&fake.roots, &device, UDMABUF_NAME), Err(LinuxError::Parse { .. })));
}
