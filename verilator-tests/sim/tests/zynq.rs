//! The logic of an emulated Zynq, without the Zynq: the real driver in one thread, through mailbox, shared memory and
//! interrupt line, and the process that serves the logic in another. Only QEMU is played.
#![cfg(feature = "verilate")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deltascope_abi::board::{AXI_DMA, BUFFERS, ENGINE, Window};
use deltascope_abi::mailbox::MAILBOX;
use deltascope_driver::axi_dma::{Completion, DmaSettings, Notice};
use deltascope_driver::dma_host::{DmaHost, DmaParts};
use deltascope_driver::engine::EngineDriver;
use deltascope_driver::seams::{BusError, Clock, DmaBuffer, Fabric, FabricError, Irq, Registers};
use deltascope_mailbox::{Guest, Words};
use deltascope_model::raw::replay_raw;
use deltascope_model::{Config, Engine, EngineKind, GoldenEngine};
use deltascope_sim::axi_dma::DmaConfig;
use deltascope_sim::zynq::line::Line;
use deltascope_sim::zynq::serve::{Places, Server};
use deltascope_testkit::Rng;
use deltascope_testkit::records::FOR_ANY_ENGINE;
use memmap2::{MmapOptions, MmapRaw};
use serde_json::Value;

/// Plays QEMU: answers where the interrupt controller is, and keeps the level of the line.
fn play_qemu(places: &Places) -> Arc<AtomicBool> {
    let (qmp, qtest) = (UnixListener::bind(&places.qmp).unwrap(), UnixListener::bind(&places.qtest).unwrap());
    let level = Arc::new(AtomicBool::new(false));
    let line = Arc::clone(&level);
    std::thread::spawn(move || {
        let mut stream = BufReader::new(qmp.accept().unwrap().0);
        let child = r#"{"return": [{"name": "device[3]", "type": "child<a9mpcore_priv>"}]}"#;
        for answer in [r#"{"QMP": {}}"#, r#"{"return": {}}"#, child] {
            stream.get_mut().write_all(format!("{answer}\n").as_bytes()).unwrap();
            stream.read_line(&mut String::new()).unwrap();
        }
        let mut stream = BufReader::new(qtest.accept().unwrap().0);
        let mut text = String::new();
        while stream.read_line(&mut text).unwrap_or(0) > 0 {
            line.store(text.trim().ends_with('1'), Ordering::SeqCst);
            text.clear();
            stream.get_mut().write_all(b"OK\n").unwrap();
        }
    });
    level
}

/// The buffers as a guest has them.
struct GuestMemory(MmapRaw);

// SAFETY: the map stays as long as the value lives, starts at a page, and nothing makes a reference to its bytes.
unsafe impl DmaBuffer for GuestMemory {
    fn bus_addr(&self) -> u64 {
        BUFFERS.base.into()
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn ptr(&self) -> *mut u8 {
        self.0.as_mut_ptr()
    }
    fn sync_for_device(&mut self, _: Range<usize>) {}
    fn sync_for_cpu(&mut self, _: Range<usize>) {}
}

/// The line as QEMU would hand it on: while it is high, it comes again.
struct GuestIrq(Arc<AtomicBool>);

impl Irq for GuestIrq {
    fn wait(&mut self, timeout: Duration) -> bool {
        let end = Instant::now() + timeout;
        while !self.0.load(Ordering::SeqCst) {
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_micros(20));
        }
        true
    }
    fn rearm(&mut self) {}
}

struct WallClock(Instant);

impl Clock for WallClock {
    fn now(&mut self) -> Duration {
        self.0.elapsed()
    }
}

struct Present;

impl Fabric for Present {
    fn check(&mut self) -> Result<(), FabricError> {
        Ok(())
    }
}

fn map(path: &Path, offset: u32, bytes: u32) -> MmapRaw {
    let file = File::options().read(true).write(true).open(path).unwrap();
    MmapOptions::new().offset(offset.into()).len(bytes as usize).map_raw(&file).unwrap()
}

