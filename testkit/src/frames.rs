//! Frames made by hand, so that each end of the protocol is tested by what is on the wire.

use deltascope_abi::ABI_VERSION;
use deltascope_abi::crc::crc32c;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{RECORD_BYTES, Record};
use deltascope_protocol::frame::{self, Cursors, Extensions, Hello, MAX_FRAME_BYTES, Message, Records, Secret};

/// Bytes of a frame's checksum.
const CHECKSUM_BYTES: usize = 4;

/// Returns the bytes of a message.
///
/// # Panics
/// When the message has no frame.
pub fn encode(message: &Message<'_>) -> Vec<u8> {
    let mut bytes = vec![0; MAX_FRAME_BYTES];
    let length = frame::encode(message, &mut bytes).expect("a message that fits into a frame");
    bytes.truncate(length);
    bytes
}

/// Returns a Hello of session `number` that has nothing yet.
pub fn hello(number: u8, groups: u32, contexts: u32) -> Hello<'static> {
    Hello {
        abi_version: ABI_VERSION,
        session: [number; 16],
        agent: [number | 0x80; 16],
        secret: Secret([number; 16]),
        nonce: 3,
        resumes: true,
        groups,
        contexts,
        oldest_sequence: 0,
        next_sequence: 0,
        boot_id: 0,
        grant: 0,
        replies_below: 0,
        host: "host",
        extensions: Extensions::NONE,
    }
}

/// Returns a Records frame without losses and cursors.
pub fn records(first_sequence: u64, replies_below: u64, records: &[Record]) -> Vec<u8> {
    let records: Vec<_> = records.iter().map(|record| record.to_bytes()).collect();
    let (losses, cursors) = (Losses::default(), Cursors::default());
    encode(&Message::Records(Records { first_sequence, replies_below, losses, cursors, records: &records }))
}

/// Takes the first whole frame out of a stream of bytes.
pub fn take(stream: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = frame::frame_length(stream, MAX_FRAME_BYTES).ok().flatten()?;
    (stream.len() >= length).then(|| stream.drain(..length).collect())
}

/// Returns the records of a Records frame and the offset of the first; `None` for another frame.
pub fn records_of(bytes: &[u8]) -> Option<(Vec<Record>, usize)> {
    let Ok(Message::Records(found)) = frame::decode(bytes) else { return None };
    let records: Vec<Record> = found.records.iter().map(Record::from_bytes).collect();
    let start = bytes.len() - CHECKSUM_BYTES - records.len() * RECORD_BYTES;
    Some((records, start))
}

/// Makes the checksum of a changed frame right again.
pub fn seal(frame: &mut [u8]) {
    let end = frame.len() - CHECKSUM_BYTES;
    let checksum = crc32c(&frame[..end]);
    frame[end..].copy_from_slice(&checksum.to_le_bytes());
}
