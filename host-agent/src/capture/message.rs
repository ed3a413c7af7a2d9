//! Bytes of one direction of a connection to messages: what one send is, where only packets are seen.

use crc32c::crc32c_append;

use super::http::{self, Framing};
use crate::event::Unjudged;

/// Longest message; a longer one is several, each of this length but the last.
pub const MESSAGE_BYTES: u32 = 1 << 20;
/// Bytes that show which protocol a message is of.
const START_BYTES: usize = 7;
/// Bytes before the contents of a record of TLS: type, version, length (RFC 8446, 5.1).
const TLS_HEAD_BYTES: usize = 5;
/// Longest contents of a record of TLS (RFC 8446, 5.2; TLS 1.2 allows more, RFC 5246, 6.2.3).
const TLS_RECORD_BYTES: u16 = (1 << 14) + 2048;

/// One send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Bytes of its head, and of the framing of its body.
    pub head: u32,
    /// Bytes of its body.
    pub length: u32,
    /// CRC32C of its body.
    pub crc: u32,
    /// Why it is not judged, if it is not.
    pub why: Option<Unjudged>,
}

/// What the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first of a message.
    Start,
    /// In the head of a response.
    Head,
    /// The first behind a head with this framing.
    BodyStart(Framing),
    /// In a body, with this number of bytes to come.
    Body(u64),
    /// In a body that ends with the connection.
    ToEnd,
    /// In the line with the size of a chunk.
    ChunkLine,
    /// In a chunk, with this number of bytes to come.
    Chunk(u64),
    /// In the end of the line behind a chunk.
    ChunkEnd,
    /// In a line behind the last chunk.
    Trailer,
    /// In a message that ends where the sender had no more to send.
    Other,
}

/// The messages of one direction.
#[derive(Clone, Debug)]
pub struct Messages {
    state: State,
    /// Bytes of a head or line that has not ended, or that show too little yet.
    buffer: Vec<u8>,
    head: u32,
    length: u32,
    crc: u32,
    incomplete: bool,
    /// Everything is encrypted from here on.
    encrypted: bool,
    /// No response is looked for from here on.
    opaque: bool,
    out: Vec<Message>,
}

impl Default for Messages {
    fn default() -> Messages {
        Messages {
            state: State::Start,
            buffer: Vec::new(),
            head: 0,
            length: 0,
            crc: 0,
            incomplete: false,
            encrypted: false,
            opaque: false,
            out: Vec::new(),
        }
    }
}

