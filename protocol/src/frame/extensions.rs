//! Extensions of Hello and Welcome: what a later release states beside the fields of this protocol version.
//!
//! An extension is a type (2 bytes), the length of its value (2 bytes) and the value, padded with zeros to a multiple of
//! 4 bytes. A receiver ignores types that it does not know, unless [`EXTENSION_REQUIRED`] is set in them. This version
//! defines none.

use super::fields::{Reader, zeros};
use super::{EXTENSION_REQUIRED, FrameError};

/// Extensions in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions<'a>(&'a [u8]);

impl<'a> Extensions<'a> {
    /// No extension.
    pub const NONE: Extensions<'static> = Extensions(&[]);

    /// Takes extensions that were encoded already.
    ///
    /// # Errors
    /// An entry is cut off, or padded with something else than zeros.
    pub fn parse(bytes: &'a [u8]) -> Result<Extensions<'a>, FrameError> {
        Self::parse_at(bytes, 0)
    }

    /// Parses as [`Extensions::parse`] does; errors name offsets from `at` on.
    pub(super) fn parse_at(bytes: &'a [u8], at: usize) -> Result<Extensions<'a>, FrameError> {
        let shifted = |error| match error {
            FrameError::Truncated { what, at: within, expected, found } => {
                FrameError::Truncated { what, at: at + within, expected, found }
            }
            other => other,
        };
        let mut reader = Reader::new(bytes, 0);
        while reader.position() < bytes.len() {
            let head: [u8; 4] = reader.array("extension").map_err(shifted)?;
            let count = usize::from(u16::from_le_bytes([head[2], head[3]]));
            reader.bytes("value of an extension", count).map_err(shifted)?;
            let end = reader.position();
            let padding = reader.bytes("padding", count.next_multiple_of(4) - count).map_err(shifted)?;
            zeros("padding", at + end, padding)?;
        }
        Ok(Extensions(bytes))
    }

    /// Returns the encoded extensions.
    pub fn bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Returns type and value of every extension.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (head, values) = rest.split_first_chunk::<4>()?;
            let count = usize::from(u16::from_le_bytes([head[2], head[3]]));
            let value = values.get(..count)?;
            rest = values.get(count.next_multiple_of(4)..)?;
            Some((u16::from_le_bytes([head[0], head[1]]), value))
        })
    }

    /// Returns the type of the first extension that must be understood and is not: this release knows none.
    pub fn not_understood(&self) -> Option<u16> {
        self.iter().map(|(kind, _)| kind).find(|kind| kind & EXTENSION_REQUIRED != 0)
    }
}
