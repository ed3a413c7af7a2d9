//! Packets of a file as a source of sends by content.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read as _, Seek};
use std::path::{Path, PathBuf};

use deltascope_abi::crc::crc32c;
use deltascope_abi::loss::Losses;
use deltascope_protocol::frame::Cursor;
use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader};

use super::{Progress, Round, Source, SourceError, cursor, position};
use crate::capture::{AddressNames, Flows, Link, Parsed, PayloadBytes, Sent, parse};
use crate::event::{Event, OwnerKind};
use crate::sink::Sink;

/// Events of one round.
const ROUND_EVENTS: u64 = 16_384;
/// Bytes of the file that are held; more when a block is longer.
const BUFFER_BYTES: usize = 1 << 20;
/// Longest block.
const BLOCK_BYTES: usize = 64 << 20;
/// Bytes at the beginning that distinguish one file from another.
const IDENTITY_BYTES: u64 = 64 << 10;

/// Why a file of packets cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PcapFileError {
    /// The operating system refused.
    #[error("{path}: cannot read it: {source}; give a file made by tcpdump or dumpcap", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system reported.
        source: std::io::Error,
    },
    /// It is no pcap or pcapng file, or damaged.
    #[error(
        "{path}: expected {expected} at offset {at}, found {found}; give a pcap or pcapng file that is whole",
        path = path.display()
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected there.
        expected: &'static str,
        /// The offset of the block.
        at: u64,
        /// What is there.
        found: String,
    },
    /// Its packets are of another link.
    #[error(
        "{path}: link type: expected Ethernet (1), IP (12, 14, 101, 228, 229), BSD loopback (0, 108) or Linux cooked (113, 276), found {found}; capture on such an interface",
        path = path.display()
    )]
    Link {
        /// The file.
        path: PathBuf,
        /// As in the file.
        found: i32,
    },
}

/// What a block of the file was.
enum Step {
    /// A packet of this interface; its bytes are in the buffer.
    Packet(u32),
    /// The beginning of a section, whose interfaces are numbered from 0.
    Section,
    /// The next interface has this link.
    Interface(i32),
    /// Something else.
    Other,
}

/// What the reader found.
enum Read {
    Block(usize, Step),
    End,
    /// Part of a block.
    More,
    /// Part of a block, at the end of the file.
    Cut,
    /// More of a block than the buffer holds.
    Small,
    Damaged(String),
}

/// Gives the sends in a file of packets.
pub struct Pcap {
    path: PathBuf,
    reader: Box<dyn PcapReaderIterator + Send>,
    /// Bytes of whole blocks read.
    at: u64,
    size: u64,
    links: Vec<Link>,
    packet: Vec<u8>,
    flows: Flows,
    names: AddressNames,
    /// Sends that the packets read so far hold and that were not given.
    pending: VecDeque<Sent>,
    captured: u64,
    given: u64,
    ended: bool,
    identity: u64,
    is_named: bool,
    packets: u64,
    /// Packets that this host received.
    received: u64,
    /// Packets that are no segments of TCP.
    other: u64,
}

impl Pcap {
    /// Opens a file and reads its header. `names` reports who sends from an address.
    ///
    /// # Errors
    /// It cannot be read, or is no pcap or pcapng file.
    pub fn open(path: &Path, names: AddressNames) -> Result<Pcap, PcapFileError> {
        let fail = |source| PcapFileError::Io { path: path.to_path_buf(), source };
        let mut file = File::open(path).map_err(fail)?;
        let mut beginning = Vec::new();
        (&file).take(IDENTITY_BYTES).read_to_end(&mut beginning).map_err(fail)?;
        let size = file.seek(std::io::SeekFrom::End(0)).map_err(fail)?;
        file.rewind().map_err(fail)?;
        let reader = create_reader(BUFFER_BYTES, file).map_err(|error| PcapFileError::Content {
            path: path.to_path_buf(),
            expected: "the header of a pcap or pcapng file",
            at: 0,
            found: text(&error),
        })?;
        Ok(Pcap {
            path: path.to_path_buf(),
            reader,
            at: 0,
            size,
            links: Vec::new(),
            packet: Vec::new(),
            flows: Flows::default(),
            names,
            pending: VecDeque::new(),
            captured: 0,
            given: 0,
            ended: false,
            identity: crc32c(&beginning).into(),
            is_named: false,
            packets: 0,
            received: 0,
            other: 0,
        })
    }

