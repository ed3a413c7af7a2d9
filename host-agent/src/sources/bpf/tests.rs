//! What can be tested without the right to load programs; `cargo xtask kmod test --source bpf` tests the rest.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::Command;

use deltascope_abi::bpf::{BPF_CPUS, BpfCounters};
use deltascope_abi::loss::LossReason;
use deltascope_abi::ring::{RING_RECORD_BYTES, RingKind, RingRecord};

use super::BpfError;
use super::counters::{CounterMap, left_out};
use super::programs::{misses, present};
use super::source::Taken;
use crate::sampling::LeftOut;

/// A file like the map of the counters: what the mapping reads is what is written here.
fn rows(rows: &[(usize, BpfCounters)]) -> (File, CounterMap) {
    let file = tempfile::tempfile().expect("a file");
    file.set_len((BPF_CPUS * size_of::<BpfCounters>()) as u64).expect("its length");
    for (row, counters) in rows {
        let bytes: Vec<u8> = counters.to_words().iter().flat_map(|word| word.to_ne_bytes()).collect();
        file.write_all_at(&bytes, (row * bytes.len()) as u64).expect("a row");
    }
    let map = CounterMap::new(&file).expect("a mapping");
    (file, map)
}

#[test]
fn rows_are_added_modulo_the_word() {
    // Captured on one CPU, judged on another one.
    let first = BpfCounters { entered: 3, left: 3, captured: 3, pending: 3, ..BpfCounters::default() };
    let second =
        BpfCounters { entered: 2, left: 2, written: 2, pending: 2u64.wrapping_neg(), ..BpfCounters::default() };
    let (_file, map) = rows(&[(0, first), (BPF_CPUS - 1, second)]);
    let sum = map.sum().expect("rows that hold still");
    assert_eq!((sum.captured, sum.written, sum.pending), (3, 2, 1));
    assert_eq!(sum.captured, sum.written + sum.pending);
}

#[test]
fn row_with_an_open_transaction_is_an_error() {
    let open = BpfCounters { entered: 3, left: 2, ..BpfCounters::default() };
    let (_file, map) = rows(&[(7, open)]);
    assert!(matches!(map.sum(), Err(BpfError::Unsteady { row: 7 })));
}

#[test]
fn sends_and_pages_left_out_are_counted_separately() {
    let mut counters = BpfCounters { sampled_sends: 4, sampled_send_bytes: 400, ..BpfCounters::default() };
    counters.lost[LossReason::Sampled as usize] = 10;
    let of = |left_out: LeftOut| (left_out.pages, left_out.sends, left_out.send_bytes);
    assert_eq!(of(left_out(&counters, false)), (6, 4, 400));
    assert_eq!(of(left_out(&counters, true)), (6, 0, 0), "of bodies nothing is estimated");
}

#[test]
fn misses_of_a_program_are_read_from_its_descriptor() {
    let text = "pos:\t0\nprog_type:\t26\nrun_cnt:\t0\nrecursion_misses:\t25\nverified_insns:\t6580\n";
    assert_eq!(misses(text), Some(25));
    assert_eq!(misses("pos:\t0\n"), None);
}

#[test]
fn record_of_another_size_is_refused() {
    let record = RingRecord { sequence: 5, kind: RingKind::Send as u16, length: 100, ..RingRecord::default() };
    let bytes: Vec<u8> = record.to_words().iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut taken = Taken::default();
    assert_eq!(taken.take(&bytes), 0);
    assert_eq!(taken.records, [record]);
    assert!(taken.take(&bytes[..RING_RECORD_BYTES - 8]) < 0);
    assert_eq!((taken.records.len(), taken.wrong), (1, Some(RING_RECORD_BYTES - 8)));
}

#[test]
fn password_is_not_found_by_sends_of_another_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("forge");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/test/forge.c");
    let clang = std::env::var("CLANG").unwrap_or_else(|_| "clang".to_owned());
    let compiled = Command::new(clang).args(["-O2", "-Wall", "-Werror", source, "-o"]).arg(&program).status();
    assert!(compiled.expect("clang").success());
    let run = Command::new(&program).output().expect("the program");
    assert_eq!(String::from_utf8_lossy(&run.stdout), "plain 0 forged 0\n");
}

#[test]
fn unmapping_is_observed_by_either_name() {
    let older = ["ds_copy", "ds_exit_mmap", "ds_unmap_page_range", "ds_send", "ds_send_mptcp"];
    assert_eq!(present(|function| function != "__zap_vma_range").expect("6.12"), older);
    let newer = present(|function| function != "unmap_page_range").expect("7.3");
    assert!(newer.contains(&"ds_zap_vma_range") && !newer.contains(&"ds_unmap_page_range"), "{newer:?}");
    let neither = present(|function| !["unmap_page_range", "__zap_vma_range"].contains(&function));
    assert!(neither.expect_err("no hook").to_string().contains("__zap_vma_range"));
}
