//! Memory to stream: reads in AXI3 bursts, beats of 64 bits to the engine.

use std::collections::VecDeque;

use super::config::Timing;
use super::faults::{Fault, Faults};
use super::fetch::Descriptor;
use super::memory::{Memory, Response};
use super::pg021::{Channel, status};

/// Beats of the longest AXI3 burst (AMBA AXI3, section 4.1).
pub(super) const BURST_BEATS: u64 = 16;
/// Beats with invalid data that a stop of the data path lets out.
pub(super) const JUNK_BEATS: usize = 3;
/// No burst crosses a multiple of this (AMBA AXI3, section 4.1).
const PAGE: u64 = 4096;

/// Bytes of a burst at `address` that moves at most `remaining` bytes, eight bytes a beat.
pub(super) fn burst_bytes(address: u64, remaining: u64) -> u64 {
    let whole_beats = BURST_BEATS * 8 - address % 8;
    remaining.min(whole_beats).min(PAGE - address % PAGE)
}

/// One beat of a stream of 64 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamBeat {
    /// TDATA.
    pub data: u64,
    /// TKEEP.
    pub keep: u8,
    /// TLAST.
    pub last: bool,
}

/// A transfer to carry out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Command {
    /// Where it came from; `None` in direct mode.
    pub descriptor: Option<Descriptor>,
    pub address: u64,
    pub bytes: u32,
    /// The last beat carries TLAST.
    pub last: bool,
}

/// A command that is over: every word was read, or the DMA itself failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub command: Command,
    /// Error bits of DMASR of the whole command.
    pub errors: u32,
}

#[derive(Debug)]
struct Burst {
    ready_at: u64,
    data: [u8; 8 * BURST_BEATS as usize],
    bytes: usize,
    at: usize,
    /// The command ends with this burst.
    ends: Option<Command>,
    response: Response,
}

/// The data path of the channel.
#[derive(Debug, Default)]
pub(super) struct Mm2s {
    /// The command whose addresses are being issued: next address and bytes left.
    issuing: Option<(Command, u64, u64)>,
    bursts: VecDeque<Burst>,
    /// Beats of the bursts that have a place in `fifo`.
    reserved: usize,
    /// Error bits of DMASR that memory has answered the oldest command with.
    errors: u32,
    fifo: VecDeque<(u64, StreamBeat)>,
    /// The front of `fifo` was offered and may not change.
    offered: bool,
    /// The next packet does not begin before.
    not_before: u64,
    /// Memory does not answer.
    silent: bool,
    /// Halves of records that a fault still removes.
    losing: u8,
    /// A record that goes out once more: its halves so far.
    repeating: Option<Vec<StreamBeat>>,
    halves: u64,
    /// Beats that the stream took.
    pub beats: u64,
}

impl Mm2s {
    /// Whether no command is under way. Words of one that is over may still wait for the stream.
    pub fn is_empty(&self) -> bool {
        self.issuing.is_none() && self.bursts.is_empty()
    }

    /// Whether memory was asked for something that is not here in full.
    pub fn awaits_memory(&self) -> bool {
        !self.bursts.is_empty()
    }

    /// Whether memory owes an answer that never comes.
    pub fn is_silent(&self) -> bool {
        self.silent
    }

    /// Whether another command may begin.
    pub fn is_free(&self) -> bool {
        self.issuing.is_none()
    }

    /// Begins a command, whose length is not zero.
    pub fn begin(&mut self, command: Command) {
        self.issuing = Some((command, command.address, command.bytes.into()));
    }

    /// The beat that is offered to the stream in this clock.
    #[inline]
    pub fn offer(&mut self, clock: u64) -> Option<StreamBeat> {
        let (visible, beat) = self.fifo.front()?;
        self.offered = *visible <= clock && self.not_before <= clock;
        self.offered.then_some(*beat)
    }

    /// The beat that is next, whether it is offered or not.
    pub fn front(&self) -> Option<StreamBeat> {
        self.fifo.front().map(|(_, beat)| *beat)
    }

    /// Stops at once: beats that were not offered are dropped, of the others at most `junk` follow with invalid data
    /// (PG022, "MM2S Soft Shutdown").
    pub fn shut_down(&mut self, junk: usize) {
        let keep = usize::from(self.offered && !self.fifo.is_empty());
        self.fifo.truncate(keep + junk);
        for (n, (visible, beat)) in self.fifo.iter_mut().enumerate() {
            if n >= keep {
                (*visible, *beat) = (0, StreamBeat { data: beat.data ^ 0x5A5A_A5A5_0FF0_F00F, ..*beat });
                beat.last = false;
            }
        }
        let beats = self.beats;
        let (fifo, offered) = (std::mem::take(&mut self.fifo), self.offered);
        *self = Mm2s { fifo, offered, beats, ..Mm2s::default() };
    }

    /// Drops everything; a reset is over.
    pub fn clear(&mut self) {
        *self = Mm2s { beats: self.beats, ..Mm2s::default() };
    }

    /// One clock; `taken`: the offered beat was taken. Gives the command that is over with it.
    ///
    /// A command is over when its last word is here, whether or not the stream has taken it. Words that memory answers
    /// with an error go to the stream like any other, and the error is reported at the end of the command
    /// (axi_datamover v5.1, `axi_datamover_rddata_cntl`).
    pub fn clock(
        &mut self,
        taken: bool,
        clock: u64,
        timing: &Timing,
        stream_bits: u32,
        memory: &mut impl Memory,
        faults: &mut Faults,
    ) -> Option<Sent> {
        let mut over = None;
        if taken {
            let (_, beat) = self.fifo.pop_front().unwrap_or_default();
            self.beats += 1;
            if beat.last {
                self.not_before = clock + timing.packet_gap;
            }
            self.offered = false;
        }
        if let Some(burst) = self.bursts.front()
            && burst.ready_at <= clock
            && !self.silent
        {
            over = self.receive(clock + timing.read_to_stream, stream_bits, faults);
        }
        if self.issuing.is_some() && self.bursts.len() < timing.outstanding_reads {
            over = self.issue(clock, timing, memory, faults).or(over);
        }
        over
    }