    /// Reads one block; `None` at the end.
    fn block(&mut self) -> Result<Option<Step>, PcapFileError> {
        let mut capacity = BUFFER_BYTES;
        loop {
            let Pcap { reader, packet, .. } = self;
            let read = match reader.next() {
                Ok((bytes, block)) => Read::Block(bytes, step(&block, packet)),
                Err(PcapError::Eof) => Read::End,
                Err(PcapError::Incomplete(_)) => Read::More,
                Err(PcapError::UnexpectedEof) => Read::Cut,
                Err(PcapError::BufferTooSmall) => Read::Small,
                Err(error) => Read::Damaged(text(&error)),
            };
            match read {
                Read::Block(bytes, step) => {
                    reader.consume(bytes);
                    self.at += bytes as u64;
                    return Ok(Some(step));
                }
                Read::End => return Ok(None),
                Read::More if !reader.reader_exhausted() => {
                    if let Err(error) = reader.refill().map_err(|error| text(&error)) {
                        return Err(self.damaged(error));
                    }
                }
                Read::Small if capacity < BLOCK_BYTES => {
                    capacity *= 2;
                    reader.grow(capacity);
                }
                Read::More | Read::Cut => {
                    let left = reader.data().len();
                    return Err(self.damaged(format!("the end of the file behind {left} bytes of one")));
                }
                Read::Small => return Err(self.damaged(format!("one of more than {BLOCK_BYTES} bytes"))),
                Read::Damaged(found) => return Err(self.damaged(found)),
            }
        }
    }

    fn damaged(&self, found: String) -> PcapFileError {
        let (path, expected) = (self.path.clone(), "a block of a pcap or pcapng file");
        PcapFileError::Content { path, expected, at: self.at, found }
    }

    /// Reads until there is a send to give. False: nothing comes any more.
    fn advance(&mut self) -> Result<bool, PcapFileError> {
        while self.pending.is_empty() && !self.ended {
            match self.block()? {
                Some(Step::Packet(interface)) => self.take(interface)?,
                Some(Step::Section) => self.links.clear(),
                Some(Step::Interface(number)) => {
                    let link = Link::from_number(number)
                        .ok_or_else(|| PcapFileError::Link { path: self.path.clone(), found: number })?;
                    self.links.push(link);
                }
                Some(Step::Other) => {}
                None => {
                    self.ended = true;
                    let Pcap { flows, pending, captured, .. } = self;
                    flows.finish(&mut |sent| {
                        *captured += 1;
                        pending.push_back(sent);
                    });
                }
            }
        }
        Ok(!self.pending.is_empty())
    }

    fn take(&mut self, interface: u32) -> Result<(), PcapFileError> {
        let Some(&link) = self.links.get(interface as usize) else {
            return Err(PcapFileError::Content {
                path: self.path.clone(),
                expected: "a packet of an interface that was described",
                at: self.at,
                found: format!("interface {interface} of {}", self.links.len()),
            });
        };
        self.packets += 1;
        let Pcap { flows, pending, captured, packet, .. } = self;
        match parse(link, packet) {
            Parsed::Segment(segment) => flows.take(&segment, &mut |sent| {
                *captured += 1;
                pending.push_back(sent);
            }),
            Parsed::Received => self.received += 1,
            Parsed::Other => self.other += 1,
        }
        Ok(())
    }

    /// The next send as an event; `None` at the end.
    fn next_event(&mut self, sink: &mut dyn Sink) -> Result<Option<Event>, SourceError> {
        if !self.advance()? {
            return Ok(None);
        }
        let Some(&sent) = self.pending.front() else { return Ok(None) };
        let owner = sink.owner(OwnerKind::Sends, &self.names.name(sent.local, sent.opened))?;
        self.pending.pop_front();
        self.given += 1;
        Ok(Some(sent.event(owner)))
    }

