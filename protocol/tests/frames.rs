//! Frames: round trips of every kind, and what is refused with which words.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod messages;

use deltascope_abi::crc::crc32c;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Class, Record};
use deltascope_protocol::frame::records::records_offset;
use deltascope_protocol::frame::{
    Ack, Bye, Cursor, ErrorCode, ErrorFrame, Extensions, FrameBuffer, FrameError, Hello, Kind, MAX_CURSORS,
    MAX_ERROR_TEXT_BYTES, MAX_EXTENSION_BYTES, MAX_FRAME_BYTES, MAX_FRAME_RECORDS, MAX_HELLO_BYTES, MAX_HOST_BYTES,
    Message, PROTOCOL_VERSION, Records, RecordsHead, Replies, ReplyEntry, Secret, Snapshot, SnapshotRow, StateAt,
    decode, encode, frame_length, seal_records,
};
use deltascope_testkit::frames::seal;
use messages::{Owned, message, reply, row};
use proptest::prelude::*;

/// The frame with its checksum made right again.
fn sealed(mut frame: Vec<u8>) -> Vec<u8> {
    seal(&mut frame);
    frame
}

/// A frame of this kind around this body, checksum right.
fn raw(kind: Kind, body: &[u8]) -> Vec<u8> {
    let mut frame = ((body.len() + 12) as u32).to_le_bytes().to_vec();
    frame.extend([kind as u8, PROTOCOL_VERSION, 0, 0]);
    frame.extend(body);
    frame.extend([0; 4]);
    sealed(frame)
}

