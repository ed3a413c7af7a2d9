//! The parser of reply streams: whatever a model of the stream states comes back, and nothing makes it panic.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::{CLASSES, Class, Op};
use deltascope_abi::reply::{Answer, Reply, ReplyError, ReplyParser};
use deltascope_testkit::strategies::{any_reply as reply, any_row as row};
use proptest::prelude::*;

/// What an engine may answer, before it is beats.
#[derive(Clone, Debug)]
enum Said {
    Reply(Reply),
    Snapshot { first: u16, last: u16, accepted: u64, position: u64, rows: Vec<CounterRow> },
    End(u64, u64),
}

impl Said {
    fn beats(&self) -> Vec<Reply> {
        match self {
            Said::Reply(reply) => vec![*reply],
            Said::End(position, accepted) => vec![Reply::end_of_batch(*position, *accepted)],
            Said::Snapshot { first, last, accepted, position, rows } => {
                let header = Reply::new(Op::Snapshot, *position, *accepted);
                let rows = rows.iter().flat_map(|row| row.to_beats()).map(Reply::from_beat);
                std::iter::once(header.with_source(Class::PageAfterT, *first, *last)).chain(rows).collect()
            }
        }
    }

    fn answers(&self) -> Vec<Answer> {
        match self {
            Said::Reply(reply) => vec![Answer::Reply(*reply)],
            Said::End(_, accepted) => vec![Answer::EndOfBatch { accepted: *accepted }],
            Said::Snapshot { first, last, accepted, rows, .. } => {
                let (first, last) = (*first, *last);
                let sources = (first..=last).flat_map(|group| Class::ALL.map(|class| (group, class)));
                let rows = sources.zip(rows).map(|((group, class), &row)| {
                    let last = group == last && class == Class::PageUnjudged;
                    Answer::SnapshotRow { group, class, row, last }
                });
                std::iter::once(Answer::SnapshotHeader { first, last, accepted: *accepted }).chain(rows).collect()
            }
        }
    }
}

fn said() -> impl Strategy<Value = Said> {
    let answering = vec![Op::Load, Op::Accum, Op::Read, Op::Swap, Op::Send, Op::Sync, Op::Query];
    let reply = (prop::sample::select(answering), reply())
        .prop_map(|(op, reply)| Said::Reply(Reply { head: (reply.head & !0xF) | op as u64, ..reply }));
    let range = prop_oneof![
        4 => (any::<u16>(), 0..4u16).prop_map(|(first, more)| (first, first.saturating_add(more))),
        1 => (0..4u16).prop_map(|less| (u16::MAX - less, u16::MAX)),
    ];
    let snapshot = (range, any::<[u64; 2]>()).prop_flat_map(|((first, last), [accepted, position])| {
        // Rows may look like anything, a header or the end of a batch among it.
        let look_alike = prop_oneof![3 => row(), 1 => Just(CounterRow::default()), 1 => row().prop_map(header_like)];
        prop::collection::vec(look_alike, CLASSES * usize::from(last - first + 1))
            .prop_map(move |rows| Said::Snapshot { first, last, accepted, position, rows })
    });
    prop_oneof![3 => reply, 1 => snapshot, 1 => any::<(u64, u64)>().prop_map(|(position, accepted)| Said::End(position, accepted))]
}

/// A row whose first beat reads as a SNAPSHOT header.
fn header_like(row: CounterRow) -> CounterRow {
    CounterRow { events: (row.events & !0xF) | Op::Snapshot as u64, ..row }
}

proptest! {
    #[test]
    fn what_was_said_comes_back(said in prop::collection::vec(said(), 0..30)) {
        let mut parser = ReplyParser::new();
        let beats = said.iter().flat_map(Said::beats);
        let answers: Vec<Answer> = beats.filter_map(|beat| parser.push(beat).unwrap()).collect();
        prop_assert_eq!(answers, said.iter().flat_map(Said::answers).collect::<Vec<_>>());
    }

    #[test]
    fn random_beats_never_panic(beats in prop::collection::vec(reply(), 0..200)) {
        let mut parser = ReplyParser::new();
        for beat in beats {
            if let Err(error) = parser.push(beat) {
                let text = error.to_string();
                prop_assert!(text.contains("expected ") && text.contains("reset the engine"), "{}", text);
            }
        }
    }

    /// Outside a snapshot every beat is complete in itself: an answer of its op, or an error that shows the beat.
    #[test]
    fn a_beat_outside_a_snapshot_stands_for_itself(beat in reply()) {
        let found = ReplyParser::new().push(beat);
        let code = beat.op_code();
        match beat.op() {
            Some(Op::Nop) => prop_assert_eq!(found, Ok(Some(Answer::EndOfBatch { accepted: beat.value }))),
            None | Some(Op::Pair) => {
                prop_assert_eq!(found, Err(ReplyError::UnknownOp { beat: beat.to_beat(), code }));
                let text = found.unwrap_err().to_string();
                let digits = format!("{:#034x}", beat.to_beat());
                let place = format!("found {code}");
                prop_assert!(text.contains(&digits) && text.contains(&place), "{}", text);
            }
            Some(Op::Snapshot) => {
                let (first, last, accepted) = (beat.group(), beat.context(), beat.value);
                let header = Answer::SnapshotHeader { first, last, accepted };
                let expected = if first > last { Err(ReplyError::EmptySnapshot { first, last }) } else { Ok(Some(header)) };
                prop_assert_eq!(found, expected);
            }
            Some(_) => prop_assert_eq!(found, Ok(Some(Answer::Reply(beat)))),
        }
    }
}

/// A snapshot of every group of the largest engine: 524,289 beats.
#[test]
fn the_largest_snapshot_ends() {
    let mut parser = ReplyParser::new();
    let header = Reply::new(Op::Snapshot, 0, 1).with_source(Class::PageAfterT, 0, u16::MAX);
    assert_eq!(parser.push(header), Ok(Some(Answer::SnapshotHeader { first: 0, last: u16::MAX, accepted: 1 })));
    let beats = 2 * CLASSES * (1 << 16);
    let answers: Vec<Answer> = (0..beats).filter_map(|_| parser.push(Reply::default()).unwrap()).collect();
    assert_eq!(answers.len(), beats / 2);
    let ends = answers.iter().filter(|answer| matches!(answer, Answer::SnapshotRow { last: true, .. })).count();
    assert_eq!(ends, 1);
    let row =
        Answer::SnapshotRow { group: u16::MAX, class: Class::PageUnjudged, row: CounterRow::default(), last: true };
    assert_eq!(answers.last(), Some(&row));
    assert_eq!(parser.push(Reply::default()), Ok(Some(Answer::EndOfBatch { accepted: 0 })));
}
