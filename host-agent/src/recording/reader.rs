//! Reads recordings, one chunk at a time, and trusts none of it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use deltascope_abi::crc::crc32c;
use deltascope_abi::loss::{LOSS_REASONS, Losses};
use deltascope_abi::record::{Class, MAX_LENGTH};

use super::*;
use crate::event::{Event, OwnerId, OwnerKind, UNJUDGED_SEND, Unjudged, What, scanned};
use crate::report::{Details, ScanJson};

/// What a recording states at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Events that the source had captured.
    pub captured: u64,
    /// Events that are in the file.
    pub events: u64,
    /// Events that the source had lost.
    pub losses: Losses,
}

/// Where a recording ends that has no END: it was killed, its disk was full, or the power failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Events that are in whole chunks.
    pub events: u64,
    /// Offset behind the last whole chunk.
    pub at: u64,
    /// Bytes behind it: part of a chunk, and the zeros that a power cut leaves.
    pub torn_bytes: u64,
}

/// What comes next in a recording.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// An owner; its number is the count of owners before it.
    Owner(OwnerKind, String),
    /// What is known of the container of an owner before it.
    Container(OwnerId, Box<Details>),
    /// An event.
    Event(Event),
    /// What a scan reported beside the events before it.
    Scan(Box<ScanJson>),
    /// The end, after which nothing follows.
    End(End),
    /// The end of a file that has none: what was recorded behind it is missing.
    Cut(Cut),
}

/// Reads one recording.
pub struct Reader<R: Read = BufReader<File>> {
    path: PathBuf,
    input: R,
    at: u64,
    version: u32,
    owners: Vec<OwnerKind>,
    events: u64,
    items: VecDeque<Item>,
    /// Checksum of the first chunk with events.
    first_events_crc: Option<u32>,
    ended: bool,
}

impl Reader {
    /// Opens a recording and checks its header.
    pub fn open(path: &Path) -> Result<Reader, RecordingError> {
        let file = File::open(path).map_err(|source| RecordingError::Io {
            path: path.to_path_buf(),
            action: "open it",
            advice: "give a file made by `deltascope record`",
            source,
        })?;
        Reader::new(path, BufReader::new(file))
    }
}

impl<R: Read> Reader<R> {
    /// Starts to read `input` and checks its header; `path` is named in errors.
    pub fn new(path: &Path, input: R) -> Result<Reader<R>, RecordingError> {
        let mut reader = Reader {
            path: path.to_path_buf(),
            input,
            at: 0,
            version: VERSION,
            owners: Vec::new(),
            events: 0,
            items: VecDeque::new(),
            first_events_crc: None,
            ended: false,
        };
        let mut header = [0; HEADER_BYTES];
        let found = reader.fill(&mut header)?;
        let magic = &header[..found.min(MAGIC.len())];
        if magic != MAGIC {
            return Err(RecordingError::Magic { path: reader.path, found: magic.to_vec() });
        }
        reader.whole("header", 0, HEADER_BYTES, found)?;
        let version = le32(&header, 8);
        if !(OLDEST_VERSION..=VERSION).contains(&version) {
            return Err(RecordingError::Version { path: reader.path, found: version });
        }
        reader.version = version;
        reader.check_crc(&header, HEADER_BYTES as u64)?;
        reader.expect("bytes of an event", 12, EVENT_BYTES as u64, le32(&header, 12).into())?;
        reader.expect("reserved field", 16, 0, le32(&header, 16).into())?;
        Ok(reader)
    }

