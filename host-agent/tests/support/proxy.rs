//! A proxy between agent and board server that plants one fault.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use deltascope_abi::crc::crc32c;
use deltascope_abi::record::{Op, RECORD_BYTES, Record};
use deltascope_protocol::frame::{ErrorCode, ErrorFrame, MAX_FRAME_BYTES, Message, decode, encode, frame_length};

/// What goes wrong on the way from the agent to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the proxy itself changes nothing.
    Nothing,
    /// One byte of the first frame with records is left out.
    DropByte,
    /// One bit of the first frame with records is turned.
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
}

/// Starts a proxy in front of `server` and gives its address. The fault is planted on the first connection only.
pub fn start(server: SocketAddr, fault: Fault) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let mut fault = fault;
        while let Ok((agent, _)) = listener.accept() {
            let Ok(server) = TcpStream::connect(server) else { return };
            let mut from_server = server.try_clone().expect("a socket");
            let mut to_agent = agent.try_clone().expect("a socket");
            thread::spawn(move || {
                let _ = std::io::copy(&mut from_server, &mut to_agent);
                let _ = to_agent.shutdown(Shutdown::Both);
            });
            let planted = std::mem::replace(&mut fault, Fault::Nothing);
            thread::spawn(move || forward(agent, server, planted));
        }
    });
    address
}

fn forward(mut agent: TcpStream, mut server: TcpStream, fault: Fault) {
    let mut stream = Vec::new();
    let mut planted = fault == Fault::Nothing;
    let mut changed = HashSet::new();
    let mut buffer = vec![0; 65_536];
    loop {
        while let Ok(Some(length)) = frame_length(&stream, MAX_FRAME_BYTES) {
            if stream.len() < length {
                break;
            }
            let mut frame: Vec<u8> = stream.drain(..length).collect();
            if !planted && planted_fault(&mut frame, fault, &mut changed) {
                planted = true;
                match fault {
                    Fault::Hold => {
                        // Until the agent gives up.
                        while agent.read(&mut buffer).is_ok_and(|count| count > 0) {}
                        return;
                    }
                    Fault::Cut => {
                        let _ = server.write_all(&frame[..length / 2]);
                        let _ = server.shutdown(Shutdown::Both);
                        let _ = agent.shutdown(Shutdown::Both);
                        return;
                    }
                    _ => {}
                }
            }
            if server.write_all(&frame).is_err() {
                return;
            }
        }
        match agent.read(&mut buffer) {
            Ok(count) if count > 0 => stream.extend_from_slice(&buffer[..count]),
            _ => {
                let _ = server.shutdown(Shutdown::Write);
                return;
            }
        }
    }
}

/// Plants the fault in a frame with records; `false` when the frame has no record that it could hit.
fn planted_fault(frame: &mut Vec<u8>, fault: Fault, changed: &mut HashSet<u16>) -> bool {
    let Ok(Message::Records(events)) = decode(frame) else { return false };
    let end = frame.len() - 4;
    let start = end - events.records.len() * RECORD_BYTES;
    if start == end {
        return false;
    }
    match fault {
        Fault::Nothing | Fault::Cut | Fault::Hold => {}
        Fault::DropByte => {
            frame.remove(start + 3);
        }
        Fault::FlipBit => frame[start + 9] ^= 0x10,
        Fault::DropFrame => frame.clear(),
        Fault::RepeatFrame => {
            let again = frame.clone();
            frame.extend(again);
        }
        Fault::LoseRecord => {
            let pair = |at: &usize| record(frame, *at).op() == Some(Op::Pair);
            let Some(at) = (start..end).step_by(RECORD_BYTES).find(pair) else { return false };
            frame[at..at + RECORD_BYTES].copy_from_slice(&Record::nop().to_bytes());
            seal(frame);
        }
        Fault::ChangeRecords => {
            for at in (start..end).step_by(RECORD_BYTES) {
                let record = record(frame, at);
                let redundant = record.operand as u32 == (record.operand >> 32) as u32;
                if record.op() == Some(Op::Pair) && redundant && changed.insert(record.group()) {
                    frame[at + 8] ^= 1;
                }
            }
            seal(frame);
            // Other groups may come in later frames.
            return false;
        }
    }
    true
}

fn record(frame: &[u8], at: usize) -> Record {
    Record::from_bytes(frame[at..at + RECORD_BYTES].try_into().expect("sixteen bytes"))
}

/// Makes the checksum right again.
fn seal(frame: &mut [u8]) {
    let end = frame.len() - 4;
    let crc = crc32c(&frame[..end]);
    frame[end..].copy_from_slice(&crc.to_le_bytes());
}

/// Starts a proxy in front of `server` that answers the first `times` Hellos with an Error, and gives its address.
pub fn refusing(server: SocketAddr, code: ErrorCode, times: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for _ in 0..times {
            let Ok((mut agent, _)) = listener.accept() else { return };
            _ = agent.read(&mut [0; 4096]);
            let mut frame = [0; 600];
            let message = Message::Error(ErrorFrame { code, sequence: 0, text: "no room for the moment" });
            let length = encode(&message, &mut frame).expect("it has room");
            _ = agent.write_all(&frame[..length]);
            _ = agent.shutdown(Shutdown::Write);
            _ = agent.read(&mut [0; 4096]);
        }
        while let Ok((agent, _)) = listener.accept() {
            let Ok(server) = TcpStream::connect(server) else { return };
            let (mut from_agent, mut to_server) =
                (agent.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
            thread::spawn(move || {
                _ = std::io::copy(&mut from_agent, &mut to_server);
                _ = to_server.shutdown(Shutdown::Write);
            });
            let (mut from_server, mut to_agent) = (server, agent);
            thread::spawn(move || {
                _ = std::io::copy(&mut from_server, &mut to_agent);
                _ = to_agent.shutdown(Shutdown::Both);
            });
        }
    });
    address
}