fn encoded(message: &Message<'_>) -> Result<Vec<u8>, FrameError> {
    let mut buffer = vec![0; MAX_FRAME_BYTES];
    let length = encode(message, &mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}

/// An error reports where, what was expected and what was found.
fn names_its_place(error: &FrameError) -> bool {
    let text = error.to_string();
    text.contains("offset ") && text.contains("expected ") && text.contains("found ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn entries_and_cursors_come_back(sequence: u64, reply in reply(), source: u32, unit: u32, position: u64) {
        let entry = ReplyEntry { sequence, reply };
        prop_assert_eq!(ReplyEntry::from_bytes(&entry.to_bytes()), entry);
        let cursor = Cursor { source, unit, position };
        prop_assert_eq!(Cursor::from_bytes(&cursor.to_bytes()), cursor);
    }

    #[test]
    fn rows_come_back_from_bytes(row in row(), group: u16, class in 0..4u8) {
        let row = SnapshotRow { group, class: Class::from_code(class), row };
        prop_assert_eq!(SnapshotRow::from_bytes(&row.to_bytes()), row);
    }

    #[test]
    fn every_message_comes_back(owned in message()) {
        let frame = owned.frame();
        prop_assert_eq!(frame_length(&frame, MAX_FRAME_BYTES), Ok(Some(frame.len())));
        prop_assert_eq!(decode(&frame), Ok(owned.message()));
        prop_assert_eq!(frame[4], owned.message().kind() as u8);
        prop_assert_eq!(crc32c(&frame[..frame.len() - 4]).to_le_bytes(), &frame[frame.len() - 4..]);
    }

    #[test]
    fn truncated_frames_are_refused(owned in message(), cut in any::<prop::sample::Index>()) {
        let frame = owned.frame();
        let short = &frame[..cut.index(frame.len())];
        let error = decode(short).unwrap_err();
        let expected = if short.len() < 4 { 12 } else { frame.len() };
        prop_assert_eq!(&error, &FrameError::Size { expected, found: short.len() });
        prop_assert!(names_its_place(&error), "{}", error);
    }

    /// A body that ends early although length and checksum are right.
    #[test]
    fn short_bodies_are_refused(owned in message(), words in any::<prop::sample::Index>()) {
        let frame = owned.frame();
        let body = &frame[8..frame.len() - 4];
        prop_assume!(!body.is_empty());
        let kept = words.index(body.len() / 4) * 4;
        let error = decode(&raw(owned.message().kind(), &body[..kept])).unwrap_err();
        let truncated = matches!(error, FrameError::Truncated { .. });
        prop_assert!(truncated, "{}", error);
        prop_assert!(names_its_place(&error), "{}", error);
    }

    #[test]
    fn longer_bodies_are_refused(owned in message(), more in 1..9usize) {
        let frame = owned.frame();
        let end = frame.len() - 4;
        let body = [&frame[8..end], &vec![0; more * 4][..]].concat();
        let error = decode(&raw(owned.message().kind(), &body)).unwrap_err();
        prop_assert_eq!(&error, &FrameError::Trailing { at: end, found: more * 4 });
        prop_assert!(names_its_place(&error), "{}", error);
    }

    /// CRC32C finds every error of up to five bits in frames of this size; here up to three.
    #[test]
    fn flipped_bits_are_refused(owned in message(), flips in prop::collection::btree_set(any::<u32>(), 1..4)) {
        let mut frame = owned.frame();
        let bits = frame.len() as u32 * 8;
        let flips: std::collections::BTreeSet<u32> = flips.into_iter().map(|flip| flip % bits).collect();
        for flip in flips {
            frame[flip as usize / 8] ^= 1 << (flip % 8);
        }
        let error = decode(&frame).unwrap_err();
        prop_assert!(names_its_place(&error), "{}", error);
    }

    /// One wrong word with the right checksum: either it is refused by place, or it is another message whose
    /// frame is exactly these bytes. So no two frames say the same, and no reserved bit is overlooked.
    #[test]
    fn decoding_is_exact(owned in message(), at in any::<prop::sample::Index>(), word: u32, small: bool) {
        let mut frame = owned.frame();
        let at = 4 + at.index((frame.len() - 8) / 4) * 4;
        let word = if small { word % 8 } else { word };
        frame[at..at + 4].copy_from_slice(&word.to_le_bytes());
        let frame = sealed(frame);
        match decode(&frame) {
            Ok(message) => prop_assert_eq!(encoded(&message).unwrap(), frame),
            Err(error) => prop_assert!(names_its_place(&error), "{}", error),
        }
    }

    #[test]
    fn random_bodies_never_panic(kind in 0..16u8, body in prop::collection::vec(any::<u32>(), 0..60)) {
        let body: Vec<u8> = body.iter().flat_map(|word| (word % 97).to_le_bytes()).collect();
        let mut frame = raw(Kind::Hello, &body);
        frame[4] = kind;
        let frame = sealed(frame);
        match decode(&frame) {
            Ok(message) => prop_assert_eq!(encoded(&message).unwrap(), frame),
            Err(error) => prop_assert!(names_its_place(&error), "{}", error),
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let error = decode(&bytes).unwrap_err();
        prop_assert!(names_its_place(&error), "{}", error);
        if let Ok(Some(length)) = frame_length(&bytes, MAX_HELLO_BYTES) {
            prop_assert!((12..=MAX_HELLO_BYTES).contains(&length));
        }
    }

    /// A stream in pieces of any size gives the same frames in order.
    #[test]
    fn a_buffer_gives_whole_frames(
        messages in prop::collection::vec(message(), 1..8),
        pieces in prop::collection::vec(1..900usize, 1..40),
    ) {
        let frames: Vec<Vec<u8>> = messages.iter().map(Owned::frame).collect();
        let longest = frames.iter().map(Vec::len).max().unwrap();
        let stream = frames.concat();
        let mut buffer = FrameBuffer::new(vec![0; longest], longest);
        let mut found = Vec::new();
        let mut rest = &stream[..];
        for piece in pieces.iter().cycle() {
            let taken = buffer.push(&rest[..rest.len().min(*piece)]);
            rest = &rest[taken..];
            while let Some(frame) = buffer.next_frame().unwrap() {
                found.push(frame.to_vec());
            }
            if rest.is_empty() {
                break;
            }
            prop_assert!(taken > 0, "a buffer with room for a frame makes no progress");
        }
        prop_assert_eq!(found, frames);
        prop_assert!(buffer.pending().is_empty());
    }

    /// A frame sealed around records in place is the frame that encoding gives.
    #[test]
    fn sealed_events_are_encoded_events(owned in message()) {
        let Message::Records(events) = owned.message() else { return Ok(()) };
        let cursors: Vec<Cursor> = events.cursors.iter().collect();
        let mut buffer = vec![0x55; MAX_FRAME_BYTES];
        let at = records_offset(cursors.len());
        let records = events.records.as_flattened();
        buffer[at..at + records.len()].copy_from_slice(records);
        let (first_sequence, replies_below) = (events.first_sequence, events.replies_below);
        let head = RecordsHead { first_sequence, replies_below, losses: &events.losses, cursors: &cursors };
        let length = seal_records(&mut buffer, &head, events.records.len()).unwrap();
        prop_assert_eq!(&buffer[..length], owned.frame());
    }
}

/// What is refused in a frame whose checksum is right, in its own words.
#[test]
fn refusals_by_name() {
    let bye = encoded(&Message::Bye(Bye { next_sequence: 1 })).unwrap();
    let with = |at: usize, value: u8| {
        let mut frame = bye.clone();
        frame[at] = value;
        decode(&sealed(frame)).unwrap_err().to_string()
    };
    assert_eq!(with(4, 0), "frame kind at offset 4: expected 1 to 13, found 0");
    assert_eq!(with(4, 14), "frame kind at offset 4: expected 1 to 13, found 14");
    assert_eq!(with(6, 1), "header bytes 6 and 7 at offset 6: expected 0 to 0, found 1");
    assert_eq!(with(7, 9), "header bytes 6 and 7 at offset 7: expected 0 to 0, found 9");
    let version = "protocol version at offset 5: expected 2, found 1; use an agent and a server of the same release";
    assert_eq!(with(5, 1), version);
    // A peer of another release gets this error even if it computes its checksum in another way.
    let mut other = bye.clone();
    other[5] = 1;
    assert_eq!(decode(&other).unwrap_err().to_string(), version);

    let mut damaged = bye.clone();
    damaged[9] ^= 0x10;
    let Err(FrameError::Crc { at: 16, expected, found }) = decode(&damaged) else { panic!("a wrong CRC passed") };
    assert_eq!((expected, found), (crc32c(&damaged[..16]), crc32c(&bye[..16])));

    for (length, limit) in [(0, MAX_FRAME_BYTES), (8, MAX_FRAME_BYTES), (13, MAX_FRAME_BYTES), (516, MAX_HELLO_BYTES)] {
        let error = frame_length(&u32::to_le_bytes(length), limit).unwrap_err();
        assert_eq!(error, FrameError::Length { limit, found: length });
        assert!(names_its_place(&error));
    }
    assert_eq!(frame_length(&[12, 0, 0], MAX_FRAME_BYTES), Ok(None));

    let error = ErrorFrame { code: ErrorCode::Limit, sequence: 3, text: "abcde" };
    let frame = encoded(&Message::Error(error)).unwrap();
    let text_at = 8 + 4 + 8 + 4;
    let refused = |at: usize, value: u8| {
        let mut frame = frame.clone();
        frame[at] = value;
        decode(&sealed(frame)).unwrap_err().to_string()
    };
    assert_eq!(refused(text_at + 2, 0xFF), "text at offset 26: expected UTF-8 text, found byte 0xff");
    assert_eq!(refused(text_at + 6, 1), "padding at offset 30: expected 0 to 0, found 1");
    assert_eq!(refused(8, 13), "error code at offset 8: expected 1 to 12, found 13");
    assert_eq!(refused(8, 0), "error code at offset 8: expected 1 to 12, found 0");
}

fn rows(numbers: &[(u16, u8)]) -> Vec<[u8; 40]> {
    let row = |&(group, class): &(u16, u8)| {
        SnapshotRow { group, class: Class::from_code(class), row: Default::default() }.to_bytes()
    };
    numbers.iter().map(row).collect()
}

#[test]
fn snapshot_rows_come_once_and_in_order() {
    let snapshot = |rows: &[[u8; 40]]| {
        encoded(&Message::Snapshot(Snapshot { token: 1, sequence: 2, position: 3, first: 5, last: 6, rows }))
    };
    let good = snapshot(&rows(&[(5, 1), (5, 3), (6, 0)])).unwrap();
    assert!(decode(&good).is_ok());
    // Rows begin at 8 + 3 * 8 + 3 * 4 = 44.
    for (numbers, at, min, found) in [
        (vec![(5, 1), (5, 1)], 84, 22, 21),
        (vec![(5, 2), (5, 1)], 84, 23, 21),
        (vec![(4, 3)], 44, 20, 19),
        (vec![(5, 0), (7, 0)], 84, 21, 28),
    ] {
        let error = FrameError::Range { what: "row order (4 * group + class)", at, min, max: 27, found };
        assert_eq!(snapshot(&rows(&numbers)), Err(error));
    }
    let mut tagged = rows(&[(5, 0), (5, 1)]);
    tagged[1][2] = 7;
    let error = FrameError::Range { what: "row class and zeros", at: 86, min: 0, max: 3, found: 7 };
    assert_eq!(snapshot(&tagged), Err(error));
    // The decoder reports the same of bytes that no encoder made.
    let mut frame = good;
    frame[44 + 40 + 2] = 7;
    assert_eq!(decode(&sealed(frame)), Err(error));
}

/// The encoder refuses what the decoder would refuse.
#[test]
fn limits_hold_on_both_sides() {
    let events = |count: usize, cursors: usize| {
        let records = vec![Record::nop().to_bytes(); count];
        let cursors = vec![[0; 16]; cursors];
        let cursors = deltascope_protocol::frame::Cursors(&cursors);
        let losses = Losses::default();
        encoded(&Message::Records(Records { first_sequence: 0, replies_below: 0, losses, cursors, records: &records }))
    };
    let largest = events(MAX_FRAME_RECORDS, MAX_CURSORS).unwrap();
    assert!(largest.len() <= MAX_FRAME_BYTES);
    assert!(decode(&largest).is_ok());
    let over = |what, at, max: usize| FrameError::Range { what, at, min: 0, max: max as u64, found: max as u64 + 1 };
    assert_eq!(events(MAX_FRAME_RECORDS + 1, 0), Err(over("record count", 84, MAX_FRAME_RECORDS)));
    assert_eq!(events(0, MAX_CURSORS + 1), Err(over("cursor count", 80, MAX_CURSORS)));

    let mut buffer = vec![0; MAX_FRAME_BYTES];
    let cursors = vec![Cursor::default(); MAX_CURSORS + 1];
    let head = RecordsHead { first_sequence: 0, replies_below: 0, losses: &Losses::default(), cursors: &[] };
    let error = seal_records(&mut buffer, &head, MAX_FRAME_RECORDS + 1);
    assert_eq!(error, Err(over("record count", 84, MAX_FRAME_RECORDS)));
    let error = seal_records(&mut buffer, &RecordsHead { cursors: &cursors, ..head }, 0);
    assert_eq!(error, Err(over("cursor count", 80, MAX_CURSORS)));
    let error = seal_records(&mut buffer[..100], &head, 1);
    assert_eq!(error, Err(FrameError::NoRoom { expected: 108, found: 100 }));

    let ask = Message::StateAt(StateAt { token: 0, mark: 0, context: 1 << 16 });
    assert_eq!(encoded(&ask), Err(FrameError::Range { what: "context", at: 24, min: 0, max: 65_535, found: 65_536 }));
}

#[test]
fn a_small_buffer_is_an_error_at_any_size() {
    let message = Message::Ack(Ack { sequence: 1, credit: 2 });
    for size in 0..28 {
        assert!(matches!(encode(&message, &mut vec![0; size]), Err(FrameError::NoRoom { found, .. }) if found == size));
    }
    assert_eq!(encode(&message, &mut [0; 28]), Ok(28));
}

/// Long texts are cut at a character, never inside one.
#[test]
fn texts_are_cut_at_a_character() {
    let text = "ä".repeat(MAX_ERROR_TEXT_BYTES);
    let frame = encoded(&Message::Error(ErrorFrame { code: ErrorCode::Engine, sequence: 0, text: &text })).unwrap();
    let Ok(Message::Error(found)) = decode(&frame) else { panic!("no error frame") };
    assert_eq!(found.text, "ä".repeat(MAX_ERROR_TEXT_BYTES / 2));

    let mut extension = vec![0; MAX_EXTENSION_BYTES];
    extension[2] = (MAX_EXTENSION_BYTES - 4) as u8;
    let host = "x".to_string() + &"ä".repeat(MAX_HOST_BYTES);
    let hello = Hello {
        abi_version: 1,
        session: [1; 16],
        agent: [2; 16],
        secret: Secret([3; 16]),
        nonce: 3,
        resumes: true,
        groups: 0,
        contexts: 0,
        oldest_sequence: 0,
        next_sequence: 0,
        boot_id: 0,
        grant: 0,
        replies_below: 0,
        host: &host,
        extensions: Extensions::parse(&extension).unwrap(),
    };
    let frame = encoded(&Message::Hello(hello)).unwrap();
    assert!(frame.len() <= MAX_HELLO_BYTES, "a server takes the longest Hello");
    let Ok(Message::Hello(found)) = decode(&frame) else { panic!("no hello") };
    assert_eq!(found.host, "x".to_string() + &"ä".repeat((MAX_HOST_BYTES - 1) / 2));
}

/// Entries read one by one are those that were written.
#[test]
fn entries_come_back_one_by_one() {
    let entry = |sequence| ReplyEntry { sequence, reply: deltascope_abi::reply::Reply { head: 9, value: !sequence } };
    let written: Vec<ReplyEntry> = (0..5).map(entry).collect();
    let bytes: Vec<_> = written.iter().map(|entry| entry.to_bytes()).collect();
    let frame = encoded(&Message::Replies(Replies { entries: &bytes })).unwrap();
    let Ok(Message::Replies(replies)) = decode(&frame) else { panic!("no replies") };
    assert_eq!(replies.iter().collect::<Vec<_>>(), written);
}
