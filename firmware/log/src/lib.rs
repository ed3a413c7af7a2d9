//! Separates the text of the first stage from the log of the image, which follows it on the same UART.

/// What each line of the first stage begins with (`firmware/first-stage/src/console.rs`).
const TEXT: &[u8] = b"first stage: ";

/// A part of what the UART sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A line of the first stage.
    Line(String),
    /// A frame of defmt with the zero that ends it.
    Frame(Vec<u8>),
}

/// Bytes of the UART that are not a part yet.
#[derive(Debug, Default)]
pub struct Splitter {
    pending: Vec<u8>,
}

impl Splitter {
    /// Takes a byte, and returns the part that it ends.
    pub fn take(&mut self, byte: u8) -> Option<Part> {
        self.pending.push(byte);
        let is_text = self.pending.starts_with(TEXT);
        match byte {
            b'\n' if is_text => {
                let line = String::from_utf8_lossy(&std::mem::take(&mut self.pending)).trim_end().to_owned();
                Some(Part::Line(line))
            }
            0 => {
                let frame = std::mem::take(&mut self.pending);
                (frame.len() > 1).then_some(Part::Frame(frame))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_frames_are_told_apart() {
        let mut splitter = Splitter::default();
        let bytes = b"first stage: on pynq-z2\r\nfirst stage: starts\r\n\0\x12first\n\x07\0";
        let parts: Vec<Part> = bytes.iter().filter_map(|byte| splitter.take(*byte)).collect();
        let line = |text: &str| Part::Line(text.to_owned());
        let expected =
            [line("first stage: on pynq-z2"), line("first stage: starts"), Part::Frame(b"\x12first\n\x07\0".to_vec())];
        assert_eq!(parts, expected);
    }
}
