//! Planted faults: what the run must find. They are between agent and server and keep numbers and checksums right,
//! as a defect of either program would.

use clap::ValueEnum;
use deltascope_abi::crc::crc32c;
use deltascope_abi::record::{RECORD_BYTES, Record};
use deltascope_protocol::frame::{MAX_FRAME_BYTES, Message, decode, frame_length};

/// What is planted in every frame with records: a frame that is sent again after a kill would undo a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlantedFault {
    /// A record takes the place of the one behind it: one event is counted twice and another one never. The sums are
    /// right; only the reference of each container shows it.
    Repeat,
    /// A record becomes a NOP: an event has vanished.
    Lose,
}

/// Plants.
#[derive(Clone, Copy, Debug)]
pub struct Injector {
    planted_fault: Option<PlantedFault>,
}

impl Injector {
    /// Of nothing, too.
    pub fn new(planted_fault: Option<PlantedFault>) -> Injector {
        Injector { planted_fault }
    }

    /// Passes whole frames on; `waiting` holds the start of the next one.
    pub fn pass(&self, waiting: &mut Vec<u8>, bytes: &[u8]) -> Vec<u8> {
        waiting.extend_from_slice(bytes);
        let mut out = Vec::new();
        while let Ok(Some(length)) = frame_length(waiting, MAX_FRAME_BYTES) {
            if waiting.len() < length {
                break;
            }
            let mut frame: Vec<u8> = waiting.drain(..length).collect();
            if let Some(planted_fault) = self.planted_fault {
                put(&mut frame, planted_fault);
            }
            out.extend(frame);
        }
        out
    }
}

/// Changes the frame if it has two events of different groups side by side.
fn put(frame: &mut [u8], planted_fault: PlantedFault) {
    let Ok(Message::Records(events)) = decode(frame) else { return };
    let records: Vec<Record> = events.records.iter().map(Record::from_bytes).collect();
    let differ = |at: &usize| {
        let (one, other) = (records[*at], records[*at + 1]);
        one.op().is_some_and(|op| op.counts())
            && other.op().is_some_and(|op| op.counts())
            && one.group() != other.group()
    };
    let Some(at) = (0..records.len().saturating_sub(1)).find(differ) else { return };
    let end = frame.len() - 4;
    let behind = end - (records.len() - at - 1) * RECORD_BYTES;
    let record = match planted_fault {
        PlantedFault::Repeat => records[at],
        PlantedFault::Lose => Record::nop(),
    };
    frame[behind..behind + RECORD_BYTES].copy_from_slice(&record.to_bytes());
    let crc = crc32c(&frame[..end]);
    frame[end..].copy_from_slice(&crc.to_le_bytes());
}
