//! What the engine does while it is traced. Nothing here is random: the pictures repeat.

use deltascope_abi::random::Random;
use deltascope_abi::record::{Class, Record};
use deltascope_abi::registers::{CONTROL_LATCH, Counter, IRQ_BATCH_END, offset};

use deltascope_sim::bench::{Bench, Failure};
use deltascope_sim::dut::Dut;
use deltascope_sim::flow::{Flow, Pattern};
use deltascope_sim::stream::{Beat, Sink, Source, StreamPorts};
use deltascope_sim::top::Top;

/// Names of phases and the clocks in which they begin.
pub type Phases = Vec<(&'static str, usize)>;

/// Clocks in which the sink of the core takes nothing.
const STALL: u32 = 16;

struct Core {
    bench: Bench,
    source: Source,
    sink: Sink,
    phases: Phases,
}

impl Core {
    fn begin(&mut self, phase: &'static str) {
        self.phases.push((phase, self.bench.clocks() as usize));
    }

    fn offer(&mut self, records: &[Record], last: bool) {
        for (at, record) in records.iter().enumerate() {
            let data = u128::from(record.head) | u128::from(record.operand) << 64;
            self.source.push(Beat { data, last: last && at + 1 == records.len() });
        }
    }

    /// That many clocks with the input `port` held at 1 in the first of them.
    fn pulse(&mut self, port: &str, clocks: u32) -> Result<(), Failure> {
        let port = self.bench.dut().port(port)?;
        self.bench.dut_mut().set(port, 1);
        self.clocks(1)?;
        self.bench.dut_mut().set(port, 0);
        self.clocks(clocks - 1)
    }

    fn clocks(&mut self, clocks: u32) -> Result<(), Failure> {
        for _ in 0..clocks {
            self.source.drive(&mut self.bench);
            self.sink.drive(&mut self.bench);
            self.bench.settle()?;
            self.source.sample(&self.bench);
            self.sink.sample(&self.bench)?;
            self.bench.edge();
        }
        Ok(())
    }
}

/// The core alone: a record in each clock.
pub fn core(dut: Dut) -> Result<Phases, Failure> {
    let mut bench = Bench::new(dut, None)?;
    let mut random = Random::new(1);
    let source = Source::new(StreamPorts::axis(bench.dut(), "s")?, Flow::always(), &mut random);
    let sink = Sink::new(StreamPorts::axis(bench.dut(), "m")?, Flow::always());
    let sink_idle = bench.dut().port("sink_idle")?;
    bench.dut_mut().set(sink_idle, 1);
    bench.reset(2)?;
    let mut core = Core { bench, source, sink, phases: Vec::new() };
    core.begin("clear");
    core.clocks(40)?;

    core.begin("states");
    let (load, accum) = (Record::load(3, 0x10), Record::accum(3, 0x3));
    core.offer(&[load, accum, Record::read(3), accum, Record::read(3), Record::swap(3, 0x55).with_reply()], false);
    core.clocks(24)?;

    core.begin("counts");
    let pair = |after| Record::pair(1, Class::PageAfterT, 0x1000, 0xAA, after);
    let send = Record::send(1, 5, 0x64, 0x77).with_reply();
    core.offer(&[pair(0xAA), pair(0xAA), pair(0xBB), send, send], false);
    core.clocks(24)?;

    core.begin("snapshot");
    core.offer(&[Record::snapshot(1, 1), pair(0xAA)], false);
    core.clocks(40)?;

    core.begin("batch");
    core.offer(&[Record::accum(3, 0x1), Record::read(3)], true);
    core.clocks(20)?;

    core.begin("stall");
    core.sink.set_flow(Flow::new(Pattern::NeverThenBurst { idle: STALL, burst: 1_000 }, &mut random));
    core.offer(&[Record::read(3); 16], false);
    core.clocks(60)?;
    core.sink.set_flow(Flow::always());

    core.begin("query");
    // Seven deltas so far: two on context 3 and a SWAP, two SENDs, one more on context 3. The mark lies before the last two.
    core.offer(&[Record::accum(3, 0xF00), Record::query(3, 5), Record::read(3)], false);
    core.clocks(50)?;

    core.begin("latch");
    core.offer(&[Record::read(3); 4], false);
    core.clocks(4)?;
    core.pulse("latch", 12)?;

    core.begin("reset");
    core.offer(&[Record::read(3); 2], false);
    core.clocks(1)?;
    core.pulse("soft_reset", 70)?;
    Ok(core.phases)
}

/// The whole top: 64-bit halves, registers, interrupt.
pub fn top(dut: Dut) -> Result<Phases, Failure> {
    let mut top = Top::new(Bench::new(dut, None)?, 0xB01D)?;
    let mut phases = Phases::new();
    let idle = |top: &mut Top, clocks: u32| (0..clocks).try_for_each(|_| top.clock().map(drop));
    let nothing = &mut |_| {};
    idle(&mut top, 40)?;
    top.write(offset::IRQ_MASK, IRQ_BATCH_END.mask(), nothing)?;
    idle(&mut top, 4)?;

    phases.push(("records", top.bench().clocks() as usize));
    top.push(Record::load(2, 0x1234), false);
    top.push(Record::read(2), true);
    idle(&mut top, 30)?;

    phases.push(("fragment", top.bench().clocks() as usize));
    top.push_fragment(0x2);
    top.push(Record::read(2), false);
    idle(&mut top, 30)?;

    phases.push(("write", top.bench().clocks() as usize));
    top.write(offset::SCRATCH, 0xCAFE, nothing)?;
    idle(&mut top, 2)?;
    phases.push(("read", top.bench().clocks() as usize));
    top.read(offset::SCRATCH, nothing)?;
    idle(&mut top, 4)?;

    top.write(offset::CONTROL, CONTROL_LATCH.mask(), nothing)?;
    idle(&mut top, 4)?;
    phases.push(("counter", top.bench().clocks() as usize));
    top.read(Counter::OpRead.offset(), nothing)?;
    idle(&mut top, 8)?;
    Ok(phases)
}

/// The fingerprint block: packets of 20, 9 and no bytes, one beat in each clock.
pub fn fingerprint(dut: Dut) -> Result<Phases, Failure> {
    let mut bench = Bench::new(dut, None)?;
    let keep = bench.dut().port("s_axis_tkeep")?;
    let mut source = Source::new(StreamPorts::axis(bench.dut(), "s_axis")?, Flow::always(), &mut Random::new(1));
    let mut sink = Sink::new(StreamPorts::axis(bench.dut(), "m_axis")?, Flow::always());
    bench.reset(2)?;
    let mut phases = Phases::new();
    let mut clocks = |bench: &mut Bench, source: &mut Source, clocks: u32, keeps: &[u64]| -> Result<(), Failure> {
        for clock in 0..clocks {
            source.drive(bench);
            bench.dut_mut().set(keep, keeps.get(clock as usize).copied().unwrap_or(0));
            sink.drive(bench);
            bench.settle()?;
            source.sample(bench);
            sink.sample(bench)?;
            bench.edge();
        }
        Ok(())
    };
    clocks(&mut bench, &mut source, 4, &[])?;
    phases.push(("packets", bench.clocks() as usize));
    let text = u128::from_le_bytes(*b"0123456789abcdef");
    for (data, last) in [(text, false), (0x6768_6970, true), (text, true), (0, true)] {
        source.push(Beat { data, last });
    }
    clocks(&mut bench, &mut source, 30, &[0xFFFF, 0x000F, 0x01FF, 0])?;
    Ok(phases)
}
