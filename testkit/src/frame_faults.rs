//! Faults in frames with records, as filters of a relay. Numbers and checksums stay right where that is stated, as a defect
//! of either program would leave them.

use std::collections::HashSet;
use std::net::SocketAddr;

use crate::frames::{records_of, seal, take};
use crate::relay::{Filter, Passed, Relay};
use deltascope_abi::record::{Op, RECORD_BYTES, Record};

/// What goes wrong on the way from the agent to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// Nothing: the relay itself changes nothing.
    Nothing,
    /// One byte of the first frame with records is left out.
    DropByte,
    /// One bit of the first frame with records is inverted.
    FlipBit,
    /// The first frame with records is left out whole.
    DropFrame,
    /// The first frame with records comes twice.
    RepeatFrame,
    /// The first PAIR becomes a NOP, with a right checksum: the record keeps its number and counts nothing.
    LoseRecord,
    /// In every group the first redundant PAIR becomes one that is not, with a right checksum.
    ChangeRecords,
    /// The connection is cut in the middle of the first frame with records.
    Cut,
    /// Nothing more is passed on from the first frame with records on; the connection stays open.
    Hold,
    /// In every frame an event takes the place of the one behind it, which is of another group; with a right checksum.
    RepeatEvents,
    /// In every frame an event becomes a NOP, with a right checksum.
    LoseEvents,
}

/// Starts a relay without a limit of its rate in front of `server`. The first connection has the fault.
///
/// # Panics
/// When there is no port to listen on.
pub fn relay(server: SocketAddr, fault: FrameFault) -> Relay {
    let of_connection = move |number| Some(filter(if number == 0 { fault } else { FrameFault::Nothing }));
    Relay::start(server, u64::MAX, 1, of_connection).expect("a free port")
}

/// Returns a filter that puts the fault into one connection.
pub fn filter(fault: FrameFault) -> Filter {
    let mut stream = Vec::new();
    let mut is_done = fault == FrameFault::Nothing;
    let mut changed = HashSet::new();
    Box::new(move |bytes| {
        stream.extend_from_slice(bytes);
        let mut out = Vec::new();
        while let Some(mut frame) = take(&mut stream) {
            if !is_done && put(&mut frame, fault, &mut changed) {
                is_done = true;
                match fault {
                    FrameFault::Hold => return Passed::Hold,
                    FrameFault::Cut => {
                        out.extend_from_slice(&frame[..frame.len() / 2]);
                        return Passed::Cut(out);
                    }
                    _ => {}
                }
            }
            out.extend(frame);
        }
        Passed::Bytes(out)
    })
}

/// Puts the fault into a frame; true when it was the only one to put.
fn put(frame: &mut Vec<u8>, fault: FrameFault, changed: &mut HashSet<u16>) -> bool {
    let Some((records, start)) = records_of(frame) else { return false };
    if records.is_empty() {
        return false;
    }
    match fault {
        FrameFault::Nothing | FrameFault::Cut | FrameFault::Hold => {}
        FrameFault::DropByte => {
            frame.remove(start + 3);
        }
        FrameFault::FlipBit => frame[start + 9] ^= 0x10,
        FrameFault::DropFrame => frame.clear(),
        FrameFault::RepeatFrame => frame.extend_from_within(..),
        FrameFault::LoseRecord => {
            let Some(at) = records.iter().position(|record| record.op() == Some(Op::Pair)) else { return false };
            replace(frame, start, at, Record::nop());
        }
        FrameFault::ChangeRecords => {
            for (at, record) in records.iter().enumerate() {
                let is_redundant = record.operand as u32 == (record.operand >> 32) as u32;
                if record.op() == Some(Op::Pair) && is_redundant && changed.insert(record.group()) {
                    replace(frame, start, at, Record { operand: record.operand ^ 1, ..*record });
                }
            }
            return false;
        }
        FrameFault::RepeatEvents | FrameFault::LoseEvents => {
            let counts = |record: &Record| record.op().is_some_and(Op::counts);
            let differ = |pair: &[Record]| pair.iter().all(counts) && pair[0].group() != pair[1].group();
            if let Some(at) = records.windows(2).position(differ) {
                let record = if fault == FrameFault::RepeatEvents { records[at] } else { Record::nop() };
                replace(frame, start, at + 1, record);
            }
            return false;
        }
    }
    true
}

