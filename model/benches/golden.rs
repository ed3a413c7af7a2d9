//! Speed of the golden engine: `cargo bench -p deltascope-model`. One core, in process, no transport.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use deltascope_abi::random::Random;
use deltascope_abi::record::{Class, Op, Record};
use deltascope_model::raw::replay_raw;
use deltascope_model::{Engine, GoldenEngine};
use std::hint::black_box;
use std::io::BufWriter;

/// Records of one pass: 4 MiB, more than a second-level cache holds.
const RECORDS: usize = 1 << 18;
/// Records of one `submit`, as a board server does it.
const BATCH: usize = 4096;

/// `count` records of `ops` in random order over the default engine's contexts and groups. Operands are small,
/// so a share of the events is redundant and no branch can be learnt.
fn records(ops: &[Op], count: usize) -> Vec<Record> {
    let mut random = Random::new(2);
    let contexts = deltascope_abi::DEFAULT_CONTEXTS as u64;
    let groups = deltascope_abi::DEFAULT_GROUPS as u64;
    (0..count)
        .map(|_| {
            let bits = random.next();
            let op = ops[(bits % ops.len() as u64) as usize];
            let class = Class::from_code((bits >> 8) as u8);
            let group = ((bits >> 10) % groups) as u16;
            let context = ((bits >> 24) % contexts) as u16;
            let pair = random.next() & 0x1_0000_0001;
            Record::new(op, class, group, context, (bits >> 40) as u32 & 0xFFFF, pair)
        })
        .collect()
}

/// One pass over `records`, replies polled and thrown away.
fn pass(engine: &mut GoldenEngine, records: &[Record]) {
    let mut sum = 0;
    for mut batch in records.chunks(BATCH) {
        while !batch.is_empty() {
            let taken = engine.submit(batch).expect("the golden engine does not fail");
            batch = &batch[taken..];
            engine.poll(&mut |reply| sum ^= reply.value).expect("the golden engine does not fail");
        }
    }
    black_box(sum);
}

fn events(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("golden");
    group.throughput(Throughput::Elements(RECORDS as u64)).sample_size(30);
    let mix = [Op::Pair, Op::Send];
    let alone = [Op::Nop, Op::Load, Op::Accum, Op::Read, Op::Swap, Op::Pair, Op::Send, Op::Sync];
    let cases =
        [("pair_and_send", &mix[..])].into_iter().chain(alone.iter().map(|op| (op.name(), std::slice::from_ref(op))));
    for (name, ops) in cases {
        let records = records(ops, RECORDS);
        let mut engine = GoldenEngine::default();
        group.bench_function(name, |bencher| bencher.iter(|| pass(&mut engine, &records)));
    }
    group.finish();
}

fn answers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("golden_answers");
    for groups in [1u16, 64, 1024] {
        let snapshot = [Record::snapshot(0, groups - 1)];
        let mut engine = GoldenEngine::default();
        group.throughput(Throughput::Elements(groups.into()));
        group.bench_function(BenchmarkId::new("snapshot_groups", groups), |bencher| {
            bencher.iter(|| pass(&mut engine, &snapshot));
        });
    }
    let mut engine = GoldenEngine::default();
    pass(&mut engine, &records(&[Op::Send], RECORDS));
    let horizon = engine.info().horizon();
    let query = [Record::query(7, engine.position() - horizon)];
    group.throughput(Throughput::Elements(horizon));
    group.bench_function("query_whole_journal", |bencher| bencher.iter(|| pass(&mut engine, &query)));
    group.finish();
}

/// A file of a million records to a report in JSON, without replies and with one for every record.
fn raw(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay_raw");
    let count = 1_000_000;
    group.throughput(Throughput::Elements(count as u64)).sample_size(10);
    for (name, op) in [("send", Op::Send), ("read", Op::Read)] {
        let file: Vec<u8> = records(&[op], count).iter().flat_map(|record| record.to_bytes()).collect();
        let mut engine = GoldenEngine::default();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let report = replay_raw(&mut &file[..], &mut engine).expect("the file is whole");
                report.write_json(&mut BufWriter::new(std::io::sink())).expect("a sink takes everything");
            });
        });
    }
    group.finish();
}

criterion_group!(benches, events, answers, raw);
criterion_main!(benches);
