//! `deltascope_top.v` from outside: 64-bit streams, AXI4-Lite, interrupt, reset.

use std::collections::VecDeque;

use deltascope_abi::random::Random;
use deltascope_abi::record::Record;
use deltascope_abi::registers::{
    CAP_AXIS_BITS, CAP_DEPTH, CAP_LANES, CAP_REPLY_PACKET, CONTROL_LATCH, Counter, offset,
};
use deltascope_model::Latched;

use crate::axi_lite::{AxiLite, Completion, OKAY};
use crate::bench::{Bench, Failure};
use crate::dut::{Dut, Port};
use crate::flow::Flow;
use crate::stream::{Beat, Sink, Source, StreamPorts};

/// TKEEP of a half of which no byte is missing.
const WHOLE: u8 = 0xFF;
/// Clocks within which AXI4-Lite answers, with every channel always willing.
const BUS_PATIENCE: u64 = 1_000;

/// What moved in one clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moved {
    /// The last half of a record, or a fragment, was taken.
    pub record: bool,
    /// A reply beat is complete.
    pub reply: Option<Beat>,
}

/// What the identity and capability registers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// `IDENTITY`.
    pub identity: u32,
    /// `ABI_VERSION`.
    pub abi_version: u32,
    /// `BUILD_ID`.
    pub build_id: u32,
    /// `CAP_CONTEXTS`.
    pub contexts: u32,
    /// `CAP_GROUPS`.
    pub groups: u32,
    /// `CAP_JOURNAL.LANES`.
    pub journal_lanes: u32,
    /// `CAP_JOURNAL.DEPTH`.
    pub journal_depth: u32,
    /// `CAP_STREAM.REPLY_PACKET`.
    pub reply_packet: u32,
    /// `CAP_STREAM.AXIS_BITS`.
    pub axis_bits: u32,
}

/// The top with its streams and its register bus. Nothing else drives the design.
pub struct Top {
    bench: Bench,
    records: Source,
    replies: Sink,
    bus: AxiLite,
    bus_quiet: bool,
    keep: Port,
    irq: Port,
    first_half: Option<u64>,
    s_keep: Port,
    /// For each half that waits, whether it completes a record, and its TKEEP.
    halves: VecDeque<(bool, u8)>,
}

impl Top {
    /// Takes over a design of `deltascope_top` and resets it. `build_id` is at the input of that name.
    pub fn new(mut bench: Bench, build_id: u32) -> Result<Top, Failure> {
        let dut = bench.dut();
        let bus = AxiLite::new(dut, "s_axi")?;
        let mut unused = Random::new(0);
        let records = Source::new(StreamPorts::axis(dut, "s_axis")?, Flow::always(), &mut unused);
        let replies = Sink::new(StreamPorts::axis(dut, "m_axis")?, Flow::always());
        let (keep, irq) = (dut.port("m_axis_tkeep")?, dut.port("irq")?);
        let (id, s_keep) = (dut.port("build_id")?, dut.port("s_axis_tkeep")?);
        bench.dut_mut().set(id, u64::from(build_id));
        let (first_half, halves) = (None, VecDeque::new());
        let mut top = Top { bench, records, replies, bus, bus_quiet: false, keep, irq, first_half, s_keep, halves };
        top.hard_reset(3)?;
        Ok(top)
    }

    /// Drives the input that reports whether the design was built from changed sources.
    pub fn set_build_dirty(&mut self, dirty: bool) -> Result<(), Failure> {
        let port = self.bench.dut().port("build_dirty")?;
        self.bench.dut_mut().set(port, u64::from(dirty));
        Ok(())
    }

    /// The clocked design.
    pub fn bench(&self) -> &Bench {
        &self.bench
    }

    /// The design itself.
    pub fn dut(&self) -> &Dut {
        self.bench.dut()
    }

    /// The interrupt line.
    pub fn irq(&self) -> bool {
        self.bench.dut().high(self.irq)
    }

    /// The register bus, to queue transfers; [`Top::clock`] moves them.
    pub fn bus(&mut self) -> &mut AxiLite {
        self.bus_quiet = false;
        &mut self.bus
    }

    /// Changes the pattern of idle clocks between halves of records.
    pub fn set_record_flow(&mut self, flow: Flow) {
        self.records.set_flow(flow);
    }

    /// Changes the pattern of back-pressure on replies.
    pub fn set_reply_flow(&mut self, flow: Flow) {
        self.replies.set_flow(flow);
    }

    /// Whether a half of a reply is offered and was not taken.
    pub fn stalling(&self) -> bool {
        self.replies.stalling()
    }

    /// Queues a record as two halves, the low one first.
    pub fn push(&mut self, record: Record, last: bool) {
        self.records.push(Beat { data: u128::from(record.head), last: false });
        self.records.push(Beat { data: u128::from(record.operand), last });
        self.halves.extend([(false, WHOLE), (true, WHOLE)]);
    }

    /// Queues a record of which bytes are missing, as TKEEP of its two halves states. Unless both are 0xFF it is a
    /// fragment.
    pub fn push_short(&mut self, record: Record, last: bool, keep: [u8; 2]) {
        self.push(record, last);
        for (half, keep) in self.halves.iter_mut().rev().zip([keep[1], keep[0]]) {
            half.1 = keep;
        }
    }

