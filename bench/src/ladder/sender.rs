//! What a program does that sends each event as it comes: one small message, one write.

use super::step::{Step, Unit};
use super::wire::{BATCH, drain, joined, receiver, uplink};
use crate::compare::{Effort, in_turn};
use crate::daemon::Daemon;
use crate::workload;
use anyhow::Result;
use serde::Serialize;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::Instant;

/// The fields of a record as a program would declare them.
#[derive(Serialize)]
struct Message {
    group: u16,
    class: u8,
    context: u16,
    length: u32,
    operand: u64,
}

/// The uplink, beside `postcard` and one write an event.
pub fn event_by_event(effort: Effort, boardd: &Path) -> Result<Step> {
    let records = workload::records();
    let daemon = Daemon::start(boardd, &[])?;
    let messages: Vec<Message> = records
        .iter()
        .map(|record| Message {
            group: record.group(),
            class: record.class() as u8,
            context: record.context(),
            length: record.length(),
            operand: record.operand,
        })
        .collect();
    let bare = |time| {
        let (address, thread) = receiver(drain)?;
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let (begun, mut sent, mut buffer) = (Instant::now(), 0u64, [0; 64]);
        for message in messages.iter().cycle() {
            stream.write_all(postcard::to_slice(message, &mut buffer)?)?;
            sent += 1;
            if sent % 256 == 0 && begun.elapsed() >= time {
                break;
            }
        }
        stream.shutdown(Shutdown::Write)?;
        stream.read_exact(&mut [0])?;
        joined(thread)?;
        Ok(sent as f64 / begun.elapsed().as_secs_f64())
    };
    let pair = in_turn(effort, |time| uplink(daemon.address, None, &records, BATCH, time), bare)?;
    let what = "agent's uplink, loopback, daemon, golden engine";
    let rival = "one TCP write an event, encoded by the crate `postcard`, not counted by anybody";
    Ok(Step::new("loopback_and_event_by_event", what, rival, Unit::Events, pair, None))
}
