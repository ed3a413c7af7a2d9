//! The AXI DMA driver against the model of the DMA and the Verilated top: both modes, polled and by interrupt.
#![cfg(feature = "verilate")]

use deltascope_abi::record::Record;
use deltascope_abi::registers::offset;
use deltascope_driver::axi_dma::{Completion, DmaSettings, Mode, silence};
use deltascope_driver::dma_host::{DmaHost, DmaParts, HostError};
use deltascope_driver::engine::EngineDriver;
use deltascope_driver::seams::{BusError, RecordStreams, Registers};
use deltascope_model::raw::replay_raw;
use deltascope_model::{Config, Engine, EngineKind, GoldenEngine};
use deltascope_sim::axi_dma::host::{self, Shared, SimFabric, SimHost, Window};
use deltascope_sim::axi_dma::pg021::Channel;
use deltascope_sim::axi_dma::{Block, DmaConfig, Fault, Ram, Response, Timing};
use deltascope_testkit::Rng;
use deltascope_testkit::records::FOR_ANY_ENGINE;
use std::time::Duration;

fn settings() -> DmaSettings {
    DmaSettings {
        batch_bytes: 32 << 10,
        time_limit: Duration::from_micros(2_000),
        reset_limit: Duration::from_micros(200),
        ..DmaSettings::default()
    }
}

fn open(config: DmaConfig, settings: &DmaSettings) -> (EngineDriver<SimHost>, Shared<Ram>) {
    let (system, buffer) = host::system(config, settings, 1).expect("the top is built in");
    let host = host::open(&system, buffer, settings).expect("the driver opens");
    (EngineDriver::open(host, EngineKind::Rtl).expect("the engine opens"), system)
}

/// The same records through the DMA and through the model give the same report.
fn replays_as_the_model(config: DmaConfig, settings: &DmaSettings, count: usize) {
    let (mut rtl, system) = open(config, settings);
    let mut model = GoldenEngine::new(Config::of(&rtl.info())).expect("the sizes of the RTL are valid");
    let bytes: Vec<u8> = FOR_ANY_ENGINE.records(count, &mut Rng::new(7)).iter().flat_map(|r| r.to_bytes()).collect();
    let mut reports = Vec::new();
    for engine in [&mut rtl as &mut dyn Engine, &mut model] {
        let mut report = Vec::new();
        replay_raw(&mut bytes.as_slice(), engine).expect("a replay").write_json(&mut report).expect("a report");
        reports.push(report);
    }
    assert!(reports[0] == reports[1], "the reports differ");
    assert_eq!(rtl.host().noticed(), 0);
    assert_eq!(system.borrow().dma().misuses(), 0, "CURDESC while running, or TAILDESC while halted");
    let beats = system.borrow().dma().record_beats();
    assert!(beats >= 2 * count as u64, "{beats} beats for {count} records");
}

#[test]
fn scatter_gather_polled() {
    replays_as_the_model(DmaConfig::board(true), &settings(), 8_000);
}

#[test]
fn scatter_gather_by_interrupt() {
    let completion = Completion::Interrupt { wait: Duration::from_micros(1_000) };
    let by_interrupt = DmaSettings { completion, ..settings() };
    replays_as_the_model(DmaConfig::board(true), &by_interrupt, 4_000);
    let coalesced = DmaSettings { coalesce: 8, delay: 2, ..by_interrupt };
    replays_as_the_model(DmaConfig::board(true), &coalesced, 4_000);
}

#[test]
fn direct_mode_polled_and_by_interrupt() {
    replays_as_the_model(DmaConfig::board(false), &settings(), 4_000);
    let completion = Completion::Interrupt { wait: Duration::from_micros(1_000) };
    replays_as_the_model(DmaConfig::board(false), &DmaSettings { completion, ..settings() }, 3_000);
}

#[test]
fn the_mode_is_the_one_that_the_hardware_has() {
    let (rtl, _) = open(DmaConfig::board(false), &settings());
    assert_eq!(rtl.host().mode(), Mode::Direct);
    let (rtl, _) = open(DmaConfig::board(true), &settings());
    assert_eq!(rtl.host().mode(), Mode::ScatterGather);
}

