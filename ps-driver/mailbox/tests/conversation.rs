//! Both ends in one process, over one map: 60,000 accesses, refusals, a guest that comes again, a host that does not.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use deltascope_abi::board::{AXI_DMA, ENGINE, Window};
use deltascope_abi::mailbox::{DECERR, MAILBOX, Mailbox, OKAY, READ, SLVERR};
use deltascope_driver::seams::{BusError, Registers};
use deltascope_mailbox::{Backoff, Guest, Host, MailboxError, Operation, Request, Words};
use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::mem::offset_of;
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A file of one page that every side maps for itself.
fn page() -> File {
    let path = std::env::temp_dir().join(format!("mailbox-{}-{:?}", std::process::id(), std::thread::current().id()));
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file.set_len(MAILBOX.bytes.into()).unwrap();
    file
}

fn words(file: &File) -> Words {
    let map: MmapRaw = MmapOptions::new().map_raw(file).unwrap();
    Words::new(map, 0).unwrap()
}

/// A block whose register 0 counts how often it was read, register 4 keeps what was written, and the rest refuses.
fn serve(file: &File, stop: &AtomicBool) -> u64 {
    let mut host = Host::new(words(file));
    let (mut reads, mut kept, mut backoff) = (0_u32, 0, Backoff::default());
    while !stop.load(Ordering::Relaxed) {
        let Some(request) = host.poll() else {
            backoff.wait();
            continue;
        };
        backoff.reset();
        match (request.address.wrapping_sub(ENGINE.base), request.operation) {
            (0, Operation::Read) => {
                reads += 1;
                host.answer(reads, OKAY);
            }
            (4, Operation::Read) => host.answer(kept, OKAY),
            (4, Operation::Write(value)) => {
                kept = value;
                host.answer(0, OKAY);
            }
            (offset, _) if offset < ENGINE.bytes => host.answer(0xDEAD, SLVERR),
            _ => host.answer(0xDEAD, DECERR),
        }
    }
    host.served()
}

fn with_host(body: impl FnOnce(&File)) -> u64 {
    let file = page();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let server = scope.spawn(|| serve(&file, &stop));
        while matches!(Guest::open(words(&file)), Err(MailboxError::Magic { found: 0 })) {
            std::thread::yield_now();
        }
        body(&file);
        stop.store(true, Ordering::Relaxed);
        server.join().unwrap()
    })
}

#[test]
fn accesses_arrive_once_each_and_in_order() {
    let served = with_host(|file| {
        let guest = Rc::new(Guest::open(words(file)).unwrap());
        let mut block = guest.block(ENGINE);
        for n in 0..20_000_u32 {
            let value = n.wrapping_mul(2_654_435_761);
            block.write32(4, value).unwrap();
            assert_eq!(block.read32(4), Ok(value));
            assert_eq!(block.read32(0), Ok(n + 1));
        }
    });
    assert_eq!(served, 60_000);
}

#[test]
fn refusals_are_carried_with_their_response() {
    with_host(|file| {
        let guest = Rc::new(Guest::open(words(file)).unwrap());
        let (mut engine, mut dma) = (guest.block(ENGINE), guest.block(AXI_DMA));
        assert_eq!(engine.read32(8), Err(BusError::Response { offset: 8, response: 2 }));
        assert_eq!(engine.write32(0, 1), Err(BusError::Response { offset: 0, response: 2 }));
        assert_eq!(dma.read32(0), Err(BusError::Response { offset: 0, response: 3 }));
        assert_eq!(engine.read32(6), Err(BusError::Offset { offset: 6, window: ENGINE.bytes }));
        assert_eq!(engine.read32(0x1000), Err(BusError::Offset { offset: 0x1000, window: ENGINE.bytes }));
        assert_eq!(engine.read32(0), Ok(1));
    });
}

#[test]
fn a_guest_that_comes_again_continues() {
    with_host(|file| {
        for n in 0..5 {
            let guest = Rc::new(Guest::open(words(file)).unwrap());
            assert_eq!(guest.block(ENGINE).read32(0), Ok(n + 1));
        }
    });
}

#[test]
fn without_a_host_there_is_an_error_and_no_endless_wait() {
    let file = page();
    assert_eq!(Guest::open(words(&file)).unwrap_err(), MailboxError::Magic { found: 0 });
    drop(Host::new(words(&file)));
    let guest = Rc::new(Guest::with_patience(words(&file), Duration::from_millis(20)).unwrap());
    let error = guest.block(Window { bytes: 16, ..ENGINE }).read32(12).unwrap_err();
    assert!(error.to_string().contains("no answer within 20ms"), "{error}");
}

#[test]
fn what_is_neither_read_nor_write_is_refused() {
    let file = page();
    let mut host = Host::new(words(&file));
    let put = |offset: usize, value: u32| file.write_all_at(&value.to_le_bytes(), offset as u64).unwrap();
    put(offset_of!(Mailbox, operation), 3);
    put(offset_of!(Mailbox, asked), 1);
    assert_eq!(host.poll(), None);
    let mut response = [0; 4];
    file.read_exact_at(&mut response, offset_of!(Mailbox, response) as u64).unwrap();
    assert_eq!(u32::from_le_bytes(response), SLVERR);
    put(offset_of!(Mailbox, operation), READ);
    put(offset_of!(Mailbox, asked), 2);
    assert_eq!(host.poll(), Some(Request { operation: Operation::Read, address: 0 }));
}

#[test]
fn memory_that_cannot_hold_the_mailbox_is_refused() {
    let file = page();
    for start in [4_000, 4_096, 5_000, 2] {
        let map = MmapOptions::new().map_raw(&file).unwrap();
        assert!(matches!(Words::new(map, start), Err(MailboxError::Memory { expected: 192, .. })));
    }
}
