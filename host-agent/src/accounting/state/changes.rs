//! Changes of owners, groups and grants since `session.json` was written, as they are in the files `changes.N`.
//!
//! A file is a sequence of entries: length of the body 4, CRC32C of number and body 4, number 8, body. A body holds changes,
//! each a tag and varints (7 bits in a byte, the lowest first); the number is that of the first one. Numbers rise by 1 from
//! change to change, from entry to entry and from file to file. What is behind the last entry may be left from an earlier
//! use of the file: its numbers are lower.

use deltascope_abi::counters::CounterRow;
use deltascope_abi::crc::crc32c;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::CLASSES;
use deltascope_protocol::frame::Cursor;

use crate::accounting::Rows;
use crate::event::{OwnerId, OwnerKind};

/// Bytes before a body.
const HEAD_BYTES: usize = 16;
/// Longest body: a row of counters for each class of the most groups that there can be, and their owners, with room to spare.
const MAX_BODY_BYTES: usize = 16 << 20;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The next owner in the order of their numbers.
    Owner(OwnerKind, String),
    /// An owner gets a group.
    Take(u16, OwnerId),
    /// The owner of a group loses it; the group's counters are these.
    Fold(u16, Rows),
    /// A group without an owner has these counters: what is new in them is charged to `other`.
    Adopt(u16, Rows),
    /// The server has another boot id.
    Regrant(Carried),
    /// There is nothing before this: no owner, no group, and of earlier grants this.
    Reset(Carried),
}

/// What was counted under earlier grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Boot id of the present grant.
    pub boot_id: u64,
    /// Counters by group and class.
    pub rows: Vec<CounterRow>,
    /// Losses reported with the last record that is in `rows`.
    pub losses: Losses,
    /// Where the sources stood after that record.
    pub cursors: Vec<Cursor>,
}

fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn put_rows<'a>(bytes: &mut Vec<u8>, rows: impl Iterator<Item = &'a CounterRow>) {
    let used: Vec<_> = rows.enumerate().filter(|(_, row)| **row != CounterRow::default()).collect();
    put(bytes, used.len() as u64);
    for (index, row) in used {
        for value in [index as u64, row.events, row.bytes, row.redundant_events, row.redundant_bytes] {
            put(bytes, value);
        }
    }
}

/// Takes values from the front of a body; `None` when there is no such value.
struct Body<'a>(&'a [u8]);

impl Body<'_> {
    fn number(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.number()?).ok()
    }

    /// Rows of which those that are left out are all zero.
    fn rows(&mut self, count: usize) -> Option<Vec<CounterRow>> {
        let mut rows = vec![CounterRow::default(); count];
        for _ in 0..self.number()? {
            let row = rows.get_mut(self.small::<usize>()?)?;
            row.events = self.number()?;
            row.bytes = self.number()?;
            row.redundant_events = self.number()?;
            row.redundant_bytes = self.number()?;
        }
        Some(rows)
    }
}

impl Change {
    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Owner(kind, name) => {
                bytes.push(1);
                put(bytes, *kind as u64);
                put(bytes, name.len() as u64);
                bytes.extend(name.as_bytes());
            }
            Change::Take(group, owner) => {
                bytes.push(2);
                put(bytes, (*group).into());
                put(bytes, owner.0.into());
            }
            Change::Fold(group, rows) => {
                bytes.push(3);
                put(bytes, (*group).into());
                put_rows(bytes, rows.iter());
            }
            Change::Adopt(group, rows) => {
                bytes.push(4);
                put(bytes, (*group).into());
                put_rows(bytes, rows.iter());
            }
            Change::Regrant(carried) => {
                bytes.push(5);
                carried.write(bytes);
            }
            Change::Reset(carried) => {
                bytes.push(6);
                carried.write(bytes);
            }
        }
    }

    /// Takes a change from the front of a body.
    fn read(body: &mut Body<'_>) -> Option<Change> {
        let (&tag, rest) = body.0.split_first()?;
        body.0 = rest;
        Some(match tag {
            1 => {
                let kind = OwnerKind::from_code(body.small()?)?;
                let length = body.small()?;
                let (name, rest) = body.0.split_at_checked(length)?;
                body.0 = rest;
                Change::Owner(kind, str::from_utf8(name).ok()?.to_owned())
            }
            2 => Change::Take(body.small()?, OwnerId(body.small()?)),
            3 => {
                let group = body.small()?;
                Change::Fold(group, body.rows(CLASSES)?.try_into().ok()?)
            }
            4 => {
                let group = body.small()?;
                Change::Adopt(group, body.rows(CLASSES)?.try_into().ok()?)
            }
            5 => Change::Regrant(Carried::read(body)?),
            6 => Change::Reset(Carried::read(body)?),
            _ => return None,
        })
    }
}

impl Carried {
    fn write(&self, bytes: &mut Vec<u8>) {
        put(bytes, self.boot_id);
        put(bytes, self.rows.len() as u64);
        put_rows(bytes, self.rows.iter());
        self.losses.0.iter().for_each(|&count| put(bytes, count));
        put(bytes, self.cursors.len() as u64);
        for cursor in &self.cursors {
            put(bytes, cursor.source.into());
            put(bytes, cursor.unit.into());
            put(bytes, cursor.position);
        }
    }

