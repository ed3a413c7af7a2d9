//! The emitted Verilog as an engine: the Verilated top, its streams and registers driven directly.

use std::collections::VecDeque;

use deltascope_abi::ABI_VERSION;
use deltascope_abi::record::Record;
use deltascope_abi::registers::{CONTROL_SOFT_RESET, IDENTITY_VALUE, STATUS_CLEARING, STATUS_DRAINING, offset};
use deltascope_abi::reply::{Answer, Reply, ReplyError, ReplyParser, reply_beats};
use deltascope_model::{Capabilities, Engine, EngineError, EngineKind, Latched};

use crate::bench::{Bench, Failure};
use crate::dut::Dut;
use crate::top::{Moved, Top};

/// Records that may wait in front of the design.
const WAITING_RECORDS: usize = 8_192;
/// Reply beats that may be due or wait to be polled, unless one SNAPSHOT of every group needs more.
const REPLY_BEATS: usize = 1 << 16;
/// Clocks that one poll simulates at most, some milliseconds.
const POLL_CLOCKS: u32 = 20_000;
/// Clocks without a beat in either direction after which the design is stuck.
const PATIENCE: u64 = 1_000_000;
/// Seed of the design's random memory contents. Results do not depend on it.
const SEED: u64 = 1;

/// The Verilated `deltascope_top` behind the [`Engine`] interface.
///
/// One thread, no clock of its own: [`Engine::poll`] simulates. Memory is bounded: when the records in front
/// of the design or the replies that they can cause have no room, `submit` takes fewer records or none.
pub struct RtlEngine {
    top: Top,
    info: Capabilities,
    inbox: Inbox,
    reply_room: usize,
    quiet_clocks: u64,
}

/// Replies, and what is still to come.
#[derive(Default)]
struct Inbox {
    /// Replies that were not polled yet.
    replies: VecDeque<Reply>,
    parser: ReplyParser,
    /// For each batch that has not ended, the most reply beats that it can cause.
    batches: VecDeque<usize>,
    /// Sum of `batches`.
    promised: usize,
    fault: Option<ReplyError>,
}

impl Inbox {
    fn promise(&mut self, beats: usize) {
        self.batches.push_back(beats);
        self.promised += beats;
    }

    /// Takes the reply beat, if one moved. The beat that ends a batch frees the room that the batch had reserved.
    #[inline]
    fn take(&mut self, moved: Moved) {
        let Some(beat) = moved.reply else { return };
        let reply = Reply::from_beat(beat.data);
        self.replies.push_back(reply);
        match self.parser.push(reply) {
            Ok(Some(Answer::EndOfBatch { .. })) => self.promised -= self.batches.pop_front().unwrap_or(0),
            Ok(_) => {}
            Err(error) => self.fault = Some(error),
        }
    }

    fn check(&self) -> Result<(), EngineError> {
        self.fault.map_or(Ok(()), |fault| Err(fault.into()))
    }
}

fn device(text: String) -> EngineError {
    EngineError::Device { engine: EngineKind::Rtl.name(), text }
}

impl From<Failure> for EngineError {
    fn from(failure: Failure) -> EngineError {
        device(failure.to_string())
    }
}

impl RtlEngine {
    /// Brings up the Verilated top: reset, identity, ABI, sizes, tables cleared.
    ///
    /// # Errors
    /// The design is not built in, is no delta engine, or speaks another ABI.
    pub fn open() -> Result<RtlEngine, EngineError> {
        let dut = Dut::open("deltascope_top", SEED).map_err(|e| device(e.to_string()))?;
        let bench = Bench::new(dut, None).map_err(|e| device(e.to_string()))?;
        RtlEngine::on(Top::new(bench, 0)?)
    }