#[test]
fn halted_between_batches_it_runs_on_where_it_stood() {
    for scatter_gather in [false, true] {
        let (mut rtl, system) = open(DmaConfig::board(scatter_gather), &settings());
        let sync = |rtl: &mut EngineDriver<SimHost>, token| {
            assert_eq!(rtl.submit(&[Record::sync(token)]).expect("submit"), 1);
            let mut values = Vec::new();
            while values.len() < 2 {
                rtl.poll(&mut |reply| values.push(reply.value)).expect("poll");
            }
            values
        };
        for round in 0..20 {
            assert_eq!(sync(&mut rtl, 1_000 + round), [1_000 + round, round + 1]);
            rtl.host_mut().halt().expect("halts");
            assert_eq!(rtl.submit(&[Record::nop()]).expect("submit"), 0, "a halted host has no room");
            system.borrow_mut().step(500).expect("steps");
            rtl.host_mut().resume().expect("resumes");
        }
        rtl.submit(&[Record::nop()]).expect("submit");
        assert!(rtl.host_mut().halt().is_err(), "halted with a batch under way");
    }
}

/// An engine with a batch half through and buffers for replies posted.
fn in_the_midst(scatter_gather: bool) -> (EngineDriver<SimHost>, Shared<Ram>) {
    let (mut rtl, system) = open(DmaConfig::board(scatter_gather), &settings());
    let batch: Vec<Record> = (0..2_000).map(Record::sync).collect();
    rtl.submit(&batch).expect("submit");
    system.borrow_mut().step(500).expect("steps");
    assert!(!system.borrow().dma().is_stopped());
    (rtl, system)
}

#[test]
fn every_way_out_stops_the_dma_and_forgets_its_buffers() {
    for scatter_gather in [false, true] {
        // The end.
        let (rtl, system) = in_the_midst(scatter_gather);
        drop(rtl);
        assert!(system.borrow().dma().is_stopped());
        // An error.
        let (mut rtl, system) = in_the_midst(scatter_gather);
        system.borrow_mut().faults().plan(Fault::Data(Channel::S2mm, Response::DecodeError));
        while rtl.poll(&mut |_| {}).is_ok() {}
        drop(rtl);
        assert!(system.borrow().dma().is_stopped());
        // A panic.
        let (rtl, system) = in_the_midst(scatter_gather);
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _rtl = rtl;
            std::panic::resume_unwind(Box::new("planned"));
        }));
        assert!(caught.is_err() && system.borrow().dma().is_stopped());
    }
}

#[test]
fn killed_process_is_cleared_up_at_the_next_start() {
    for scatter_gather in [false, true] {
        let (rtl, system) = in_the_midst(scatter_gather);
        let buffer = system.borrow_mut().memory().clone();
        // SIGKILL runs nothing: the value never goes.
        std::mem::forget(rtl);
        // The next start refuses to continue, and has stopped the DMA all the same.
        let other = if scatter_gather { Mode::Direct } else { Mode::ScatterGather };
        let refused = DmaSettings { mode: Some(other), ..settings() };
        assert!(host::open(&system, buffer.clone(), &refused).is_err(), "the other mode is refused");
        assert!(system.borrow().dma().is_stopped());
        let host = host::open(&system, buffer, &settings()).expect("the driver opens");
        let mut rtl = EngineDriver::open(host, EngineKind::Rtl).expect("the engine opens");
        assert_eq!(rtl.counters().expect("counters").accepted, 0);
    }
}

/// An engine of the next major version of the layouts.
struct NextVersion(Window<Ram>);

impl Registers for NextVersion {
    fn read32(&mut self, at: u32) -> Result<u32, BusError> {
        let next = if at == offset::ABI_VERSION { 1 << 16 } else { 0 };
        self.0.read32(at).map(|value| value + next)
    }

    fn write32(&mut self, at: u32, value: u32) -> Result<(), BusError> {
        self.0.write32(at, value)
    }
}

#[test]
fn dma_of_an_engine_of_another_version_is_stopped_and_refused() {
    let (rtl, system) = in_the_midst(true);
    let buffer = system.borrow_mut().memory().clone();
    std::mem::forget(rtl);
    let parts = DmaParts {
        engine: NextVersion(host::window(&system, Block::Engine)),
        dma: host::window(&system, Block::Dma),
        buffer,
        irq: host::line(&system),
        clock: host::clock(&system),
    };
    let opened = DmaHost::open(&mut SimFabric(system.clone()), parts, &settings());
    assert!(matches!(opened.err(), Some(HostError::Abi { .. })), "another version is refused");
    assert!(system.borrow().dma().is_stopped());
}

#[test]
fn panic_handler_stops_the_dma_with_one_write() {
    let (rtl, system) = in_the_midst(true);
    silence(&mut host::window(&system, Block::Dma)).expect("a write");
    system.borrow_mut().step(1_000).expect("steps");
    assert!(system.borrow().dma().is_stopped());
    drop(rtl);
}

