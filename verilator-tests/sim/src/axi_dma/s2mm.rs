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
/// Commands that are begun at once: `C_PRMY_CMDFIFO_DEPTH` of axi_dma v7.1, at most.
const COMMANDS: usize = 4;

/// Where a packet, or a part of one, goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buffer {
    /// Where it came from; `None` in direct mode.
    pub descriptor: Option<Descriptor>,
    pub address: u64,
    pub bytes: u32,
}

/// A buffer that is filled, or whose transfer failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filled {
    pub buffer: Buffer,
    pub bytes: u32,
    /// Error bits of DMASR of the whole transfer.
    pub errors: u32,
    /// A packet begins in it.
    pub start: bool,
    /// A packet ends in it.
    pub end: bool,
}

impl Filled {
    /// A buffer whose transfer fails before it begins. That counts as the end of a packet (axi_dma v7.1, `s2mm_packet_eof`).
    pub fn failed(buffer: Buffer, errors: u32) -> Filled {
        Filled { buffer, bytes: 0, errors, start: true, end: true }
    }
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
    /// Where the next beats go, the oldest buffer first.
    buffers: VecDeque<Buffer>,
    /// Bytes of the oldest buffer that have their address.
    used: u32,
    /// The next beat begins a packet.
    at_start: bool,
    /// The buffer's first beat began a packet.
    started: bool,
    /// Beats of the burst that is being collected.
    burst: Vec<u8>,
    burst_limit: u64,
    writes: VecDeque<Write>,
    /// Error bits of DMASR that memory has answered the oldest transfer with.
    errors: u32,
    not_before: u64,
    /// Memory does not answer.
    silent: bool,
    /// Halves of reply beats that a fault still removes.
    losing: u8,
    halves: u64,
}

impl Default for S2mm {
    fn default() -> S2mm {
        S2mm {
            fifo: VecDeque::new(),
            buffers: VecDeque::new(),
            used: 0,
            at_start: true,
            started: false,
            burst: Vec::new(),
            burst_limit: 0,
            writes: VecDeque::new(),
            errors: 0,
            not_before: 0,
            silent: false,
            losing: 0,
            halves: 0,
        }
    }
}

impl S2mm {
    /// Whether a beat of the stream can be taken in this clock.
    #[inline]
    pub fn ready(&self) -> bool {
        self.fifo.len() < FIFO_BEATS
    }

    /// Whether another buffer can be given.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.buffers.len() < COMMANDS
    }

    /// Gives it a buffer.
    pub fn give(&mut self, buffer: Buffer) {
        self.buffers.push_back(buffer);
    }

    /// Whether a buffer waits to be filled or is being written. Beats that have no buffer yet do not count.
    pub fn has_command(&self) -> bool {
        !self.buffers.is_empty() || !self.writes.is_empty()
    }

    /// Whether memory was given something that it has not answered.
    pub fn awaits_memory(&self) -> bool {
        !self.writes.is_empty()
    }

    /// Whether memory owes an answer that never comes.
    pub fn is_silent(&self) -> bool {
        self.silent
    }

    /// One clock with the beat that was taken from the stream, if any. Gives the buffer whose transfer is over.
    ///
    /// A transfer continues after a write that memory answers with an error, which is reported at its end (axi_datamover
    /// v5.1, `axi_datamover_wr_status_cntl`).
    #[inline]
    pub fn clock(
        &mut self,
        arrived: Option<StreamBeat>,
        clock: u64,
        timing: &Timing,
        direct: bool,
        memory: &mut impl Memory,
        faults: &mut Faults,
    ) -> Option<Filled> {
        if let Some(beat) = arrived {
            self.take(beat, clock, faults);
        }
        if !self.fifo.is_empty()
            && !self.buffers.is_empty()
            && clock >= self.not_before
            && let Some(failed) = self.collect(clock, timing, direct, faults)
        {
            return Some(failed);
        }
        if self.writes.is_empty() {
            return None;
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
        self.fifo.push_back((clock, beat));
    }

    /// Moves one beat into the burst that is being collected. Gives the buffer whose transfer fails with it.
    fn collect(&mut self, clock: u64, timing: &Timing, direct: bool, faults: &mut Faults) -> Option<Filled> {
        let &(arrived, beat) = self.fifo.front()?;
        let buffer = *self.buffers.front()?;
        if self.at_start {
            if clock < arrived + timing.stream_to_write {
                return None;
            }
            if faults.strike(Fault::Internal(Channel::S2mm)) {
                self.buffers.pop_front();
                return Some(Filled::failed(buffer, status::INTERNAL_ERROR));
            }
        }
        if self.writes.len() >= timing.outstanding_writes {
            return None;
        }
        if self.burst.is_empty() {
            let left = u64::from(buffer.bytes - self.used);
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
        None
    }

    fn close(&mut self, clock: u64, timing: &Timing, last: bool, direct: bool, buffer: Buffer) {
        let address = buffer.address + u64::from(self.used);
        self.used += self.burst.len() as u32;
        let complete = last || self.used >= buffer.bytes;
        // In direct mode a buffer that is full before the packet ends is an error, whether or not more follows (axi_dma
        // v7.1, `smpl_dma_overflow`).
        let errors = if direct && !last { status::INTERNAL_ERROR } else { 0 };
        let fills = complete.then_some(Filled { buffer, bytes: self.used, errors, start: self.started, end: last });
        let done_at = clock + timing.ddr_latency;
        self.writes.push_back(Write { done_at, address, data: std::mem::take(&mut self.burst), fills });
        self.not_before = clock + 1 + timing.write_gap;
        if complete {
            self.buffers.pop_front();
            (self.used, self.started) = (0, false);
        }
    }

    /// Takes the oldest response from memory. Gives the buffer whose transfer is over with it.
    fn write(&mut self, clock: u64, memory: &mut impl Memory, faults: &mut Faults) -> Option<Filled> {
        if !faults.is_empty() {
            self.silent |= faults.strike(Fault::NoWrites);
        }
        if self.silent || self.writes.front().is_none_or(|write| clock < write.done_at) {
            return None;
        }
        let write = self.writes.pop_front()?;
        let planned = faults.strike_if(|fault| match fault {
            Fault::Data(Channel::S2mm, response) => Some(response),
            _ => None,
        });
        self.errors |= match planned.unwrap_or_else(|| memory.write(write.address, &write.data)) {
            Response::Okay => 0,
            Response::SlaveError => status::SLAVE_ERROR,
            Response::DecodeError => status::DECODE_ERROR,
        };
        let errors = self.errors;
        let filled = write.fills.map(|filled| Filled { errors: filled.errors | errors, ..filled })?;
        self.errors = 0;
        Some(filled)
    }
}
