//! The watchdog from end to end: the real daemon with the real driver, and logic whose DMA stops answering. The loop of the
//! daemon goes round all the time, and nothing moves.
#![cfg(feature = "rtl")]
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

#[path = "../../linux/tests/support/mod.rs"]
mod fake;
mod file_memory;
mod support;

use deltascope_abi::board::{AXI_DMA, BUFFERS, ENGINE, UIO_NAME, Window};
use deltascope_abi::mailbox::{MAILBOX, OKAY, SLVERR};
use deltascope_linux::uio::page_bytes;
use deltascope_mailbox::{Host, Operation, Words};
use deltascope_sim::axi_dma::{Block, DmaConfig, Fault, System};
use fake::Fake;
use file_memory::{BYTES, FileMemory};
use memmap2::MmapOptions;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use support::{Daemon, hello};

/// Clocks between two looks at the mailbox.
const STEP: u64 = 64;
/// Longest wait for anything.
const LIMIT: Duration = Duration::from_secs(120);

/// What the test asks of the logic.
#[derive(Default)]
struct Wishes {
    /// Memory does not answer the next transfer of records.
    stall: AtomicBool,
    stop: AtomicBool,
}

/// The maps of the device: one that nothing uses takes what the daemon writes to unmask the interrupt.
fn maps() -> [Window; 3] {
    [Window { name: "unused", ..MAILBOX }, MAILBOX, Window { bytes: BYTES, ..BUFFERS }]
}

/// Serves the logic through the mailbox until it is to stop. The mailbox is there once `ready` gets a message.
fn serve(path: &Path, wishes: &Wishes, ready: &Sender<()>) {
    let memory = FileMemory::new(path, 2 * page_bytes(), BUFFERS.base.into());
    let mut system = System::new(DmaConfig::board(true), memory, 1).unwrap();
    // The daemon is killed in the middle of a transfer.
    system.allow_running();
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let map = MmapOptions::new().len(2 * page_bytes()).map_raw(&file).unwrap();
    let mut host = Host::new(Words::new(map, page_bytes()).unwrap());
    ready.send(()).unwrap();
    while !wishes.stop.load(Ordering::Relaxed) {
        if wishes.stall.swap(false, Ordering::Relaxed) {
            system.faults().plan(Fault::NoData);
        }
        let Some(request) = host.poll() else {
            system.step(STEP).unwrap();
            continue;
        };
        let inside = |window: &Window| request.address.checked_sub(window.base).filter(|at| *at < window.bytes);
        let engine = inside(&ENGINE).map(|at| (Block::Engine, at));
        let (block, at) = engine.or(inside(&AXI_DMA).map(|at| (Block::Dma, at))).unwrap();
        let outcome = match request.operation {
            Operation::Read => system.read32(block, at),
            Operation::Write(value) => system.write32(block, at, value).map(|()| 0),
        };
        let (value, response) = outcome.map_or((0, SLVERR), |value| (value, OKAY));
        host.answer(value, response);
    }
}

/// Waits for a message of the daemon; none within `limit` is `None`.
fn message(socket: &UnixDatagram, limit: Duration) -> Option<String> {
    socket.set_read_timeout(Some(limit)).unwrap();
    let mut bytes = [0; 1024];
    loop {
        match socket.recv(&mut bytes) {
            Ok(count) => return Some(String::from_utf8(bytes[..count].to_vec()).unwrap()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return None,
            Err(error) => panic!("{error}"),
        }
    }
}

fn is_sign_of_life(text: &str) -> bool {
    text.trim() == "WATCHDOG=1"
}

#[test]
fn stalled_engine_ends_the_signs_of_life_of_a_running_daemon() {
    let fake = Fake::empty();
    let path = fake.uio("uio0", UIO_NAME, &maps());
    let wishes = Wishes::default();
    let manager = fake.path().join("notify");
    let socket = UnixDatagram::bind(&manager).unwrap();
    std::thread::scope(|scope| {
        let (ready, is_ready) = channel();
        let (path, wishes) = (&path, &wishes);
        scope.spawn(move || serve(path, wishes, &ready));
        /// Ends the logic also when the test fails.
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let _stop = Stop(&wishes.stop);
        is_ready.recv_timeout(LIMIT).unwrap();
        let root = fake.path().to_str().unwrap();
        let arguments = ["--engine", "uio", "--completion", "poll", "--root", root, "--stall-limit", "2"];
        let environment = [("NOTIFY_SOCKET", manager.clone()), ("WATCHDOG_USEC", PathBuf::from("200000"))];
        let mut daemon = Daemon::start_with(&arguments, &environment);
        assert_eq!(message(&socket, LIMIT).as_deref(), Some("READY=1\n"));
        for _ in 0..20 {
            assert!(is_sign_of_life(&message(&socket, LIMIT).unwrap()), "an engine without work is alive");
        }
        wishes.stall.store(true, Ordering::Relaxed);
        // The grant needs records that clear its contexts; they do not get through.
        let mut peer = daemon.connect();
        peer.write_all(&hello(1, 4)).unwrap();
        // However slow the machine is: the daemon reports that it feeds the watchdog no more, and then it does not.
        let (line, lines) = channel();
        let stderr = BufReader::new(daemon.stderr.take().unwrap());
        scope.spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|text| line.send(text)));
        while !lines.recv_timeout(LIMIT).unwrap().contains("the engine has had work for 2 s and has moved nothing") {}
        socket.set_nonblocking(true).unwrap();
        while socket.recv(&mut [0; 1024]).is_ok() {}
        socket.set_nonblocking(false).unwrap();
        assert_eq!(
            message(&socket, Duration::from_secs(3)),
            None,
            "a sign of life of a daemon whose engine has stalled"
        );
        assert_eq!(daemon.child.try_wait().unwrap(), None, "the daemon runs");
        daemon.child.kill().unwrap();
    });
}
