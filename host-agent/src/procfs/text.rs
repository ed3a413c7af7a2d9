//! A cursor over the text of a `/proc` file that knows where it is.

use super::ParseError;

/// Bytes of the offending text that an error quotes.
const QUOTED: usize = 24;

/// Walks over the bytes of one file or line and makes errors that name the place.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    file: &'static str,
    bytes: &'a [u8],
    at: usize,
    base: u64,
}

impl<'a> Cursor<'a> {
    /// Starts at the first of `bytes`, which lie `base` bytes into `file`.
    pub(crate) fn new(file: &'static str, bytes: &'a [u8], base: u64) -> Self {
        Self { file, bytes, at: 0, base }
    }

    /// An error at the present place.
    pub(crate) fn error(&self, expected: &'static str) -> ParseError {
        let rest = self.rest();
        let found = if rest.is_empty() {
            "the end of the text".to_owned()
        } else {
            let quoted = &rest[..rest.len().min(QUOTED)];
            format!("`{}`", quoted.escape_ascii())
        };
        ParseError { file: self.file, expected, found, offset: self.base.saturating_add(self.at as u64) }
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The next byte, not taken.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Passes over `count` bytes, at most to the end.
    pub(crate) fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count).min(self.bytes.len());
    }

    /// Passes over blanks and tabs.
    pub(crate) fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Takes exactly `literal`.
    pub(crate) fn literal(&mut self, literal: &[u8], expected: &'static str) -> Result<(), ParseError> {
        if !self.rest().starts_with(literal) {
            return Err(self.error(expected));
        }
        self.skip(literal.len());
        Ok(())
    }

    /// Takes the bytes up to `end`, and `end`; without `end`, an error.
    pub(crate) fn until(&mut self, end: u8, expected: &'static str) -> Result<&'a [u8], ParseError> {
        let rest = self.rest();
        let Some(length) = rest.iter().position(|&byte| byte == end) else {
            return Err(self.error(expected));
        };
        self.skip(length + 1);
        Ok(&rest[..length])
    }

    /// Takes the bytes up to the next blank, tab, line end or the end; at least one.
    pub(crate) fn word(&mut self, expected: &'static str) -> Result<&'a [u8], ParseError> {
        let rest = self.rest();
        let length = rest.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\n')).unwrap_or(rest.len());
        if length == 0 {
            return Err(self.error(expected));
        }
        self.skip(length);
        Ok(&rest[..length])
    }

    /// Takes a decimal number.
    pub(crate) fn decimal(&mut self, expected: &'static str) -> Result<u64, ParseError> {
        self.number(10, expected)
    }

    /// Takes a decimal number that fits 32 bits.
    pub(crate) fn decimal32(&mut self, expected: &'static str) -> Result<u32, ParseError> {
        let before = self.clone();
        let value = self.decimal(expected)?;
        u32::try_from(value).map_err(|_| before.error(expected))
    }

    /// Takes a hexadecimal number without a prefix.
    pub(crate) fn hexadecimal(&mut self, expected: &'static str) -> Result<u64, ParseError> {
        self.number(16, expected)
    }

    /// Takes a decimal number with an optional minus sign.
    pub(crate) fn signed(&mut self, expected: &'static str) -> Result<i64, ParseError> {
        let before = self.clone();
        let negative = self.peek() == Some(b'-');
        if negative {
            self.skip(1);
        }
        let value = i64::try_from(self.decimal(expected)?).map_err(|_| before.error(expected))?;
        Ok(if negative { -value } else { value })
    }

    fn number(&mut self, radix: u32, expected: &'static str) -> Result<u64, ParseError> {
        let before = self.clone();
        let mut value: Option<u64> = None;
        while let Some(digit) = self.peek().and_then(|b| char::from(b).to_digit(radix)) {
            let next = value.unwrap_or(0).checked_mul(u64::from(radix)).and_then(|v| v.checked_add(u64::from(digit)));
            if next.is_none() {
                return Err(before.error(expected));
            }
            value = next;
            self.skip(1);
        }
        value.ok_or_else(|| before.error(expected))
    }
}
