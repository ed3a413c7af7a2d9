//! Targets for everything that reads bytes of others.

use crate::script::{Script, sealed, sealed_chunk};
use deltascope_abi::reply::{Reply, ReplyParser};
use deltascope_agent::procfs;
use deltascope_agent::recording::{MAX_BODY_BYTES, Reader, VERSION};
use deltascope_model::raw::replay_raw;
use deltascope_model::{Config, Engine, GoldenEngine};
use deltascope_protocol::frame::{self, FrameBuffer, MAX_FRAME_BYTES, Message};
use std::path::Path;

fn round_trip(message: &Message<'_>) {
    // Entries of every variable part are walked as their readers do.
    match message {
        Message::Records(events) => assert_eq!(events.iter().count(), events.records.len()),
        Message::Replies(replies) => assert_eq!(replies.iter().count(), replies.entries.len()),
        Message::Snapshot(snapshot) => assert_eq!(snapshot.iter().count(), snapshot.rows.len()),
        _ => {}
    }
    let mut bytes = vec![0; MAX_FRAME_BYTES];
    let length = frame::encode(message, &mut bytes).expect("what was decoded can be encoded");
    assert_eq!(frame::decode(&bytes[..length]).as_ref(), Ok(message));
}

/// One wire frame: as it is, and with the first byte as its kind and a good checksum.
pub fn frame(data: &[u8]) {
    if let Ok(message) = frame::decode(data) {
        round_trip(&message);
    }
    if let Some((&kind, body)) = data.split_first()
        && let Ok(message) = frame::decode(&sealed(kind % 16, body))
    {
        round_trip(&message);
    }
}

/// A stream of frames in pieces: what comes out does not depend on the pieces.
pub fn frame_stream(data: &[u8]) {
    let Some((&piece, stream)) = data.split_first() else { return };
    let read = |piece: usize| {
        let mut buffer = FrameBuffer::new(vec![0; 1_024], 512);
        let mut frames = Vec::new();
        for mut bytes in stream.chunks(piece) {
            while !bytes.is_empty() {
                let count = buffer.push(bytes);
                assert!(count > 0, "there is room once whole frames are taken");
                bytes = &bytes[count..];
                loop {
                    match buffer.next_frame() {
                        Ok(Some(bytes)) => frames.push(bytes.to_vec()),
                        Ok(None) => break,
                        Err(error) => return (frames, Some(error)),
                    }
                }
            }
        }
        (frames, None)
    };
    assert_eq!(read(usize::from(piece).max(1)), read(1));
}

/// A file of bare records into a small engine.
pub fn raw_records(mut data: &[u8]) {
    let mut engine = GoldenEngine::new(Config::with_tables(8, 4).with_journal(4, 2)).expect("sizes of an engine");
    let records = data.len() / 16;
    match replay_raw(&mut data, &mut engine) {
        Ok(report) => {
            assert_eq!(report.accepted, records as u64);
            assert_eq!(engine.counters().map(|counters| counters.rejected), Ok(report.rejected));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A stream of reply beats.
pub fn reply_stream(data: &[u8]) {
    let mut parser = ReplyParser::new();
    for beat in data.as_chunks::<16>().0 {
        if let Err(error) = parser.push(Reply::from_bytes(beat)) {
            assert!(!error.to_string().is_empty());
            return;
        }
    }
}

/// A recording: as it is, and as chunks with good checksums behind a good header.
pub fn recording(data: &[u8]) {
    read_recording(data);
    let mut script = Script(data);
    let mut header = b"DLTAREC\0".to_vec();
    header.extend([VERSION, 32, 0].map(u32::to_le_bytes).as_flattened());
    header.extend(deltascope_abi::crc::crc32c(&header).to_le_bytes());
    while script.has_more() {
        let (kind, count) = (script.byte() % 6, script.number() as usize);
        header.extend(sealed_chunk(kind.into(), script.bytes(count.min(MAX_BODY_BYTES))));
    }
    read_recording(&header);
}

fn read_recording(bytes: &[u8]) {
    let Ok(mut reader) = Reader::new(Path::new("fuzz"), bytes) else { return };
    // Every item takes bytes, so there are fewer of them than bytes.
    for _ in 0..=bytes.len() {
        match reader.next_item() {
            Ok(Some(_)) => assert!(reader.position() <= bytes.len() as u64),
            Ok(None) | Err(_) => return,
        }
    }
    panic!("a recording of {} bytes has more items than bytes", bytes.len());
}

/// The texts of /proc that a container can have a say in.
pub fn procfs(data: &[u8]) {
    let Some((&which, text)) = data.split_first() else { return };
    match which % 5 {
        0 => _ = procfs::parse_mappings(text),
        1 => _ = procfs::parse_mountinfo(text),
        2 => _ = procfs::parse_cgroup(text),
        3 => _ = procfs::parse_stat(text),
        _ => _ = procfs::parse_status(text),
    }
}
