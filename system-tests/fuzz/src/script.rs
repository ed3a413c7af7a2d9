//! Fuzz bytes as a script, and checksums around what they say.

use deltascope_abi::crc::crc32c;
use deltascope_abi::record::Record;
use deltascope_protocol::frame::{CRC_BYTES, HEADER_BYTES, MAX_FRAME_BYTES, PROTOCOL_VERSION};

/// A frame of this kind around a body, with the right length, version and checksum.
pub fn sealed(kind: u8, body: &[u8]) -> Vec<u8> {
    let body = &body[..body.len().min(MAX_FRAME_BYTES - HEADER_BYTES - CRC_BYTES) & !3];
    let length = (HEADER_BYTES + body.len() + CRC_BYTES) as u32;
    let mut frame = length.to_le_bytes().to_vec();
    frame.extend([kind, PROTOCOL_VERSION, 0, 0]);
    frame.extend(body);
    frame.extend(crc32c(&frame).to_le_bytes());
    frame
}

/// A chunk of a recording around a body.
pub fn sealed_chunk(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut chunk = kind.to_le_bytes().to_vec();
    chunk.extend((body.len() as u32).to_le_bytes());
    chunk.extend(body);
    chunk.extend(crc32c(&chunk).to_le_bytes());
    chunk
}

/// The bytes of an input, taken from the front; zeros when there are no more.
pub struct Script<'a>(pub &'a [u8]);

impl<'a> Script<'a> {
    /// Whether anything is left.
    pub fn has_more(&self) -> bool {
        !self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// A number that is small most of the time.
    pub fn number(&mut self) -> u64 {
        match self.byte() {
            255 => self.bytes(8).iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
            254 => u64::from(self.byte()) << 8 | u64::from(self.byte()),
            small => small.into(),
        }
    }

    /// The next bytes, as many as there are.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A record of any op, mostly with small numbers in it.
    pub fn record(&mut self) -> Record {
        let (op, group, context) = (self.byte(), self.byte(), self.byte());
        let (length, value) = (self.number() & 0xFF_FFFF, self.number());
        let head = u64::from(op) | u64::from(group) << 8 | u64::from(context) << 24 | length << 40;
        Record { head, operand: value | value << 32 }
    }
}
