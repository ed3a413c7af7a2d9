//! `replay_raw`: the report, engines that are slow or wrong, and bad input.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::{CLASSES, Class, Op, Record};
use deltascope_abi::reply::Reply;
use deltascope_model::raw::{RawError, RawReport, replay_raw, replay_raw_within};
use deltascope_model::{Capabilities, Config, Engine, EngineError, GoldenEngine, Latched};
use deltascope_testkit::strategies;
use proptest::prelude::*;
use std::io::{self, Read};
use std::time::Duration;
use support::naive::Naive;

fn bytes(records: &[Record]) -> Vec<u8> {
    records.iter().flat_map(|record| record.to_bytes()).collect()
}

fn small() -> GoldenEngine {
    GoldenEngine::new(Config { reply_capacity: 0, ..Config::with_tables(6, 70).with_journal(2, 3) }).unwrap()
}

fn json(report: &RawReport) -> String {
    let mut out = Vec::new();
    report.write_json(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A golden engine that takes small prefixes, sometimes nothing, and answers late and a few beats at a time.
struct Awkward {
    inner: GoldenEngine,
    held: Vec<Reply>,
    turn: usize,
    fault: Fault,
}

/// What is wrong with an engine.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Reports that it took one record more than it did.
    LosesARecord,
    /// Never takes anything again after its first batch.
    StandsStill,
    /// Takes records and never answers.
    IsSilent,
    /// Reports that it has more groups than it has.
    HasFewerGroups,
    /// Answers with an op that cannot answer.
    BabblesAtTheEnd,
    /// Fails with an error of its own.
    Breaks,
}

impl Awkward {
    fn new(fault: Fault) -> Awkward {
        Awkward { inner: small(), held: Vec::new(), turn: 0, fault }
    }
}

impl Engine for Awkward {
    fn info(&self) -> Capabilities {
        let info = self.inner.info();
        if self.fault == Fault::HasFewerGroups { Capabilities { groups: info.groups + 1, ..info } } else { info }
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        self.turn += 1;
        let size = match (self.turn % 4, self.fault) {
            (_, Fault::StandsStill) if self.turn > 1 => 0,
            (_, Fault::Breaks) if self.turn > 3 => {
                return Err(EngineError::Device { engine: "model", text: "expected power, found none".into() });
            }
            (0, _) => 0,
            (turn, _) => turn * 3,
        };
        let batch = &records[..size.min(records.len())];
        if self.fault == Fault::LosesARecord && batch.len() > 1 {
            return Ok(self.inner.submit(&batch[1..])? + 1);
        }
        self.inner.submit(batch)
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        if self.fault == Fault::IsSilent {
            return Ok(0);
        }
        let mut beats = std::mem::take(&mut self.held);
        self.inner.poll(&mut |reply| beats.push(reply))?;
        if self.fault == Fault::BabblesAtTheEnd {
            beats.push(Reply::new(Op::Pair, 0, 0));
        }
        self.held = beats.split_off(beats.len().min(5));
        let count = beats.len();
        beats.into_iter().for_each(sink);
        Ok(count)
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        self.inner.counters()
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        self.inner.reset()
    }
}

/// A reader that gives odd numbers of bytes and is interrupted in between.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(3) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = (self.1 % 23 + 1).min(buffer.len());
        self.0.read(&mut buffer[..count])
    }
}

proptest! {
    #[test]
    fn report_is_that_of_the_naive_engine(records in strategies::records(6, 70, 200)) {
        let report = replay_raw(&mut &bytes(&records)[..], &mut small()).unwrap();
        let mut naive = Naive::new(6, 70, 2, 3, 256);
        let mut replies = Vec::new();
        for record in &records {
            let answers = naive.take(u128::from_le_bytes(record.to_bytes()), false);
            if record.op() != Some(Op::Snapshot) {
                replies.extend(answers.into_iter().map(|(beat, _)| Reply::from_beat(beat)));
            }
        }
        prop_assert_eq!(report.abi, deltascope_abi::ABI_VERSION);
        prop_assert_eq!((report.accepted, report.rejected), (records.len() as u64, naive.rejected));
        prop_assert_eq!(&report.replies, &replies);
        // A row exists in the map once an event was counted, even one of no bytes: it is not all zero.
        let counters: Vec<_> = naive.counters.iter().map(|(&(group, class), row)| {
            let [events, bytes, redundant_events, redundant_bytes] = row.map(|count| count as u64);
            (group as u16, Class::from_code(class as u8), CounterRow { events, bytes, redundant_events, redundant_bytes })
        }).collect();
        prop_assert_eq!(report.counters, counters);
    }

    /// The report does not depend on how records come, how many an engine takes, or when it answers.
    #[test]
    fn equal_engines_give_equal_bytes(records in strategies::records(6, 70, 200)) {
        let file = bytes(&records);
        let plain = replay_raw(&mut &file[..], &mut small()).unwrap();
        let mut awkward = Awkward::new(Fault::None);
        let slow = replay_raw(&mut Trickle(&file, 0), &mut awkward).unwrap();
        prop_assert_eq!(json(&plain), json(&slow));
        // Nor on what the engine did before.
        let again = replay_raw(&mut &file[..], &mut awkward.inner).unwrap();
        prop_assert_eq!(json(&plain), json(&again));
    }

    #[test]
    fn a_fragment_is_an_error_with_its_offset(count in 0..9000usize, fragment in 1..16usize) {
        let file = vec![0u8; count * 16 + fragment];
        let error = replay_raw(&mut Trickle(&file, 0), &mut small()).unwrap_err();
        let at = count as u64 * 16;
        let text = error.to_string();
        let named = format!("record at offset {at}: expected 16 bytes, found {fragment};");
        prop_assert!(text.starts_with(&named), "{}", text);
    }
}

