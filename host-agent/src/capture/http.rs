//! Heads of HTTP/1 responses and the framing of chunked bodies (RFC 9112).

/// First bytes of a response.
pub const RESPONSE: &[u8] = b"HTTP/1.";
/// Longest head; a longer one is none.
pub const HEAD_BYTES: usize = 64 << 10;
/// Longest line with the size of a chunk, or of a trailer.
pub const LINE_BYTES: usize = 8 << 10;

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// It has this many bytes.
    Length(u64),
    /// It is in chunks.
    Chunked,
    /// It ends with the connection.
    ToEnd,
    /// The connection speaks another protocol from here on.
    Other,
}

/// Returns the framing of the body behind a head, which ends with its empty line.
pub fn framing(head: &[u8]) -> Framing {
    let mut lines = head.split(|&byte| byte == b'\n').map(|line| line.trim_ascii());
    let status = lines.next().unwrap_or_default().split(|&byte| byte == b' ').nth(1).unwrap_or_default();
    match status {
        b"101" => return Framing::Other,
        [b'1', _, _] | b"204" | b"304" => return Framing::None,
        _ => {}
    }
    let mut length = None;
    for line in lines {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"transfer-encoding") && value.to_ascii_lowercase().ends_with(b"chunked") {
            return Framing::Chunked;
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            length = str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        }
    }
    match length {
        Some(0) => Framing::None,
        Some(length) => Framing::Length(length),
        None => Framing::ToEnd,
    }
}

/// Returns the size in the line before a chunk; `None` when it is none.
pub fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|&byte| byte == b';').next()?.trim_ascii();
    u64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok().filter(|_| digits[0] != b'+')
}

#[cfg(test)]
mod tests {
    use super::{Framing, chunk_size, framing};

    #[test]
    fn framing_is_that_of_the_rfc() {
        for (head, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", Framing::Length(12)),
            ("HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", Framing::None),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 12\r\n\r\n", Framing::None),
            ("HTTP/1.1 100 Continue\r\n\r\n", Framing::None),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", Framing::Other),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 3\r\n\r\n", Framing::Chunked),
            ("HTTP/1.0 200 OK\r\nDate: x\r\n\r\n", Framing::ToEnd),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", Framing::ToEnd),
            ("HTTP/1.\r\n\r\n", Framing::ToEnd),
        ] {
            assert_eq!(framing(head.as_bytes()), expected, "{head}");
        }
    }

    #[test]
    fn sizes_of_chunks_are_hexadecimal() {
        for (line, size) in
            [("1a", Some(26)), ("0;x=y", Some(0)), (" 5 ", Some(5)), ("", None), ("+5", None), ("g", None)]
        {
            assert_eq!(chunk_size(line.as_bytes()), size, "{line:?}");
        }
        assert_eq!(chunk_size(b"fffffffffffffffff"), None);
    }
}