    /// One beat of the oldest burst. Gives the command that is over with it.
    #[inline]
    fn receive(&mut self, visible: u64, stream_bits: u32, faults: &mut Faults) -> Option<Sent> {
        let burst = self.bursts.front_mut()?;
        self.errors |= match burst.response {
            Response::Okay => 0,
            Response::SlaveError => status::SLAVE_ERROR,
            Response::DecodeError => status::DECODE_ERROR,
        };
        let mut bytes = [0; 8];
        let count = (burst.bytes - burst.at).min(8);
        bytes[..count].copy_from_slice(&burst.data[burst.at..burst.at + count]);
        burst.at += count;
        let ends = if burst.at == burst.bytes { burst.ends } else { None };
        let last = ends.is_some_and(|command| command.last);
        let keep = (0xFF_u16 >> (8 - count)) as u8;
        let beat = StreamBeat { data: u64::from_le_bytes(bytes), keep, last };
        if burst.at == burst.bytes {
            self.bursts.pop_front();
        }
        self.reserved -= 1;
        let over = ends.map(|command| Sent { command, errors: std::mem::take(&mut self.errors) });
        if stream_bits == 32 {
            // Each half of the word is a beat of its own on the lower half of the engine's port.
            let low = StreamBeat { data: beat.data & 0xFFFF_FFFF, keep: keep & 0xF, last: false };
            let high = StreamBeat { data: beat.data >> 32, keep: keep >> 4, last };
            self.fifo.push_back((visible, low));
            self.fifo.push_back((visible, high));
            return over;
        }
        if !self.spoil(visible, beat, ends.is_some(), faults) {
            self.fifo.push_back((visible, beat));
        }
        self.halves += 1;
        over
    }

    /// Faults that lose or repeat a record; gives whether the beat was dealt with. The last half of a batch is never
    /// lost: the end of the batch must still come.
    fn spoil(&mut self, visible: u64, beat: StreamBeat, is_last: bool, faults: &mut Faults) -> bool {
        if self.halves.is_multiple_of(2) && !faults.is_empty() {
            if faults.strike(Fault::LoseRecord) {
                self.losing = 2;
            } else if faults.strike(Fault::RepeatRecord) {
                self.repeating = Some(Vec::new());
            }
        }
        if self.losing > 0 {
            self.losing -= 1;
            return !is_last;
        }
        if let Some(seen) = &mut self.repeating {
            seen.push(beat);
            if let [first, second] = seen[..] {
                self.repeating = None;
                self.fifo.push_back((visible, second));
                self.fifo.push_back((visible, first));
            }
        }
        false
    }

    /// Asks memory for the next burst. Gives the command that fails with it.
    fn issue(&mut self, clock: u64, timing: &Timing, memory: &mut impl Memory, faults: &mut Faults) -> Option<Sent> {
        let (command, address, remaining) = self.issuing?;
        if address == command.address && remaining == u64::from(command.bytes) && !faults.is_empty() {
            if faults.strike(Fault::Internal(Channel::Mm2s)) {
                self.issuing = None;
                return Some(Sent { command, errors: status::INTERNAL_ERROR });
            }
            self.silent |= faults.strike(Fault::NoData);
        }
        let bytes = burst_bytes(address, remaining);
        let beats = bytes.div_ceil(8) as usize;
        if self.fifo.len() + self.reserved + beats > timing.fifo_beats {
            return None;
        }
        let mut data = [0; 8 * BURST_BEATS as usize];
        let planned = faults.strike_if(|fault| match fault {
            Fault::Data(Channel::Mm2s, response) => Some(response),
            _ => None,
        });
        let response = planned.unwrap_or_else(|| memory.read(address, &mut data[..bytes as usize]));
        if response != Response::Okay {
            // What memory gives with an error is undefined (AMBA AXI3, section 4.7). Zeros would be records.
            data.fill(0xA5);
        }
        let ends = (bytes == remaining).then_some(command);
        let ready_at = clock + timing.ddr_latency;
        self.bursts.push_back(Burst { ready_at, data, bytes: bytes as usize, at: 0, ends, response });
        self.reserved += beats;
        self.issuing = (bytes < remaining).then_some((command, address + bytes, remaining - bytes));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deltascope_abi::random::Random;

    #[test]
    fn bursts_keep_the_rules_of_axi3_and_cover_the_transfer() {
        let mut random = Random::new(4);
        for _ in 0..2_000 {
            let (start, bytes) = (random.below(1 << 20), random.between(1, 20_000));
            let (mut address, mut left) = (start, bytes);
            while left > 0 {
                let burst = burst_bytes(address, left);
                let last = address + burst - 1;
                assert!(burst > 0 && burst <= left);
                assert_eq!(address / 4096, last / 4096, "{burst} bytes at {address:#x} cross 4 KiB");
                assert!(last / 8 - address / 8 < BURST_BEATS, "{burst} bytes at {address:#x} are too many beats");
                (address, left) = (address + burst, left - burst);
            }
            assert_eq!(address, start + bytes);
        }
    }
}
