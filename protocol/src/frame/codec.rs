//! The bodies of the frames as bytes. What is read is checked against the limits; what is written is, too, so that no
//! peer gets a frame that it must refuse.

use super::elements::{Cursors, SNAPSHOT_ROW_BYTES};
use super::fields::{Reader, Writer, le64};
use super::message::{
    Ack, Bye, ErrorFrame, Grow, Grown, Hello, Message, Records, Replies, Secret, Snapshot, SnapshotRequest, StateAt,
    StateAtReply, Welcome,
};
use super::{
    ErrorCode, Extensions, FrameError, Kind, MAX_CURSORS, MAX_ERROR_TEXT_BYTES, MAX_EXTENSION_BYTES, MAX_FRAME_RECORDS,
    MAX_HOST_BYTES,
};
use deltascope_abi::loss::{LOSS_REASONS, Losses};
use deltascope_abi::record::CLASSES;

fn read_losses(reader: &mut Reader<'_>) -> Result<Losses, FrameError> {
    let mut losses = [0; LOSS_REASONS];
    for slot in &mut losses {
        *slot = reader.u64("losses")?;
    }
    Ok(Losses(losses))
}

fn write_losses(writer: &mut Writer<'_>, losses: &Losses) -> Result<(), FrameError> {
    losses.0.iter().try_for_each(|&count| writer.u64(count))
}

fn read_cursors<'a>(reader: &mut Reader<'a>) -> Result<Cursors<'a>, FrameError> {
    let count = reader.ranged("cursor count", 0, MAX_CURSORS as u32)? as usize;
    Ok(Cursors(reader.chunks("cursors", count)?))
}

fn write_cursors(writer: &mut Writer<'_>, cursors: &Cursors<'_>) -> Result<(), FrameError> {
    writer.ranged("cursor count", cursors.0.len(), 0, MAX_CURSORS as u32)?;
    writer.bytes(cursors.0.as_flattened())
}

fn read_extensions<'a>(reader: &mut Reader<'a>) -> Result<Extensions<'a>, FrameError> {
    let count = reader.ranged("length of the extensions", 0, MAX_EXTENSION_BYTES as u32)? as usize;
    let at = reader.position();
    Extensions::parse_at(reader.bytes("extensions", count)?, at)
}

fn write_extensions(writer: &mut Writer<'_>, extensions: &Extensions<'_>) -> Result<(), FrameError> {
    writer.ranged("length of the extensions", extensions.bytes().len(), 0, MAX_EXTENSION_BYTES as u32)?;
    writer.bytes(extensions.bytes())
}

/// Most groups, and most contexts, of a grant.
const MOST: u32 = 1 << 16;

