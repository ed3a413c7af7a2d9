//! Engine `uio` with everything but the kernel: the binding's own buffers, in files in place of a UIO device and for
//! u-dma-buf, between the driver and the model of the AXI DMA in front of the Verilated top.
#![cfg(feature = "rtl")]
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

#[path = "../../linux/tests/support/mod.rs"]
mod fake;
mod file_memory;

use deltascope_abi::board::{AXI_DMA, BUFFERS, ENGINE, UDMABUF_NAME, UIO_NAME, Window};
use deltascope_abi::record::{Class, Record};
use deltascope_driver::axi_dma::{Completion, DmaSettings};
use deltascope_driver::seams::{BusError, Registers};
use deltascope_linux::access::BlockRegisters;
use deltascope_linux::board::MonotonicClock;
use deltascope_linux::buffers::Buffers;
use deltascope_linux::engine::{UioEngine, drive};
use deltascope_linux::uio::{UioDevice, page_bytes};
use deltascope_linux::{Options, UioBoard};
use deltascope_model::raw::{RawReport, replay_raw};
use deltascope_model::{Config, Engine, EngineError, GoldenEngine};
use deltascope_sim::axi_dma::{Block, DmaConfig, System};
use fake::Fake;
use file_memory::{BYTES, FileMemory};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// Registers of one block of the simulation.
struct Simulated(Rc<RefCell<System<FileMemory>>>, Block);

impl Registers for Simulated {
    fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
        self.0.borrow_mut().read32(self.1, offset)
    }

    fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        self.0.borrow_mut().write32(self.1, offset, value)
    }
}

/// The engine of that board. Its time is this machine's, which may be busy.
fn engine(fake: &Fake, memory: FileMemory, is_scatter_gather: bool) -> Result<UioEngine, EngineError> {
    let settings = DmaSettings {
        completion: Completion::Poll,
        batch_bytes: 16 << 10,
        time_limit: Duration::from_micros(60_000_000),
        reset_limit: Duration::from_micros(60_000_000),
        ..DmaSettings::default()
    };
    let options = Options { settings, ..fake.options() };
    let device = UioDevice::open(&options.roots, &options.uio).unwrap();
    let buffers = Buffers::open(&options.roots, &device, &options.udmabuf).unwrap();
    let irq = device.irq().unwrap();
    let system = Rc::new(RefCell::new(System::new(DmaConfig::board(is_scatter_gather), memory, 1).unwrap()));
    let block = |block| BlockRegisters::new(Simulated(Rc::clone(&system), block));
    let (engine, dma) = (block(Block::Engine), block(Block::Dma));
    let clock = MonotonicClock::start();
    drive(UioBoard { second_way: None, device, engine, dma, buffers, irq, clock, is_emulated: true }, &options)
}

/// A board whose buffers are a reserved window of its UIO device.
fn with_window(is_scatter_gather: bool) -> (Fake, UioEngine) {
    let fake = Fake::empty();
    let path = fake.uio("uio0", UIO_NAME, &[ENGINE, AXI_DMA, Window { bytes: BYTES, ..BUFFERS }]);
    let memory = FileMemory::new(&path, 2 * page_bytes(), BUFFERS.base.into());
    let engine = engine(&fake, memory, is_scatter_gather).unwrap();
    (fake, engine)
}

/// A board whose buffers are those of u-dma-buf; `prepare` may spoil it.
fn with_udmabuf(prepare: impl FnOnce(&Fake)) -> (Fake, Result<UioEngine, EngineError>) {
    let fake = Fake::empty();
    fake.uio("uio0", UIO_NAME, &[ENGINE, AXI_DMA]);
    fake.udmabuf(UDMABUF_NAME, 0x1000_0000, BYTES.into(), false);
    prepare(&fake);
    let memory = FileMemory::new(&fake.roots.dev.join(UDMABUF_NAME), 0, 0x1000_0000);
    let engine = engine(&fake, memory, true);
    (fake, engine)
}