/// Runs `body` as a guest of logic whose DMA is built so; gives what the logic did.
fn with_logic(scatter_gather: bool, body: impl FnOnce(Rc<Guest>, GuestMemory, GuestIrq) + Send) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let places = Places { ddr: file("ddr"), qmp: file("qmp"), qtest: file("qtest") };
    let level = play_qemu(&places);
    let mut server = Server::new(&places, DmaConfig::board(scatter_gather)).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // The simulation stays in this thread.
        let guest = scope.spawn(|| {
            let words = Words::new(map(&places.ddr, MAILBOX.base, MAILBOX.bytes), 0).unwrap();
            let memory = GuestMemory(map(&places.ddr, BUFFERS.base, BUFFERS.bytes));
            /// Also when the guest fails, or nothing would end the logic.
            struct Stop<'a>(&'a AtomicBool);
            impl Drop for Stop<'_> {
                fn drop(&mut self) {
                    self.0.store(true, Ordering::Relaxed);
                }
            }
            let _stop = Stop(&stop);
            body(Rc::new(Guest::open(words).unwrap()), memory, GuestIrq(level));
        });
        let mut line = Line::connect(&places.qmp, &places.qtest).unwrap();
        server.run(&mut line, &stop).unwrap();
        guest.join().unwrap();
        server.report(&line)
    })
}

#[test]
fn the_driver_counts_as_the_model_through_mailbox_and_shared_memory() {
    let bytes: Vec<u8> = FOR_ANY_ENGINE.records(20_000, &mut Rng::new(5)).iter().flat_map(|r| r.to_bytes()).collect();
    for scatter_gather in [true, false] {
        let report = with_logic(scatter_gather, |guest, buffer, irq| {
            let settings = DmaSettings {
                completion: Completion::Interrupt { wait: Duration::from_micros(1_000) },
                time_limit: Duration::from_micros(60_000_000),
                reset_limit: Duration::from_micros(60_000_000),
                ..DmaSettings::default()
            };
            let (engine, dma) = (guest.block(ENGINE), guest.block(AXI_DMA));
            let parts = DmaParts { engine, dma, buffer, irq, clock: WallClock(Instant::now()) };
            let host = DmaHost::open(&mut Present, parts, &settings).unwrap();
            let mut engine = EngineDriver::open(host, EngineKind::Uio).unwrap();
            let mut model = GoldenEngine::new(Config::of(&engine.info())).unwrap();
            let (mut expected, mut found) = (Vec::new(), Vec::new());
            replay_raw(&mut bytes.as_slice(), &mut model).unwrap().write_json(&mut expected).unwrap();
            replay_raw(&mut bytes.as_slice(), &mut engine).unwrap().write_json(&mut found).unwrap();
            assert!(found == expected, "the reports differ, scatter-gather: {scatter_gather}");
            // An access that clears the cause is answered when the line is low: nothing comes twice.
            let notices: Vec<Notice> = engine.host_mut().take_notices().collect();
            let spurious = notices.iter().filter(|notice| matches!(notice, Notice::InterruptSpurious)).count();
            assert_eq!(spurious, 0, "scatter-gather: {scatter_gather}, {notices:?}");
        });
        assert_eq!(report["refused"], 0, "{report}");
        assert!(report["interrupts"].as_u64() > Some(0), "{report}");
    }
}

#[test]
fn what_the_bus_refuses_is_told_with_its_response() {
    let report = with_logic(true, |guest, _, _| {
        let mut engine = guest.block(ENGINE);
        assert_eq!(engine.read32(0xFFC), Err(BusError::Response { offset: 0xFFC, response: 2 }));
        assert_eq!(engine.write32(0xFFC, 1), Err(BusError::Response { offset: 0xFFC, response: 2 }));
        let mut nowhere = guest.block(Window { base: 0x7FFF_0000, ..ENGINE });
        assert_eq!(nowhere.read32(0), Err(BusError::Response { offset: 0, response: 3 }));
        engine.write32(0x10, 0x1234_5678).unwrap();
        assert_eq!(engine.read32(0x10), Ok(0x1234_5678));
    });
    assert_eq!((report["accesses"].as_u64(), report["refused"].as_u64()), (Some(5), Some(3)));
}
