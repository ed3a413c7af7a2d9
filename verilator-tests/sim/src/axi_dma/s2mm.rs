//! Stream to memory: reply packets from the engine, written in AXI3 bursts.

use std::collections::VecDeque;

use super::config::Timing;
use super::faults::{Fault, Faults};
use super::fetch::Descriptor;
use super::memory::{Memory, Response};
use super::mm2s::{StreamBeat, burst_bytes};
use super::pg021::{Channel, status};

/// Beats that are taken from the stream before they have a place in memory.
const FIFO_BEATS: usize = 64;

/// Where a packet, or a part of one, goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buffer {
    /// Where it came from; `None` in direct mode.
    pub descriptor: Option<Descriptor>,
    pub address: u64,
    pub bytes: u32,
}

/// A buffer that is filled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filled {
    pub buffer: Buffer,
    pub bytes: u32,
    /// A packet begins in it.
    pub start: bool,
    /// A packet ends in it.
    pub end: bool,
}

#[derive(Debug)]
struct Write {
    done_at: u64,
    address: u64,
    data: Vec<u8>,
    fills: Option<Filled>,
}

/// The data path of the channel.
#[derive(Debug)]
pub(super) struct S2mm {
    fifo: VecDeque<(u64, StreamBeat)>,
    buffer: Option<Buffer>,
    /// Bytes of the buffer that have their address.
    used: u32,
    /// The next beat begins a packet.
    at_start: bool,
    /// The buffer's first beat began a packet.
    started: bool,
    /// Beats of the burst that is being collected.
    burst: Vec<u8>,
    burst_limit: u64,
    writes: VecDeque<Write>,
    not_before: u64,
    /// Memory does not answer.
    silent: bool,
    /// Halves of reply beats that a fault still removes.
    losing: u8,
    halves: u64,
    /// A packet has begun that has not ended.
    pub in_packet: bool,
}

impl Default for S2mm {
    fn default() -> S2mm {
        S2mm {
            fifo: VecDeque::new(),
            buffer: None,
            used: 0,
            at_start: true,
            started: false,
            burst: Vec::new(),
            burst_limit: 0,
            writes: VecDeque::new(),
            not_before: 0,
            silent: false,
            losing: 0,
            halves: 0,
            in_packet: false,
        }
    }
}

impl S2mm {
    /// Whether a beat of the stream can be taken in this clock.
    #[inline]
    pub fn ready(&self) -> bool {
        self.fifo.len() < FIFO_BEATS
    }

    /// Whether it has a buffer.
    #[inline]
    pub fn has_buffer(&self) -> bool {
        self.buffer.is_some()
    }

    /// Gives it a buffer.
    pub fn give(&mut self, buffer: Buffer) {
        (self.buffer, self.used) = (Some(buffer), 0);
        (self.burst_limit, self.started) = (0, false);
    }

    /// Whether a buffer waits to be filled or is being written. Beats that have no buffer yet do not count.
    pub fn has_command(&self) -> bool {
        self.buffer.is_some() || !self.writes.is_empty()
    }

    /// The descriptor of the oldest buffer that is not filled.
    pub fn oldest(&self) -> Option<Descriptor> {
        let written = self.writes.iter().find_map(|write| write.fills).map(|filled| filled.buffer);
        written.or(self.buffer)?.descriptor
    }

    /// Whether memory owes an answer that never comes.
    pub fn is_silent(&self) -> bool {
        self.silent
    }

    /// One clock with the beat that was taken from the stream, if any. Gives the buffer that is filled.
    ///
    /// # Errors
    /// The error bit of DMASR.
    #[inline]
    pub fn clock(
        &mut self,
        arrived: Option<StreamBeat>,
        clock: u64,
        timing: &Timing,
        direct: bool,
        memory: &mut impl Memory,
        faults: &mut Faults,
    ) -> Result<Option<Filled>, u32> {
        if let Some(beat) = arrived {
            self.take(beat, clock, faults);
        }
        if !self.fifo.is_empty() && self.buffer.is_some() && clock >= self.not_before {
            self.collect(clock, timing, direct, faults)?;
        }
        if self.writes.is_empty() {
            return Ok(None);
        }
        self.write(clock, memory, faults)
    }

    fn take(&mut self, beat: StreamBeat, clock: u64, faults: &mut Faults) {
        let first_half = self.halves.is_multiple_of(2);
        self.halves += 1;
        if first_half && !beat.last && !faults.is_empty() && faults.strike(Fault::LoseReply) {
            self.losing = 2;
        }
        if self.losing > 0 {
            self.losing -= 1;
            if !beat.last {
                return;
            }
        }
        self.in_packet = !beat.last;
        self.fifo.push_back((clock, beat));
    }

    /// Moves one beat into the burst that is being collected.
    fn collect(&mut self, clock: u64, timing: &Timing, direct: bool, faults: &mut Faults) -> Result<(), u32> {
        let (Some(&(arrived, beat)), Some(buffer)) = (self.fifo.front(), self.buffer) else { return Ok(()) };
        if self.at_start {
            if clock < arrived + timing.stream_to_write {
                return Ok(());
            }
            if faults.strike(Fault::Internal(Channel::S2mm)) {
                return Err(status::INTERNAL_ERROR);
            }
        }
        if self.writes.len() >= timing.outstanding_writes {
            return Ok(());
        }
        if self.burst.is_empty() {
            let left = u64::from(buffer.bytes - self.used);
            if left == 0 {
                // Direct mode only: the packet is longer than its buffer.
                return Err(status::INTERNAL_ERROR);
            }
            self.burst_limit = burst_bytes(buffer.address + u64::from(self.used), left);
        }
        self.fifo.pop_front();
        self.started |= self.at_start;
        self.at_start = beat.last;
        let bytes = beat.keep.count_ones() as usize;
        self.burst.extend_from_slice(&beat.data.to_le_bytes()[..bytes]);
        if beat.last || self.burst.len() as u64 >= self.burst_limit {
            self.close(clock, timing, beat.last, direct, buffer);
        }
        Ok(())
    }

    fn close(&mut self, clock: u64, timing: &Timing, last: bool, direct: bool, buffer: Buffer) {
        let address = buffer.address + u64::from(self.used);
        self.used += self.burst.len() as u32;
        let full = self.used >= buffer.bytes;
        let complete = last || (full && !direct);
        let fills = complete.then_some(Filled { buffer, bytes: self.used, start: self.started, end: last });
        let done_at = clock + timing.ddr_latency;
        self.writes.push_back(Write { done_at, address, data: std::mem::take(&mut self.burst), fills });
        self.not_before = clock + 1 + timing.write_gap;
        if complete {
            (self.buffer, self.used) = (None, 0);
        }
    }

    /// Takes the oldest response from memory.
    fn write(&mut self, clock: u64, memory: &mut impl Memory, faults: &mut Faults) -> Result<Option<Filled>, u32> {
        if !faults.is_empty() {
            self.silent |= faults.strike(Fault::NoWrites);
        }
        if self.silent || self.writes.front().is_none_or(|write| clock < write.done_at) {
            return Ok(None);
        }
        let Some(write) = self.writes.pop_front() else { return Ok(None) };
        let planned = faults.strike_if(|fault| match fault {
            Fault::Data(Channel::S2mm, response) => Some(response),
            _ => None,
        });
        match planned.unwrap_or_else(|| memory.write(write.address, &write.data)) {
            Response::Okay => Ok(write.fills),
            Response::SlaveError => Err(status::SLAVE_ERROR),
            Response::DecodeError => Err(status::DECODE_ERROR),
        }
    }
}