    fn cursor(unit: u32, position: u64) -> Cursor {
        Cursor { source: cursor::PCAP, unit, position }
    }

    fn other(what: &'static str, expected: u64, found: u64) -> SourceError {
        let (expected, found) = (expected.to_string(), found.to_string());
        SourceError::Resume { source_name: "pcap", what, expected, found }
    }
}

fn text<I: std::fmt::Debug + AsRef<[u8]>>(error: &PcapError<I>) -> String {
    match error {
        PcapError::NomError(_, kind) | PcapError::OwnedNomError(_, kind) => format!("bytes that are none ({kind:?})"),
        PcapError::HeaderNotRecognized => "bytes that are none".to_owned(),
        PcapError::Eof => "an empty file".to_owned(),
        PcapError::Incomplete(_) => "the end of the file within it".to_owned(),
        other => format!("{other:?}"),
    }
}

fn step(block: &PcapBlockOwned<'_>, packet: &mut Vec<u8>) -> Step {
    packet.clear();
    match block {
        PcapBlockOwned::LegacyHeader(header) => Step::Interface(header.network.0),
        PcapBlockOwned::Legacy(block) => {
            packet.extend_from_slice(block.data);
            Step::Packet(0)
        }
        PcapBlockOwned::NG(Block::SectionHeader(_)) => Step::Section,
        PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => Step::Interface(interface.linktype.0),
        PcapBlockOwned::NG(Block::EnhancedPacket(block)) => {
            packet.extend_from_slice(block.packet_data());
            Step::Packet(block.if_id)
        }
        PcapBlockOwned::NG(Block::SimplePacket(block)) => {
            packet.extend_from_slice(block.packet_data());
            Step::Packet(0)
        }
        PcapBlockOwned::NG(_) => Step::Other,
    }
}

impl Source for Pcap {
    fn name(&self) -> &'static str {
        "pcap"
    }

    fn is_state(&self) -> bool {
        false
    }

    fn round(&mut self, sink: &mut dyn Sink, progress: &mut dyn FnMut(Progress)) -> Result<Round, SourceError> {
        let mut round = Round::More;
        for _ in 0..ROUND_EVENTS {
            let Some(event) = self.next_event(sink)? else {
                round = Round::End;
                break;
            };
            if !self.is_named {
                sink.cursor(Self::cursor(1, self.identity));
                self.is_named = true;
            }
            sink.event_at(event, Self::cursor(0, self.given))?;
        }
        progress(Progress { done: self.at, total: Some(self.size) });
        Ok(round)
    }

    fn can_resume(&self) -> bool {
        true
    }

    fn resume(&mut self, cursors: &[Cursor], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let next = position(cursors, cursor::PCAP, 0).unwrap_or(0);
        let identity = position(cursors, cursor::PCAP, 1).filter(|_| next > 0);
        if let Some(identity) = identity.filter(|&identity| identity != self.identity) {
            return Err(Self::other("checksum of the file's beginning", identity, self.identity));
        }
        while self.given < next {
            match self.next_event(sink)? {
                Some(event) => sink.skip(event).map_err(SourceError::from)?,
                None => return Err(Self::other("sends in the file", next, self.given)),
            }
        }
        Ok(())
    }

    fn captured(&self) -> u64 {
        self.captured
    }

    fn losses(&self) -> Losses {
        Losses::default()
    }

    fn in_flight(&self) -> u64 {
        self.pending.len() as u64
    }

    fn payload(&self) -> Option<PayloadBytes> {
        let mut bytes = self.flows.payload();
        self.pending.iter().for_each(|sent| bytes.hold(sent));
        Some(bytes)
    }

    fn status(&self) -> Vec<(&'static str, u64)> {
        vec![("packets", self.packets), ("received_packets", self.received), ("other_packets", self.other)]
    }
}