/// Records of many kinds, more than fit into a batch.
fn records() -> Vec<u8> {
    let mut bytes = Vec::new();
    for n in 0..3_000u32 {
        let (context, group, value) = ((n % 7) as u16, (n % 5) as u16, u64::from(n / 3) << 33 | 1);
        let record = match n % 11 {
            0 => Record::load(context, value),
            1 | 2 => Record::accum(context, value),
            3 => Record::read(context),
            4 => Record::swap(context, value).with_rebase(),
            5 | 6 => Record::pair(group, Class::PageAfterT, 4096, n / 2, n / 3),
            7 | 8 => Record::send(group, context, n, value),
            9 if n.is_multiple_of(10) => Record::snapshot(0, 9),
            9 => Record::sync(value),
            _ => Record::load(u16::MAX, value),
        };
        bytes.extend(record.to_bytes());
    }
    bytes
}

fn replay(engine: &mut dyn Engine) -> RawReport {
    replay_raw(&mut records().as_slice(), engine).unwrap()
}

fn expected(engine: &UioEngine) -> RawReport {
    replay(&mut GoldenEngine::new(Config::of(&engine.info())).unwrap())
}

#[test]
fn replies_and_counters_are_the_models_in_both_modes() {
    for is_scatter_gather in [false, true] {
        let (_fake, mut engine) = with_window(is_scatter_gather);
        assert_eq!(replay(&mut engine), expected(&engine), "scatter-gather: {is_scatter_gather}");
        let text = engine.host().streams();
        assert!(text.contains(if is_scatter_gather { "scatter-gather" } else { "direct" }), "{text}");
        assert!(
            text.contains("UIO device deltascope") && text.contains("0x200000 bytes of buffers at 0x18000000"),
            "{text}"
        );
    }
}

/// A file of u-dma-buf.
fn sync(name: &str) -> String {
    format!("class/u-dma-buf/{UDMABUF_NAME}/{name}")
}

#[test]
fn a_cached_buffer_is_handed_over_in_both_directions() {
    let (fake, engine) = with_udmabuf(|_| {});
    let mut engine = engine.unwrap();
    assert_eq!(replay(&mut engine), expected(&engine));
    for name in ["sync_for_cpu", "sync_for_device"] {
        // One number for offset, size, both directions, and 1.
        let written = fake.read_sys(&sync(name));
        assert!(written.len() == 18 && written.starts_with("0x") && written.ends_with('1'), "{name}: {written}");
    }
}

#[test]
fn a_buffer_that_is_not_handed_over_is_not_used() {
    for name in ["sync_for_cpu", "sync_for_device"] {
        let (_fake, engine) = with_udmabuf(|fake| fake.refuse_sys(&sync(name)));
        let text = engine.err().unwrap().to_string();
        assert!(text.contains(name) && text.contains("No space left"), "{text}");
    }
}

/// Beside the rates there is what the engine's own clocks say of its input.
#[test]
fn bench_of_the_verilated_engine_reports_the_use_of_its_port() {
    let arguments = ["bench", "--engine", "rtl", "--time", "10", "--json"];
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_deltascope-boardd")).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let row = report["rows"].as_array().unwrap().iter().find(|row| row["name"] == "engine").unwrap();
    let used = row["port_used"].as_f64().unwrap();
    assert!(used > 0.0 && used <= 1.0, "{report}");
}

#[test]
fn the_selftest_of_the_verilated_engine_has_every_test() {
    let program = env!("CARGO_BIN_EXE_deltascope-boardd");
    let arguments = ["selftest", "--engine", "rtl", "--records", "3000", "--json"];
    let output = std::process::Command::new(program).args(arguments).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success() && report["ok"] == true, "{report}");
    let names: Vec<&str> =
        report["tests"].as_array().unwrap().iter().filter_map(|test| test["test"].as_str()).collect();
    assert_eq!(names, ["identity", "scratch", "stream patterns", "counters", "replies and snapshot"]);
}
