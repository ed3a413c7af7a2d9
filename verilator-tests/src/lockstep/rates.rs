//! What the engine does per clock, measured at its own 128-bit port without idle clocks and back-pressure.
//! Every burst is compared with the golden engine beat by beat as it runs.

use deltascope_abi::random::Random;
use deltascope_abi::record::{CLASSES, Class, Op, Record};
use deltascope_model::Config;

use super::engine::EngineRun;
use deltascope_sim::bench::Failure;

/// Clocks of a SNAPSHOT beyond two for each counter row: its own beat, and the way of the last row to the
/// reply queue.
pub const SNAPSHOT_OVERHEAD: u64 = 5;

/// Clocks from the one in which a SNAPSHOT of `groups` groups is taken to the next one in which a record can be,
/// with or without TLAST, when replies are taken at once.
pub const fn snapshot_formula(groups: u64) -> u64 {
    2 * CLASSES as u64 * groups + SNAPSHOT_OVERHEAD
}

/// Clocks for which a QUERY holds the input beyond one for each row of the journal: the second visit of the row
/// that is being filled, and the way of the answer to the reply queue.
pub const QUERY_OVERHEAD: u64 = 14;

/// Clocks for which a QUERY of a journal with `depth` rows holds the input when replies are taken at once.
pub const fn query_formula(depth: u64) -> u64 {
    depth + QUERY_OVERHEAD
}

/// Traffic of a rate measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// LOAD, ACCUM, READ, SWAP and SEND with answers, all on one context and row.
    OneContext,
    /// The same on two contexts in turn.
    TwoAlternating,
    /// PAIR and SEND on one row.
    OneGroup,
    /// The same on random contexts and rows.
    Random,
    /// Every op with at most one reply beat, rejected records among them.
    Mixed,
}

impl Workload {
    /// Every workload.
    pub const ALL: [Workload; 5] =
        [Workload::OneContext, Workload::TwoAlternating, Workload::OneGroup, Workload::Random, Workload::Mixed];

    /// Name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Workload::OneContext => "one_context",
            Workload::TwoAlternating => "two_alternating",
            Workload::OneGroup => "one_group",
            Workload::Random => "random",
            Workload::Mixed => "mixed",
        }
    }

    fn record(self, n: u64, random: &mut Random, config: &Config) -> Record {
        let context = random.below(config.contexts.into()) as u16;
        let group = random.below(config.groups.into()) as u16;
        let algebra = [Op::Load, Op::Accum, Op::Read, Op::Swap, Op::Send];
        let on = |op, context, group, random: &mut Random| {
            Record::new(op, Class::NetworkSend, group, context, random.below(65_536) as u32, random.below(4))
        };
        match self {
            Workload::OneContext => on(random.pick(&algebra), 7, 7, random).with_reply(),
            Workload::TwoAlternating => on(random.pick(&algebra), (n % 2) as u16, (n % 2) as u16, random).with_reply(),
            Workload::OneGroup => on(random.pick(&[Op::Pair, Op::Send]), context, 5, random),
            Workload::Random => counting_record(random, config),
            Workload::Mixed => {
                let ops = [Op::Nop, Op::Load, Op::Accum, Op::Read, Op::Swap, Op::Pair, Op::Send, Op::Sync];
                let record = on(random.pick(&ops), context, group, random);
                let record = if random.one_in(20) { Record { head: 0xF, ..record } } else { record };
                if random.one_in(2) { record.with_reply() } else { record }
            }
        }
    }
}

/// A PAIR or SEND on a random context and row, without an answer.
pub fn counting_record(random: &mut Random, config: &Config) -> Record {
    let context = random.below(config.contexts.into()) as u16;
    let group = random.below(config.groups.into()) as u16;
    let op = random.pick(&[Op::Pair, Op::Send]);
    Record::new(
        op,
        Class::from_code(random.below(4) as u8),
        group,
        context,
        random.below(65_536) as u32,
        random.below(4),
    )
}

/// Records accepted over clocks from the first to the last accepted one.
pub fn events_per_clock(
    run: &mut EngineRun,
    workload: Workload,
    records: u64,
    random: &mut Random,
    config: &Config,
) -> Result<f64, Failure> {
    let list: Vec<_> = (0..records).map(|n| (workload.record(n, random, config), false)).collect();
    let moved = run.burst(list)?;
    Ok(records as f64 / (moved.last_record - moved.first_record + 1) as f64)
}

/// Clocks from a SNAPSHOT of the first `groups` groups to the next record, the greater of with and without TLAST.
pub fn snapshot_clocks(run: &mut EngineRun, groups: u64) -> Result<u64, Failure> {
    let mut most = 0;
    for last in [false, true] {
        let moved = run.burst([(Record::snapshot(0, (groups - 1) as u16), last), (Record::nop(), false)])?;
        most = most.max(moved.last_record - moved.first_record);
    }
    Ok(most)
}

/// Clocks for which a QUERY holds the input.
pub fn query_clocks(run: &mut EngineRun) -> Result<u64, Failure> {
    let moved = run.burst([(Record::query(0, 0), false), (Record::nop(), false)])?;
    Ok(moved.last_record - moved.first_record - 1)
}

/// Clocks from the one in which a READ is taken to the one in which its reply is.
pub fn read_latency_clocks(run: &mut EngineRun) -> Result<u64, Failure> {
    let moved = run.burst([(Record::read(0), false)])?;
    Ok(moved.last_reply - moved.first_record)
}
