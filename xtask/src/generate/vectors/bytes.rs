//! Frames as bytes, and what several of the vectors begin with.

use anyhow::Result;
use deltascope_abi::ABI_VERSION;
use deltascope_protocol::frame::{self, Extensions, Hello, MAX_FRAME_BYTES, Message, Secret};

/// Bytes as the file has them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a message.
pub fn encode(message: &Message<'_>) -> Result<Vec<u8>> {
    let mut bytes = vec![0; MAX_FRAME_BYTES];
    let length = frame::encode(message, &mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// A Hello of the agent of the vectors that has nothing yet.
pub fn hello(extensions: Extensions<'_>) -> Hello<'_> {
    Hello {
        abi_version: ABI_VERSION,
        session: *b"session-00000001",
        agent: *b"agent-of-web-1..",
        secret: Secret(*b"secret-of-web-1."),
        nonce: 3,
        resumes: true,
        groups: 2,
        contexts: 3,
        oldest_sequence: 0,
        next_sequence: 0,
        boot_id: 0,
        grant: 0,
        replies_below: 0,
        host: "web-1",
        extensions,
    }
}

/// The frame with one byte changed and its checksum made right again.
pub fn with(frame: &[u8], at: usize, value: u8) -> Vec<u8> {
    let mut frame = frame.to_vec();
    frame[at] = value;
    let end = frame.len() - 4;
    let crc = deltascope_abi::crc::crc32c(&frame[..end]).to_le_bytes();
    frame[end..].copy_from_slice(&crc);
    frame
}
