//! The emitted Verilog as an engine: the Verilated top as a host of the engine driver, its streams and registers
//! driven directly.

use std::collections::VecDeque;

use deltascope_abi::record::Record;
use deltascope_abi::reply::Reply;
use deltascope_driver::engine::EngineDriver;
use deltascope_driver::seams::{BusError, RecordStreams, Registers, StreamError};
use deltascope_model::{EngineError, EngineKind};

use crate::bench::{Bench, Failure};
use crate::dut::Dut;
use crate::top::{Moved, Top};

/// Records that may wait in front of the design.
const WAITING_RECORDS: usize = 8_192;
/// Clocks that one service simulates: enough that a call is cheap beside them.
const SERVICE_CLOCKS: u32 = 128;
/// Clocks without a beat in either direction, while a reply is due, after which the design is stuck.
const PATIENCE: u64 = 1_000_000;
/// Seed of the design's random memory contents. Results do not depend on it.
const SEED: u64 = 1;

/// The Verilated `deltascope_top` behind the real driver.
pub type RtlEngine = EngineDriver<VerilatedTop>;

/// Brings up the Verilated top: reset, identity, ABI, sizes, tables cleared.
///
/// # Errors
/// The design is not built in, is no delta engine, or speaks another ABI.
pub fn open() -> Result<RtlEngine, EngineError> {
    let failed = |text| EngineError::Device { engine: EngineKind::Rtl.name(), text };
    let dut = Dut::open("deltascope_top", SEED).map_err(|error| failed(error.to_string()))?;
    let bench = Bench::new(dut, None).map_err(|error| failed(error.to_string()))?;
    let top = Top::new(bench, 0).map_err(|failure| failed(failure.to_string()))?;
    EngineDriver::open(VerilatedTop { top, arrived: VecDeque::new(), quiet_clocks: 0 }, EngineKind::Rtl)
}

/// The design on one thread, without a clock of its own: every access and every service simulates.
pub struct VerilatedTop {
    top: Top,
    /// Replies that arrived during register accesses.
    arrived: VecDeque<Reply>,
    quiet_clocks: u64,
}

impl VerilatedTop {
    /// Clocks simulated so far.
    pub fn clocks(&self) -> u64 {
        self.top.bench().clocks()
    }
}

/// Keeps the reply beat, if one moved.
fn keep(arrived: &mut VecDeque<Reply>, moved: Moved) {
    arrived.extend(moved.reply.map(|beat| Reply::from_beat(beat.data)));
}

fn on_bus(offset: u32, failure: &Failure) -> BusError {
    BusError::Host { offset, text: failure.to_string() }
}

impl Registers for VerilatedTop {
    fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
        let VerilatedTop { top, arrived, .. } = self;
        top.read(offset, &mut |moved| keep(arrived, moved)).map_err(|failure| on_bus(offset, &failure))
    }

    fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        let VerilatedTop { top, arrived, .. } = self;
        top.write(offset, value, &mut |moved| keep(arrived, moved)).map_err(|failure| on_bus(offset, &failure))
    }
}

impl RecordStreams for VerilatedTop {
    fn room(&self) -> usize {
        WAITING_RECORDS.saturating_sub(self.top.halves_waiting() / 2)
    }

    fn send(&mut self, batch: &[Record], _reply_beats: usize) -> Result<(), StreamError> {
        for (n, record) in batch.iter().enumerate() {
            self.top.push(*record, n + 1 == batch.len());
        }
        Ok(())
    }

    fn service(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<(), StreamError> {
        self.arrived.drain(..).for_each(&mut *sink);
        for _ in 0..SERVICE_CLOCKS {
            let moved = self.top.clock().map_err(|failure| StreamError { text: failure.to_string() })?;
            self.quiet_clocks = if moved.record || moved.reply.is_some() { 0 } else { self.quiet_clocks + 1 };
            if let Some(beat) = moved.reply {
                sink(Reply::from_beat(beat.data));
            }
        }
        if self.quiet_clocks > PATIENCE {
            let text =
                format!("expected the end of a batch, found no beat in {PATIENCE} clocks; run the lockstep tests");
            return Err(StreamError { text });
        }
        Ok(())
    }

    fn end_batches(&mut self, _count: usize) {}

    fn restart(&mut self) -> Result<(), StreamError> {
        (self.quiet_clocks, self.arrived) = (0, VecDeque::new());
        self.top.hard_reset(3).map_err(|failure| StreamError { text: failure.to_string() })
    }
}
