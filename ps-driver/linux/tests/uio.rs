//! A UIO device by its name: what is found, what is refused, where its maps are, its interrupt.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_abi::board::{AXI_DMA, ENGINE, UIO_NAME};
use deltascope_driver::seams::{BusError, Irq, Registers};
use deltascope_linux::uio::{UioDevice, UioIrq};
use deltascope_linux::{LinuxError, UioBoard, access};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use support::{Fake, peek, poke, small};

#[test]
fn the_device_is_found_by_its_name_and_not_by_its_number() {
    let fake = Fake::empty();
    fake.uio("uio0", "something-else", &[ENGINE]);
    fake.uio("uio1", UIO_NAME, &[ENGINE, AXI_DMA]);
    let device = UioDevice::open(&fake.roots, UIO_NAME).unwrap();
    let names: Vec<&str> = device.maps().iter().map(|map| map.name.as_str()).collect();
    assert_eq!(names, ["engine", "axi_dma"]);
    let map = device.find_map("axi_dma").unwrap();
    assert_eq!((map.index, map.address, map.bytes), (1, u64::from(AXI_DMA.base), u64::from(AXI_DMA.bytes)));
}

#[test]
fn entry_without_a_name_is_not_in_the_way() {
    let fake = Fake::board();
    fake.sys("class/uio/uio9/maps/map0/size", "0x1000\n");
    UioDevice::open(&fake.roots, UIO_NAME).unwrap();
    fake.sys("class/uio/uio0/name", "other\n");
    let text = UioDevice::open(&fake.roots, UIO_NAME).unwrap_err().to_string();
    assert!(text.contains("found other, uio9 without a name") && text.contains("--uio"), "{text}");
}

#[test]
fn maps_without_names_are_said_to_be_so() {
    let fake = Fake::board();
    for map in 0..3 {
        fake.remove_sys(&format!("class/uio/uio0/maps/map{map}/name"));
    }
    let device = UioDevice::open(&fake.roots, UIO_NAME).unwrap();
    let text = device.map("engine", 4).unwrap_err().to_string();
    assert!(text.contains("found map0 without a name, map1 without a name") && text.contains("reg-names"), "{text}");
}

#[test]
fn what_is_missing_is_said_with_what_there_is() {
    let fake = Fake::empty();
    let text = UioDevice::open(&fake.roots, UIO_NAME).unwrap_err().to_string();
    assert!(text.contains("found none") && text.contains("of_id=generic-uio"), "{text}");

    fake.uio("uio0", "something-else", &[ENGINE]);
    let text = UioDevice::open(&fake.roots, UIO_NAME).unwrap_err().to_string();
    assert!(text.contains("found something-else"), "{text}");

    fake.uio("uio1", UIO_NAME, &[ENGINE]);
    let device = UioDevice::open(&fake.roots, UIO_NAME).unwrap();
    let text = device.map("axi_dma", 1).unwrap_err().to_string();
    assert!(text.contains("\"axi_dma\", found engine"), "{text}");
    let text = device.map("engine", 0x2000).unwrap_err().to_string();
    assert!(text.contains("at least 0x2000 bytes, found 0x1000"), "{text}");

    fake.uio("uio2", UIO_NAME, &[ENGINE]);
    assert!(matches!(UioDevice::open(&fake.roots, UIO_NAME), Err(LinuxError::ManyUio { count: 2, .. })));
}

#[test]
fn garbage_in_sysfs_is_an_error() {
    for (file, text) in [
        ("class/uio/uio0/maps/map0/size", "0x"),
        ("class/uio/uio0/maps/map0/size", "-1"),
        ("class/uio/uio0/maps/map0/addr", "0x1ffffffffffffffff"),
        ("class/uio/uio0/maps/map0/offset", ""),
        ("class/uio/uio0/maps/map0/offset", "0x1001"),
    ] {
        let fake = Fake::board();
        fake.sys(file, text);
        assert!(matches!(UioDevice::open(&fake.roots, UIO_NAME), Err(LinuxError::Parse { .. })), "{file} {text}");
    }
    let fake = Fake::board();
    fake.sys("class/uio/uio0/maps/map0/size", "0xffffffffffffffff");
    let device = UioDevice::open(&fake.roots, UIO_NAME).unwrap();
    assert!(matches!(device.mmap(&device.maps()[0]), Err(LinuxError::MapSize { .. })));
    fake.sys("class/uio/uio0/maps/map0/size", "0x0");
    drop(device);
    let device = UioDevice::open(&fake.roots, UIO_NAME).unwrap();
    assert!(matches!(device.mmap(&device.maps()[0]), Err(LinuxError::MapSize { .. })));
}

#[test]
fn a_second_process_is_refused_until_the_first_is_gone() {
    let fake = Fake::board();
    let first = UioDevice::open(&fake.roots, UIO_NAME).unwrap();
    assert!(matches!(UioDevice::open(&fake.roots, UIO_NAME), Err(LinuxError::InUse { .. })));
    drop(first);
    UioDevice::open(&fake.roots, UIO_NAME).unwrap();
}