impl Messages {
    /// Takes the next bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = match self.state {
                State::Start => self.start(bytes),
                State::BodyStart(framing) => self.body_start(framing, bytes),
                State::Head => self.head(bytes),
                State::ChunkLine | State::ChunkEnd | State::Trailer => self.line(bytes),
                State::Other | State::ToEnd => self.body(bytes),
                State::Body(left) | State::Chunk(left) => {
                    let taken = self.body(&bytes[..bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX))]);
                    self.passed(taken as u64);
                    taken
                }
            };
            bytes = &bytes[taken..];
        }
    }

    /// The sender had no more to send: what is of no response ends here.
    pub fn boundary(&mut self) {
        if self.state == State::Start {
            self.buffer_is_body();
        }
        if matches!(self.state, State::Start | State::Other) {
            self.end();
        }
    }

    /// This number of bytes is missing here.
    pub fn gap(&mut self, bytes: u64) {
        match self.state {
            State::Body(left) | State::Chunk(left) if bytes <= left => {
                self.incomplete = true;
                self.passed(bytes);
            }
            State::ToEnd => self.incomplete = true,
            State::Body(_) => {
                self.incomplete = true;
                self.end();
                // What follows begins somewhere in a message.
                (self.state, self.incomplete) = (State::Other, true);
            }
            _ => {
                self.buffer_is_body();
                (self.state, self.incomplete) = (State::Other, true);
            }
        }
    }

    /// Nothing more comes.
    pub fn finish(&mut self) {
        self.buffer_is_body();
        self.end();
    }

    /// Messages that have ended since the last call.
    pub fn take(&mut self) -> std::vec::Drain<'_, Message> {
        self.out.drain(..)
    }

    /// Bytes of the message that has not ended.
    pub fn held_bytes(&self) -> u64 {
        u64::from(self.head) + u64::from(self.length) + self.buffer.len() as u64
    }

    /// Looks at the first bytes of a message until they show what it is.
    fn start(&mut self, bytes: &[u8]) -> usize {
        let taken = self.look(bytes, START_BYTES);
        let seen = &self.buffer[..];
        if self.encrypted || self.opaque {
            self.other();
        } else if seen == http::RESPONSE {
            self.state = State::Head;
        } else if seen.len() >= TLS_HEAD_BYTES && is_tls(seen) {
            self.encrypted = true;
            self.other();
        } else if !http::RESPONSE.starts_with(seen) && !may_become_tls(seen) {
            self.other();
        }
        taken
    }

    /// Looks whether another response follows a head instead of its body: one to HEAD has none.
    fn body_start(&mut self, framing: Framing, bytes: &[u8]) -> usize {
        let most =
            if let Framing::Length(length) = framing { length.min(START_BYTES as u64) as usize } else { START_BYTES };
        let taken = self.look(bytes, most);
        if self.buffer == http::RESPONSE {
            self.flush();
            self.state = State::Head;
        } else if self.buffer.len() == most || !http::RESPONSE.starts_with(&self.buffer) {
            self.state = match framing {
                Framing::Length(length) => State::Body(length),
                Framing::Chunked => State::ChunkLine,
                _ => State::ToEnd,
            };
            let buffer = std::mem::take(&mut self.buffer);
            self.push(&buffer);
        }
        taken
    }

    /// Moves bytes into the buffer until it has `most`.
    fn look(&mut self, bytes: &[u8], most: usize) -> usize {
        let taken = bytes.len().min(most - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        taken
    }

    fn other(&mut self) {
        self.state = State::Other;
        self.buffer_is_body();
    }

    fn buffer_is_body(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut rest = &buffer[..];
        while !rest.is_empty() {
            rest = &rest[self.body(rest)..];
        }
    }

    fn head(&mut self, bytes: &[u8]) -> usize {
        let before = self.buffer.len();
        self.buffer.extend_from_slice(&bytes[..bytes.len().min(http::HEAD_BYTES - before)]);
        // The end may have begun in what came before.
        let from = before.saturating_sub(3);
        let end = (from..self.buffer.len()).find_map(|at| {
            let rest = &self.buffer[at..];
            [&b"\r\n\r\n"[..], b"\n\n"].iter().find(|end| rest.starts_with(end)).map(|end| at + end.len())
        });
        let taken = self.buffer.len() - before;
        match end {
            Some(end) => {
                self.buffer.truncate(end);
                let head = std::mem::take(&mut self.buffer);
                self.add_head(head.len());
                match http::framing(&head) {
                    Framing::None => self.end(),
                    Framing::Other => {
                        self.end();
                        self.opaque = true;
                    }
                    framing => self.state = State::BodyStart(framing),
                }
                end - before
            }
            None => {
                if self.buffer.len() == http::HEAD_BYTES {
                    self.other();
                }
                taken
            }
        }
    }

    /// Takes bytes of a line of the framing of chunks.
    fn line(&mut self, bytes: &[u8]) -> usize {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let taken = end.map_or(bytes.len(), |end| end + 1).min(http::LINE_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.last() != Some(&b'\n') {
            if self.buffer.len() == http::LINE_BYTES {
                self.other();
            }
            return taken;
        }
        let line = std::mem::take(&mut self.buffer);
        let text = line.trim_ascii();
        let next = match self.state {
            State::ChunkLine => {
                http::chunk_size(text).map(|size| if size == 0 { State::Trailer } else { State::Chunk(size) })
            }
            State::ChunkEnd if text.is_empty() => Some(State::ChunkLine),
            State::Trailer if text.is_empty() => Some(State::Start),
            State::Trailer => Some(State::Trailer),
            _ => None,
        };
        match next {
            Some(State::Start) => {
                self.add_head(line.len());
                self.end();
            }
            Some(next) => {
                self.add_head(line.len());
                self.state = next;
            }
            None => {
                self.buffer = line;
                self.other();
            }
        }
        taken
    }

    /// Takes bytes of a body, at most to the longest message.
    fn body(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min((MESSAGE_BYTES - self.length) as usize);
        self.crc = crc32c_append(self.crc, &bytes[..taken]);
        self.length += taken as u32;
        if self.length == MESSAGE_BYTES {
            self.flush();
        }
        taken
    }

    /// Bytes of a body or chunk of a known length have passed.
    fn passed(&mut self, bytes: u64) {
        match &mut self.state {
            State::Body(left) => {
                *left -= bytes;
                if *left == 0 {
                    self.end();
                }
            }
            State::Chunk(left) => {
                *left -= bytes;
                if *left == 0 {
                    self.state = State::ChunkEnd;
                }
            }
            _ => {}
        }
    }

    fn add_head(&mut self, bytes: usize) {
        self.head += bytes as u32;
        if self.head >= MESSAGE_BYTES {
            self.flush();
        }
    }

    /// The message has ended.
    fn end(&mut self) {
        self.flush();
        (self.state, self.incomplete) = (State::Start, false);
    }

    /// Gives what there is of the message.
    fn flush(&mut self) {
        let (head, length, crc) = (self.head, self.length, self.crc);
        (self.head, self.length, self.crc) = (0, 0, 0);
        if head == 0 && length == 0 {
            return;
        }
        let why = match () {
            () if self.incomplete => Some(Unjudged::Incomplete),
            () if length == 0 => Some(Unjudged::NoBody),
            () if self.encrypted => Some(Unjudged::Encrypted),
            () => None,
        };
        self.out.push(Message { head, length, crc, why });
    }
}

/// Whether these are the first bytes of a record of TLS 1.0 to 1.3.
fn is_tls(bytes: &[u8]) -> bool {
    let [kind, major, minor, high, low, ..] = *bytes else { return false };
    let length = u16::from_be_bytes([high, low]);
    (20..=23).contains(&kind) && major == 3 && minor <= 4 && (1..=TLS_RECORD_BYTES).contains(&length)
}

/// Whether bytes may be the first of such a record, of which there are too few to say.
fn may_become_tls(bytes: &[u8]) -> bool {
    let part = |at: usize, is: fn(u8) -> bool| bytes.get(at).is_none_or(|&byte| is(byte));
    bytes.len() < TLS_HEAD_BYTES
        && part(0, |kind| (20..=23).contains(&kind))
        && part(1, |major| major == 3)
        && part(2, |minor| minor <= 4)
}