    fn on(mut top: Top) -> Result<RtlEngine, EngineError> {
        let found = top.describe()?;
        if found.identity != IDENTITY_VALUE {
            return Err(device(format!(
                "IDENTITY: expected {IDENTITY_VALUE:#010x}, found {:#010x}; this is no delta engine, emit and verilate deltascope_top anew",
                found.identity
            )));
        }
        if found.abi_version >> 16 != ABI_VERSION >> 16 {
            return Err(device(format!(
                "ABI_VERSION: expected major {}, found {}; build the Verilog and this program from the same sources",
                ABI_VERSION >> 16,
                found.abi_version >> 16
            )));
        }
        let info = Capabilities {
            kind: EngineKind::Rtl,
            abi_version: found.abi_version,
            build_id: found.build_id,
            contexts: found.contexts,
            groups: found.groups,
            journal_lanes: found.journal_lanes,
            journal_depth: found.journal_depth,
        };
        let whole_snapshot = reply_beats(&Record::snapshot(0, (info.groups - 1) as u16), info.groups);
        let mut engine = RtlEngine {
            top,
            info,
            inbox: Inbox::default(),
            reply_room: REPLY_BEATS.max(whole_snapshot + 1),
            quiet_clocks: 0,
        };
        engine.wait_until_running()?;
        Ok(engine)
    }

    /// Clocks simulated so far.
    pub fn clocks(&self) -> u64 {
        self.top.bench().clocks()
    }

    fn wait_until_running(&mut self) -> Result<(), EngineError> {
        for _ in 0..PATIENCE {
            let status = self.registers(|top, moved| top.read(offset::STATUS, moved))?;
            if status & (STATUS_CLEARING.mask() | STATUS_DRAINING.mask()) == 0 {
                return Ok(());
            }
        }
        Err(device("STATUS: expected the tables to be cleared, found CLEARING or DRAINING for ever".to_owned()))
    }

    /// Uses the registers; what moves on the streams meanwhile is not lost.
    fn registers<T>(
        &mut self,
        access: impl FnOnce(&mut Top, &mut dyn FnMut(Moved)) -> Result<T, Failure>,
    ) -> Result<T, EngineError> {
        let RtlEngine { top, inbox, .. } = self;
        let found = access(top, &mut |moved| inbox.take(moved))?;
        self.inbox.check()?;
        Ok(found)
    }

    /// Simulates until every batch has ended, or for so many clocks.
    fn advance(&mut self, clocks: u32) -> Result<(), EngineError> {
        for _ in 0..clocks {
            if self.inbox.batches.is_empty() {
                break;
            }
            let moved = self.top.clock()?;
            self.quiet_clocks = if moved.record || moved.reply.is_some() { 0 } else { self.quiet_clocks + 1 };
            self.inbox.take(moved);
        }
        self.inbox.check()?;
        if self.quiet_clocks > PATIENCE {
            let batches = self.inbox.batches.len();
            return Err(device(format!(
                "expected {batches} batches to end, found no beat in {PATIENCE} clocks; run the lockstep tests"
            )));
        }
        Ok(())
    }
}

impl Engine for RtlEngine {
    fn info(&self) -> Capabilities {
        self.info
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        let waiting = self.top.halves_waiting() / 2;
        let mut beats = 1;
        let mut taken = 0;
        for record in records.iter().take(WAITING_RECORDS.saturating_sub(waiting)) {
            let more = reply_beats(record, self.info.groups);
            if self.inbox.replies.len() + self.inbox.promised + beats + more > self.reply_room {
                break;
            }
            beats += more;
            taken += 1;
        }
        for (n, record) in records.iter().take(taken).enumerate() {
            self.top.push(*record, n + 1 == taken);
        }
        if taken > 0 {
            self.inbox.promise(beats);
        }
        Ok(taken)
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        self.advance(POLL_CLOCKS)?;
        let count = self.inbox.replies.len();
        self.inbox.replies.drain(..).for_each(sink);
        Ok(count)
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        self.registers(|top, moved| top.latch(moved))
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        // A soft reset keeps what stands in front of the engine, so what was submitted goes through first.
        while !self.inbox.batches.is_empty() {
            self.advance(POLL_CLOCKS)?;
        }
        self.registers(|top, moved| top.write(offset::CONTROL, CONTROL_SOFT_RESET.mask(), moved))?;
        self.wait_until_running()?;
        self.inbox = Inbox::default();
        Ok(())
    }
}
