//! Short texts for log lines, without the heap.

use core::fmt::Write;
use core::net::Ipv4Addr;

/// At most 160 bytes; more is cut off.
pub struct Text {
    bytes: [u8; 160],
    length: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let count = text.len().min(self.bytes.len() - self.length);
        self.bytes[self.length..self.length + count].copy_from_slice(&text.as_bytes()[..count]);
        self.length += count;
        Ok(())
    }
}

impl Text {
    /// Returns what was written.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

/// Writes an address.
pub fn address_text(address: Ipv4Addr) -> Text {
    let mut text = Text { bytes: [0; 160], length: 0 };
    // It takes whatever is written.
    let _ = write!(text, "{address}");
    text
}
