//! Bounds-checked reading and writing of little-endian fields, with offsets for errors.

use super::FrameError;

/// Reads fields one after the other.
pub struct Reader<'a> {
    frame: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(frame: &'a [u8], at: usize) -> Self {
        Reader { frame, at }
    }

    pub fn position(&self) -> usize {
        self.at
    }

    pub fn bytes(&mut self, what: &'static str, count: usize) -> Result<&'a [u8], FrameError> {
        let rest = &self.frame[self.at..];
        if rest.len() < count {
            return Err(FrameError::Truncated { what, at: self.at, expected: count, found: rest.len() });
        }
        self.at += count;
        Ok(&rest[..count])
    }

    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], FrameError> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(what, N)?);
        Ok(array)
    }

    pub fn u32(&mut self, what: &'static str) -> Result<u32, FrameError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    pub fn u64(&mut self, what: &'static str) -> Result<u64, FrameError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// A 32-bit number that must lie in `min..=max`.
    pub fn ranged(&mut self, what: &'static str, min: u32, max: u32) -> Result<u32, FrameError> {
        let at = self.at;
        let found = self.u32(what)?;
        if !(min..=max).contains(&found) {
            return Err(FrameError::Range { what, at, min: min.into(), max: max.into(), found: found.into() });
        }
        Ok(found)
    }

    /// `count` items of `N` bytes, in place.
    pub fn chunks<const N: usize>(&mut self, what: &'static str, count: usize) -> Result<&'a [[u8; N]], FrameError> {
        let (chunks, _) = self.bytes(what, count * N)?.as_chunks::<N>();
        Ok(chunks)
    }

    /// UTF-8 text of `count` bytes, padded to a multiple of four.
    pub fn text(&mut self, what: &'static str, count: usize) -> Result<&'a str, FrameError> {
        let at = self.at;
        let bytes = self.bytes(what, count)?;
        let text = core::str::from_utf8(bytes).map_err(|error| {
            let bad = error.valid_up_to();
            FrameError::Text { what, at: at + bad, found: bytes[bad] }
        })?;
        let at = self.at;
        let padding = self.bytes("padding", count.next_multiple_of(4) - count)?;
        zeros("padding", at, padding)?;
        Ok(text)
    }

    pub fn end(&self) -> Result<(), FrameError> {
        match self.frame.len() - self.at {
            0 => Ok(()),
            found => Err(FrameError::Trailing { at: self.at, found }),
        }
    }
}

/// Bytes that must all be zero.
pub fn zeros(what: &'static str, at: usize, bytes: &[u8]) -> Result<(), FrameError> {
    match bytes.iter().position(|&byte| byte != 0) {
        None => Ok(()),
        Some(bad) => Err(FrameError::Range { what, at: at + bad, min: 0, max: 0, found: bytes[bad].into() }),
    }
}

/// Writes fields one after the other.
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    at: usize,
}

impl<'a> Writer<'a> {
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Writer { buffer, at: 0 }
    }

    pub fn position(&self) -> usize {
        self.at
    }

    pub fn written(&self) -> &[u8] {
        &self.buffer[..self.at]
    }

    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        let end = self.at + bytes.len();
        if end > self.buffer.len() {
            return Err(FrameError::NoRoom { expected: end, found: self.buffer.len() });
        }
        self.buffer[self.at..end].copy_from_slice(bytes);
        self.at = end;
        Ok(())
    }

    pub fn u32(&mut self, value: u32) -> Result<(), FrameError> {
        self.bytes(&value.to_le_bytes())
    }

    pub fn u64(&mut self, value: u64) -> Result<(), FrameError> {
        self.bytes(&value.to_le_bytes())
    }

    /// A 32-bit number that must lie in `min..=max`, as [`Reader::ranged`] will ask.
    pub fn ranged(&mut self, what: &'static str, value: usize, min: u32, max: u32) -> Result<(), FrameError> {
        if !(min as usize..=max as usize).contains(&value) {
            let (min, max, found) = (min.into(), max.into(), value as u64);
            return Err(FrameError::Range { what, at: self.at, min, max, found });
        }
        self.u32(value as u32)
    }

    pub fn text(&mut self, text: &str) -> Result<(), FrameError> {
        self.bytes(text.as_bytes())?;
        self.bytes(&[0; 3][..text.len().next_multiple_of(4) - text.len()])
    }

    pub fn pad_to_four(&mut self) -> Result<(), FrameError> {
        self.bytes(&[0; 3][..self.at.next_multiple_of(4) - self.at])
    }

    pub fn patch_u32(&mut self, at: usize, value: u32) {
        self.buffer[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
}

pub(super) fn le32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

pub(super) fn le64(bytes: &[u8], at: usize) -> u64 {
    le32(bytes, at) as u64 | ((le32(bytes, at + 4) as u64) << 32)
}