    /// Queues half a record that ends its batch: a fragment, which the engine must reject and count.
    pub fn push_fragment(&mut self, half: u64) {
        self.records.push(Beat { data: u128::from(half), last: true });
        self.halves.push_back((true, WHOLE));
    }

    /// Halves of records that were not taken yet.
    pub fn halves_waiting(&self) -> usize {
        self.records.waiting()
    }

    /// Resets the design for `clocks` clocks; whatever was under way is forgotten on both sides.
    pub fn hard_reset(&mut self, clocks: u64) -> Result<(), Failure> {
        self.records.clear();
        self.halves.clear();
        self.replies.clear();
        self.bus.clear();
        self.first_half = None;
        self.records.drive(&mut self.bench);
        self.bus.drive(&mut self.bench);
        self.bench.reset(clocks)?;
        Ok(())
    }

    /// One clock.
    #[inline]
    pub fn clock(&mut self) -> Result<Moved, Failure> {
        let bus_moves = !self.bus_quiet;
        self.records.drive(&mut self.bench);
        let keep = self.halves.front().map_or(WHOLE, |(_, keep)| *keep);
        self.bench.dut_mut().set(self.s_keep, u64::from(keep));
        self.replies.drive(&mut self.bench);
        if bus_moves {
            // Once more after the last answer, so that its ready goes down again.
            self.bus_quiet = self.bus.pending() == 0;
            self.bus.drive(&mut self.bench);
        }
        self.bench.settle()?;
        if bus_moves {
            self.bus.sample(&self.bench)?;
        }
        let half = self.records.sample(&self.bench);
        let record = half.is_some() && self.halves.pop_front().is_some_and(|(completes, _)| completes);
        let reply = match self.replies.sample(&self.bench)? {
            Some(half) => self.join(half)?,
            None => None,
        };
        self.bench.edge();
        Ok(Moved { record, reply })
    }

    fn join(&mut self, half: Beat) -> Result<Option<Beat>, Failure> {
        self.bench.expect("TKEEP of a reply", self.bench.dut().get(self.keep), 0xFF)?;
        match self.first_half.take() {
            None => {
                self.bench.expect("TLAST on the first half of a reply", half.last, false)?;
                self.first_half = Some(half.data as u64);
                Ok(None)
            }
            Some(low) => Ok(Some(Beat { data: u128::from(low) | half.data << 64, last: half.last })),
        }
    }

    /// Writes a register and clocks until it is answered; what moves meanwhile goes to `moved`.
    pub fn write(&mut self, address: u32, data: u32, moved: &mut dyn FnMut(Moved)) -> Result<(), Failure> {
        self.bus().write(address, data);
        match self.complete(moved)? {
            Completion::Write { response: OKAY, .. } => Ok(()),
            other => Err(self.bench.mismatch(format!("write of {address:#05x}: expected OKAY, found {other:x?}"))),
        }
    }

    /// Reads a register and clocks until it is answered; what moves meanwhile goes to `moved`.
    pub fn read(&mut self, address: u32, moved: &mut dyn FnMut(Moved)) -> Result<u32, Failure> {
        self.bus().read(address);
        match self.complete(moved)? {
            Completion::Read { data, response: OKAY, .. } => Ok(data),
            other => Err(self.bench.mismatch(format!("read of {address:#05x}: expected OKAY, found {other:x?}"))),
        }
    }

    fn complete(&mut self, moved: &mut dyn FnMut(Moved)) -> Result<Completion, Failure> {
        for _ in 0..BUS_PATIENCE {
            moved(self.clock()?);
            if let Some(done) = self.bus.completion() {
                return Ok(done);
            }
        }
        Err(self.bench.mismatch(format!("AXI4-Lite did not answer in {BUS_PATIENCE} clocks")))
    }

    /// Reads the identity and capability registers.
    pub fn describe(&mut self) -> Result<Description, Failure> {
        let mut word = |address| self.read(address, &mut |_| {});
        let (journal, stream) = (word(offset::CAP_JOURNAL)?, word(offset::CAP_STREAM)?);
        Ok(Description {
            identity: word(offset::IDENTITY)?,
            abi_version: word(offset::ABI_VERSION)?,
            build_id: word(offset::BUILD_ID)?,
            contexts: word(offset::CAP_CONTEXTS)?,
            groups: word(offset::CAP_GROUPS)?,
            journal_lanes: CAP_LANES.get(journal),
            journal_depth: CAP_DEPTH.get(journal),
            reply_packet: CAP_REPLY_PACKET.get(stream),
            axis_bits: CAP_AXIS_BITS.get(stream),
        })
    }

    /// Latches every counter and reads them all.
    pub fn latch(&mut self, moved: &mut dyn FnMut(Moved)) -> Result<Latched, Failure> {
        self.write(offset::CONTROL, CONTROL_LATCH.mask(), moved)?;
        let mut values = [0_u64; Counter::ALL.len()];
        for counter in Counter::ALL {
            let low = self.read(counter.offset(), moved)?;
            let high = self.read(counter.offset() + 4, moved)?;
            values[counter as usize] = u64::from(low) | u64::from(high) << 32;
        }
        Ok(Latched::from_counters(&values))
    }
}

/// A latched set from its counters in the order of [`Counter::ALL`].
pub fn latched(values: &[u64; Counter::ALL.len()]) -> Latched {
    Latched::from_counters(values)
}