#[test]
fn map_n_is_n_pages_into_the_device_and_registers_are_words_of_it() {
    let fake = Fake::board();
    let path = fake.roots.dev.join("uio0");
    let mut board = UioBoard::open(&fake.options()).unwrap();
    poke(&path, 0, 0x10, 0x1111_2222);
    poke(&path, 1, 0x30, 0x3333_4444);
    assert_eq!(board.engine.read32(0x10), Ok(0x1111_2222));
    assert_eq!(board.dma.read32(0x30), Ok(0x3333_4444));
    board.engine.write32(0x14, 0x5555_6666).unwrap();
    assert_eq!(peek(&path, 0, 0x14), 0x5555_6666);
    for offset in [0x11, 0x12, ENGINE.bytes, u32::MAX - 3] {
        assert!(matches!(board.engine.read32(offset), Err(BusError::Offset { .. })), "{offset:#x}");
        assert!(matches!(board.engine.write32(offset, 0), Err(BusError::Offset { .. })), "{offset:#x}");
    }
}

#[test]
fn registers_that_do_not_begin_at_a_page_are_found() {
    let fake = Fake::board();
    fake.sys("class/uio/uio0/maps/map0/offset", "0x200");
    fake.sys("class/uio/uio0/maps/map0/size", "0x2000");
    poke(&fake.roots.dev.join("uio0"), 0, 0x210, 0x7777_8888);
    let device = UioDevice::open(&fake.roots, UIO_NAME).unwrap();
    assert_eq!(device.maps()[0].address, u64::from(ENGINE.base) + 0x200);
    assert_eq!(access::open(&device).unwrap().engine.read32(0x10), Ok(0x7777_8888));

    fake.sys("class/uio/uio0/maps/map0/offset", "0x202");
    drop(device);
    let device = UioDevice::open(&fake.roots, UIO_NAME).unwrap();
    assert!(matches!(access::open(&device), Err(LinuxError::MapSize { .. })));
}

#[test]
fn an_emulated_board_is_told_apart_by_the_name_of_its_map() {
    let fake = Fake::empty();
    let mailbox = deltascope_abi::board::Window { name: access::MAILBOX, ..small(ENGINE) };
    fake.uio("uio0", UIO_NAME, &[mailbox]);
    let device = UioDevice::open(&fake.roots, UIO_NAME).unwrap();
    assert!(matches!(access::open(&device), Err(LinuxError::Mailbox { .. })));
}

/// Both ends of an interrupt: the kernel's and the driver's.
fn irq() -> (UnixStream, UioIrq) {
    let (mut kernel, driver) = UnixStream::pair().unwrap();
    kernel.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let irq = UioIrq::new(driver.into());
    assert_eq!(unmasked(&mut kernel), 1, "unmasked when it is opened");
    (kernel, irq)
}

fn unmasked(kernel: &mut UnixStream) -> u32 {
    let mut bytes = [0; 4];
    kernel.read_exact(&mut bytes).unwrap();
    u32::from_ne_bytes(bytes)
}

fn raise(kernel: &mut UnixStream, count: u32) {
    kernel.write_all(&count.to_ne_bytes()).unwrap();
}

#[test]
fn an_interrupt_is_seen_once_and_unmasked_by_a_one() {
    let (mut kernel, mut irq) = irq();
    raise(&mut kernel, 7);
    assert!(irq.wait(Duration::from_micros(1_000_000)));
    assert!(!irq.wait(Duration::ZERO), "seen already");
    irq.rearm();
    assert_eq!(unmasked(&mut kernel), 1);
    raise(&mut kernel, 8);
    assert!(irq.wait(Duration::from_micros(1_000_000)));
    assert_eq!(irq.missed(), 0);
}

#[test]
fn interrupts_that_were_not_seen_are_counted_and_a_count_that_stands_is_none() {
    let (mut kernel, mut irq) = irq();
    raise(&mut kernel, u32::MAX);
    assert!(irq.wait(Duration::from_micros(1_000_000)));
    raise(&mut kernel, 2);
    assert!(irq.wait(Duration::from_micros(1_000_000)));
    assert_eq!(irq.missed(), 2, "0 and 1");
    raise(&mut kernel, 2);
    assert!(!irq.wait(Duration::from_micros(20_000)), "the same count again");
}

#[test]
fn an_interrupt_whose_cause_was_cleared_by_a_poll_is_no_news_after_rearming() {
    let (mut kernel, mut irq) = irq();
    raise(&mut kernel, 7);
    // Here the driver finds the packet by polling, and clears the cause.
    irq.rearm();
    assert_eq!(unmasked(&mut kernel), 1);
    assert!(!irq.wait(Duration::from_micros(20_000)), "it was before");
    raise(&mut kernel, 8);
    assert!(irq.wait(Duration::from_micros(1_000_000)));
    assert_eq!(irq.missed(), 0);
}

#[test]
fn a_wait_ends_at_its_time_limit_and_a_dead_device_is_a_fault() {
    let (kernel, mut irq) = irq();
    let start = Instant::now();
    assert!(!irq.wait(Duration::from_micros(30_000)));
    let took = start.elapsed();
    assert!((Duration::from_millis(30)..Duration::from_secs(60)).contains(&took), "{took:?}");
    assert!(irq.fault().is_none());
    drop(kernel);
    assert!(!irq.wait(Duration::from_micros(30_000)));
    assert!(irq.fault().is_some());
    irq.rearm();
    assert!(!irq.wait(Duration::ZERO), "no panic and no endless loop");
}
