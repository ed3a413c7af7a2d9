//! Single functions of the path: `cargo bench -p deltascope-bench`. One core, in process.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deltascope_abi::random::Random;
use deltascope_agent::attribution::describe;
use deltascope_bench::ladder::{Family, FullRing, scan};
use deltascope_bench::workload;
use deltascope_model::Context;
use deltascope_protocol::frame::{Cursors, Message, Records, decode, encode};
use std::hint::black_box;
use std::time::Duration;

const PAGE: usize = 4096;

fn fingerprint(criterion: &mut Criterion) {
    let mut random = Random::new(3);
    let page: Vec<u8> = (0..PAGE).map(|_| random.next() as u8).collect();
    let mut group = criterion.benchmark_group("fingerprint");
    for length in [64, 512, PAGE] {
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(format!("crc32c_{length}"), |bencher| {
            bencher.iter(|| crc32c::crc32c(black_box(&page[..length])));
        });
    }
    group.finish();
}

fn algebra(criterion: &mut Criterion) {
    let mut random = Random::new(4);
    let deltas: Vec<(u8, u64)> = (0..1 << 14).map(|_| (random.next() as u8, random.next())).collect();
    let mut contexts = vec![Context::default(); 256];
    let mut group = criterion.benchmark_group("algebra");
    group.throughput(Throughput::Elements(deltas.len() as u64));
    group.bench_function("accum_256_contexts", |bencher| {
        bencher.iter(|| {
            for &(context, delta) in black_box(&deltas) {
                contexts[usize::from(context)].accum(delta);
            }
        });
    });
    group.bench_function("swap_256_contexts", |bencher| {
        bencher
            .iter(|| deltas.iter().fold(0, |sum, &(context, value)| sum ^ contexts[usize::from(context)].swap(value)));
    });
    group.finish();
}

fn codec(criterion: &mut Criterion) {
    let records: Vec<_> = workload::records()[..4096].iter().map(|record| record.to_bytes()).collect();
    let message = Message::Records(Records {
        first_sequence: 0,
        replies_below: 0,
        losses: Default::default(),
        cursors: Cursors(&[]),
        records: &records,
    });
    let mut buffer = vec![0; 1 << 17];
    let length = encode(&message, &mut buffer).expect("it fits");
    let mut group = criterion.benchmark_group("codec");
    group.throughput(Throughput::Elements(records.len() as u64));
    let mut target = buffer.clone();
    group.bench_function("encode_records", |bencher| bencher.iter(|| encode(black_box(&message), &mut target)));
    group.bench_function("decode_records", |bencher| {
        bencher.iter(|| decode(black_box(&buffer[..length])).is_ok());
    });
    group.finish();
}

fn attribution(criterion: &mut Criterion) {
    let id = "0123456789abcdef".repeat(4);
    let pod = "kubepods-burstable-pod11111111_2222_3333_4444_555555555555.slice";
    let path = format!("/kubepods.slice/kubepods-burstable.slice/{pod}/cri-containerd-{id}.scope");
    let mut group = criterion.benchmark_group("attribution");
    group.throughput(Throughput::Elements(1));
    group.bench_function("describe_pod_path", |bencher| bencher.iter(|| describe(black_box(&path))));
    group.finish();
}

fn ring_reader(criterion: &mut Criterion) {
    let ring = FullRing::new().expect("a ring in a file");
    let mut group = criterion.benchmark_group("ring_reader");
    group.sample_size(10).throughput(Throughput::Elements(1 << 16));
    group.bench_function("events_65536", |bencher| {
        bencher.iter_custom(|rounds| {
            let (mut taken, mut events) = (Duration::ZERO, 0);
            while events < rounds << 16 {
                let (more, spent) = ring.read().expect("the ring is read");
                (taken, events) = (taken + spent, events + more);
            }
            taken.mul_f64((rounds << 16) as f64 / events as f64)
        });
    });
    group.finish();
}

fn scan_of_a_family(criterion: &mut Criterion) {
    const MIB: usize = 64;
    let family = Family::start(MIB).expect("a family");
    let mut scanner = family.scanner();
    let mut group = criterion.benchmark_group("scan");
    group.sample_size(10).throughput(Throughput::Bytes((MIB as u64) << 20));
    group.bench_function("family_64_mib", |bencher| {
        bencher.iter_custom(|rounds| (0..rounds).map(|_| scan(&mut scanner, MIB).expect("a scan").1).sum());
    });
    group.finish();
}

criterion_group!(benches, fingerprint, algebra, codec, ring_reader, attribution, scan_of_a_family);
criterion_main!(benches);