/// Puts another record into a frame.
fn replace(frame: &mut [u8], start: usize, index: usize, record: Record) {
    let at = start + index * RECORD_BYTES;
    frame[at..at + RECORD_BYTES].copy_from_slice(&record.to_bytes());
    seal(frame);
}

#[cfg(test)]
mod tests {
    use super::{FrameFault, Passed, filter};
    use crate::frames::{encode, hello, records, records_of};
    use deltascope_abi::record::{Class, Record};
    use deltascope_protocol::frame::Message;

    fn pair(group: u16, after: u32) -> Record {
        Record::pair(group, Class::PageAfterT, 4096, 5, after)
    }

    /// What passes of a Hello and two frames of records that come in pieces.
    fn passed(fault: FrameFault) -> (Vec<u8>, Vec<u8>) {
        let frame = records(0, 0, &[pair(1, 5), pair(2, 5), pair(1, 5)]);
        let sent = [encode(&Message::Hello(hello(1, 2, 3))), frame.clone(), frame].concat();
        let mut filter = filter(fault);
        let mut out = Vec::new();
        for piece in sent.chunks(11) {
            match filter(piece) {
                Passed::Bytes(bytes) => out.extend(bytes),
                Passed::Cut(bytes) => {
                    out.extend(bytes);
                    break;
                }
                Passed::Hold => break,
            }
        }
        (sent, out)
    }

    /// The records of the two frames, when both arrive whole and with a right checksum.
    fn records_that_pass(fault: FrameFault) -> [Vec<Record>; 2] {
        let (sent, out) = passed(fault);
        assert_eq!(sent.len(), out.len());
        let length = records(0, 0, &[pair(1, 5); 3]).len();
        let first = out.len() - 2 * length;
        [0, 1].map(|n| records_of(&out[first + n * length..][..length]).expect("a frame of records").0)
    }

    #[test]
    fn each_fault_acts_as_its_name() {
        let (sent, out) = passed(FrameFault::Nothing);
        assert_eq!(sent, out);
        let length = records(0, 0, &[pair(1, 5); 3]).len();
        let hello = sent.len() - 2 * length;
        assert_eq!(passed(FrameFault::DropByte).1.len(), sent.len() - 1);
        assert_eq!(passed(FrameFault::DropFrame).1, sent[..sent.len() - length]);
        assert_eq!(passed(FrameFault::RepeatFrame).1.len(), sent.len() + length);
        assert_eq!(passed(FrameFault::Cut).1, sent[..hello + length / 2]);
        assert_eq!(passed(FrameFault::Hold).1, sent[..hello]);
        let flipped = passed(FrameFault::FlipBit).1;
        assert_eq!(sent.iter().zip(&flipped).map(|(one, other)| (one ^ other).count_ones()).sum::<u32>(), 1);
        let whole = vec![pair(1, 5), pair(2, 5), pair(1, 5)];
        assert_eq!(records_that_pass(FrameFault::LoseRecord), [vec![Record::nop(), whole[1], whole[2]], whole.clone()]);
        let other = |record: Record| Record { operand: record.operand ^ 1, ..record };
        let changed = vec![other(whole[0]), other(whole[1]), whole[2]];
        assert_eq!(records_that_pass(FrameFault::ChangeRecords), [changed, whole.clone()]);
        let repeated = vec![whole[0], whole[0], whole[2]];
        assert_eq!(records_that_pass(FrameFault::RepeatEvents), [repeated.clone(), repeated]);
        let lost = vec![whole[0], Record::nop(), whole[2]];
        assert_eq!(records_that_pass(FrameFault::LoseEvents), [lost.clone(), lost]);
    }
}