#[test]
fn the_json_has_the_keys_of_the_design_in_order() {
    let records = [
        Record::load(1, 0xAB),
        Record::accum(1, 0xFF).with_reply(),
        Record::read(1),
        Record::swap(1, 5),
        Record::send(2, 3, 1500, 9).with_reply(),
        Record::send(2, 3, 1500, 9),
        Record::pair(0, Class::PageAtExit, 4096, 7, 7),
        Record::snapshot(0, 69),
        Record::sync(0xDEAD_BEEF_0000_0001),
        Record::query(1, 0),
        Record::query(1, 2),
        Record { head: 0xD, operand: 1 },
    ];
    let report = replay_raw(&mut &bytes(&records)[..], &mut small()).unwrap();
    let expected = concat!(
        r#"{"abi":65536,"accepted":12,"rejected":1,"counters":["#,
        r#"{"group":0,"class":1,"events":1,"bytes":4096,"redundant_events":1,"redundant_bytes":4096},"#,
        r#"{"group":2,"class":2,"events":2,"bytes":3000,"redundant_events":1,"redundant_bytes":1500}],"replies":["#,
        r#"{"op":"accum","context":1,"value":"00000000000000ab","zero":true},"#,
        r#"{"op":"read","context":1,"value":"0000000000000054","zero":false},"#,
        r#"{"op":"send","context":3,"value":"0000000000000000","zero":true},"#,
        r#"{"op":"sync","context":0,"value":"deadbeef00000001","zero":false},"#,
        r#"{"op":"query","context":1,"value":"0000000000000005","zero":false,"too_old":false},"#,
        r#"{"op":"query","context":1,"value":"0000000000000051","zero":false,"too_old":false}]}"#,
        "\n"
    );
    assert_eq!(json(&report), expected);
}

#[test]
fn the_json_is_json() {
    let records: Vec<Record> = (0..500u16)
        .flat_map(|index| [Record::send(index % 70, index % 6, 1, 3), Record::query(index % 6, 1)])
        .collect();
    let report = replay_raw(&mut &bytes(&records)[..], &mut small()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json(&report)).unwrap();
    assert_eq!(value["counters"].as_array().unwrap().len(), 70);
    let replies = value["replies"].as_array().unwrap();
    assert_eq!(replies.len(), 500);
    for (reply, parsed) in report.replies.iter().zip(replies) {
        assert_eq!(parsed["value"], format!("{:016x}", reply.value));
        assert_eq!(parsed["too_old"], reply.too_old());
    }
}

#[test]
fn nothing_in_nothing_out() {
    let report = replay_raw(&mut io::empty(), &mut small()).unwrap();
    assert_eq!(json(&report), "{\"abi\":65536,\"accepted\":0,\"rejected\":0,\"counters\":[],\"replies\":[]}\n");
}

#[test]
fn wrong_engines_are_found_out() {
    let file = bytes(&[Record::send(1, 1, 1, 1); 50]);
    let run = |fault| {
        let patience = Duration::from_millis(20);
        replay_raw_within(&mut &file[..], &mut Awkward::new(fault), patience).unwrap_err()
    };
    assert!(matches!(run(Fault::StandsStill), RawError::Stalled { taken: 3, ended: 3, .. }));
    assert!(matches!(run(Fault::IsSilent), RawError::Stalled { ended: 0, .. }));
    // The lost records never end, so the wait for them does.
    assert!(matches!(run(Fault::LosesARecord), RawError::Stalled { taken: 50, ended: 26..50, .. }));
    let rows = run(Fault::HasFewerGroups);
    assert!(matches!(rows, RawError::Rows { expected, found } if expected == 71 * CLASSES && found == 64 * CLASSES));
    assert!(matches!(run(Fault::BabblesAtTheEnd), RawError::Reply(_)));
    assert_eq!(run(Fault::Breaks).to_string(), "engine model: expected power, found none");
}

#[test]
fn a_failing_source_is_named_with_its_offset() {
    struct Broken(usize);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            if self.0 > 2 {
                return Err(io::Error::other("disk is gone"));
            }
            buffer[..20].fill(0);
            Ok(20)
        }
    }
    let error = replay_raw(&mut Broken(0), &mut small()).unwrap_err();
    assert_eq!(error.to_string(), "records at offset 40: disk is gone");
}
