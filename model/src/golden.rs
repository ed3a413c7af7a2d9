//! The golden engine: bit-exact, the oracle of every test and the engine of a host without a board.

use crate::algebra::Context;
use crate::config::{Config, ConfigError};
use crate::engine::{Capabilities, Engine, EngineError, EngineKind, Latched};
use crate::machine::Machine;
use alloc::collections::VecDeque;
use deltascope_abi::ABI_VERSION;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::{Class, Record};
use deltascope_abi::reply::{Reply, reply_beats};

/// The engine of the design, one record at a time, without a clock.
///
/// Memory is bounded: tables of fixed size, and replies up to [`Config::effective_reply_capacity`]. When a
/// record's replies and the batch's end would not fit, `submit` takes the records before it and no more.
pub struct GoldenEngine {
    config: Config,
    machine: Machine,
    packet: Packet,
    queue: VecDeque<Reply>,
}

/// Where the reply stream is in its packet.
struct Packet {
    /// Beats after which TLAST is set.
    length: u32,
    /// Beats since the last TLAST.
    since: u32,
    /// Beats since reset.
    beats: u64,
}

impl Packet {
    /// Counts a beat and reports whether it carries TLAST; `end` reports that it closes a batch.
    fn next(&mut self, end: bool) -> bool {
        self.beats += 1;
        self.since += 1;
        let tlast = end || self.since == self.length;
        if tlast {
            self.since = 0;
        }
        tlast
    }
}

impl GoldenEngine {
    /// An engine of these sizes, in the state after power-on.
    pub fn new(config: Config) -> Result<GoldenEngine, ConfigError> {
        config.check()?;
        Ok(GoldenEngine::build(config))
    }

    fn build(config: Config) -> GoldenEngine {
        GoldenEngine {
            machine: Machine::new(&config),
            packet: Packet { length: config.reply_packet, since: 0, beats: 0 },
            queue: VecDeque::new(),
            config,
        }
    }

    /// The sizes of this engine.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the present context `index`, `None` beyond the table.
    pub fn context(&self, index: u16) -> Option<Context> {
        self.machine.context(index)
    }

    /// Returns the present counters of (group, class), `None` beyond the table.
    pub fn row(&self, group: u16, class: Class) -> Option<CounterRow> {
        self.machine.row(group, class)
    }

    /// Journal position J.
    pub fn position(&self) -> u64 {
        self.machine.position()
    }

    /// Takes one input beat and gives every reply beat that it causes, each with its TLAST, to `sink`: the
    /// record's own replies, then, if `tlast`, the end-of-batch beat. For lockstep with hardware; the beats do
    /// not pass through the queue of [`Engine::poll`], but count in the same packet.
    pub fn step(&mut self, record: Record, tlast: bool, sink: &mut dyn FnMut(Reply, bool)) {
        let GoldenEngine { machine, packet, .. } = self;
        machine.execute(&record, &mut |reply| {
            let last = packet.next(false);
            sink(reply, last);
        });
        if tlast {
            let last = packet.next(true);
            sink(Reply::end_of_batch(machine.position(), machine.accepted()), last);
        }
    }
}

impl Default for GoldenEngine {
    fn default() -> GoldenEngine {
        GoldenEngine::build(Config::default())
    }
}

impl Engine for GoldenEngine {
    fn info(&self) -> Capabilities {
        Capabilities {
            kind: EngineKind::Model,
            abi_version: ABI_VERSION,
            build_id: 0,
            contexts: self.config.contexts,
            groups: self.config.groups,
            journal_lanes: self.config.journal_lanes,
            journal_depth: self.config.journal_depth,
        }
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        let GoldenEngine { config, machine, packet, queue } = self;
        // One place is kept for the beat that ends this batch.
        let room = config.effective_reply_capacity() - 1;
        if queue.len() > room {
            return Ok(0);
        }
        let mut taken = 0;
        loop {
            taken += machine.run_counting(&records[taken..]);
            let Some(record) = records.get(taken) else { break };
            if queue.len() + reply_beats(record, config.groups) > room {
                break;
            }
            machine.execute(record, &mut |reply| {
                packet.next(false);
                queue.push_back(reply);
            });
            taken += 1;
        }
        if taken > 0 {
            packet.next(true);
            queue.push_back(Reply::end_of_batch(machine.position(), machine.accepted()));
        }
        Ok(taken)
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        let count = self.queue.len();
        self.queue.drain(..).for_each(sink);
        Ok(count)
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        Ok(self.machine.latched(self.packet.beats))
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        self.machine.reset();
        self.queue.clear();
        self.packet.since = 0;
        self.packet.beats = 0;
        Ok(())
    }
}