    /// The next item; `None` after the end.
    pub fn next_item(&mut self) -> Result<Option<Item>, RecordingError> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Ok(Some(item));
            }
            if self.ended {
                return Ok(None);
            }
            self.read_chunk()?;
        }
    }

    /// Bytes read so far, whole chunks.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Checksum of the first chunk with events, once it was read: distinguishes one recording from another.
    pub fn first_events_crc(&self) -> Option<u32> {
        self.first_events_crc
    }

    fn read_chunk(&mut self) -> Result<(), RecordingError> {
        let start = self.at;
        let mut chunk = vec![0; CHUNK_HEAD_BYTES];
        let found = self.fill(&mut chunk)?;
        if found < CHUNK_HEAD_BYTES || chunk == [0; CHUNK_HEAD_BYTES] && self.only_zeros_follow()? {
            self.cut(start);
            return Ok(());
        }
        let (kind, length) = (le32(&chunk, 0), le32(&chunk, 4) as usize);
        if !(CHUNK_OWNER..=CHUNK_CONTAINER).contains(&kind) {
            return Err(self.field("chunk kind", start, "1 to 5", kind.into()));
        }
        if length > MAX_BODY_BYTES {
            return Err(self.field("chunk length", start + 4, &format!("0 to {MAX_BODY_BYTES}"), length as u64));
        }
        chunk.resize(CHUNK_HEAD_BYTES + length + 4, 0);
        let found = self.fill(&mut chunk[CHUNK_HEAD_BYTES..])?;
        if found < length + 4 {
            self.cut(start);
            return Ok(());
        }
        if let Err(error) = self.check_crc(&chunk, self.at) {
            if chunk.ends_with(&[0]) && self.only_zeros_follow()? {
                self.cut(start);
                return Ok(());
            }
            return Err(error);
        }
        let (body, at) = (&chunk[CHUNK_HEAD_BYTES..CHUNK_HEAD_BYTES + length], start + CHUNK_HEAD_BYTES as u64);
        match kind {
            CHUNK_OWNER => self.owner(body, at),
            CHUNK_EVENTS => {
                self.first_events_crc.get_or_insert(le32(&chunk, CHUNK_HEAD_BYTES + length));
                self.event_list(body, at)
            }
            CHUNK_SCAN => {
                let scan = serde_json::from_slice(body).map_err(|source| RecordingError::Scan {
                    path: self.path.clone(),
                    at,
                    source,
                })?;
                self.items.push_back(Item::Scan(Box::new(scan)));
                Ok(())
            }
            CHUNK_CONTAINER => self.container(body, at),
            _ => self.end(body, at),
        }
    }

    /// Ends at a chunk that begins at `at` and is not whole.
    fn cut(&mut self, at: u64) {
        self.ended = true;
        self.items.push_back(Item::Cut(Cut { events: self.events, at, torn_bytes: self.at - at }));
    }

    /// Whether the rest of the file is zeros: a file system gives a file its length before its bytes, and a power cut comes
    /// in between. Reads up to the end, or to the first byte that is none.
    fn only_zeros_follow(&mut self) -> Result<bool, RecordingError> {
        let mut rest = [0; 4_096];
        loop {
            let found = self.fill(&mut rest)?;
            if found == 0 || rest[..found].iter().any(|&byte| byte != 0) {
                return Ok(found == 0);
            }
        }
    }

    fn owner(&mut self, body: &[u8], at: u64) -> Result<(), RecordingError> {
        if body.len() < 8 || body.len() > 8 + MAX_NAME_BYTES {
            return Err(self.field("owner chunk length", at - 4, "8 to 1032", body.len() as u64));
        }
        self.expect("owner number", at, self.owners.len() as u64, le32(body, 0).into())?;
        let code = le32(body, 4);
        let kind = OwnerKind::from_code(code).ok_or_else(|| self.field("owner kind", at + 4, "1 to 4", code.into()))?;
        let name = std::str::from_utf8(&body[8..])
            .map_err(|_| RecordingError::Text { path: self.path.clone(), at: at + 8 })?;
        self.owners.push(kind);
        self.items.push_back(Item::Owner(kind, name.to_owned()));
        Ok(())
    }

    fn container(&mut self, body: &[u8], at: u64) -> Result<(), RecordingError> {
        let Some((number, json)) = body.split_first_chunk::<4>() else {
            return Err(self.field("container chunk length", at - 4, "4 or more", body.len() as u64));
        };
        let owner = u32::from_le_bytes(*number);
        if owner as usize >= self.owners.len() {
            return Err(self.field("owner of a container", at, &format!("below {}", self.owners.len()), owner.into()));
        }
        let details = serde_json::from_slice(json);
        let path = self.path.clone();
        let details = details.map_err(|source| RecordingError::Container { path, at: at + 4, source })?;
        self.items.push_back(Item::Container(OwnerId(owner), Box::new(details)));
        Ok(())
    }

    fn event_list(&mut self, body: &[u8], at: u64) -> Result<(), RecordingError> {
        let (events, rest) = body.as_chunks::<EVENT_BYTES>();
        if !rest.is_empty() {
            return Err(self.field("events chunk length", at - 4, "a multiple of 32", body.len() as u64));
        }
        for (index, bytes) in events.iter().enumerate() {
            let event = self.event(bytes, at + (index * EVENT_BYTES) as u64)?;
            self.items.push_back(Item::Event(event));
        }
        self.events += events.len() as u64;
        Ok(())
    }

    fn event(&self, bytes: &[u8; EVENT_BYTES], at: u64) -> Result<Event, RecordingError> {
        let (class, owner, length) = (bytes[1], le32(bytes, 4), le32(bytes, 16));
        let Some(kind) = self.owners.get(owner as usize) else {
            return Err(self.field("owner of an event", at + 4, &format!("below {}", self.owners.len()), owner.into()));
        };
        if class >= Class::ALL.len() as u8 {
            return Err(self.field("class of an event", at + 1, "0 to 3", class.into()));
        }
        if length > MAX_LENGTH {
            return Err(self.field("length of an event", at + 16, &format!("0 to {MAX_LENGTH}"), length.into()));
        }
        let (socket, head, operand) = (le64(bytes, 8), le32(bytes, 20), le64(bytes, 24));
        // The zeros of the layout: what a later version puts there is not to be passed over.
        let no_socket = matches!(bytes[0], WHAT_PAGE | WHAT_UNJUDGED);
        let no_head = !matches!(bytes[0], WHAT_BODY | WHAT_UNJUDGED);
        let (head_here, socket_here) = (u64::from(no_head) * u64::from(head), u64::from(no_socket) * socket);
        let reserved = u64::from(le32(bytes, 0) >> 16) | head_here | socket_here;
        if reserved != 0 {
            return Err(self.field("reserved bytes of an event", at, "zero", reserved));
        }
        let what = match (bytes[0], Class::from_code(class)) {
            (WHAT_SEND, Class::NetworkSend) => What::Send { socket, fingerprint: operand },
            (WHAT_PAGE, class) if kind.is_scanned() => self.scanned_page(class, operand),
            (WHAT_PAGE, class @ (Class::PageAfterT | Class::PageAtExit | Class::PageUnjudged)) => {
                What::Page { class, before: operand as u32, after: (operand >> 32) as u32 }
            }
            (WHAT_BODY, Class::PageAfterT) => What::Body { peer: socket, connection: 0, fingerprint: operand, head },
            (WHAT_UNJUDGED, UNJUDGED_SEND) => {
                let why = Unjudged::from_code(operand)
                    .ok_or_else(|| self.field("reason of an event", at + 24, "1 to 3", operand))?;
                What::Unjudged { why, head }
            }
            (what, _) => {
                let expected = "1 with a class of pages, 2 with class 2, 3 with class 0 or 4 with class 3";
                return Err(self.field("kind of an event", at, expected, what.into()));
            }
        };
        Ok(Event { owner: OwnerId(owner), length, what })
    }

    /// A page of an owner of the scan. One that was not compared has another class since version 3.
    fn scanned_page(&self, class: Class, operand: u64) -> What {
        match (self.version, class) {
            (OLDEST_VERSION, Class::PageUnjudged) => {
                What::Page { class: scanned::SIBLING_OR_UNJUDGED, before: 0, after: 1 }
            }
            _ => What::Page { class, before: operand as u32, after: (operand >> 32) as u32 },
        }
    }

    fn end(&mut self, body: &[u8], at: u64) -> Result<(), RecordingError> {
        self.expect("end chunk length", at - 4, END_BYTES as u64, body.len() as u64)?;
        let (captured, events) = (le64(body, 0), le64(body, 8));
        self.expect("events in the file", at + 8, self.events, events)?;
        let mut losses = Losses([0; LOSS_REASONS]);
        for (index, slot) in losses.0.iter_mut().enumerate() {
            *slot = le64(body, 16 + 8 * index);
        }
        let explained = losses.0.iter().try_fold(events, |sum, &count| sum.checked_add(count));
        if explained != Some(captured) {
            return Err(self.field("events captured", at, "the events in the file and all losses together", captured));
        }
        let mut more = [0; 1];
        if self.fill(&mut more)? != 0 {
            return Err(self.field("byte after the end", at + END_BYTES as u64 + 4, "nothing", more[0].into()));
        }
        self.ended = true;
        self.items.push_back(Item::End(End { captured, events, losses }));
        Ok(())
    }

    /// Reads until `buffer` is full or the input ends, and gives the bytes read.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, RecordingError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.input.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => {
                    let (path, action) = (self.path.clone(), "read it");
                    return Err(RecordingError::Io { path, action, advice: "check the disk and the path", source });
                }
            }
        }
        self.at += filled as u64;
        Ok(filled)
    }

    fn whole(&self, what: &'static str, at: u64, expected: usize, found: usize) -> Result<(), RecordingError> {
        if found < expected {
            return Err(RecordingError::Truncated { path: self.path.clone(), what, at, expected, found });
        }
        Ok(())
    }

    /// Checks the checksum in the last four of `bytes`, which end at offset `end` of the file.
    fn check_crc(&self, bytes: &[u8], end: u64) -> Result<(), RecordingError> {
        let split = bytes.len() - 4;
        let (expected, found) = (crc32c(&bytes[..split]), le32(bytes, split));
        if expected != found {
            return Err(RecordingError::Crc { path: self.path.clone(), at: end - 4, expected, found });
        }
        Ok(())
    }

    fn expect(&self, what: &'static str, at: u64, expected: u64, found: u64) -> Result<(), RecordingError> {
        if expected != found {
            return Err(self.field(what, at, &expected.to_string(), found));
        }
        Ok(())
    }

    fn field(&self, what: &'static str, at: u64, expected: &str, found: u64) -> RecordingError {
        RecordingError::Field { path: self.path.clone(), what, at, expected: expected.to_owned(), found }
    }
}

fn le32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn le64(bytes: &[u8], at: usize) -> u64 {
    u64::from(le32(bytes, at)) | (u64::from(le32(bytes, at + 4)) << 32)
}