impl<'a> Message<'a> {
    pub(super) fn read(kind: Kind, r: &mut Reader<'a>) -> Result<Message<'a>, FrameError> {
        Ok(match kind {
            Kind::Hello => Message::Hello(Hello::read(r)?),
            Kind::Welcome => Message::Welcome(Welcome::read(r)?),
            Kind::Records => Message::Records(Records::read(r)?),
            Kind::Ack => Message::Ack(Ack { sequence: r.u64("sequence")?, credit: r.u64("credit")? }),
            Kind::Replies => {
                let count = r.ranged("reply count", 0, MAX_FRAME_RECORDS as u32)? as usize;
                Message::Replies(Replies { entries: r.chunks("replies", count)? })
            }
            Kind::StateAt => Message::StateAt(StateAt {
                token: r.u64("token")?,
                mark: r.u64("mark")?,
                context: r.ranged("context", 0, u16::MAX.into())?,
            }),
            Kind::StateAtReply => Message::StateAtReply(StateAtReply {
                token: r.u64("token")?,
                mark: r.u64("mark")?,
                position: r.u64("position")?,
                state: r.u64("state")?,
                sequence: r.u64("sequence")?,
                context: r.ranged("context", 0, u16::MAX.into())?,
                too_old: r.ranged("too old", 0, 1)? == 1,
            }),
            Kind::SnapshotRequest => Message::SnapshotRequest(SnapshotRequest {
                token: r.u64("token")?,
                first: r.ranged("first group", 0, u16::MAX.into())?,
                last: r.ranged("last group", 0, u16::MAX.into())?,
            }),
            Kind::Snapshot => Message::Snapshot(Snapshot::read(r)?),
            Kind::Error => Message::Error(ErrorFrame::read(r)?),
            Kind::Bye => Message::Bye(Bye { next_sequence: r.u64("next sequence")? }),
            Kind::Grow => {
                Message::Grow(Grow { groups: r.ranged("groups", 1, MOST)?, contexts: r.ranged("contexts", 1, MOST)? })
            }
            Kind::Grown => {
                Message::Grown(Grown { groups: r.ranged("groups", 1, MOST)?, contexts: r.ranged("contexts", 1, MOST)? })
            }
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), FrameError> {
        match self {
            Message::Hello(hello) => hello.write(w),
            Message::Welcome(welcome) => welcome.write(w),
            Message::Records(records) => records.write(w),
            Message::Ack(ack) => {
                w.u64(ack.sequence)?;
                w.u64(ack.credit)
            }
            Message::Replies(replies) => {
                w.ranged("reply count", replies.entries.len(), 0, MAX_FRAME_RECORDS as u32)?;
                w.bytes(replies.entries.as_flattened())
            }
            Message::StateAt(ask) => {
                w.u64(ask.token)?;
                w.u64(ask.mark)?;
                w.ranged("context", ask.context as usize, 0, u16::MAX.into())
            }
            Message::StateAtReply(reply) => {
                for value in [reply.token, reply.mark, reply.position, reply.state, reply.sequence] {
                    w.u64(value)?;
                }
                w.ranged("context", reply.context as usize, 0, u16::MAX.into())?;
                w.u32(reply.too_old.into())
            }
            Message::SnapshotRequest(ask) => {
                w.u64(ask.token)?;
                w.ranged("first group", ask.first as usize, 0, u16::MAX.into())?;
                w.ranged("last group", ask.last as usize, 0, u16::MAX.into())
            }
            Message::Snapshot(snapshot) => snapshot.write(w),
            Message::Error(error) => error.write(w),
            Message::Bye(bye) => w.u64(bye.next_sequence),
            Message::Grow(Grow { groups, contexts }) | Message::Grown(Grown { groups, contexts }) => {
                w.ranged("groups", *groups as usize, 1, MOST)?;
                w.ranged("contexts", *contexts as usize, 1, MOST)
            }
        }
    }
}

impl<'a> Hello<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Hello<'a>, FrameError> {
        Ok(Hello {
            abi_version: r.u32("ABI version")?,
            session: r.array("session id")?,
            agent: r.array("agent id")?,
            secret: Secret(r.array("secret")?),
            nonce: r.u64("nonce")?,
            resumes: r.ranged("flags", 0, 1)? == 1,
            groups: r.ranged("groups", 0, MOST)?,
            contexts: r.ranged("contexts", 0, MOST)?,
            oldest_sequence: r.u64("oldest sequence")?,
            next_sequence: r.u64("next sequence")?,
            boot_id: r.u64("boot id")?,
            grant: r.u64("grant")?,
            replies_below: r.u64("replies below")?,
            host: {
                let count = r.ranged("host name length", 0, MAX_HOST_BYTES as u32)? as usize;
                r.text("host name", count)?
            },
            extensions: read_extensions(r)?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) -> Result<(), FrameError> {
        let host = cut(self.host, MAX_HOST_BYTES);
        w.u32(self.abi_version)?;
        w.bytes(&self.session)?;
        w.bytes(&self.agent)?;
        w.bytes(&self.secret.0)?;
        w.u64(self.nonce)?;
        w.u32(self.resumes.into())?;
        w.ranged("groups", self.groups as usize, 0, MOST)?;
        w.ranged("contexts", self.contexts as usize, 0, MOST)?;
        w.u64(self.oldest_sequence)?;
        w.u64(self.next_sequence)?;
        w.u64(self.boot_id)?;
        w.u64(self.grant)?;
        w.u64(self.replies_below)?;
        w.u32(host.len() as u32)?;
        w.text(host)?;
        write_extensions(w, &self.extensions)
    }
}

impl<'a> Welcome<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Welcome<'a>, FrameError> {
        Ok(Welcome {
            abi_version: r.u32("ABI version")?,
            engine: r.u32("engine")?,
            boot_id: r.u64("boot id")?,
            grant: r.u64("grant")?,
            inherited: r.ranged("inherited", 0, 1)? == 1,
            groups: r.ranged("groups", 1, MOST)?,
            contexts: r.ranged("contexts", 1, MOST)?,
            most_groups: r.ranged("most groups", 1, MOST)?,
            most_contexts: r.ranged("most contexts", 1, MOST)?,
            journal_lanes: r.u32("journal lanes")?,
            journal_depth: r.u32("journal depth")?,
            next_sequence: r.u64("next sequence")?,
            credit: r.u64("credit")?,
            position: r.u64("position")?,
            losses: read_losses(r)?,
            cursors: read_cursors(r)?,
            extensions: read_extensions(r)?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) -> Result<(), FrameError> {
        w.u32(self.abi_version)?;
        w.u32(self.engine)?;
        w.u64(self.boot_id)?;
        w.u64(self.grant)?;
        w.u32(self.inherited.into())?;
        w.ranged("groups", self.groups as usize, 1, MOST)?;
        w.ranged("contexts", self.contexts as usize, 1, MOST)?;
        w.ranged("most groups", self.most_groups as usize, 1, MOST)?;
        w.ranged("most contexts", self.most_contexts as usize, 1, MOST)?;
        w.u32(self.journal_lanes)?;
        w.u32(self.journal_depth)?;
        w.u64(self.next_sequence)?;
        w.u64(self.credit)?;
        w.u64(self.position)?;
        write_losses(w, &self.losses)?;
        write_cursors(w, &self.cursors)?;
        write_extensions(w, &self.extensions)
    }
}

impl<'a> Records<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Records<'a>, FrameError> {
        let first_sequence = r.u64("first sequence")?;
        let replies_below = r.u64("replies below")?;
        let losses = read_losses(r)?;
        let cursors = read_cursors(r)?;
        let count = r.ranged("record count", 0, MAX_FRAME_RECORDS as u32)? as usize;
        Ok(Records { first_sequence, replies_below, losses, cursors, records: r.chunks("records", count)? })
    }

    fn write(&self, w: &mut Writer<'_>) -> Result<(), FrameError> {
        w.u64(self.first_sequence)?;
        w.u64(self.replies_below)?;
        write_losses(w, &self.losses)?;
        write_cursors(w, &self.cursors)?;
        w.ranged("record count", self.records.len(), 0, MAX_FRAME_RECORDS as u32)?;
        w.bytes(self.records.as_flattened())
    }
}

impl<'a> Snapshot<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Snapshot<'a>, FrameError> {
        let token = r.u64("token")?;
        let sequence = r.u64("sequence")?;
        let position = r.u64("position")?;
        let first = r.ranged("first group", 0, u16::MAX.into())?;
        let last = r.ranged("last group", first, u16::MAX.into())?;
        let count = r.ranged("row count", 0, rows_of(first, last))? as usize;
        let at = r.position();
        let rows = r.chunks::<SNAPSHOT_ROW_BYTES>("rows", count)?;
        check_rows(first, last, at, rows)?;
        Ok(Snapshot { token, sequence, position, first, last, rows })
    }

    fn write(&self, w: &mut Writer<'_>) -> Result<(), FrameError> {
        w.u64(self.token)?;
        w.u64(self.sequence)?;
        w.u64(self.position)?;
        w.ranged("first group", self.first as usize, 0, u16::MAX.into())?;
        w.ranged("last group", self.last as usize, self.first, u16::MAX.into())?;
        w.ranged("row count", self.rows.len(), 0, rows_of(self.first, self.last))?;
        check_rows(self.first, self.last, w.position(), self.rows)?;
        w.bytes(self.rows.as_flattened())
    }
}

impl<'a> ErrorFrame<'a> {
    fn read(r: &mut Reader<'a>) -> Result<ErrorFrame<'a>, FrameError> {
        let code = r.ranged("error code", 1, ErrorCode::ALL.len() as u32)?;
        let sequence = r.u64("sequence")?;
        let count = r.ranged("text length", 0, MAX_ERROR_TEXT_BYTES as u32)? as usize;
        Ok(ErrorFrame { code: ErrorCode::ALL[code as usize - 1], sequence, text: r.text("text", count)? })
    }

    fn write(&self, w: &mut Writer<'_>) -> Result<(), FrameError> {
        let text = cut(self.text, MAX_ERROR_TEXT_BYTES);
        w.u32(self.code as u32)?;
        w.u64(self.sequence)?;
        w.u32(text.len() as u32)?;
        w.text(text)
    }
}

/// Rows that a snapshot of these groups has at most.
const fn rows_of(first: u32, last: u32) -> u32 {
    (last - first + 1) * CLASSES as u32
}

/// Whether the rows at offset `at` are of the groups `first` to `last`, each once and in order.
fn check_rows(first: u32, last: u32, at: usize, rows: &[[u8; SNAPSHOT_ROW_BYTES]]) -> Result<(), FrameError> {
    let (mut min, max) = (u64::from(first) * CLASSES as u64, u64::from(last) * CLASSES as u64 + 3);
    for (index, bytes) in rows.iter().enumerate() {
        let at = at + index * SNAPSHOT_ROW_BYTES;
        // Group 2 bytes, class 1, zero 5.
        let tag = le64(bytes, 0);
        let (group, class) = (tag & 0xFFFF, tag >> 16);
        if class >= CLASSES as u64 {
            let (at, max) = (at + 2, CLASSES as u64 - 1);
            return Err(FrameError::Range { what: "row class and zeros", at, min: 0, max, found: class });
        }
        let found = group * CLASSES as u64 + class;
        if !(min..=max).contains(&found) {
            return Err(FrameError::Range { what: "row order (4 * group + class)", at, min, max, found });
        }
        min = found + 1;
    }
    Ok(())
}

/// The longest start of `text` that has at most `limit` bytes and ends at a character.
fn cut(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

const _: () = assert!(super::records_overhead(MAX_CURSORS) <= 4096);
/// Bytes of a Hello without its host name and its extensions.
const HELLO_BYTES: usize = 124 + 4 + super::CRC_BYTES;
const _: () = assert!(super::MAX_HELLO_BYTES >= HELLO_BYTES + MAX_HOST_BYTES + MAX_EXTENSION_BYTES);
