//! What a C compiler lays out by the header is what this crate reads: records, header, and a committed copy of both.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use deltascope_abi::loss::{LOSS_REASONS, LossReason};
use deltascope_abi::ring::{
    RING_HEADER_BYTES, RING_MAGIC, RING_RECORD_BYTES, RING_VERSION, RingHeader, RingKind, RingRecord, flag,
};
use std::process::Command;
use std::sync::OnceLock;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

/// Returns what `tests/fixtures/ring.c`, compiled once with the committed header, writes.
fn laid_out_by_c() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(compile_and_run)
}

fn compile_and_run() -> Vec<u8> {
    let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/ring");
    std::fs::create_dir_all(folder).unwrap();
    let program = format!("{folder}/ring");
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=gnu11", "-Wall", "-Werror", "-I", concat!(env!("CARGO_MANIFEST_DIR"), "/include")]);
    let output = gcc.args([&format!("{FOLDER}/ring.c"), "-o", &program]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = Command::new(&program).output().unwrap();
    assert!(output.status.success());
    output.stdout
}

fn words<const N: usize>(bytes: &[u8]) -> [u64; N] {
    std::array::from_fn(|n| u64::from_le_bytes(bytes[8 * n..8 * n + 8].try_into().unwrap()))
}

#[test]
fn layout_of_c_is_the_committed_one() {
    let committed = std::fs::read(format!("{FOLDER}/ring.bin")).unwrap();
    assert!(
        laid_out_by_c() == committed,
        "abi/tests/fixtures/ring.bin is not what ring.c writes: the layout of the ring has changed, which an old agent \
         misreads; raise RING_VERSION, then write the output of ring.c to ring.bin"
    );
}

#[test]
fn records_of_c_are_read_by_name() {
    let bytes = laid_out_by_c();
    let (records, rest) = bytes[RING_HEADER_BYTES..].as_chunks::<RING_RECORD_BYTES>();
    assert!(rest.is_empty());
    let (records, unused) = records.split_at(5);
    assert!(unused.iter().flatten().all(|byte| *byte == 0));
    let found: Vec<_> = records.iter().map(|record| RingRecord::from_words(&words(record))).collect();
    let expected = [
        RingRecord {
            sequence: 0,
            time_ns: 0x1000_0001,
            cgroup: 0x2000_0000_0000_0002,
            key: 0x3000_0000_0000_0003,
            length: 4096,
            before: 0x5000_0005,
            after: 0x6000_0006,
            tgid: 0x7000_0007,
            kind: RingKind::Page as u16,
            flags: flag::AT_EXIT,
            cpu: 0x0A0B,
            judged_ms: 0x0C0D,
            unit: 0x9000_0000_0000_0009,
        },
        RingRecord {
            sequence: 1,
            time_ns: 0x1000_0011,
            cgroup: 0x2000_0000_0000_0012,
            key: 0x3000_0000_0000_0013,
            length: 1400,
            before: 0x5000_0015,
            after: 0x6000_0016,
            tgid: 0x7000_0017,
            kind: RingKind::Send as u16,
            flags: flag::TRUNCATED | flag::ENCRYPTED,
            cpu: 0x0A1B,
            judged_ms: 0,
            unit: 0x9000_0000_0000_0019,
        },
        RingRecord {
            sequence: 2,
            time_ns: 0x1000_0021,
            key: 3,
            kind: RingKind::Sampling as u16,
            cpu: 0x0A2B,
            ..RingRecord::default()
        },
        RingRecord {
            sequence: 3,
            time_ns: 0x1000_0041,
            cgroup: 0x2000_0000_0000_0042,
            key: 0x3000_0000_0000_0043,
            length: 333,
            before: 0x5000_0045,
            after: 233,
            tgid: 0x7000_0047,
            kind: RingKind::Send as u16,
            flags: flag::CONTENT,
            cpu: 0x0A4B,
            judged_ms: 0,
            unit: 0x9000_0000_0000_0049,
        },
        RingRecord {
            sequence: 4,
            time_ns: 0x1000_0031,
            key: LossReason::Ring as u64,
            kind: RingKind::Loss as u16,
            cpu: 0x0A3B,
            unit: 4,
            ..RingRecord::default()
        },
    ];
    assert_eq!(found, expected);
    for (record, bytes) in expected.iter().zip(records) {
        assert_eq!(record.to_words(), words(bytes));
    }
}

#[test]
fn header_of_c_is_read_by_name() {
    let bytes = laid_out_by_c();
    let mut lost = [0; LOSS_REASONS];
    (lost[LossReason::Ring as usize], lost[LossReason::Sampled as usize]) = (4, 6);
    let expected = RingHeader {
        magic: RING_MAGIC,
        version: RING_VERSION,
        record_bytes: 64,
        records: 64,
        rings: 1,
        stride: 4096 + 64 * 64,
        load_id: 0x0102_0304_0506_0708,
        judge_after_ms: 2500,
        sampling_shift: 3,
        head: 5,
        captured: 14,
        lost,
        blind: 21,
        pending: 1,
        file_first_writes: 22,
        zero_fills: 23,
        unshares: 24,
        controls: 2,
        generation: 8,
        handler_ns: 25,
        remote_faults: 26,
        over_budget: 27,
        kills: 28,
        refused: 29,
        capturing: 3,
        sampled_sends: 5,
        sampled_send_bytes: 777,
        late: 31,
        discarded: 32,
        reader_copies: 33,
        reader_sends: 34,
        throttle: 35,
        stopped_s: 36,
        content_bytes: 3700,
        content_bytes_lost: 380,
        ..RingHeader::default()
    };
    let found = words::<{ RingHeader::WORDS }>(bytes);
    assert_eq!(RingHeader::from_words(&found), expected);
    assert_eq!(expected.to_words(), found);
}