    fn read(body: &mut Body<'_>) -> Option<Carried> {
        let boot_id = body.number()?;
        let count = body.small::<usize>().filter(|&count| count <= CLASSES << 16)?;
        let rows = body.rows(count)?;
        let mut losses = Losses::default();
        for count in &mut losses.0 {
            *count = body.number()?;
        }
        let mut cursors = Vec::new();
        for _ in 0..body.number()? {
            let (source, unit, position) = (body.small()?, body.small()?, body.number()?);
            cursors.push(Cursor { source, unit, position });
        }
        Some(Carried { boot_id, rows, losses, cursors })
    }
}

/// Appends the entry of some changes, of which the first has this number.
pub fn append(bytes: &mut Vec<u8>, number: u64, changes: &[Change]) {
    let start = bytes.len();
    bytes.extend([0; HEAD_BYTES]);
    changes.iter().for_each(|change| change.write(bytes));
    let length = (bytes.len() - start - HEAD_BYTES) as u32;
    bytes[start + 8..start + 16].copy_from_slice(&number.to_le_bytes());
    let crc = crc32c(&bytes[start + 8..]);
    bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
    bytes[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
}

/// Gives the numbered changes at the start of `bytes`, up to the end or the first entry that is not whole.
pub fn entries(mut bytes: &[u8]) -> impl Iterator<Item = (u64, Change)> {
    let entries = std::iter::from_fn(move || {
        let length = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
        let entry = bytes.get(..HEAD_BYTES + length).filter(|_| length <= MAX_BODY_BYTES)?;
        let crc = u32::from_le_bytes(entry[4..8].try_into().ok()?);
        if crc != crc32c(&entry[8..]) {
            return None;
        }
        let number = u64::from_le_bytes(entry[8..16].try_into().ok()?);
        let mut body = Body(&entry[HEAD_BYTES..]);
        let mut changes = Vec::new();
        while !body.0.is_empty() {
            changes.push(Change::read(&mut body)?);
        }
        bytes = &bytes[HEAD_BYTES + length..];
        Some((number..).zip(changes))
    });
    entries.flatten()
}

#[cfg(test)]
mod tests {
    use super::{Carried, Change, CounterRow, Cursor, Losses, OwnerId, OwnerKind, Rows, append, entries};
    use proptest::prelude::*;

    fn row() -> impl Strategy<Value = CounterRow> {
        let some = any::<[u64; 4]>().prop_map(|[events, bytes, redundant_events, redundant_bytes]| CounterRow {
            events,
            bytes,
            redundant_events,
            redundant_bytes,
        });
        prop_oneof![Just(CounterRow::default()), some]
    }

    fn change() -> impl Strategy<Value = Change> {
        let rows = || prop::array::uniform4(row()).prop_map(|rows| -> Rows { rows });
        let cursor = || {
            (any::<u32>(), any::<u32>(), any::<u64>()).prop_map(|(source, unit, position)| Cursor {
                source,
                unit,
                position,
            })
        };
        let carried = || {
            let (rows, cursors) = (prop::collection::vec(row(), 0..40), prop::collection::vec(cursor(), 0..5));
            (any::<u64>(), rows, any::<[u64; 7]>(), cursors).prop_map(|(boot_id, rows, losses, cursors)| Carried {
                boot_id,
                rows,
                losses: Losses(losses),
                cursors,
            })
        };
        prop_oneof![
            (prop::sample::select(OwnerKind::ALL.to_vec()), ".{0,40}")
                .prop_map(|(kind, name)| Change::Owner(kind, name)),
            (any::<u16>(), any::<u32>()).prop_map(|(group, owner)| Change::Take(group, OwnerId(owner))),
            (any::<u16>(), rows()).prop_map(|(group, rows)| Change::Fold(group, rows)),
            (any::<u16>(), rows()).prop_map(|(group, rows)| Change::Adopt(group, rows)),
            carried().prop_map(Change::Regrant),
            carried().prop_map(Change::Reset),
        ]
    }

    proptest! {
        /// What was written comes back, up to the cut and none of what is behind it.
        #[test]
        fn entries_come_back_up_to_the_first_damage(
            batches in prop::collection::vec(prop::collection::vec(change(), 1..4), 0..10),
            cut in any::<prop::sample::Index>(),
            bit in 0u32..8,
        ) {
            let (mut bytes, mut ends, mut number) = (Vec::new(), Vec::new(), 0);
            for batch in &batches {
                append(&mut bytes, number as u64 + 7, batch);
                number += batch.len();
                ends.push((bytes.len(), number));
            }
            let all: Vec<_> = (7..).zip(batches.into_iter().flatten()).collect();
            prop_assert_eq!(entries(&bytes).collect::<Vec<_>>(), all.clone());
            if !bytes.is_empty() {
                let at = cut.index(bytes.len());
                let whole = ends.iter().rfind(|(end, _)| *end <= at).map_or(0, |(_, number)| *number);
                prop_assert_eq!(entries(&bytes[..at]).collect::<Vec<_>>(), all[..whole].to_vec());
                bytes[at] ^= 1 << bit;
                prop_assert_eq!(entries(&bytes).collect::<Vec<_>>(), all[..whole].to_vec());
            }
        }

        #[test]
        fn bytes_that_are_no_entries_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            entries(&bytes).count();
        }
    }
}