/// Idle is still that of the transfer before for several reads after LENGTH.
#[test]
fn idle_that_falls_late_is_no_end() {
    let by_interrupt = Completion::Interrupt { wait: Duration::from_micros(1_000) };
    for completion in [Completion::Poll, by_interrupt] {
        for idle_late in [8, 24, 56] {
            let timing = Timing { register_access: 8, idle_late, ..Timing::default() };
            let config = DmaConfig { timing, ..DmaConfig::board(false) };
            replays_as_the_model(config, &DmaSettings { completion, ..settings() }, 1_000);
        }
    }
}

/// Settings and a DMA of any kind that works.
fn any_system(rng: &mut Rng) -> (DmaConfig, DmaSettings) {
    let timing = Timing {
        ddr_latency: rng.within(1, 120),
        outstanding_reads: rng.within(1, 8) as usize,
        outstanding_writes: rng.within(1, 4) as usize,
        prefetch: rng.within(1, 6) as usize,
        write_gap: rng.below(20),
        register_access: rng.within(8, 60),
        idle_late: rng.within(0, 56) as u32,
        ..Timing::default()
    };
    let config = DmaConfig { timing, length_bits: 16, ..DmaConfig::board(rng.chance(2)) };
    let completion = match rng.chance(2) {
        true => Completion::Poll,
        false => Completion::Interrupt { wait: Duration::from_micros(rng.within(1, 200)) },
    };
    let reply_packets = rng.within(2, 40) as u16;
    let settings = DmaSettings {
        completion,
        batch_bytes: 16 * rng.within(1, 2_000) as u32,
        batches: rng.within(2, 9) as u16,
        reply_packets,
        coalesce: rng.within(1, u64::from(reply_packets - 1).min(4)) as u8,
        delay: rng.within(1, 4) as u8,
        ..settings()
    };
    (config, settings)
}

#[test]
fn any_system_replays_as_the_model() {
    for seed in 0..6 {
        let (config, settings) = any_system(&mut Rng::new(seed));
        println!("seed {seed}: {config:?} {settings:?}");
        replays_as_the_model(config, &settings, 1_000);
    }
}

#[test]
fn faults_at_any_moment_leave_nothing_behind() {
    use Fault::{Data, Fetch, Halt, Internal, LoseRecord, LoseReply, NoData, NoWriteBack, RepeatRecord, Stale, Update};
    let channels = [Channel::Mm2s, Channel::S2mm];
    let responses = [Response::SlaveError, Response::DecodeError];
    let mut failed = 0;
    for seed in 0..12 {
        let mut rng = Rng::new(1_000 + seed);
        let (config, settings) = any_system(&mut rng);
        let (mut rtl, system) = open(config, &DmaSettings { time_limit: Duration::from_micros(500), ..settings });
        let list = FOR_ANY_ENGINE.records(1_500, &mut rng);
        let (channel, response) = (rng.pick(channels), rng.pick(responses));
        let fault = rng.pick([
            Data(channel, response),
            Fetch(channel, response),
            Update(channel, response),
            Internal(channel),
            Stale(channel),
            Halt(channel),
            NoWriteBack(channel),
            NoData,
            LoseRecord,
            RepeatRecord,
            LoseReply,
        ]);
        let strikes_at = rng.below(1_500) as usize;
        let (mut sent, mut planned) = (0, false);
        let outcome = loop {
            if sent == list.len() && !rtl.host().busy() {
                break Ok(());
            }
            if !planned && sent >= strikes_at {
                system.borrow_mut().faults().plan(fault);
                planned = true;
            }
            match rtl.submit(&list[sent..]).and_then(|taken| {
                sent += taken;
                rtl.poll(&mut |_| {})
            }) {
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        };
        failed += u32::from(outcome.is_err());
        system.borrow_mut().faults().clear();
        rtl.reset().unwrap_or_else(|error| panic!("seed {seed}, {fault:?}: {error}"));
        assert_eq!(rtl.counters().expect("counters").accepted, 0, "seed {seed}, {fault:?}");
        let bytes: Vec<u8> = list.iter().flat_map(|r| r.to_bytes()).collect();
        let mut reports = Vec::new();
        for engine in [&mut rtl as &mut dyn Engine, &mut GoldenEngine::default() as &mut dyn Engine] {
            let report = replay_raw(&mut bytes.as_slice(), engine).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
            reports.push((report.accepted, report.counters));
        }
        assert!(reports[0] == reports[1], "seed {seed}, {fault:?}: the counters differ");
    }
    assert!(failed > 4, "{failed} of 12 faults struck");
}
